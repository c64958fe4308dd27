"""SQLite's connections: what they save on the way to their thread changes nothing of what a transaction is."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.db.sqlite import Connection, connection, put_off

BUSY_SECONDS = 0.05


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[Connection, sqlite3.Connection]]:
    """A connection to a file with one empty table, and another one of nobody's."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE IF NOT EXISTS one (number INTEGER)")
    ours = connection(str(path), timeout=BUSY_SECONDS, isolation_level=None)
    await ours
    try:
        yield ours, other
    finally:
        await ours.close()
        other.close()


async def test_a_begin_that_fails_leaves_no_statement_alone(tmp_path: Path) -> None:
    async with opened(tmp_path / "one.db") as (ours, other):
        other.execute("BEGIN IMMEDIATE")
        ours.begin("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            await ours.cursor().execute("INSERT INTO one VALUES (1)")
        other.execute("ROLLBACK")
        await ours.cursor().execute("INSERT INTO one VALUES (2)")
        await ours.rollback()
        assert other.execute("SELECT * FROM one").fetchall() == []


async def test_a_transaction_in_which_nothing_happened_holds_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path / "one.db") as (ours, other):
        ours.begin("BEGIN IMMEDIATE")
        await ours.commit()
        found = await ours.cursor().execute("INSERT INTO one VALUES (1) RETURNING number")
        assert (await found.fetchall(), found.rowcount) == ([(1,)], 1)
        other.execute("BEGIN IMMEDIATE")  # the statement after it was no part of a transaction that stayed open
        other.execute("ROLLBACK")


async def test_a_statement_ends_before_its_cancellation_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path / "one.db") as (ours, other):
        ours.begin("BEGIN IMMEDIATE")
        task = asyncio.create_task(ours.cursor().execute("INSERT INTO one VALUES (1)"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await ours.commit()
        assert other.execute("SELECT * FROM one").fetchall() == [(1,)]


async def test_a_step_goes_on_to_its_end_and_tells_of_its_cancellation_then(tmp_path: Path) -> None:
    async with opened(tmp_path / "one.db") as (ours, other):
        late: list[asyncio.CancelledError] = []

        async def step() -> None:
            put_off.set(late)
            ours.begin("BEGIN IMMEDIATE")
            await ours.cursor().execute("INSERT INTO one VALUES (1)")
            await ours.commit()

        task = asyncio.create_task(step())
        await asyncio.sleep(0)
        task.cancel()
        await task
        assert len(late) == 1
        assert other.execute("SELECT * FROM one").fetchall() == [(1,)]
