"""The migrations, written out, give what the tables in the code say: checks and partial indexes too, which drift does not compare."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, column, create_engine, insert, select, table, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import migrate
from shared.db.tables import metadata
from shared.db.tables.base import Instant
from shared.db.tables.ingest import ingest_incident, ingest_version
from tests.backends import admin, postgres_admin, sqlalchemy_url, with_database, worker

RECEIVED = datetime(2026, 11, 20, 22, 10, tzinfo=UTC)
BELIEVED = datetime(2026, 11, 20, 21, 50, tzinfo=UTC)


def schema(path: Path) -> dict[str, set[str]]:
    """Every table's and index's parts as SQLite keeps them, in no order, without spaces and quotes."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"))
        found = {name: set(_parts(sql)) for name, sql in rows if not name.startswith(("alembic", "sqlite"))}
    engine.dispose()
    return found


def _parts(sql: str) -> list[str]:
    """A column that was added later stands behind a comma in a line that was there before."""
    inner = sql[sql.index("(") + 1 : sql.rindex(")")]
    depth, parts = 0, [sql[: sql.index("(")] + sql[sql.rindex(")") :], ""]
    for sign in inner:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [re.sub(r"\s+", "", part).replace('"', "") for part in parts]


def test_the_migrations_make_what_the_tables_say(sqlite_template: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.db"
    engine = create_engine(f"sqlite:///{made}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(sqlite_template) == schema(made)


# --- what was there before ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def bare_url(database_kind: str, tmp_path: Path) -> AsyncIterator[str]:
    """A database without any table, for whoever owns it."""
    if database_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
        return
    name = f"encompass_old_{worker()}"
    async with admin() as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')
    yield sqlalchemy_url(with_database(postgres_admin(), name))
    async with admin() as connection:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _written(url: str, rows: dict[str, dict[str, Any]]) -> None:
    """One row into each table, in the words of the schema that is there: the tables in the code know later ones."""
    kinds: dict[type, Any] = {datetime: Instant(), dict: JSON(), list: JSON()}
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for name, row in rows.items():
            columns: list[Any] = [column(key, kinds.get(type(value))) for key, value in row.items()]
            await connection.execute(insert(table(name, *columns)), row)
    await engine.dispose()


async def test_an_incident_of_the_first_release_has_its_first_version(bare_url: str) -> None:
    """Router and notifier read versions alone: without the row the next fact of this incident would find nothing."""
    await migrate.upgrade(bare_url, "0001")
    key = {"key_id": "k", "force": "testshire", "label": "x", "secret_hash": "0" * 64, "created_at": RECEIVED}
    incident = {
        "incident_id": "i",
        "force": "testshire",
        "system": "s",
        "reference": "r",
        "incident_version": 1,
        "body_hash": "0" * 64,
        "hash_key_id": "h",
        "content_id": "c",
        "findings": [],
        "key_id": "k",
        "received_at": RECEIVED,
    }
    said = {"incident_version": 1, "force": "testshire", "child_ids": ["c2", "c1"]}
    data = said | {"received_at": RECEIVED.isoformat(), "believed_at": BELIEVED.isoformat()}
    fact = {"fact_id": "f", "service": "ingest", "type": "incident.received", "version": 1, "incident_id": "i", "subject": "i"}
    child = {"child_id": "c2", "incident_id": "i", "ordinal": 0}
    journal = fact | {"recorded_at": RECEIVED, "data": data}
    await _written(bare_url, {"ingest_api_key": key, "ingest_incident": incident, "ingest_child": child, "journal": journal})
    await migrate.upgrade(bare_url)
    assert await migrate.drift(bare_url) == []
    engine = create_async_engine(bare_url)
    async with engine.connect() as connection:
        (version,) = (await connection.execute(select(ingest_version))).mappings()
        (head,) = (await connection.execute(select(ingest_incident))).mappings()
        children = (await connection.execute(text("SELECT child_id FROM ingest_child"))).scalars().all()
    await engine.dispose()
    assert dict(version) == {
        "incident_id": "i",
        "incident_version": 1,
        "kind": "received",
        "force": "testshire",
        "content_id": "c",
        "child_ids": ["c2", "c1"],
        "first_received_at": RECEIVED,
        "received_at": RECEIVED,
        "believed_at": BELIEVED,
        "reason": None,
        "sandbox": False,
    }
    assert (head["source_version"], head["withdrawn_at"], head["sandbox"], children) == (None, None, False, ["c2"])
