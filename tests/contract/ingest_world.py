"""Ingest alone behind its real frame: one database, a force's key, and a client that carries it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from services.ingest import api, keys
from services.ingest.handlers import Intake
from services.ingest.handlers_correct import Corrections
from services.ingest.handlers_gather import Gathering
from services.ingest.handlers_show import Views
from services.ingest.keys import Keys
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables import metadata
from shared.vault import Keyring, Vault
from shared.web.app import build_app
from shared.web.limits import Limits
from tests.web import tiny_frame

NOW = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
KEYRING = Keyring.created(date(2026, 11, 1), 12)
FORCE = "testshire"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a test speaks to. ``client`` carries the key of ``FORCE``."""

    database: Database
    clock: ManualClock
    vault: Vault
    intake: Intake
    corrections: Corrections
    limits: Limits
    client: httpx.AsyncClient
    key_id: str

    async def post(self, body: bytes, **headers: str) -> httpx.Response:
        return await self.client.post("/v1/incidents", content=body, headers={"Content-Type": "application/json"} | headers)

    async def put(self, address: str, body: bytes, **headers: str) -> httpx.Response:
        return await self.client.put(address, content=body, headers={"Content-Type": "application/json"} | headers)

    async def withdraw(self, address: str, reason: str = "recorded-in-error", **headers: str) -> httpx.Response:
        return await self.client.post(f"{address}/withdrawal", json={"reason": reason}, headers=headers)

    async def key(self, force: str, *, sandbox: bool = False) -> dict[str, str]:
        """The header of a new key of ``force``."""
        async with self.database.transaction() as tx:
            _, token = await keys.issue(tx, force, "another", self.clock.real(), sandbox=sandbox)
        return bearer(token)

    async def count(self, table: str) -> int:
        async with self.database.reading() as reading:
            return int((await reading.execute(select(func.count()).select_from(metadata.tables[table]))).scalar_one())

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.database.reading() as reading:
            return [dict(row) for row in (await reading.execute(select(metadata.tables[table]))).mappings()]


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def unreachable(kind: str, clock: ManualClock, folder: Path) -> Database:
    """A database of that kind that is not there."""
    urls = {
        "sqlite": f"sqlite+aiosqlite:///{folder / 'no-such-folder' / 'x.db'}",
        "postgresql": "postgresql+asyncpg://nobody@127.0.0.1:9/none",
    }
    return Database.at(urls[kind], clock)


def with_keyring(database: Database, clock: ManualClock, keyring: Keyring) -> Intake:
    """An intake whose keyring is this one."""
    return Intake(database=database, vault=Vault(keyring, clock), retention_months=6)


@asynccontextmanager
async def a_world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    """Build everything around an empty database."""
    vault = Vault(KEYRING, clock)
    frame = tiny_frame(database, clock)
    intake, corrections = with_keyring(database, clock, KEYRING), Corrections(database=database, vault=vault)
    routes = api.build(
        intake=intake,
        gathering=Gathering(intake.accept),
        corrections=corrections,
        views=Views(database=database, vault=vault, clock=clock),
        keys=Keys(database, clock),
        limits=frame.limits,
        clock=clock,
    )
    app = build_app(frame=frame, version="0", api=[routes])
    async with database.transaction() as tx:
        key_id, token = await keys.issue(tx, FORCE, "records system", clock.real(), 365)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://api.example", headers=bearer(token)) as client:
        yield World(
            database=database,
            clock=clock,
            vault=vault,
            intake=intake,
            corrections=corrections,
            limits=frame.limits,
            client=client,
            key_id=key_id,
        )


def pointers(problem: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pointer and code of each fault in a problem."""
    return ((fault["pointer"], fault["code"]) for fault in problem["errors"])
