"""Ingest with its feed: a world of reports, the loop that writes the feed, and a client that reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import select, tuple_

from services.ingest import api_feed, keys, store_feed
from services.ingest.api_calling import calling
from services.ingest.handlers_feed import Feed
from services.ingest.keys import Keys
from services.ingest.loops_feed import Feeding
from shared.bus.loop import Loop
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables.journal import journal
from shared.events import Fact
from shared.web.app import build_app
from tests.contract.ingest_world import FORCE, World, a_world, bearer
from tests.samples import sample_body
from tests.waiting import until
from tests.web import tiny_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWorld:
    """``client`` carries the key of ``FORCE``."""

    world: World
    feed: Feed
    feeding: Feeding
    client: httpx.AsyncClient

    async def sent(self, **overrides: Any) -> tuple[str, list[str]]:
        """Post a sample; returns the incident's id and its children's."""
        answer = await self.world.post(sample_body(**overrides))
        incident_id = answer.json()["incident_id"]
        rows = [row for row in await self.world.rows("ingest_child") if row["incident_id"] == incident_id]
        return incident_id, [row["child_id"] for row in sorted(rows, key=lambda row: row["ordinal"])]

    async def state(self, *facts: Fact) -> None:
        """Let the router or the notifier have said this."""
        async with self.world.database.transaction() as tx:
            await tx.record("router", facts)

    async def settle(self) -> None:
        """Write the feed up to date."""
        await caught_up(self.world.database, self.feeding)

    async def read(self, after: str = "0", limit: int = 100, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """A page of the feed."""
        answer = await self.client.get("/v1/outcomes", params={"after": after, "limit": limit}, headers=headers)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    async def sandbox_key(self) -> dict[str, str]:
        """The header of a key for trying out."""
        async with self.world.database.transaction() as tx:
            _, token = await keys.issue(tx, FORCE, "sandbox", self.world.clock.real(), sandbox=True)
        return bearer(token)


async def caught_up(database: Database, feeding: Loop) -> None:
    """Write the feed to the journal's end. On PostgreSQL other tests' transactions, in other databases of the server, hold it up."""

    async def is_at_the_end() -> bool:
        while await feeding.run_once():
            pass
        async with database.reading() as reading:
            place = await store_feed.place(reading)
            behind = tuple_(journal.c.txid, journal.c.seq) > tuple_(place.txid, place.seq)
            return (await reading.execute(select(journal.c.seq).where(behind).limit(1))).first() is None

    await until(is_at_the_end, what="the feed to reach the journal's end")


@asynccontextmanager
async def a_feed_world(database: Database, clock: ManualClock) -> AsyncIterator[FeedWorld]:
    """Everything around an empty database."""
    async with a_world(database, clock) as world:
        frame = tiny_frame(database, clock)
        feed = Feed(database, world.vault)
        routes = api_feed.build(feed, calling(Keys(database, clock), frame.limits))
        transport = httpx.ASGITransport(app=build_app(frame=frame, version="0", api=[routes]))
        authorization = world.client.headers["authorization"]
        async with httpx.AsyncClient(
            transport=transport, base_url="https://api.example", headers={"Authorization": authorization}
        ) as client:
            yield FeedWorld(world=world, feed=feed, feeding=Feeding(database, clock), client=client)
