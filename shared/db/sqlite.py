"""SQLite's connections: one errand of the connection's thread for each statement, and none that is left half way.

The driver goes to its thread and back four times for a statement: for a cursor, to execute, for the rows, and to close. Here all of that
is one errand, BEGIN goes along with the first statement, and a transaction in which nothing happened needs none at all.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiosqlite

CHUNK = 64
"""Rows of a streamed result that the driver fetches together. Nothing here streams."""

put_off: ContextVar[list[asyncio.CancelledError] | None] = ContextVar("cancellations put off to the end of a step", default=None)
"""While this holds a list, a cancellation that comes during an errand is kept in it and the step goes on; whoever set it raises it then."""

Found = tuple[Sequence[Any], Any, int, int | None]
"""What an errand brings back: rows, description, row count, last row id."""


def connection(database: str, **options: Any) -> "Connection":
    """A connection that is not open yet, as SQLAlchemy asks for one."""
    return Connection(lambda: sqlite3.connect(database, **options), CHUNK)


class Connection(aiosqlite.Connection):
    """The driver's connection, with fewer ways to its thread."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], chunk: int) -> None:
        super().__init__(connector, chunk)
        self._thread.daemon = True  # as SQLAlchemy has it: a process that ends waits for no connection
        self._begin: str | None = None

    def begin(self, statement: str) -> None:
        """Begin a transaction with ``statement``, together with the first statement that is executed in it."""
        self._begin = statement

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy enters what it gets; here that asks for nothing
        """A cursor, made where it is used."""
        return Cursor(self)

    async def commit(self) -> None:
        """Commit what there is to commit."""
        if self._is_begun():
            await super().commit()

    async def rollback(self) -> None:
        """Roll back what there is to roll back."""
        if self._is_begun():
            await super().rollback()

    async def found(self, many: bool, *args: Any) -> Found:
        """Execute one statement (``many``: once for each set of parameters) and fetch all of its rows."""
        result: Found = await self._execute(self._carried_out, many, *args)
        return result

    def _is_begun(self) -> bool:
        begun, self._begin = self._begin is None, None
        return begun and self._conn.in_transaction

    def _carried_out(self, many: bool, *args: Any) -> Found:
        """In the connection's thread. A BEGIN that fails is tried again by the next statement: none is ever its own transaction."""
        if self._begin is not None:
            self._conn.execute(self._begin)
            self._begin = None
        cursor = self._conn.executemany(*args) if many else self._conn.execute(*args)
        try:
            rows = cursor.fetchall() if cursor.description else ()
            return rows, cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run ``fn`` in the thread and wait for its end, although cancelled: it would go on alone and keep the one write lock for good.

        The busy time-out bounds the wait.
        """
        if not self._running or not self._connection:
            raise ValueError("Connection closed")  # by this text SQLAlchemy knows it
        errand = _Errand(loop=asyncio.get_running_loop())
        self._tx.put_nowait((errand, partial(fn, *args, **kwargs)))
        try:
            return await errand
        except asyncio.CancelledError as cancelled:
            late = put_off.get()
            if late is None:
                raise
            late.append(cancelled)
            return errand.result()


class _Errand(asyncio.Future[Any]):
    """What a thread is doing: cannot be cancelled. Who awaits it is cancelled when it is done."""

    def cancel(self, msg: Any | None = None) -> bool:
        return False


class Cursor:
    """One statement's cursor, as SQLAlchemy uses the driver's."""

    def __init__(self, of: Connection) -> None:
        self._of = of
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, *args: Any) -> "Cursor":
        """One statement, with its parameters if it has any."""
        self._rows, self.description, self.rowcount, self.lastrowid = await self._of.found(False, *args)
        return self

    async def executemany(self, *args: Any) -> "Cursor":
        """One statement, once for each set of parameters."""
        self._rows, self.description, self.rowcount, self.lastrowid = await self._of.found(True, *args)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """The rows, fetched already."""
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Forget the rows; the database's own cursor is closed already."""
        self._rows = ()
