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
