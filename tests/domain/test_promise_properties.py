"""What must hold of time whatever the calendar, the policy and the hour: nobody later for it, and nothing without a clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.messages import EMAIL, SMS
from services.notifier.domain.plan import PHONE, Plan, make_plan
from services.notifier.domain.rungs import Recipient, Result, Tried, again_at, owed
from services.router.domain.deadline import obligations, review_deadline, unknown_setting_obligations
from shared.calendar import Calendar, DayKind, Term
from shared.policy import OwnerKind, Policy, Teams
from shared.policy.values import DEFAULT_LADDER

POLICY = Policy(
    owner_kind=OwnerKind.FORCE,
    owner="testshire-police",
    name="Testshire",
    effective_from_on=date(2026, 1, 1),
    teams=Teams(review="hub", live="night-desk", phone="phone-desk", authority_lead="lead"),
)
FIRST_ON = date(2026, 9, 1)
FIRST_AT = datetime(2026, 9, 1, tzinfo=UTC)

DATES = st.integers(0, 400).map(lambda days: FIRST_ON + timedelta(days=days))
TERMS = st.builds(lambda first, days: Term(first_on=first, last_on=first + timedelta(days=days)), DATES, st.integers(0, 60))
CALENDARS = st.builds(
    Calendar,
    bank_holidays=st.frozensets(DATES, max_size=10),
    terms=st.lists(TERMS, max_size=7).map(tuple),
    overrides=st.dictionaries(DATES, st.sampled_from(DayKind), max_size=10),
    attendance_weekdays=st.frozensets(st.integers(0, 6), min_size=1),
)
SHUT_FOR_EVER = Calendar(
    bank_holidays=frozenset(), overrides=dict.fromkeys((FIRST_ON + timedelta(days=n) for n in range(900)), DayKind.CLOSED)
)
POLICIES = st.builds(
    lambda start, margin, limit, review, minimum: replace(
        POLICY,
        day_start=start,
        margin_minutes=margin,
        holiday_limit_days=limit,
        review_margin_minutes=review,
        review_minimum_minutes=minimum,
    ),
    st.sampled_from([time(8, 30), time(7, 45), time(9, 0)]),
    st.integers(5, 60),
    st.integers(2, 20),
    st.integers(30, 90),
    st.integers(10, 60),
)
INSTANTS = st.integers(0, 400 * 24 * 60).map(lambda minutes: FIRST_AT + timedelta(minutes=minutes))
LATE = st.integers(0, 60 * 24 * 20).map(lambda minutes: timedelta(minutes=minutes))
ROLES = ("dsl", "deputy", "head", "trust", "authority")
SOME_ROLES = st.frozensets(st.sampled_from(ROLES))


@given(CALENDARS | st.just(SHUT_FOR_EVER), POLICIES, INSTANTS, LATE, SOME_ROLES)
def test_no_rung_falls_after_the_deadline_or_the_opening(
    calendar: Calendar, policy: Policy, believed_at: datetime, late: timedelta, roles: frozenset[str]
) -> None:
    for one in obligations(calendar, policy, believed_at, believed_at + late):
        plan = make_plan(policy.ladder, one.deadline_at, one.send_at, roles, too_near_minutes=policy.too_near_minutes)
        assert all(one.send_at <= rung.due_at <= max(one.deadline_at, one.send_at) for rung in plan.rungs)
        assert plan.rungs[-1].role == PHONE


@given(CALENDARS | st.just(SHUT_FOR_EVER), POLICIES, INSTANTS, LATE, LATE)
def test_who_knew_earlier_has_no_later_deadline(
    calendar: Calendar, policy: Policy, believed_at: datetime, later: timedelta, late: timedelta
) -> None:
    received_at = believed_at + later + late
    earlier, afterwards = (obligations(calendar, policy, one, received_at) for one in (believed_at, believed_at + later))
    assert earlier[-1].deadline_at == obligations(calendar, policy, believed_at, believed_at)[-1].deadline_at, "arriving late moves nothing"
    assert earlier[-1].deadline_at <= afterwards[-1].deadline_at
    assert min(one.deadline_at for one in earlier) <= min(one.deadline_at for one in afterwards)


@given(INSTANTS, st.integers(-300, 5000), SOME_ROLES, st.sampled_from(ROLES))
def test_a_role_that_is_held_too_has_nobody_told_later(opened_at: datetime, left: int, roles: frozenset[str], one_more: str) -> None:
    """By every instant at least as many people's rungs have fallen due as without that role, and the telephone is no later.

    Where nobody at all could be told, the telephone was due at once; the first person is, now.
    """
    deadline_at = opened_at + timedelta(minutes=left)
    fewer, more = (make_plan(DEFAULT_LADDER, deadline_at, opened_at, held) for held in (roles, roles | {one_more}))
    for rung in fewer.rungs:
        if rung.role != PHONE:
            assert _climbed(more, rung.due_at) >= _climbed(fewer, rung.due_at)
    if len(fewer.rungs) > 1:
        assert more.rungs[-1].due_at <= fewer.rungs[-1].due_at
    assert more.rungs[0].due_at == opened_at


RECIPIENTS = st.lists(
    st.builds(Recipient, rung=st.just(1), contact_id=st.sampled_from("abc"), channels=st.sampled_from([(EMAIL,), (SMS,), (EMAIL, SMS)])),
    unique_by=lambda one: one.contact_id,
    max_size=3,
)
ONE_MORE = Recipient(rung=1, contact_id="d", channels=(EMAIL, SMS))


@given(RECIPIENTS, st.sampled_from(Result), st.booleans())
def test_one_more_contact_takes_no_message_from_the_others(recipients: list[Recipient], result: Result, quiet: bool) -> None:
    """Whatever has become of the first round, the others are owed what they were, and the rung is looked at no later."""
    now = FIRST_AT + timedelta(minutes=1)
    quiet_until = now + timedelta(hours=7) if quiet else None
    ended_at = None if result is Result.STARTED else FIRST_AT
    tried = [
        Tried(rung=1, contact_id=one.contact_id, channel=channel, round=1, result=result, ended_at=ended_at)
        for one in recipients[:1]
        for channel in one.channels
    ]
    before, after = owed(recipients, tried, now, quiet_until), owed([*recipients, ONE_MORE], tried, now, quiet_until)
    assert set(before) <= set(after)
    looked_at = again_at(recipients, tried, now, quiet_until)
    sooner = again_at([*recipients, ONE_MORE], tried, now, quiet_until)
    assert looked_at is None or (sooner is not None and sooner <= looked_at)


@given(CALENDARS | st.just(SHUT_FOR_EVER), POLICIES, INSTANTS, LATE, st.booleans())
def test_a_held_child_always_has_a_clock(
    calendar: Calendar, policy: Policy, believed_at: datetime, late: timedelta, setting_known: bool
) -> None:
    """It runs out after receipt, and before the earliest deadline or as soon as anybody can have looked."""
    received_at = believed_at + late
    of_whom = obligations if setting_known else unknown_setting_obligations
    due = of_whom(calendar, policy, believed_at, received_at)
    settled_by = review_deadline(due, policy, received_at)
    soonest = received_at + timedelta(minutes=policy.review_minimum_minutes)
    assert received_at < soonest <= settled_by
    assert settled_by == soonest or settled_by < min(one.deadline_at for one in due)


def _climbed(plan: Plan, instant: datetime) -> int:
    """How many people's rungs have fallen due by then."""
    return sum(rung.due_at <= instant for rung in plan.rungs if rung.role != PHONE)
