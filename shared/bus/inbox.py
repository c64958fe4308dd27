"""The inbox's statements: what a service has made of each fact."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from shared.bus.retry import Park, after_failure
from shared.db import Reading, Transaction
from shared.db.journal import envelope
from shared.db.tables.journal import inbox, journal
from shared.events import Envelope, subscribed

RETENTION = timedelta(days=30)
REPAIR_AGE = timedelta(minutes=2)
BATCH = 200


async def take(tx: Transaction, service: str, envelopes: Sequence[Envelope]) -> list[Envelope]:
    """Enter the facts that this service has not seen yet and return those; another copy of a known fact is dropped here."""
    now = tx.clock.now()
    unique = {item.id: item for item in envelopes}
    rows = [
        {"service": service, "fact_id": item.id, "type": item.type, "state": "done", "attempts": 1, "due_at": None, "received_at": now}
        for item in sorted(unique.values(), key=lambda item: item.id)  # one order for all, so that two batches cannot deadlock
    ]
    result = await tx.execute(tx.insert(inbox).values(rows).on_conflict_do_nothing().returning(inbox.c.fact_id))
    new = set(result.scalars())
    return [item for item in unique.values() if item.id in new]


async def enter_failure(tx: Transaction, service: str, item: Envelope, error: str) -> bool:
    """Record a failed first attempt of a fact that is not in the inbox yet; False when another copy got there first."""
    row = _failed(item, service, 1, error, tx)
    result = await tx.execute(tx.insert(inbox).values([row]).on_conflict_do_nothing().returning(inbox.c.fact_id))
    return bool(result.scalars().all())


async def claim_owed(tx: Transaction, service: str, limit: int = 1) -> list[tuple[Envelope, int]]:
    """Lock up to ``limit`` facts whose retry is due, with their attempts so far. Their rows stay locked until the commit."""
    result = await tx.execute(
        select(inbox.c.attempts, journal)
        .join(journal, journal.c.fact_id == inbox.c.fact_id)
        .where(inbox.c.service == service, inbox.c.state == "retry", inbox.c.due_at <= tx.clock.real())
        .order_by(inbox.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=inbox)
    )
    return [(envelope(row), row.attempts) for row in result]


async def succeed(tx: Transaction, service: str, fact_id: str, attempts: int) -> None:
    """The retry worked."""
    await tx.execute(
        update(inbox)
        .where(inbox.c.service == service, inbox.c.fact_id == fact_id)
        .values(state="done", due_at=None, attempts=attempts, error=None)
    )


async def fail_again(tx: Transaction, service: str, item: Envelope, attempts: int, error: str) -> None:
    """The retry failed: try later, or park."""
    row = _failed(item, service, attempts, error, tx)
    await tx.execute(
        update(inbox)
        .where(inbox.c.service == service, inbox.c.fact_id == item.id)
        .values(state=row["state"], due_at=row["due_at"], attempts=attempts, error=row["error"])
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
    result = await reading.execute(select(func.min(inbox.c.due_at)).where(inbox.c.service == service, inbox.c.state == "retry"))
    return result.scalar()


async def missing(reading: Reading, service: str, limit: int = BATCH) -> list[Envelope]:
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
    return [envelope(row) for row in result]


async def forget(tx: Transaction, service: str, limit: int = 1000) -> int:
    """Delete done rows past twice the retention: later than repair looks back, so a deleted row never makes an old fact look new."""
    old = (
        select(inbox.c.fact_id)
        .where(inbox.c.service == service, inbox.c.state == "done", inbox.c.received_at < tx.clock.now() - 2 * RETENTION)
        .limit(limit)
    )
    result = await tx.execute(delete(inbox).where(inbox.c.service == service, inbox.c.fact_id.in_(old)))
    return result.rowcount


def _failed(item: Envelope, service: str, attempts: int, error: str, tx: Transaction) -> dict[str, Any]:
    decision = after_failure(attempts, tx.clock.real())
    return {
        "service": service,
        "fact_id": item.id,
        "type": item.type,
        "state": "parked" if isinstance(decision, Park) else "retry",
        "attempts": attempts,
        "due_at": None if isinstance(decision, Park) else decision.due_at,
        "error": error,
        "received_at": tx.clock.now(),
    }
