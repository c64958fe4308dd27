"""Notifier's rows of what is suppressed, and what is due when one ends before its time."""

from datetime import datetime

from sqlalchemy import insert, select, update

from services.notifier.domain.states import Stage
from services.notifier.domain.suppression import Kind, Reason, Suppression
from shared.db import Reading, Transaction
from shared.db.tables.notifier import notifier_attempt, notifier_notification, notifier_suppression

_TABLE = notifier_suppression


async def active(reading: Reading) -> tuple[Suppression, ...]:
    """Those in force now, the first to end first."""
    now = reading.clock.now()
    columns = (_TABLE.c[name] for name in Suppression.__slots__)
    statement = select(*columns).where(_TABLE.c.until_at > now, _TABLE.c.ended_at.is_(None)).order_by(_TABLE.c.until_at)
    rows = (await reading.execute(statement)).mappings()
    return tuple(Suppression(**dict(row) | {"kind": Kind(row["kind"]), "reason": Reason(row["reason"])}) for row in rows)


async def add(tx: Transaction, one: Suppression) -> None:
    """In force from here on. What a contact who is held back has been told of is looked at again: nobody has been told by telling her."""
    await tx.execute(insert(_TABLE).values({name: getattr(one, name) for name in Suppression.__slots__}))
    if one.kind is Kind.CONTACT:
        table = notifier_notification
        told = select(notifier_attempt.c.notification_id).where(notifier_attempt.c.contact_id == one.ref)
        waits = (table.c.state == Stage.OPEN.value, table.c.next_rung_at > one.decided_at, table.c.notification_id.in_(told))
        await tx.execute(update(table).where(*waits).values(next_action_at=one.decided_at))


async def end(tx: Transaction, suppression_id: str, decider: str, now: datetime) -> bool:
    """End one before its time, and have everything that is open looked at; False when it has ended or there is none."""
    mine = update(_TABLE).where(_TABLE.c.suppression_id == suppression_id, _TABLE.c.ended_at.is_(None), _TABLE.c.until_at > now)
    if (await tx.execute(mine.values(ended_at=now, ended_by=decider))).rowcount != 1:
        return False
    table = notifier_notification
    waiting = (table.c.state == Stage.OPEN.value, table.c.next_action_at > now, table.c.rungs_done > 0)
    await tx.execute(update(table).where(*waiting).values(next_action_at=now))
    return True
