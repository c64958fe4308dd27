"""From the outbox to the bus: claim with a lease, publish with no transaction open, delete what was confirmed (D1).

A crash after the claim leaves pointers whose lease runs out; a crash after the publish repeats a fact, which the inbox drops.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from shared.bus.port import Bus, Confirmed
from shared.db import Database, Transaction
from shared.db.journal import envelope
from shared.db.tables.journal import journal, outbox
from shared.errors import BusUnavailable
from shared.events import Envelope
from shared.log import logger

LEASE = timedelta(seconds=30)
GAP = timedelta(seconds=2)
BATCH = 200

log = logger(__name__)


class Relay:
    """One service's outbox. Woken after each commit that recorded a fact; polls every two seconds as the net."""

    every_seconds = 2.0

    def __init__(self, service: str, database: Database, bus: Bus) -> None:
        self.service = service
        self.name = f"{service}.relay"
        self._database = database
        self._bus = bus
        self.woken = asyncio.Event()
        self.drained = False

    async def run_once(self) -> int:
        """Publish up to a batch; returns how many facts were confirmed. Raises BusUnavailable when none was, so that the driver waits."""
        self.drained = False
        async with self._database.transaction() as tx:
            claimed = await _claim(tx, self.service)
        if not claimed:
            return 0
        outcomes = await self._bus.publish(claimed)
        confirmed = [item.id for item, outcome in zip(claimed, outcomes, strict=True) if isinstance(outcome, Confirmed)]
        rest = [item.id for item, outcome in zip(claimed, outcomes, strict=True) if not isinstance(outcome, Confirmed)]
        async with self._database.transaction() as tx:
            await _finish(tx, confirmed, rest)
        if rest:
            log.warning("relay.unconfirmed", service=self.service, facts=len(rest), confirmed=len(confirmed))
        if rest and not confirmed:
            raise BusUnavailable("the bus confirmed nothing")
        self.drained = not rest and len(claimed) < BATCH
        return len(confirmed)

    async def next_due(self) -> datetime | None:
        """When the next pointer is due. It is due by real time: told as that much after the business instant."""
        async with self._database.reading() as reading:
            due_at = (await reading.execute(_NEXT, {"of_service": self.service})).scalar()
            return None if due_at is None else reading.clock.now() + (due_at - reading.clock.real())


_DUE = (
    select(outbox.c.seq)
    .where(outbox.c.service == bindparam("of_service"), outbox.c.due_at <= bindparam("real"))
    .order_by(outbox.c.seq)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.seq.in_(_DUE.scalar_subquery()))
    .values(due_at=bindparam("leased_until"), attempts=outbox.c.attempts + 1)
    .returning(outbox.c.fact_id)
)
_NEXT = select(func.min(outbox.c.due_at)).where(outbox.c.service == bindparam("of_service"))


async def _claim(tx: Transaction, service: str) -> list[Envelope]:
    real = tx.clock.real()
    claimed = await tx.execute(_CLAIM, {"of_service": service, "real": real, "leased_until": real + LEASE})
    fact_ids = list(claimed.scalars())
    if not fact_ids:
        return []
    rows = await tx.execute(select(journal).where(journal.c.fact_id.in_(fact_ids)).order_by(journal.c.seq))
    return [found for row in rows if (found := _read(row)) is not None]


def _read(row: Any) -> Envelope | None:
    """The fact; None for one that a newer program stated and this one cannot read: its pointer waits, others go on."""
    try:
        return envelope(row)
    except (KeyError, ValueError):
        log.error("relay.unreadable", service=row.service, fact_id=row.fact_id, type=row.type, version=row.version)
        return None


async def _finish(tx: Transaction, confirmed: list[str], rest: list[str]) -> None:
    if confirmed:
        await tx.execute(delete(outbox).where(outbox.c.fact_id.in_(confirmed)))
    if rest:
        await tx.execute(update(outbox).where(outbox.c.fact_id.in_(rest)).values(due_at=tx.clock.real() + GAP))
