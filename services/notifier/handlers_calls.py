"""Telephone tasks: the row and its fact together, each once for each notification and reason."""

from datetime import datetime

from services.notifier import store_attempts
from services.notifier.store import Notification
from services.notifier.store_attempts import PhoneTask
from shared.db import Transaction
from shared.events import NOTIFIER, PhoneTaskOpened
from shared.log import logger

ONE_CHANNEL = "one-channel"
"""No code can reach the contact on another way than the link (design rule 7.5)."""

log = logger(__name__)


async def open_call(tx: Transaction, notification: Notification, team_id: str, reason: str) -> PhoneTask | None:
    """Give a team the call, due by the deadline or at once when that has passed; None when it had been given for that reason."""
    due_at: datetime = max(notification.deadline_at, tx.clock.now())
    task = await store_attempts.open_task(tx, notification.notification_id, team_id, reason, due_at)
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
