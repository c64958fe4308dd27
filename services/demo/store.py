"""What the demonstration reads of the journal: facts alone, which hold nothing personal."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select

from shared.db import Reading
from shared.db.journal import envelope
from shared.db.tables.journal import journal
from shared.events import Envelope


async def newest_seq(reading: Reading) -> int:
    """The journal's end; 0 when it is empty."""
    return (await reading.execute(select(func.max(journal.c.seq)))).scalar() or 0


async def facts_after(reading: Reading, seq: int, *, types: Collection[str] = (), most: int | None = None) -> Sequence[Envelope]:
    """The facts behind ``seq``, oldest first: of these types, or of all; the ``most`` newest, or all."""
    wanted = select(journal).where(journal.c.seq > seq).order_by(journal.c.seq.desc()).limit(most)
    if types:
        wanted = wanted.where(journal.c.type.in_(types))
    return [envelope(row) for row in reversed((await reading.execute(wanted)).all())]


async def types_seen(reading: Reading) -> dict[str, datetime]:
    """Every type of fact that there is, and when the first of it was recorded."""
    found = select(journal.c.type, func.min(journal.c.recorded_at).label("first_at")).group_by(journal.c.type)
    return {row.type: row.first_at for row in await reading.execute(found)}


async def has_climbed(reading: Reading) -> bool:
    """Whether a ladder went beyond its first rung."""
    climbed = select(journal.c.seq).where(journal.c.type == "rung.climbed", journal.c.data["rung"].as_integer() > 1).limit(1)
    return (await reading.execute(climbed)).first() is not None
