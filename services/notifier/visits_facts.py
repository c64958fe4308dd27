"""The facts of what a visitor says."""

from collections.abc import Sequence
from datetime import datetime

from services.notifier.domain.states import Answer
from services.notifier.store import Notification
from services.notifier.visits import Guest
from shared.events import ChildAnswered, ChildRecalled, NotificationAcknowledged


def answered(guest: Guest, child_id: str, answer: Answer, now: datetime) -> ChildAnswered:
    """She said whose child it is."""
    return ChildAnswered(
        incident_id=guest.notification.incident_id,
        notification_id=guest.notification.notification_id,
        child_id=child_id,
        contact_id=guest.contact.contact_id,
        answer=answer.value,
        answered_at=now,
    )


def recalled(notification: Notification, child_id: str, answer: Answer, now: datetime) -> ChildRecalled:
    """That took the child back from this destination."""
    return ChildRecalled(
        incident_id=notification.incident_id,
        notification_id=notification.notification_id,
        child_id=child_id,
        destination_id=notification.destination_id,
        destination_kind=notification.destination_kind,
        destination_ref=notification.destination_ref,
        reason=answer.value,
        recalled_at=now,
    )


def acknowledged(guest: Guest, child_ids: Sequence[str], now: datetime) -> NotificationAcknowledged:
    """She is acting on it today, for these children."""
    return NotificationAcknowledged(
        incident_id=guest.notification.incident_id,
        notification_id=guest.notification.notification_id,
        contact_id=guest.contact.contact_id,
        child_ids=tuple(child_ids),
        acknowledged_at=now,
    )
