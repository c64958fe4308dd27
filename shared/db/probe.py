"""Asking the database for a sign of life."""

from sqlalchemy import text

from shared.db.database import Database
from shared.errors import EncompassError


async def answers(database: Database) -> bool:
    """Whether a statement comes back."""
    try:
        async with database.reading() as reading:
            await reading.execute(text("SELECT 1"))
    except EncompassError:
        return False
    return True
