"""Facts about one child of one incident, for histories of what became of it: received at 23:10, to be acknowledged by 08:00."""

from datetime import UTC, datetime, timedelta

from shared.events import (
    AttemptEnded,
    AttemptStarted,
    ChildExcluded,
    ChildHeld,
    ChildRecalled,
    DestinationRevised,
    Fact,
    IncidentCorrected,
    IncidentDecided,
    IncidentReceived,
    IncidentRouted,
    IncidentWithdrawn,
    NotificationAcknowledged,
    NotificationLate,
    NotificationOpened,
    NotificationPassedOn,
    NotificationRevised,
    PhoneTaskEnded,
    PhoneTaskOpened,
    ReviewAsked,
    ReviewEscalated,
    ReviewSettled,
    RungClimbed,
)

RECEIVED = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NIGHT = DEADLINE - timedelta(hours=4)
STAFF_DAY = datetime(2027, 1, 4, 7, 0, tzinfo=UTC)
CHILD, SIBLING, INCIDENT = "child", "sibling", "incident"


def at(minutes: float) -> datetime:
    """So long after receipt."""
    return RECEIVED + timedelta(minutes=minutes)


def received() -> Fact:
    return IncidentReceived(
        incident_id=INCIDENT,
        incident_version=1,
        force="testshire",
        child_ids=(CHILD, SIBLING),
        received_at=RECEIVED,
        believed_at=RECEIVED,
    )


def routed(
    destination: str = "d",
    *,
    purpose: str = "school-day",
    deadline: datetime = DEADLINE,
    send: datetime = RECEIVED,
    on: datetime = RECEIVED,
) -> Fact:
    return IncidentRouted(
        incident_id=INCIDENT,
        incident_version=1,
        destination_id=destination,
        destination_kind="setting",
        destination_ref="900001",
        purpose=purpose,
        child_ids=(CHILD,),
        send_at=send,
        deadline_at=deadline,
        urgency="ordinary",
        policy_version="1",
        routed_at=on,
    )


def opened(destination: str = "d", *, deadline: datetime = DEADLINE, following: datetime = RECEIVED, on: datetime = RECEIVED) -> Fact:
    return NotificationOpened(
        incident_id=INCIDENT,
        notification_id=f"n-{destination}",
        destination_id=destination,
        destination_kind="setting",
        destination_ref="900001",
        purpose="school-day",
        child_ids=(CHILD,),
        deadline_at=deadline,
        next_action_at=following,
        policy_version="1",
        opened_at=on,
    )


def climbed(following: datetime | None, *, destination: str = "d", on: datetime = RECEIVED) -> Fact:
    return RungClimbed(
        incident_id=INCIDENT, notification_id=f"n-{destination}", rung=1, outcome="sent", next_action_at=following, climbed_at=on
    )


def passed_on(on: datetime) -> Fact:
    return NotificationPassedOn(incident_id=INCIDENT, notification_id="n-d", contact_id="c", next_action_at=on, passed_on_at=on)


def tried(on: datetime) -> tuple[Fact, Fact]:
    start = AttemptStarted(
        incident_id=INCIDENT, notification_id="n-d", attempt_id="a", rung=1, contact_id="c", channel="email", repeat=False, started_at=on
    )
    end = AttemptEnded(
        incident_id=INCIDENT, notification_id="n-d", attempt_id="a", rung=1, channel="email", result="handed-over", ended_at=on
    )
    return start, end


def task(on: datetime, *, destination: str = "d", reason: str = "last-rung") -> Fact:
    return PhoneTaskOpened(
        incident_id=INCIDENT,
        notification_id=f"n-{destination}",
        phone_task_id="p",
        owner="team-phone",
        reason=reason,
        due_at=on,
        opened_at=on,
    )


def late(on: datetime = DEADLINE, *, destination: str = "d") -> Fact:
    return NotificationLate(
        incident_id=INCIDENT, notification_id=f"n-{destination}", owner="team-late", phone_task_id="p", deadline_at=DEADLINE, late_at=on
    )


def acknowledged(on: datetime = NIGHT, *, destination: str = "d", child: str = CHILD) -> Fact:
    return NotificationAcknowledged(
        incident_id=INCIDENT, notification_id=f"n-{destination}", contact_id="c", child_ids=(child,), acknowledged_at=on
    )


def recalled(on: datetime = NIGHT, *, destination: str = "d") -> Fact:
    return ChildRecalled(
        incident_id=INCIDENT,
        notification_id=f"n-{destination}",
        child_id=CHILD,
        destination_id=destination,
        destination_kind="setting",
        destination_ref="900001",
        reason="not-ours",
        recalled_at=on,
    )


def held(review: str = "r", *, deadline: datetime = NIGHT, on: datetime = RECEIVED) -> Fact:
    return ChildHeld(
        incident_id=INCIDENT,
        incident_version=1,
        child_id=CHILD,
        review_id=review,
        reason="no-match",
        owner="team-review",
        review_deadline_at=deadline,
        policy_version="1",
        held_at=on,
    )


def escalated(review: str = "r", *, on: datetime = NIGHT) -> Fact:
    return ReviewEscalated(incident_id=INCIDENT, child_id=CHILD, review_id=review, owner="team-lead", escalated_at=on)


def excluded(on: datetime = RECEIVED) -> Fact:
    return ChildExcluded(
        incident_id=INCIDENT, incident_version=1, child_id=CHILD, reason="adult-at-incident", decider="policy-1", excluded_at=on
    )


def settled(review: str = "r", *, on: datetime = RECEIVED, settlement: str = "pupil") -> Fact:
    return ReviewSettled(incident_id=INCIDENT, child_id=CHILD, review_id=review, settlement=settlement, decider="session-1", settled_at=on)


def asked(review: str = "r", *, deadline: datetime, on: datetime = RECEIVED) -> Fact:
    return ReviewAsked(
        incident_id=INCIDENT,
        child_id=CHILD,
        review_id=review,
        owner="team-asked",
        decider="session-1",
        review_deadline_at=deadline,
        asked_at=on,
    )


def corrected(number: int = 2, *children: str, on: datetime = NIGHT) -> Fact:
    return IncidentCorrected(
        incident_id=INCIDENT,
        incident_version=number,
        force="testshire",
        child_ids=children or (CHILD, SIBLING),
        received_at=on,
        believed_at=RECEIVED,
    )


def withdrawn(number: int = 2, *, on: datetime = NIGHT) -> Fact:
    return IncidentWithdrawn(incident_id=INCIDENT, incident_version=number, force="testshire", reason="recorded-in-error", withdrawn_at=on)


def decided(number: int = 2, *, on: datetime = NIGHT) -> Fact:
    return IncidentDecided(incident_id=INCIDENT, incident_version=number, decided_at=on)


def revised(number: int = 2, *children: str, on: datetime = NIGHT, deadline: datetime = DEADLINE, destination: str = "d") -> Fact:
    return DestinationRevised(
        incident_id=INCIDENT,
        incident_version=number,
        destination_id=destination,
        child_ids=children,
        reason="corrected",
        send_at=on,
        deadline_at=deadline,
        urgency="ordinary",
        revised_at=on,
    )


def renewed(
    number: int = 2,
    *,
    changed: tuple[str, ...] = (),
    following: datetime | None = None,
    on: datetime = NIGHT,
    deadline: datetime = DEADLINE,
    destination: str = "d",
    children: tuple[str, ...] = (CHILD,),
) -> Fact:
    return NotificationRevised(
        incident_id=INCIDENT,
        notification_id=f"n-{destination}",
        incident_version=number,
        destination_id=destination,
        child_ids=children,
        changed_child_ids=changed,
        deadline_at=deadline,
        next_action_at=following,
        revised_at=on,
    )


def called(on: datetime = NIGHT, *, destination: str = "d", outcome: str = "acknowledged") -> Fact:
    return PhoneTaskEnded(incident_id=INCIDENT, notification_id=f"n-{destination}", phone_task_id="p", outcome=outcome, ended_at=on)
