"""The inbox's statements: what a service has made of each fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, delete, func, or_, select, update

from shared.bus.retry import Park, after_failure
from shared.db import Reading, Transaction
from shared.db.journal import envelope
from shared.db.tables.journal import inbox, journal
from shared.events import Envelope, subscribed

RETENTION = timedelta(days=30)
FORGET_AT_ONCE = 10_000
REPAIR_AGE = timedelta(minutes=2)
BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A fact that this service still owes: ``attempts`` so far, and its journal row as it was found."""

    fact_id: str
    type: str
    attempts: int
    row: Any

    def envelope(self) -> Envelope:
        """The fact. Raises KeyError or ValueError when this program cannot read it, or the journal does not hold it (an older backup)."""
        return envelope(self.row)


async def take(tx: Transaction, service: str, envelopes: Sequence[Envelope]) -> list[Envelope]:
    """Enter the facts that this service has not seen yet and return those; another copy of a known fact is dropped here."""
    now = tx.clock.now()
    unique = {item.id: item for item in envelopes}
    rows = [
        {"service": service, "fact_id": item.id, "type": item.type, "state": "done", "attempts": 1, "due_at": None, "received_at": now}
        for item in sorted(unique.values(), key=lambda item: item.id)  # one order for all, so that two batches cannot deadlock
    ]
    result = await tx.execute(tx.insert(inbox).on_conflict_do_nothing().returning(inbox.c.fact_id), rows)
    new = set(result.scalars())
    return [item for item in unique.values() if item.id in new]


async def enter_failure(tx: Transaction, service: str, fact_id: str, fact_type: str, error: str) -> bool:
    """Record a failed first attempt of a fact that is not in the inbox yet; False when another copy got there first."""
    outcome = _outcome(tx, 1, error, passing=False)
    row = {"service": service, "fact_id": fact_id, "type": fact_type, "received_at": tx.clock.now(), **outcome}
    result = await tx.execute(tx.insert(inbox).values([row]).on_conflict_do_nothing().returning(inbox.c.fact_id))
    return bool(result.scalars().all())


_RETRY = (inbox.c.service == bindparam("of_service"), inbox.c.state == "retry")
_OWED = (
    select(inbox.c.fact_id.label("owed_id"), inbox.c.type.label("owed_type"), inbox.c.attempts, journal)
    .outerjoin(journal, journal.c.fact_id == inbox.c.fact_id)
    .where(*_RETRY, inbox.c.due_at <= bindparam("real"))
    .order_by(inbox.c.due_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True, of=inbox)
)
_NEXT_RETRY = select(func.min(inbox.c.due_at)).where(*_RETRY)


async def claim_owed(tx: Transaction, service: str, limit: int = 1) -> list[Owed]:
    """Lock up to ``limit`` facts whose retry is due. Their rows stay locked until the commit."""
    result = await tx.execute(_OWED, {"of_service": service, "real": tx.clock.real(), "most": limit})
    return [Owed(fact_id=row.owed_id, type=row.owed_type, attempts=row.attempts, row=row) for row in result]


async def succeed(tx: Transaction, service: str, fact_id: str, attempts: int) -> None:
    """The retry worked."""
    await tx.execute(
        update(inbox)
        .where(inbox.c.service == service, inbox.c.fact_id == fact_id)
        .values(state="done", due_at=None, attempts=attempts, error=None)
    )


async def fail_again(tx: Transaction, service: str, fact_id: str, attempts: int, error: str, *, passing: bool) -> None:
    """The retry failed: try later, or park. What is ``passing`` is never parked."""
    await tx.execute(
        update(inbox).where(inbox.c.service == service, inbox.c.fact_id == fact_id).values(_outcome(tx, attempts, error, passing=passing))
    )


async def replay(tx: Transaction, service: str, fact_ids: Sequence[str]) -> int:
    """Make parked facts due again; returns how many were parked."""
    result = await tx.execute(
        update(inbox)
        .where(inbox.c.service == service, inbox.c.fact_id.in_(fact_ids), inbox.c.state == "parked")
        .values(state="retry", due_at=tx.clock.real(), attempts=0)
    )
    return result.rowcount


async def parked(reading: Reading, limit: int = 200) -> list[dict[str, Any]]:
    """The facts that were given up, oldest first: service, fact_id, type, attempts, error, received_at."""
    result = await reading.execute(
        select(inbox.c.service, inbox.c.fact_id, inbox.c.type, inbox.c.attempts, inbox.c.error, inbox.c.received_at)
        .where(inbox.c.state == "parked")
        .order_by(inbox.c.received_at)
        .limit(limit)
    )
    return [dict(row) for row in result.mappings()]


async def next_retry_at(reading: Reading, service: str) -> datetime | None:
    """The earliest real instant at which a fact is to be tried again."""
    result = await reading.execute(_NEXT_RETRY, {"of_service": service})
    return result.scalar()


async def missing(reading: Reading, service: str, limit: int = BATCH) -> list[Owed]:
    """Facts this service subscribes to that should have arrived by now and have not (D10)."""
    now = reading.clock.now()
    result = await reading.execute(
        select(journal)
        .outerjoin(inbox, (inbox.c.fact_id == journal.c.fact_id) & (inbox.c.service == service))
        .where(
            or_(*(journal.c.type == fact_type for fact_type in subscribed(service))),
            journal.c.recorded_at < now - REPAIR_AGE,
            journal.c.recorded_at > now - RETENTION,
            inbox.c.fact_id.is_(None),
        )
        .order_by(journal.c.seq)
        .limit(limit)
    )
    return [Owed(fact_id=row.fact_id, type=row.type, attempts=0, row=row) for row in result]


async def forget(tx: Transaction, service: str, limit: int = FORGET_AT_ONCE) -> int:
    """Delete done rows past twice the retention: later than repair looks back, so a deleted row never makes an old fact look new."""
    old = (
        select(inbox.c.fact_id)
        .where(inbox.c.service == service, inbox.c.state == "done", inbox.c.received_at < tx.clock.now() - 2 * RETENTION)
        .limit(limit)
    )
    result = await tx.execute(delete(inbox).where(inbox.c.service == service, inbox.c.fact_id.in_(old)))
    return result.rowcount


def _outcome(tx: Transaction, attempts: int, error: str, *, passing: bool) -> dict[str, Any]:
    decision = after_failure(attempts, tx.clock.real(), passing=passing)
    if isinstance(decision, Park):
        return {"state": "parked", "attempts": attempts, "due_at": None, "error": error}
    return {"state": "retry", "attempts": attempts, "due_at": decision.due_at, "error": error}
