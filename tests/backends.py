"""Databases for tests: real ones, migrated once a run and copied for each test.

On PostgreSQL a test works as the application's own kind of role: a login that may do what the services' roles may, and no more.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import asyncpg
import pytest

from shared.clock import Clock, SystemClock
from shared.db import Database, migrate
from shared.db.guards import SERVICES
from tests.parts import detected

APP_ROLE = "encompass_test_app"


def worker() -> str:
    """A name that is this test process's alone."""
    return f"{os.getpid()}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def postgres_admin() -> str:
    """The URL of a role that may create databases; skips the test when there is none."""
    url = detected().postgres_url
    if url is None:
        pytest.skip("PostgreSQL is not reachable")
    return url


def with_database(url: str, name: str, *, user: str | None = None) -> str:
    """``url`` with another database, and perhaps another user."""
    scheme, _, rest = url.partition("://")
    authority, _, _ = rest.partition("/")
    credentials, _, host = authority.rpartition("@")
    return f"{scheme}://{user or credentials}@{host}/{name}"


def sqlalchemy_url(url: str) -> str:
    """The same in SQLAlchemy's words."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


@contextlib.asynccontextmanager
async def admin() -> AsyncIterator[asyncpg.Connection]:
    """A connection that may create databases and roles."""
    connection = await asyncpg.connect(postgres_admin())
    try:
        yield connection
    finally:
        await connection.close()


async def create_app_role(name: str, members: tuple[str, ...] = SERVICES) -> None:
    """A login role that is a member of the services' roles. The migrations made those; one at a time, as roles are the cluster's."""
    async with admin() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(4711)")
        exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
        if not exists:
            await connection.execute(f'CREATE ROLE "{name}" LOGIN')
            for service in members:
                await connection.execute(f'GRANT encompass_{service} TO "{name}"')


class PostgresDatabases:
    """Copies of one migrated template. A copy is emptied after its test and given to the next: making and dropping one costs more than
    most tests do, because each drop makes the whole server write down what it holds.
    """

    def __init__(self) -> None:
        self.template = f"encompass_template_{worker()}"
        self._made = 0
        self._free: list[str] = []
        self._born_with: dict[str, list[asyncpg.Record]] = {}

    async def prepare(self) -> None:
        async with admin() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{self.template}" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "{self.template}"')
        await migrate.upgrade(sqlalchemy_url(with_database(postgres_admin(), self.template)))
        self._born_with = await _rows(self.template)
        await create_app_role(APP_ROLE)

    async def new(self) -> str:
        """A migrated, empty database; returns the application role's SQLAlchemy URL."""
        name = self._free.pop() if self._free else await self._copy()
        return sqlalchemy_url(with_database(postgres_admin(), name, user=APP_ROLE))

    async def give_back(self, url: str) -> None:
        """Whoever is still in it is thrown out, and it is emptied for the next."""
        name = _database_of(url)
        await _empty(name, self._born_with)
        self._free.append(name)

    async def drop(self, url: str) -> None:
        """For a test that changes more than rows."""
        await self._drop(_database_of(url))

    async def close(self) -> None:
        for name in (*self._free, self.template):
            await self._drop(name)

    async def _copy(self) -> str:
        self._made += 1
        name = f"encompass_test_{worker()}_{self._made}"
        async with admin() as connection:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}"')
        return name

    async def _drop(self, name: str) -> None:
        async with admin() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _database_of(url: str) -> str:
    return url.rpartition("/")[2]


_EMPTIED = """
DO $$
DECLARE
    one regclass;
    filled boolean;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s)', one) INTO filled;
        IF filled THEN
            EXECUTE format('DELETE FROM %s', one);
        END IF;
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


async def _empty(name: str, born_with: Mapping[str, Sequence[asyncpg.Record]]) -> None:
    """Delete every row, whatever guards it, but those that the migrations made, and let every sequence begin again."""
    connection = await asyncpg.connect(with_database(postgres_admin(), name))
    try:
        await connection.execute(_EMPTIED)
        for table, rows in born_with.items():
            await connection.copy_records_to_table(table, records=rows, columns=list(rows[0].keys()))
    finally:
        await connection.close()


async def _rows(name: str) -> dict[str, list[asyncpg.Record]]:
    """What the migrations have put into the tables of a database."""
    connection = await asyncpg.connect(with_database(postgres_admin(), name))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
        found = {row["tablename"]: await connection.fetch(f'TABLE "{row["tablename"]}"') for row in tables}
    finally:
        await connection.close()
    return {table: rows for table, rows in found.items() if rows}


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """PostgreSQL's copies, for this test process. Not async: a test's loop is not running yet when it is made."""
    databases = PostgresDatabases()
    asyncio.run(databases.prepare())
    yield databases
    asyncio.run(databases.close())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(migrate.upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a database runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated, empty database."""
    if database_kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    url = asyncio.run(databases.new())
    yield url
    asyncio.run(databases.give_back(url))


@pytest.fixture
def clock() -> Clock:
    """The machine's clock; a module whose tests move time defines its own ``clock``."""
    return SystemClock()


@pytest.fixture
async def database(database_url: str, clock: Clock) -> AsyncIterator[Database]:
    """A fresh, migrated, empty database, on each of the two."""
    database = Database.at(database_url, clock)
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def no_settings_leak() -> Iterator[None]:
    """No test sees the machine's own settings."""
    names = [name for name in os.environ if name.startswith("ENCOMPASS_") and "_TEST_" not in name and name != "ENCOMPASS_REAL_DATA"]
    kept = {name: os.environ.pop(name) for name in names}
    yield
    os.environ.update(kept)
