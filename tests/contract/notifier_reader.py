"""A recipient with a browser: arrives by the link of a message, enters the code of the other channel, answers."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from shared.clock import ManualClock
from shared.db.tables import metadata
from shared.events import NOTIFIER
from tests.contract.notifier_world import (
    DEPUTY,
    DSL,
    DSL_PHONE,
    World,
)
from tests.web import browser_like, hidden_token


@dataclass
class Reader:
    """Someone with a browser and one message."""

    world: World
    client: httpx.AsyncClient
    address: str
    phone: str

    async def arrive(self) -> httpx.Response:
        moved = await self.client.get(f"/m/{self.world.token(self.address)}")
        assert (moved.status_code, moved.headers["location"]) == (303, "/message")
        return await self.client.get("/message")

    async def post(self, path: str, page: httpx.Response, **values: str) -> httpx.Response:
        return await self.client.post(path, data={"csrf": hidden_token(page), **values})

    async def asked(self) -> httpx.Response:
        """The page that asks for the code, which has been sent."""
        sent = await self.post("/message/code", await self.arrive())
        assert sent.headers.get("location") == "/message/code", sent.text
        return await self.client.get("/message/code")

    async def enter(self) -> httpx.Response:
        """The first page of the visit."""
        opened = await self.post("/message/open", await self.asked(), code=self.world.code(self.phone))
        assert opened.headers.get("location") == "/message/children", opened.text
        return await self.client.get("/message/children")

    async def answer(self, *answers: str) -> httpx.Response:
        """Enter, and answer for each child in the page's order."""
        page = await self.enter()
        values = dict(zip(fields(page), answers, strict=True))
        return await self.post("/message/children", page, **values)

    async def read(self, *answers: str) -> httpx.Response:
        answered = await self.answer(*answers)
        assert answered.headers.get("location") == "/message/content", answered.text
        return await self.client.get("/message/content")

    async def read_again(self, page: httpx.Response, *answers: str) -> httpx.Response:
        """Answer on this page, and read."""
        await self.post("/message/children", page, **dict(zip(fields(page), answers, strict=True)))
        return await self.client.get("/message/content")

    async def say(self, page: httpx.Response, answer: str) -> httpx.Response:
        """Press a button of this page, whatever has happened since it was shown."""
        shown = re.search(r'name="version" value="(\d+)"', page.text)
        return await self.post("/message/answer", page, answer=answer, version=shown[1] if shown else "")

    async def act(self, *answers: str) -> httpx.Response:
        done = await self.say(await self.read(*answers), "acting")
        assert done.headers["location"] == "/message/done"
        return await self.client.get("/message/done")


def fields(page: httpx.Response) -> list[str]:
    return list(dict.fromkeys(re.findall(r'name="(answer-[0-9a-f-]{36})"', page.text)))


@pytest.fixture
async def dsl(world: World, clock: ManualClock) -> AsyncIterator[Reader]:
    async with browser_like(world.app()) as client:
        yield Reader(world, client, DSL, DSL_PHONE)


@pytest.fixture
async def deputy(world: World, clock: ManualClock) -> AsyncIterator[Reader]:
    async with browser_like(world.app()) as client:
        yield Reader(world, client, DEPUTY, "+447700900002")


async def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    """Every notifier table and the outbox, but not the journal."""
    names = [name for name in metadata.tables if name.startswith("notifier_")]
    return {name: sorted(await world.rows(name), key=str) for name in [*names, "outbox"]}


async def outbox(world: World) -> list[str]:
    """The types of notifier's facts that wait for the bus."""
    journal, pointers = metadata.tables["journal"], metadata.tables["outbox"]
    async with world.database.reading() as reading:
        mine = pointers.c.service == NOTIFIER
        rows = await reading.execute(select(journal.c.type).join(pointers, pointers.c.fact_id == journal.c.fact_id).where(mine))
        return list(rows.scalars())
