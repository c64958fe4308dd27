"""Telephone tasks: each row and its fact together. A task is owed once for each reason, and anew when a notification is opened again."""

from datetime import datetime

from services.notifier import store_attempts, store_calls
from services.notifier.domain.lateness import LateReason
from services.notifier.store import Notification
from services.notifier.store_attempts import PhoneTask
from shared.db import Transaction
from shared.errors import Misuse
from shared.events import NOTIFIER, NotificationLate, PhoneTaskEnded, PhoneTaskOpened
from shared.log import logger

ONE_CHANNEL = "one-channel"
"""No code can reach the contact on another way than the link (design rule 7.5)."""
LATE = "late"
NOT_CALLED = "not-called"
"""Another team did not finish its call in the policy's time."""
NOT_PROVABLE = "no-passphrase"
"""A registered person would act on it, and nothing proves that it is she."""
NOT_CARRIED_OUT = "not-carried-out"
"""The program cannot carry the plan out; the log says where it fails."""

log = logger(__name__)


async def open_call(tx: Transaction, notification: Notification, team_id: str, reason: str) -> PhoneTask | None:
    """Give a team the call; None when it had been given for that reason.

    It is due by the deadline, or at once when that has passed or the setting is in session.
    """
    now = tx.clock.now()
    due_at: datetime = now if notification.plan.in_session else max(notification.deadline_at, now)
    past = notification.plan.past
    task = await store_attempts.open_task(tx, notification.notification_id, team_id, reason, due_at, past)
    if task is not None:
        opened = PhoneTaskOpened(
            incident_id=notification.incident_id,
            notification_id=notification.notification_id,
            phone_task_id=task.phone_task_id,
            owner=team_id,
            reason=reason,
            due_at=task.due_at,
            opened_at=task.opened_at,
        )
        await tx.record(NOTIFIER, [opened])
        log.info("phone-task.open", notification_id=notification.notification_id, phone_task_id=task.phone_task_id, reason=reason)
    return task


async def end_calls(tx: Transaction, notification: Notification, *, acknowledged_by: str | None = None) -> int:
    """Nobody needs to telephone any more; how many tasks that ended. ``acknowledged_by``: the task whose call it was that settled it."""
    now, notification_id = tx.clock.now(), notification.notification_id
    ended = await store_attempts.end_tasks(tx, notification_id, now, done=acknowledged_by)
    facts = [
        PhoneTaskEnded(
            incident_id=notification.incident_id,
            notification_id=notification_id,
            phone_task_id=phone_task_id,
            outcome="acknowledged" if phone_task_id == acknowledged_by else "not-needed",
            ended_at=now,
        )
        for phone_task_id in ended
    ]
    await tx.record(NOTIFIER, facts)
    return len(ended)


async def pass_on_calls(tx: Transaction, notification: Notification, lead_team: str, before: datetime) -> bool:
    """Give the authority's lead the call that another team has owed since ``before`` or longer and not finished; once. Whether it did."""
    tasks = await store_attempts.open_tasks(tx, notification.notification_id)
    owed = [task for task in tasks if task.passed_on_at is None and task.team_id != lead_team and task.due_at <= before]
    if not owed:
        return False
    await store_calls.pass_on(tx, [task.phone_task_id for task in owed], tx.clock.now())
    log.warning("phone-task.passed-on", notification_id=notification.notification_id)
    return await open_call(tx, notification, lead_team, NOT_CALLED) is not None


async def call_nevertheless(tx: Transaction, notification: Notification) -> datetime | None:
    """What is owed of a notification whose turn has failed: a call once its last rung is due, and late at its deadline.

    Returns since when it has been late, None when it is not. Neither the report nor the directory is read, and no policy.
    """
    now, team_id = tx.clock.now(), notification.call_team
    if team_id is None:
        return notification.late_at
    if now >= notification.plan.rungs[-1].due_at and not await store_attempts.open_tasks(tx, notification.notification_id):
        await open_call(tx, notification, team_id, NOT_CARRIED_OUT)
    if now < notification.deadline_at or notification.late_at is not None:
        return notification.late_at
    return await say_late(tx, notification, team_id, LateReason.DOWN)


async def say_late(tx: Transaction, notification: Notification, team_id: str, reason: LateReason) -> datetime:
    """Say that the deadline has passed, why, and whose call it is: the newest that is owed, or else a new one of this team. Returns now."""
    tasks = await store_attempts.open_tasks(tx, notification.notification_id)
    task = tasks[-1] if tasks else await open_call(tx, notification, team_id, LATE)
    if task is None:
        raise Misuse("a telephone task for being late, without being late")
    now = tx.clock.now()
    late = NotificationLate(
        incident_id=notification.incident_id,
        notification_id=notification.notification_id,
        owner=task.team_id,
        phone_task_id=task.phone_task_id,
        deadline_at=notification.deadline_at,
        late_at=now,
        reason=reason.value,
    )
    await tx.record(NOTIFIER, [late])
    log.warning("notification.late", notification_id=notification.notification_id, phone_task_id=task.phone_task_id)
    return now
