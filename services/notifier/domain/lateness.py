"""Why a notification is late: nobody takes a reason from a number, so each one that is counted says it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.domain.plan import Plan
from shared.events import ChildHeld, Fact, IncidentCorrected, IncidentReceived, RungClimbed

IN_TIME = timedelta(minutes=5)
"""How long something that is due may take to be done before the service itself was what failed."""


class LateReason(StrEnum):
    """Written in the order in which they are looked for: the first one that was so is the reason."""

    ON_ARRIVAL = "late-on-arrival"
    """The report came when the deadline had passed."""
    HELD = "held-too-long"
    """A person had to decide first, and too little or nothing of the time was left then."""
    DOWN = "service-was-down"
    """It was received in time, and this service opened it, or carried its last rung out, after the deadline or long after it was due."""
    NOBODY = "nobody-answered"


def late_reason(
    facts: Sequence[Fact],
    notification_id: str,
    incident_version: int,
    child_ids: Collection[str],
    plan: Plan,
    opened_at: datetime,
    too_near_minutes: int,
    now: datetime,
) -> LateReason:
    """The reason, at ``now``, from the incident's facts in the journal's order and the notification's own plan.

    ``incident_version`` is the one that it shows: what a later version owes anew is received when that version is. ``opened_at``: when the
    notification was opened, which may be before its plan begins.
    """
    if _received_at(facts, incident_version, plan) >= plan.deadline_at:
        return LateReason.ON_ARRIVAL
    was_held = any(isinstance(fact, ChildHeld) and fact.child_id in child_ids for fact in facts)
    if was_held and plan.opened_at > plan.deadline_at - timedelta(minutes=too_near_minutes):
        return LateReason.HELD
    last = plan.rungs[-1]
    climbed_at = min(_climbed(facts, notification_id, last.number), default=now)
    began_late = max(opened_at, plan.opened_at) >= plan.deadline_at
    if began_late or climbed_at > last.due_at + IN_TIME or now > plan.deadline_at + IN_TIME:
        return LateReason.DOWN
    return LateReason.NOBODY


def _received_at(facts: Sequence[Fact], incident_version: int, plan: Plan) -> datetime:
    """When the report was received, or the later version whose change is told again."""
    told = [fact for fact in facts if isinstance(fact, IncidentReceived | IncidentCorrected)]
    anew = [fact for fact in told if fact.incident_version == incident_version] if plan.past else []
    return min((fact.received_at for fact in anew or told), default=plan.opened_at)


def _climbed(facts: Sequence[Fact], notification_id: str, number: int) -> list[datetime]:
    climbed = (fact for fact in facts if isinstance(fact, RungClimbed) and fact.notification_id == notification_id)
    return [fact.climbed_at for fact in climbed if fact.rung == number]
