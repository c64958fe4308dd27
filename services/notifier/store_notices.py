"""Notifier's rows of messages outside the ladder: each once for its kind, its subject and its contact, for ever.

A lease is a real instant, ``due_at`` a business instant; whoever holds the lease is sending.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select, update

from services.notifier.domain.notices import Kind
from services.notifier.domain.rungs import Result
from services.notifier.store_leases import Leases
from shared.db import Reading, Transaction
from shared.db.tables.notifier import notifier_notice
from shared.ids import new_id

OWED, SENT, FAILED = "owed", "sent", "failed"

_TABLE = notifier_notice
_OWED = _TABLE.c.state == OWED
_LEASES = Leases(_TABLE.c.notice_id, _OWED, _TABLE.c.due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One row. ``due_at`` is None when it has ended; ``leased_until_at`` is a real instant. ``channel`` and ``result``: of the last try."""

    notice_id: str
    kind: Kind
    subject_id: str
    notification_id: str | None
    contact_id: str
    attempts: int
    due_at: datetime | None
    leased_until_at: datetime | None
    channel: str | None
    result: Result | None
    created_at: datetime


async def add(
    tx: Transaction,
    kind: Kind,
    subject_id: str,
    contact_ids: Iterable[str],
    *,
    notification_id: str | None = None,
    due_at: datetime | None = None,
) -> int:
    """Owe each of these contacts this notice, at once unless ``due_at`` says when; how many had not been owed it before.

    ``subject_id`` is what it is about, at most 80 characters: a notification's id with its version, an incident's id, a phone task's.
    """
    now = tx.clock.now()
    rows = [
        {
            "notice_id": new_id(),
            "kind": kind.value,
            "subject_id": subject_id,
            "notification_id": notification_id,
            "contact_id": contact_id,
            "state": OWED,
            "attempts": 0,
            "due_at": due_at or now,
            "created_at": now,
        }
        for contact_id in sorted(set(contact_ids))
    ]
    if not rows:
        return 0
    statement = tx.insert(notifier_notice).on_conflict_do_nothing(index_elements=["kind", "subject_id", "contact_id"])
    return len((await tx.execute(statement.returning(notifier_notice.c.notice_id), rows)).all())


async def claim(tx: Transaction, limit: int, lease: timedelta) -> list[Notice]:
    """Take up to ``limit`` notices that are due and nobody holds, the oldest first."""
    return [_notice(row) for row in await _LEASES.claim(tx, limit, lease)]


async def next_due(reading: Reading) -> datetime | None:
    """When the next notice is due; one that somebody holds, when the lease runs out (told as a business instant)."""
    return await _LEASES.next_due(reading)


async def start(tx: Transaction, held: Notice, channel: str) -> bool:
    """Write down that it is about to go over this channel: the row of the try stands before the call. False when another holds it."""
    values = {"attempts": held.attempts + 1, "channel": channel, "result": Result.STARTED.value}
    return await _while_held(tx, held, values)


async def put_off(tx: Transaction, held: Notice, until: datetime, result: Result | None = None) -> bool:
    """To be tried (again) at ``until``; ``result`` of the try that was just made, if one was."""
    values: dict[str, Any] = {"due_at": until, "leased_until_at": None}
    return await _while_held(tx, held, values | ({"result": result.value} if result else {}))


async def end(tx: Transaction, held: Notice, *, sent: bool, result: Result | None) -> bool:
    """Sent, or given up."""
    values = {"state": SENT if sent else FAILED, "ended_at": tx.clock.now(), "due_at": None, "leased_until_at": None}
    return await _while_held(tx, held, values | ({"result": result.value} if result else {}))


async def told(reading: Reading, kind: Kind, notification_id: str) -> frozenset[str]:
    """The contacts who have been sent a notice of this kind about the notification."""
    table = notifier_notice
    statement = select(table.c.contact_id).where(
        table.c.notification_id == notification_id, table.c.kind == kind.value, table.c.result.in_(_ARRIVED)
    )
    return frozenset((await reading.execute(statement)).scalars())


async def waiting(reading: Reading, kind: Kind, notification_id: str) -> frozenset[str]:
    """The contacts whose notice of this kind has not been sent yet: what else has changed meanwhile needs no second one."""
    table = notifier_notice
    untried = (_OWED, table.c.attempts == 0, _LEASES.free)
    statement = select(table.c.contact_id).where(table.c.notification_id == notification_id, table.c.kind == kind.value, *untried)
    return frozenset((await reading.execute(statement, {"real": reading.clock.real()})).scalars())


_ARRIVED = (Result.STARTED.value, Result.HANDED_OVER.value, Result.UNKNOWN.value)


async def _while_held(tx: Transaction, held: Notice, values: dict[str, Any]) -> bool:
    table = notifier_notice
    mine = and_(table.c.notice_id == held.notice_id, _OWED, table.c.leased_until_at == held.leased_until_at)
    return (await tx.execute(update(table).where(mine).values(values))).rowcount == 1


def _notice(row: Any) -> Notice:
    values = {name: getattr(row, name) for name in Notice.__slots__}
    return Notice(**values | {"kind": Kind(row.kind), "result": Result(row.result) if row.result else None})
