"""Bringing a database to this program's schema, and telling when it is not there."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db.engine import begin_by_hand, sqlite_path, translated
from shared.db.guards import ADVISORY_LOCK
from shared.db.tables import metadata
from shared.errors import SettingsRefused

Result = TypeVar("Result")

LOCK_TIMEOUT = "5s"
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


async def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration that ``url``'s database lacks, in one transaction, one process at a time. The caller owns the schema.

    ``revision`` stops at an older one: what a test of the next migration begins with.
    """
    await _with_connection(url, lambda connection: _upgrade(connection, revision))


async def drift(url: str) -> list[str]:
    """How the database differs from the tables in the code; empty when it does not."""
    return await _with_connection(url, _drift)


async def check(url: str) -> None:
    """Raise SettingsRefused unless the database is at this program's newest migration."""
    found = await _with_connection(url, lambda connection: MigrationContext.configure(connection).get_current_revision())
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    if found != wanted:
        raise SettingsRefused(f"the database is at migration {found or 'none'}, this program needs {wanted}: run `encompass migrate`")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


async def _with_connection(url: str, work: Callable[[Connection], Result]) -> Result:
    if (path := sqlite_path(url)) is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, hide_parameters=True)
    if path is not None:
        begin_by_hand(engine)  # or every statement would be durable by itself, and a crash would leave half a schema
    try:
        with translated():
            async with engine.begin() as connection:
                return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})  # as long as another one migrates
        connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": LOCK_TIMEOUT})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _drift(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
    return [str(difference) for difference in compare_metadata(context, metadata)]
