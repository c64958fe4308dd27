"""A process that dies at a chosen step, and another one that carries on where it lay.

A *step* is anything that outlives the process: a transaction that has written something, and a message handed to a channel. The process
dies just after one. Dying just before one leaves what dying after the one before it leaves, for nothing lies between them that outlives
it: publishing on the memory bus is calling the next service. From its death on the process can do nothing more: whatever still runs of it
dies at its next step, too.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import cast

from sqlalchemy import func, select

from services import NAMES, builds, composition, notifier
from services.notifier.channels import Channel, Message, Outcome
from shared import run
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.service import Build, Parts, Service
from tests.web import browser_like
from tests.whole import PUBLIC_URL, Whole, settings


class Crash(BaseException):
    """The process dies at this very point: nothing catches it."""


@dataclass(kw_only=True)
class Fuse:
    """Counts steps and dies at those ``at``; one process dies once. ``died_at`` says where it did."""

    at: frozenset[int]
    steps: int = 0
    is_blown: bool = False
    is_paused: bool = False
    died_at: str = ""

    def step(self, what: str) -> None:
        """One step. Raises Crash when it is the last."""
        self.alive()
        if self.is_paused:
            return
        self.steps += 1
        if self.steps in self.at:
            self.is_blown = True
            self.died_at = f"step {self.steps}, {what}"
            raise Crash(self.died_at)

    def alive(self) -> None:
        """Raise Crash in a process that is dead."""
        if self.is_blown:
            raise Crash(self.died_at)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What the tests themselves ask of the process is no step of the night."""
        self.is_paused = True
        try:
            yield
        finally:
            self.is_paused = False

    def replaced(self) -> None:
        """Another process begins: it counts on."""
        self.is_blown = False


class CrashingDatabase(Database):
    """Dies after a commit that has written."""

    fuse: Fuse
    mark: object = None

    @classmethod
    def with_fuse(cls, url: str, clock: Clock, fuse: Fuse) -> "CrashingDatabase":
        made = cast("CrashingDatabase", cls.at(url, clock))
        made.fuse = fuse
        return made

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.fuse.alive()
        async with super().transaction() as tx:
            yield tx
            self.fuse.alive()
            has_written = await self._has_written(tx)
        if has_written:
            self.fuse.step("after a commit")

    async def _has_written(self, tx: Reading) -> bool:
        """PostgreSQL gives a number to a transaction that writes; SQLite's one writer counts the rows that it has ever changed."""
        is_sqlite = self.kind == "sqlite"
        mark = func.total_changes() if is_sqlite else func.pg_current_xact_id_if_assigned()
        before, self.mark = self.mark if is_sqlite else None, (await tx.execute(select(mark))).scalar_one()
        return bool(self.mark != before)


@dataclass(frozen=True, kw_only=True)
class CrashingChannel:
    """Dies after handing a message over."""

    channel: Channel
    fuse: Fuse

    @property
    def name(self) -> str:
        return self.channel.name

    async def send(self, message: Message) -> Outcome:
        self.fuse.alive()
        outcome = await self.channel.send(message)
        self.fuse.step("after a message")
        return outcome

    async def close(self) -> None:
        await self.channel.close()


def started(w: Whole, database_url: str, fuse: Fuse) -> Whole:
    """Another process on the database, the keyring, the mailbox and the clock of ``w``. Whoever starts it ends it with ``ended``."""
    fuse.replaced()
    configured = settings(database_url, w.folder)
    made = composition.parts(configured, w.clock, keyring=w.parts.vault.keyring)
    database = CrashingDatabase.with_fuse(database_url, w.clock, fuse)
    # Templates are compiled once for all processes: they know neither clock nor database.
    parts = replace(made, database=database, frame=replace(made.frame, database=database, layout=w.parts.frame.layout))
    process = run.assembled(parts, [_build(name, build, fuse) for name, build in zip(NAMES, builds(()), strict=True)])
    app = composition.application(process, drive=False)
    return replace(w, parts=parts, process=process, app=app, client=browser_like(app, PUBLIC_URL), clients=contextlib.AsyncExitStack())


async def ended(w: Whole) -> None:
    """Let go of everything that a dead process held, as the operating system would."""
    await w.clients.aclose()
    await w.client.aclose()
    await w.parts.database.close()


def _build(name: str, build: Build, fuse: Fuse) -> Build:
    if name != "notifier":
        return build

    def built(parts: Parts) -> Service:
        used = {channel.name: CrashingChannel(channel=channel, fuse=fuse) for channel in notifier.channels(parts).values()}
        return notifier.built(parts, dict(used))

    return built
