"""The database goes away, refuses, is locked, is shared: what the rest of the program sees of it, and what each role may do."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from shared.bus import inbox
from shared.clock import Clock
from shared.db import Database, migrate
from shared.db.engine import claim_file
from shared.db.guards import SERVICES
from shared.db.tables import metadata
from shared.db.tables.journal import outbox
from shared.errors import DatabaseBusy, DatabaseUnavailable, EncompassError, SettingsRefused
from tests.backends import APP_ROLE, admin, create_app_role, postgres_admin, sqlalchemy_url, with_database, worker
from tests.contract.test_database import received

on_postgresql = pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=pytest.mark.postgres)])

#: What every service may do with the tables that belong to none of them.
OF_ALL = {
    "journal": ("INSERT",),
    "journal_seal": (),
    "outbox": ("INSERT", "UPDATE", "DELETE"),
    "inbox": ("INSERT", "UPDATE", "DELETE"),
    "vault_key": ("INSERT", "UPDATE"),
    "vault_retired": ("INSERT",),
    "vault_content": ("INSERT",),
    "console_session": ("INSERT", "UPDATE"),
    "console_sign_in": ("INSERT", "UPDATE"),
    "ingest_version": ("INSERT",),
}
#: Of these some services may do less.
OF_SOME = ("vault_key", "vault_retired", "vault_content", "console_sign_in", "ingest_version", "notifier_list")


async def test_a_transaction_may_be_cancelled_at_any_moment_and_holds_nothing(database: Database, clock: Clock) -> None:
    """Whatever the driver was about to do must not be done later by itself: a lock that nobody gives back stops every writer."""

    async def work() -> None:
        async with database.transaction() as tx:
            await tx.record("ingest", [received(clock)])
            for _ in range(50):
                await tx.execute(text("SELECT 1"))

    async with asyncio.timeout(30):
        for moment in range(60):
            task = asyncio.create_task(work())
            await asyncio.wait({task}, timeout=moment * 0.0003)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled() or task.exception() is None
        async with database.transaction() as tx:
            await tx.record("ingest", [received(clock)])


@on_postgresql
async def test_a_connection_that_the_server_ends_is_an_outage_and_the_next_one_works(database: Database, database_url: str) -> None:
    async def work() -> None:
        async with database.transaction() as tx, tx.attempt():
            await end_backends(database_url)
            await tx.execute(text("SELECT 1"))

    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await work()
        async with database.transaction() as tx:
            await tx.execute(text("SELECT 1"))


@on_postgresql
async def test_a_server_that_takes_nobody_in_is_an_outage(database: Database, database_url: str) -> None:
    name = database_url.rpartition("/")[2]
    async with admin() as connection:
        await connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        with pytest.raises(DatabaseUnavailable):
            async with database.reading():
                pass
        await connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
    async with database.reading() as reading:
        await reading.execute(text("SELECT 1"))


@on_postgresql
async def test_a_lock_that_does_not_come_is_told_from_an_outage(database: Database, database_url: str) -> None:
    async def work() -> None:
        async with database.transaction() as tx:
            await tx.execute(text("SET LOCAL lock_timeout = '20ms'"))
            await tx.execute(outbox.delete())

    async with locked(database_url):
        with pytest.raises(DatabaseBusy):
            await work()


@on_postgresql
@pytest.mark.parametrize("service", SERVICES)
async def test_each_service_may_do_its_own_work_and_write_nothing_else(database_url: str, clock: Clock, service: str) -> None:
    role = f"{APP_ROLE}_{service}"
    await create_app_role(role, (service,))
    url = with_database(database_url, database_url.rpartition("/")[2], user=role)
    await migrate.check(url)
    database = Database.at(url, clock)
    async with database.transaction() as tx:
        (envelope,) = await tx.record(service, [received(clock)])
        await inbox.take(tx, service, [envelope])
        await inbox.claim_owed(tx, service)
        await inbox.forget(tx, service)
        await tx.execute(outbox.delete())
        may = "has_table_privilege(:role, CAST(:name AS text), :privilege)"
        for name in metadata.tables:
            owner = name.partition("_")[0].replace("directory", "console")
            for privilege in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                allowed = (await tx.execute(text(f"SELECT {may}"), {"role": role, "name": name, "privilege": privilege})).scalar_one()
                wanted = privilege in OF_ALL[name] if name in OF_ALL else owner == service and privilege != "TRUNCATE"
                assert allowed == wanted or (name in OF_SOME and not allowed), f"{service} {privilege} {name}"
    await database.close()


@pytest.mark.postgres
async def test_two_processes_may_migrate_at_once() -> None:
    name = f"encompass_test_{worker()}_twice"
    async with admin() as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')
    url = sqlalchemy_url(with_database(postgres_admin(), name))
    try:
        await asyncio.gather(migrate.upgrade(url), migrate.upgrade(url))
        await migrate.check(url)
    finally:
        async with admin() as connection:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_a_migration_that_fails_on_sqlite_leaves_nothing_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "half.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE journal (seq INTEGER)")
        connection.execute("CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT 1; END")
        with pytest.raises(EncompassError):
            await migrate.upgrade(f"sqlite+aiosqlite:///{path}")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert tables == ["journal"]


def test_a_file_has_one_process_under_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "other.db").symlink_to(tmp_path / "one.db")
    held = claim_file(f"sqlite+aiosqlite:///{tmp_path / 'one.db'}")
    assert held is not None
    with contextlib.closing(held), pytest.raises(SettingsRefused):
        claim_file(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    again = claim_file(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")
    assert again is not None
    again.close()


@contextlib.asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """Somebody else keeps what every writer needs."""
    connection = await asyncpg.connect(with_database(postgres_admin(), url.rpartition("/")[2]))
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE journal, outbox IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def end_backends(url: str) -> None:
    """End every connection to the database, as a restart of the server does."""
    async with admin() as connection:
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", url.rpartition("/")[2])
