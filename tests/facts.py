"""Facts of made-up incidents, one line each: everybody in them was told, or not, in the night before ``DEADLINE``."""

from datetime import UTC, datetime, timedelta

from shared.events import (
    ChildExcluded,
    ChildHeld,
    ChildRecalled,
    IncidentCorrected,
    IncidentReceived,
    IncidentRouted,
    NotificationAcknowledged,
    NotificationLate,
    NotificationOpened,
    ReviewEscalated,
    ReviewSettled,
)

FORCE = "testshire"
RECEIVED = datetime(2026, 11, 19, 23, 10, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def received(incident: str, *children: str) -> IncidentReceived:
    return IncidentReceived(
        incident_id=incident, incident_version=1, force=FORCE, child_ids=children, received_at=RECEIVED, believed_at=RECEIVED
    )


def routed(incident: str, ref: str, *children: str, deadline_at: datetime = DEADLINE) -> IncidentRouted:
    return IncidentRouted(
        incident_id=incident,
        incident_version=1,
        destination_id=f"to-{ref}",
        destination_kind="setting",
        destination_ref=ref,
        purpose="school-day",
        child_ids=children,
        send_at=RECEIVED,
        deadline_at=deadline_at,
        urgency="ordinary",
        policy_version="p",
        routed_at=RECEIVED,
    )


def opened(incident: str, ref: str, *children: str, deadline_at: datetime = DEADLINE) -> NotificationOpened:
    return NotificationOpened(
        incident_id=incident,
        notification_id=f"about-{ref}",
        destination_id=f"to-{ref}",
        destination_kind="setting",
        destination_ref=ref,
        purpose="school-day",
        child_ids=children,
        deadline_at=deadline_at,
        next_action_at=RECEIVED,
        policy_version="p",
        opened_at=RECEIVED,
    )


def late(incident: str, ref: str, owner: str = "desk") -> NotificationLate:
    return NotificationLate(
        incident_id=incident, notification_id=f"about-{ref}", owner=owner, phone_task_id="t", deadline_at=DEADLINE, late_at=DEADLINE
    )


def acknowledged(incident: str, ref: str, *children: str) -> NotificationAcknowledged:
    return NotificationAcknowledged(
        incident_id=incident, notification_id=f"about-{ref}", contact_id="c", child_ids=children, acknowledged_at=RECEIVED
    )


def held(incident: str, child: str, owner: str = "desk", reason: str = "twin") -> ChildHeld:
    return ChildHeld(
        incident_id=incident,
        incident_version=1,
        child_id=child,
        review_id=f"review-of-{child}",
        reason=reason,
        owner=owner,
        review_deadline_at=DEADLINE - timedelta(hours=1),
        policy_version="p",
        held_at=RECEIVED,
    )


def escalated(incident: str, child: str, owner: str) -> ReviewEscalated:
    return ReviewEscalated(incident_id=incident, child_id=child, review_id=f"review-of-{child}", owner=owner, escalated_at=DEADLINE)


def excluded(incident: str, child: str) -> ChildExcluded:
    return ChildExcluded(incident_id=incident, incident_version=1, child_id=child, reason="over-18", decider="p", excluded_at=RECEIVED)


def recalled(incident: str, ref: str, child: str) -> ChildRecalled:
    return ChildRecalled(
        incident_id=incident,
        notification_id=f"about-{ref}",
        child_id=child,
        destination_id=f"to-{ref}",
        destination_kind="setting",
        destination_ref=ref,
        reason="not-ours",
        recalled_at=RECEIVED,
    )


def corrected(incident: str, *children: str) -> IncidentCorrected:
    return IncidentCorrected(
        incident_id=incident, incident_version=2, force=FORCE, child_ids=children, received_at=RECEIVED, believed_at=RECEIVED
    )


def settled(incident: str, child: str) -> ReviewSettled:
    return ReviewSettled(
        incident_id=incident, child_id=child, review_id=f"review-of-{child}", settlement="pupil", decider="s", settled_at=RECEIVED
    )
