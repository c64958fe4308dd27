"""The end of a notification: nothing is due any more, nobody needs to telephone, and everyone else who was messaged is told so once."""

from collections.abc import Collection
from datetime import datetime

from services.notifier import store, store_attempts, store_notices, store_visits
from services.notifier.domain.notices import Kind, of_version
from services.notifier.domain.rungs import Result
from services.notifier.domain.states import Stage, State
from services.notifier.handlers_calls import end_calls
from services.notifier.handlers_digest import released, waits_elsewhere
from services.notifier.store import Notification
from shared.db import Reading, Transaction
from shared.log import logger

ARRIVED = frozenset({Result.STARTED, Result.HANDED_OVER, Result.UNKNOWN})
"""What may have reached somebody."""

log = logger(__name__)


async def ended(
    tx: Transaction, notification: Notification, by_contact_id: str | None, now: datetime, *, phone_task_id: str | None = None
) -> Stage:
    """End the notification if its children, as their rows now stand, say that it has; the stage that they say.

    Call it with the notification held, after the children have been written, by whatever way she answered. ``by_contact_id``: who has
    just answered, and so needs no message; ``phone_task_id``: the call in which she did. When all is acknowledged, everyone else who was
    messaged is owed one *picked up*; what another has picked up they may not read (``visits.Guest.may_read``). Of a list with more to act
    on they are told so with the last of it. After a recall no link opens any more.
    """
    children = await store.children(tx, notification.notification_id)
    stage = State(children=children).stage
    if stage is notification.state or stage is Stage.OPEN:
        return stage
    await store.end(tx, notification.notification_id, stage, now)
    await end_calls(tx, notification)
    if stage is Stage.RECALLED:
        await store_visits.revoke_links(tx, notification.notification_id, now)
    if stage in (Stage.RECALLED, Stage.WITHDRAWN):
        await released(tx, notification)
    if stage is Stage.ACKNOWLEDGED:
        acting = {child.acknowledged_by for child in children if child.is_own} | {by_contact_id}
        told = await messaged_since_opened(tx, notification)
        done = {one for one in told - acting if not await waits_elsewhere(tx, notification, one)}
        await owe(tx, notification, Kind.PICKED_UP, done)
    log.info("notification.ended", notification_id=notification.notification_id, state=stage.value)
    return stage


async def owe(tx: Transaction, notification: Notification, kind: Kind, contact_ids: Collection[str]) -> int:
    """Owe these contacts one notice of the version that the notification shows. Of a sandbox's nobody is told anything."""
    if notification.sandbox:
        return 0
    subject_id = of_version(notification.notification_id, notification.incident_version)
    return await store_notices.add(tx, kind, subject_id, contact_ids, notification_id=notification.notification_id)


async def messaged(reading: Reading, notification_id: str, *, past: int = 0) -> frozenset[str]:
    """The contacts who may have had a message of the plan, but for its first ``past`` rungs."""
    tried = await store_attempts.tried(reading, notification_id)
    return frozenset(one.contact_id for one in tried if one.result in ARRIVED and one.rung > past)


async def messaged_since_opened(reading: Reading, notification: Notification) -> frozenset[str]:
    """Who was asked to act since the notification was opened, or opened again: by a rung, or by being told of a change."""
    asked = await messaged(reading, notification.notification_id, past=notification.plan.past)
    if notification.plan.past == 0:
        return asked
    return asked | await store_notices.told(reading, Kind.CHANGED, notification.notification_id)
