"""The migrations, written out, give what the tables in the code say: checks and partial indexes too, which drift does not compare."""

import re
from pathlib import Path

from sqlalchemy import create_engine, text

from shared.db.tables import metadata


def schema(path: Path) -> dict[str, set[str]]:
    """Every table's and index's parts as SQLite keeps them, in no order, without spaces and quotes."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"))
        found = {name: set(_parts(sql)) for name, sql in rows if not name.startswith(("alembic", "sqlite"))}
    engine.dispose()
    return found


def _parts(sql: str) -> list[str]:
    return [re.sub(r"\s+", "", part).replace('"', "") for part in sql.replace(", \n", "\n").splitlines() if part.strip(" ()")]


def test_the_migrations_make_what_the_tables_say(sqlite_template: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.db"
    engine = create_engine(f"sqlite:///{made}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(sqlite_template) == schema(made)
