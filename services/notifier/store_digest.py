"""Which messages stand for which notifications of a first staff day, and which of those a contact has been told of."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update

from services.notifier.domain.digest import FIRST_STAFF_DAY, Carrier
from services.notifier.domain.rungs import Result
from services.notifier.domain.states import Stage
from shared.db import Reading, Transaction
from shared.db.tables.notifier import notifier_attempt, notifier_link, notifier_notification

_OF_SETTING = and_(notifier_notification.c.purpose == FIRST_STAFF_DAY, notifier_notification.c.destination_kind == "setting")
_OPEN = notifier_notification.c.state == Stage.OPEN.value
_OWN = notifier_attempt.join(notifier_notification, notifier_notification.c.notification_id == notifier_attempt.c.notification_id)


async def hold(tx: Transaction, setting_ids: Iterable[str]) -> None:
    """Hold every open first staff day's notification of these settings: one gathers for a setting at a time."""
    table = notifier_notification
    theirs = select(table.c.notification_id).where(table.c.destination_ref.in_(set(setting_ids)), _OF_SETTING, _OPEN)
    await tx.execute(theirs.order_by(table.c.notification_id).with_for_update())


async def carriers(tx: Transaction, setting_ids: Iterable[str]) -> list[Carrier]:
    """The messages of these settings' open notifications that are none of another's."""
    theirs = (notifier_notification.c.destination_ref.in_(set(setting_ids)), _OF_SETTING, _OPEN)
    # What came back was read by nobody: it stands for nothing any more.
    where = (*theirs, notifier_attempt.c.carried_by.is_(None), notifier_attempt.c.returned.is_(None))
    statement = select(notifier_attempt, notifier_notification.c.destination_ref).select_from(_OWN).where(*where)
    return [
        Carrier(
            attempt_id=row.attempt_id,
            notification_id=row.notification_id,
            setting_id=row.destination_ref,
            contact_id=row.contact_id,
            channel=row.channel,
            started_at=row.started_at,
            result=Result(row.result),
        )
        for row in await tx.execute(statement)
    ]


async def carry(tx: Transaction, carried: Mapping[str, str], now: datetime) -> None:
    """These attempts, on record already, are carried by those (attempt_id → carrier's): for as long as that one does not fail."""
    for attempt_id, carried_by in carried.items():
        values = {"carried_by": carried_by, "result": Result.HANDED_OVER.value, "ended_at": now}
        await tx.execute(update(notifier_attempt).where(notifier_attempt.c.attempt_id == attempt_id).values(**values))


async def let_go(tx: Transaction, carriers: Collection[str], result: Result, reason: str, now: datetime) -> list[Any]:
    """What these attempts carried is carried no more, and its notifications, where they are open, look at once what they owe.

    ``result`` is what has become of each. Rows with ``incident_id``, ``notification_id``, ``attempt_id``, ``rung`` and ``channel``.
    """
    if not carriers:
        return []
    mine = (notifier_attempt.c.carried_by.in_(set(carriers)), notifier_attempt.c.result == Result.HANDED_OVER.value, _OPEN)
    columns = (notifier_attempt.c.attempt_id, notifier_attempt.c.rung, notifier_attempt.c.channel)
    of_notification = (notifier_notification.c.notification_id, notifier_notification.c.incident_id)
    statement = select(*columns, *of_notification).select_from(_OWN).where(*mine)
    rows = list(await tx.execute(statement.order_by(notifier_attempt.c.attempt_id)))
    if rows:
        ids = [row.attempt_id for row in rows]
        table = notifier_notification
        waiting = (table.c.notification_id.in_({row.notification_id for row in rows}), _OPEN)
        await tx.execute(update(table).where(*waiting, table.c.next_action_at > now).values(next_action_at=now))
        ended = update(notifier_attempt).where(notifier_attempt.c.attempt_id.in_(ids))
        await tx.execute(ended.values(result=result.value, reason=reason, ended_at=now))
    return rows


async def carrying(reading: Reading, notification_id: str) -> frozenset[str]:
    """The attempts of this notification."""
    statement = select(notifier_attempt.c.attempt_id).where(notifier_attempt.c.notification_id == notification_id)
    return frozenset((await reading.execute(statement)).scalars())


async def told(reading: Reading, setting_id: str, contact_id: str) -> dict[str, str]:
    """The first staff days' notifications of the setting that this contact was told of and that have not ended in nothing, each with the
    attempt that told her."""
    where = (
        notifier_notification.c.destination_ref == setting_id,
        _OF_SETTING,
        notifier_notification.c.state.in_([Stage.OPEN.value, Stage.ACKNOWLEDGED.value]),
        notifier_notification.c.sandbox.is_(False),
        notifier_attempt.c.contact_id == contact_id,
        # Whoever reads a list has had a message: what another's stood for is in it, even where that one ended in nothing.
        or_(notifier_attempt.c.result == Result.HANDED_OVER.value, notifier_attempt.c.carried_by.is_not(None)),
    )
    columns = (notifier_attempt.c.notification_id, notifier_attempt.c.attempt_id)
    statement = select(*columns).select_from(_OWN).where(*where).order_by(notifier_attempt.c.started_at, notifier_attempt.c.attempt_id)
    return {row.notification_id: row.attempt_id for row in await reading.execute(statement)}


async def link_of(reading: Reading, notification_id: str, contact_id: str) -> str | None:
    """A link that this contact has to the notification and that still opens; None when she has none."""
    table = notifier_link
    hers = (table.c.notification_id == notification_id, table.c.contact_id == contact_id, table.c.revoked_at.is_(None))
    found: str | None = (await reading.execute(select(table.c.link_id).where(*hers).order_by(table.c.created_at.desc()).limit(1))).scalar()
    return found
