"""Engines for the two databases, and the translation of their errors. Dialect names appear in ``shared/db`` alone.

SQLite: write-ahead log, full synchronous, foreign keys on. Writers begin IMMEDIATE behind one lock, because a deferred transaction
that reads and then writes dies at once when another has written meanwhile, whatever the busy time-out; readers are deferred and
query-only. One process owns the file (``claim_file``).

PostgreSQL: time-outs on connecting, statements, locks and idle transactions, so that a dead connection cannot hang a worker.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError, PendingRollbackError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.db import sqlite
from shared.errors import DatabaseBusy, DatabaseRefused, DatabaseUnavailable, EncompassError, SettingsRefused

BUSY_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 15_000
LOCK_TIMEOUT_MS = 5_000
STATEMENTS_PREPARED = 500
"""Each connection remembers so many: one about several rows is another statement for each number of rows."""
POOL_SIZE = 8
POOL_WAIT_SECONDS = 5

#: SQLSTATE classes and codes after which the same statement may well succeed: connection, resources, shutdown.
_DOWN = ("08", "53", "57P", "25P03")
#: The same for the statement alone, while others go on: statement time-out, serialisation, deadlock, lock time-out.
_BUSY = ("57014", "40001", "40P01", "55P03")
#: SQLite's result codes that pass: busy, locked, no memory, interrupted, I/O, full, cannot open, protocol.
_SQLITE_DOWN = (5, 6, 7, 9, 10, 13, 14, 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """A writing and a reading engine (the same one on PostgreSQL, with other options)."""

    kind: str
    writer: AsyncEngine
    reader: AsyncEngine
    single_writer: bool

    async def dispose(self) -> None:
        """Close both pools."""
        await self.writer.dispose()
        await self.reader.dispose()


def opened(url: str, *, pool_size: int = POOL_SIZE) -> Engines:
    """Engines for ``url``: ``sqlite+aiosqlite:///PATH`` or ``postgresql+asyncpg://…``. Raises SettingsRefused for any other."""
    parsed = _parsed(url)
    return _sqlite(parsed) if parsed.drivername == "sqlite+aiosqlite" else _postgresql(parsed, pool_size)


def sqlite_path(url: str) -> Path | None:
    """The file behind a SQLite URL; None for PostgreSQL. Raises SettingsRefused as ``opened`` does."""
    parsed = _parsed(url)
    return Path(parsed.database) if parsed.drivername == "sqlite+aiosqlite" and parsed.database else None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsRefused("the database URL cannot be read") from None  # its own error quotes the URL, which may hold a password
    if parsed.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        raise SettingsRefused("the database URL must start with sqlite+aiosqlite: or postgresql+asyncpg:")
    return parsed


def claim_file(url: str) -> IO[str] | None:
    """Hold SQLite's file for this process (None on PostgreSQL). Raises SettingsRefused when another process holds it."""
    path = sqlite_path(url)
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()  # another name for the same file is the same file
    held = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise SettingsRefused(
            "another encompass process has this SQLite file open: stop it first, or use PostgreSQL for several processes"
        ) from None
    return held


def _sqlite(url: URL) -> Engines:
    if not url.database or url.database == ":memory:":
        raise SettingsRefused("SQLite needs a file: sqlite+aiosqlite:///PATH")
    options: dict[str, Any] = {
        "hide_parameters": True,
        "connect_args": {"timeout": BUSY_TIMEOUT_SECONDS, "async_creator_fn": sqlite.connection},
    }
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=POOL_WAIT_SECONDS, **options)
    reader = create_async_engine(url, pool_size=4, max_overflow=4, pool_timeout=POOL_WAIT_SECONDS, **options)
    _prepare_sqlite(writer, begin="BEGIN IMMEDIATE", read_only=False)
    _prepare_sqlite(reader, begin="BEGIN", read_only=True)
    return Engines(kind="sqlite", writer=writer, reader=reader, single_writer=True)


def _prepare_sqlite(engine: AsyncEngine, *, begin: str, read_only: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # an erased key must not lie on in a free page
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begins(connection: Any) -> None:
        connection.connection.driver_connection.begin(begin)


def begin_by_hand(engine: AsyncEngine) -> None:
    """Let SQLite's transactions begin with BEGIN IMMEDIATE: the driver itself begins none before a change of the schema."""

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begins(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql(url: URL, pool_size: int) -> Engines:
    writer = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=False,
        pool_recycle=1800,
        connect_args={
            "prepared_statement_cache_size": STATEMENTS_PREPARED,
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": STATEMENT_TIMEOUT_MS / 1000 + 5,
            "server_settings": {
                "application_name": "encompass",
                "timezone": "UTC",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": "60000",
                "tcp_user_timeout": "10000",
                "plan_cache_mode": "force_custom_plan",
            },
        },
    )
    return Engines(
        kind="postgresql",
        writer=writer,
        reader=writer.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ"),  # one snapshot, as on SQLite
        single_writer=False,
    )


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours, which carry a code and never a value."""
    try:
        yield
    except PoolTimeout:
        raise DatabaseUnavailable("no database connection became free in time") from None
    except DBAPIError as error:
        raise _ours(error) from None
    except PendingRollbackError:
        raise DatabaseUnavailable("the connection was lost earlier in this transaction") from None
    except (StatementError, UnicodeError, OverflowError) as error:  # a value that never reached the database; their reprs may hold it
        raise DatabaseRefused("", type(error).__name__) from None
    except (OSError, TimeoutError):
        raise DatabaseUnavailable("the database cannot be reached") from None


def _ours(error: DBAPIError) -> EncompassError:
    cause = getattr(error.orig, "__cause__", None)
    sqlstate = str(getattr(error.orig, "sqlstate", None) or getattr(cause, "sqlstate", None) or "")
    if sqlstate:
        if error.connection_invalidated or sqlstate.startswith(_DOWN):
            return DatabaseUnavailable(f"the database could not answer (SQLSTATE {sqlstate})")
        if sqlstate in _BUSY:
            return DatabaseBusy(f"the database could not answer in time (SQLSTATE {sqlstate})")
        return DatabaseRefused(sqlstate, str(getattr(cause, "constraint_name", None) or ""))
    if isinstance(error, IntegrityError):
        return DatabaseRefused("", _sqlite_constraint(error))
    if "readonly" in str(error.orig):
        return DatabaseRefused("", "read-only")
    passing = getattr(error.orig, "sqlite_errorcode", _SQLITE_DOWN[0]) & 0xFF in _SQLITE_DOWN  # the low byte: the rest refines it
    if error.connection_invalidated or (isinstance(error, OperationalError) and passing):
        return DatabaseUnavailable("the database could not answer")
    return DatabaseRefused("", type(error).__name__)


def _sqlite_constraint(error: IntegrityError) -> str:
    """SQLite names table and columns, or the CHECK constraint, after a colon; a trigger of ours raises fixed text. Neither holds values."""
    return str(error.orig).partition(":")[2].strip()[:120] or "trigger"
