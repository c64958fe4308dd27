"""Facts that were given up, as far as an operator may see them, and trying them again.

An operator sees the parked facts of her force's, or her authority's, incidents. Those of an incident that no authority has been given yet
are its force's; ``encompass inbox list`` on the machine itself sees all.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, select

from services.console.store_outcomes import touches
from shared.bus.inbox import replay
from shared.db import Reading, Transaction
from shared.db.tables.journal import inbox, journal
from shared.scope import Scope

MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One service gave up on one fact: after ``attempts``, with ``error`` (class and line of ours), since ``received_at`` (UTC)."""

    service: str
    fact_id: str
    type: str
    attempts: int
    error: str
    received_at: datetime


async def parked(reading: Reading, scope: Scope) -> tuple[Parked, ...]:
    """Those of ``scope``, oldest first, at most ``MOST``."""
    rows = await reading.execute(_of(scope).order_by(inbox.c.received_at, inbox.c.fact_id).limit(MOST))
    return tuple(Parked(**row) for row in rows.mappings())


async def try_again(tx: Transaction, service: str, fact_id: str, scope: Scope) -> bool:
    """Make a parked fact due again; False when it is not parked, not known or not ``scope``'s: the three are never told apart."""
    found = await tx.execute(_of(scope).where(inbox.c.service == service, inbox.c.fact_id == fact_id))
    return found.first() is not None and await replay(tx, service, [fact_id]) == 1


def _of(scope: Scope) -> Select[tuple[str, str, str, int, str, datetime]]:
    any_of_incident = journal.alias("any_of_incident")
    theirs = exists().where(any_of_incident.c.incident_id == journal.c.incident_id, touches(scope, any_of_incident))
    columns = (inbox.c.service, inbox.c.fact_id, inbox.c.type, inbox.c.attempts, inbox.c.error, inbox.c.received_at)
    return select(*columns).join(journal, journal.c.fact_id == inbox.c.fact_id).where(inbox.c.state == "parked", theirs)
