"""What the rehearsal reads: facts, and who could be told, by role. Nothing personal, nothing sealed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from shared.db import Reading
from shared.db.journal import envelope
from shared.db.tables.directory import directory_contact
from shared.db.tables.journal import journal
from shared.events import IncidentReceived


async def received(reading: Reading, begins_at: datetime, ends_at: datetime) -> Sequence[IncidentReceived]:
    """The incidents received in that time, in order; not those of a sandbox."""
    wanted = select(journal).where(
        journal.c.type == IncidentReceived.TYPE, journal.c.recorded_at >= begins_at, journal.c.recorded_at < ends_at
    )
    facts = [envelope(row).fact for row in await reading.execute(wanted.order_by(journal.c.seq))]
    return [fact for fact in facts if isinstance(fact, IncidentReceived) and not fact.sandbox]


async def roles(reading: Reading) -> Mapping[tuple[str, str], frozenset[str]]:
    """The roles in which a setting or team has a verified contact, by (kind, ref); ``holiday`` where one of them is a holiday contact."""
    table = directory_contact
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in await reading.execute(
        select(table.c.setting_id, table.c.team_id, table.c.role, table.c.holiday).where(table.c.state == "verified")
    ):
        key = ("setting", row.setting_id) if row.setting_id is not None else ("team", row.team_id)
        found[key] |= {row.role, *(("holiday",) if row.holiday else ())}
    return {key: frozenset(some) for key, some in found.items()}
