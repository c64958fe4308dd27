"""Why a notification is late: the report's own lateness, a person's, this service's, or nobody's answer."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.notifier.domain.lateness import LateReason, late_reason
from services.notifier.domain.plan import Plan, make_plan
from shared.events import ChildHeld, Fact, IncidentCorrected, IncidentReceived, RungClimbed
from shared.policy.values import DEFAULT_LADDER

DEADLINE = datetime(2026, 11, 23, 8, tzinfo=UTC)
EVENING = DEADLINE - timedelta(hours=9)
EVERYONE = frozenset({"dsl", "deputy", "head", "authority"})


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def plan(opened_at: datetime, deadline_at: datetime = DEADLINE) -> Plan:
    return make_plan(DEFAULT_LADDER, deadline_at, opened_at, EVERYONE)


def received(at: datetime) -> IncidentReceived:
    return IncidentReceived(incident_id="i", incident_version=1, force="f", child_ids=("c",), received_at=at, believed_at=at)


def held(child_id: str = "c") -> ChildHeld:
    return ChildHeld(
        incident_id="i",
        incident_version=1,
        child_id=child_id,
        review_id="r",
        reason="twin",
        owner="t",
        review_deadline_at=DEADLINE,
        policy_version="p",
        held_at=EVENING,
    )


def climbed(rung: int, at: datetime) -> RungClimbed:
    return RungClimbed(incident_id="i", notification_id="n", rung=rung, outcome="x", next_action_at=None, climbed_at=at)


def reason(facts: Sequence[Fact], opened_at: datetime, now: datetime, *, frozen: Plan | None = None, version: int = 1) -> LateReason:
    frozen = frozen or plan(opened_at)
    return late_reason(facts, "n", version, {"c"}, frozen, opened_at, 60, now)


def test_everybody_was_told_in_time_and_nobody_answered() -> None:
    on_time = [received(EVENING), climbed(5, DEADLINE)]
    assert reason(on_time, EVENING, DEADLINE) is LateReason.NOBODY
    assert reason([*on_time, held("another")], EVENING, DEADLINE + minutes(5)) is LateReason.NOBODY


def test_a_report_that_came_after_the_deadline_is_late_on_arrival_whatever_else_was() -> None:
    assert reason([received(DEADLINE), held()], DEADLINE + minutes(30), DEADLINE + minutes(30)) is LateReason.ON_ARRIVAL


def test_a_child_who_was_held_until_little_or_nothing_was_left_was_held_too_long() -> None:
    for opened_at in (DEADLINE + minutes(40), DEADLINE - minutes(59)):
        now = max(opened_at, DEADLINE)
        assert reason([received(EVENING), held()], opened_at, now) is LateReason.HELD
    settled_soon = [received(EVENING), held(), climbed(5, DEADLINE)]
    assert reason(settled_soon, DEADLINE - minutes(300), DEADLINE) is LateReason.NOBODY


def test_what_was_opened_climbed_or_noticed_too_late_is_this_services_own() -> None:
    told = [received(EVENING)]
    assert reason(told, DEADLINE + minutes(1), DEADLINE + minutes(1)) is LateReason.DOWN
    assert reason([*told, climbed(5, DEADLINE)], EVENING, DEADLINE + minutes(6)) is LateReason.DOWN
    in_session = make_plan(DEFAULT_LADDER, DEADLINE, EVENING, EVERYONE, in_session_minutes=60)
    assert reason([*told, climbed(5, EVENING + minutes(66))], EVENING, DEADLINE, frozen=in_session) is LateReason.DOWN
    assert reason([*told, climbed(5, EVENING + minutes(65))], EVENING, DEADLINE, frozen=in_session) is LateReason.NOBODY


def test_a_change_that_is_told_again_is_received_when_its_version_is() -> None:
    correction = IncidentCorrected(
        incident_id="i", incident_version=2, force="f", child_ids=("c",), received_at=DEADLINE + minutes(90), believed_at=EVENING
    )
    next_day = DEADLINE + timedelta(days=1)
    anew = plan(EVENING).added_to(1, plan(DEADLINE + minutes(90), next_day))
    facts: list[Fact] = [received(EVENING), correction, climbed(6, next_day)]
    assert reason(facts, EVENING, next_day, frozen=anew, version=2) is LateReason.NOBODY
    late_itself = plan(EVENING).added_to(1, plan(DEADLINE + minutes(90), DEADLINE + minutes(60)))
    assert reason(facts, EVENING, DEADLINE + minutes(91), frozen=late_itself, version=2) is LateReason.ON_ARRIVAL
