"""``Database``: the only place that commits.

``transaction()`` writes; ``reading()`` cannot. One inside the other raises Misuse, and so does publishing or sending inside one
(``assert_outside_transaction``): a slow broker or mail server must never hold a database connection.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from contextvars import ContextVar
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock
from shared.db import journal
from shared.db.engine import Engines, opened, translated
from shared.db.sqlite import put_off
from shared.errors import EncompassError, Misuse
from shared.events import Envelope, Fact

_inside: ContextVar[bool] = ContextVar("inside a transaction or a reading", default=False)

Recorded = Callable[[frozenset[str]], None]
Stated = Callable[[Mapping[str, Set[str]]], None]
Result = TypeVar("Result")


class Reading:
    """A consistent, read-only look at the database."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self.clock = clock

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one Core statement. Raises DatabaseUnavailable or DatabaseRefused, which never quote a value."""
        with translated():
            return await _whole(self._connection, self._connection.execute(statement, parameters))


class Transaction(Reading):
    """A reading that may also write, and record facts in the same commit."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        super().__init__(connection, clock)
        self.recorded: dict[str, set[str]] = {}
        self.spoilt = False

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """As in a reading. Catching its error is for ``attempt`` alone: outside one, a failed statement spoils the transaction."""
        try:
            return await super().execute(statement, parameters)
        except EncompassError:
            self.spoilt = True
            raise

    def insert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        """An INSERT that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``, in the words of this database."""
        return postgresql.insert(table) if self._connection.dialect.name == "postgresql" else sqlite.insert(table)

    async def hold(self, table: Table) -> None:
        """Wait until nobody else writes ``table`` or holds rows of it, and keep it so until the end. SQLite has one writer anyhow.

        Raises DatabaseBusy when somebody holds on to it.
        """
        if self._connection.dialect.name == "postgresql":
            await self.execute(text(f'LOCK TABLE "{table.name}" IN EXCLUSIVE MODE'))

    async def record(self, service: str, facts: Sequence[Fact]) -> tuple[Envelope, ...]:
        """Write ``facts`` into the journal, with an outbox pointer for each that has subscribers."""
        envelopes = await journal.record(self, service, facts)
        if envelopes:
            self.recorded.setdefault(service, set()).update(envelope.type for envelope in envelopes)
        return envelopes

    @contextlib.asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """A savepoint: what happens inside is undone alone when it raises."""
        with translated():
            savepoint = await _whole(self._connection, self._connection.begin_nested().start())
        spoilt = self.spoilt
        try:
            yield
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell; after a failed rollback nothing commits any more
                await _whole(self._connection, savepoint.rollback())
                self.spoilt = spoilt
            raise
        with translated():
            await _whole(self._connection, savepoint.commit())


class Database:
    """One database and its pools. After a commit ``on_recorded`` is told which services have stated facts, ``on_stated`` of which types."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self._engines = engines
        self._clock = clock
        self._one_writer = asyncio.Lock() if engines.single_writer else None
        self.on_recorded: list[Recorded] = []
        self.on_stated: list[Stated] = []

    @classmethod
    def at(cls, url: str, clock: Clock, **options: Any) -> "Database":
        """The database at ``url``; no connection is made yet. Raises SettingsRefused for a URL that it cannot serve."""
        return cls(opened(url, **options), clock)

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engines.kind

    @property
    def clock(self) -> Clock:
        """The clock that every transaction and reading shows."""
        return self._clock

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Everything inside becomes durable together at the end of the block, or not at all.

        Raises Misuse when a statement failed and the block went on: PostgreSQL would answer the commit by a silent rollback.
        """
        async with self._entered(), _held(self._one_writer), _connected(self._engines.writer.connect()) as connection:
            transaction = Transaction(connection, self._clock)  # it begins with its first statement
            try:
                yield transaction
                if transaction.spoilt:
                    raise Misuse("a statement failed and the transaction went on")
            except BaseException:
                with contextlib.suppress(Exception):  # the first error is the one to tell
                    await _whole(connection, connection.rollback())
                raise
            with translated():
                await _whole(connection, connection.commit())
        if transaction.recorded:
            for stated in self.on_stated:
                stated(transaction.recorded)
            for told in self.on_recorded:
                told(frozenset(transaction.recorded))

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """A read-only transaction; a write inside it is refused by the database itself."""
        async with self._entered(), _connected(self._engines.reader.connect()) as connection:
            yield Reading(connection, self._clock)

    async def close(self) -> None:
        """Give every connection back."""
        await self._engines.dispose()

    @contextlib.asynccontextmanager
    async def _entered(self) -> AsyncIterator[None]:
        if _inside.get():
            raise Misuse("a transaction or reading inside another one")
        token = _inside.set(True)
        try:
            yield
        finally:
            _inside.reset(token)


def assert_outside_transaction() -> None:
    """Raise Misuse when called inside a transaction or a reading: call it before publishing or sending."""
    if _inside.get():
        raise Misuse("publishing or sending inside a transaction")


@contextlib.asynccontextmanager
async def _held(lock: asyncio.Lock | None) -> AsyncIterator[None]:
    if lock is None:
        yield
        return
    async with lock:
        yield


@contextlib.asynccontextmanager
async def _connected(connection: AsyncConnection) -> AsyncIterator[AsyncConnection]:
    try:
        with translated():
            await _whole(connection, connection.start())
        yield connection
    finally:
        # Closing rolls back what was not committed; a connection that died meanwhile has nothing left to close.
        with contextlib.suppress(Exception):
            closing = connection.close()
            await (_whole(connection, closing) if connection.engine.dialect.name == "sqlite" else asyncio.shield(closing))


async def _whole(connection: AsyncConnection, step: Awaitable[Result]) -> Result:
    """Await ``step``; on SQLite to its end, although cancelled (``shared/db/sqlite.py``). PostgreSQL's driver takes a statement back."""
    if connection.engine.dialect.name != "sqlite":
        return await step
    late: list[asyncio.CancelledError] = []
    token = put_off.set(late)
    try:
        result = await step
    except Exception:
        if late:
            raise late[0] from None
        raise
    finally:
        put_off.reset(token)
    if late:
        raise late[0]
    return result
