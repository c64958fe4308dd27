"""The plan ends, keeps its order, never passes max(deadline, opened), and its last rung is the telephone task."""

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.notifier.domain.plan import PHONE, Plan, make_plan, next_due
from services.notifier.domain.plan import Rung as PlanRung
from shared.policy import Role, Rung
from shared.policy.values import DEFAULT_LADDER

DEADLINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EVERYONE = frozenset({"dsl", "deputy", "head", "trust", "authority"})


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def steps() -> st.SearchStrategy[Rung]:
    people = st.sampled_from([role for role in Role if role is not Role.PHONE])
    fixed = st.builds(lambda role, minutes: Rung(role=role, minutes_before_deadline=minutes), people, st.integers(0, 600))
    shared = st.builds(lambda role, share: Rung(role=role, share=share), people, st.floats(0, 1))
    return fixed | shared


phones = st.builds(lambda minutes: Rung(role=Role.PHONE, minutes_before_deadline=minutes), st.integers(0, 90)) | st.builds(
    lambda share: Rung(role=Role.PHONE, share=share), st.floats(0, 1)
)
ladders = st.builds(lambda people, phone: (*people, phone), st.lists(steps(), max_size=8), phones)
openings = st.builds(
    lambda minutes, micros: DEADLINE - timedelta(minutes=minutes, microseconds=micros), st.integers(-600, 5000), st.integers(0, 59_999_999)
)
roles = st.frozensets(st.sampled_from(sorted(EVERYONE)))


@given(ladder=ladders, opened_at=openings, available=roles)
def test_every_plan_keeps_the_promise(ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str]) -> None:
    plan = make_plan(ladder, DEADLINE, opened_at, available)
    due = [rung.due_at for rung in plan.rungs]
    assert due[0] == opened_at
    assert due == sorted(due)
    assert due[-1] <= max(DEADLINE, opened_at)
    assert [rung.number for rung in plan.rungs] == list(range(1, len(due) + 1))
    assert [rung.role for rung in plan.rungs] == [step.role for step in ladder if step.role in available] + [PHONE]


@given(
    ladder=ladders,
    opened_at=openings,
    available=roles,
    one_more=st.sampled_from(sorted(EVERYONE)),
    rung_minutes=st.integers(1, 60),
    hurry=st.none() | st.integers(0, 120),
)
def test_whatever_the_ladder_one_more_contact_makes_no_child_later(
    ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str], one_more: str, rung_minutes: int, hurry: int | None
) -> None:
    """By every instant at least as many people have been told, and the telephone is no later."""
    fewer, more = (
        make_plan(ladder, DEADLINE, opened_at, held, rung_minutes=rung_minutes, in_session_minutes=hurry)
        for held in (available, available | {one_more})
    )
    told = [[rung.due_at for rung in plan.rungs if rung.role != PHONE] for plan in (fewer, more)]
    assert all(soon <= late for soon, late in zip(sorted(told[1]), sorted(told[0]), strict=False))
    assert len(told[1]) >= len(told[0])
    if told[0]:
        assert more.rungs[-1].due_at <= fewer.rungs[-1].due_at


@given(ladder=ladders, opened_at=openings, available=roles, rung_minutes=st.integers(1, 60))
def test_two_rungs_stand_at_one_instant_or_a_useful_wait_apart(
    ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str], rung_minutes: int
) -> None:
    due = [rung.due_at for rung in make_plan(ladder, DEADLINE, opened_at, available, rung_minutes=rung_minutes).rungs]
    assert all(later == one or later - one >= timedelta(minutes=rung_minutes) for one, later in itertools.pairwise(due))


@given(ladder=ladders, opened_at=openings, available=roles, rung_minutes=st.integers(1, 60), hurry=st.integers(1, 240))
def test_in_session_nothing_is_later_than_it_would_have_been(
    ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str], rung_minutes: int, hurry: int
) -> None:
    ordinary = make_plan(ladder, DEADLINE, opened_at, available, rung_minutes=rung_minutes)
    plan = make_plan(ladder, DEADLINE, opened_at, available, rung_minutes=rung_minutes, in_session_minutes=hurry)
    due = [rung.due_at for rung in plan.rungs]
    assert due == sorted(due)
    assert all(one <= other.due_at for one, other in zip(due, ordinary.rungs, strict=True))
    assert due[-1] <= opened_at + timedelta(minutes=hurry)
    assert (plan.in_session, ordinary.in_session) == (True, False)
    assert plan.deadline_at == DEADLINE


@pytest.mark.parametrize(
    ("hurry", "waits"),
    [(60, [0, 10, 20, 30, 60]), (35, [0, 10, 20, 20, 35]), (25, [0, 10, 10, 10, 25]), (5, [0, 0, 0, 0, 5])],
)
def test_in_session_the_telephone_stands_at_its_time_and_the_first_rungs_before_it(hurry: int, waits: list[int]) -> None:
    opened_at = at(20, 10, 0)
    plan = make_plan(DEFAULT_LADDER, DEADLINE, opened_at, EVERYONE, in_session_minutes=hurry)
    assert [rung.due_at - opened_at for rung in plan.rungs] == [timedelta(minutes=one) for one in waits]
    alone = make_plan(DEFAULT_LADDER, DEADLINE, opened_at, {"head"}, in_session_minutes=hurry)
    assert [rung.due_at - opened_at for rung in alone.rungs] == [timedelta(), timedelta(minutes=hurry)]
    assert make_plan(DEFAULT_LADDER, DEADLINE, opened_at, (), in_session_minutes=hurry).rungs[0].due_at == opened_at


@given(ladder=ladders, opened_at=openings, available=roles, too_near=st.integers(0, 240))
def test_too_near_or_passed_means_everything_at_once(
    ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str], too_near: int
) -> None:
    assume(DEADLINE - opened_at < timedelta(minutes=too_near) or opened_at >= DEADLINE)
    plan = make_plan(ladder, DEADLINE, opened_at, available, too_near_minutes=too_near)
    assert {rung.due_at for rung in plan.rungs} == {opened_at}


@given(minutes=st.lists(st.integers(0, 300), min_size=2, max_size=6, unique=True), opened_at=openings)
def test_shortening_keeps_order_and_proportion(minutes: list[int], opened_at: datetime) -> None:
    falling = sorted(minutes, reverse=True)
    ladder = [Rung(role=Role.DSL, share=0.0), *(Rung(role=Role.HEAD, minutes_before_deadline=before) for before in falling)]
    ladder.append(Rung(role=Role.PHONE, minutes_before_deadline=0))
    plan = make_plan(ladder, DEADLINE, opened_at, EVERYONE, rung_minutes=0)
    assume(plan.rungs[-1].due_at > opened_at)
    ahead = [DEADLINE - rung.due_at for rung in plan.rungs[1:-1]]
    for one, other in zip(falling, ahead, strict=True):
        assert other <= timedelta(minutes=one)
        assert abs(other * falling[0] - ahead[0] * one) <= timedelta(milliseconds=1)
    assert ahead == sorted(ahead, reverse=True)


@given(opened_at=openings, later_by=st.integers(0, 600))
def test_opening_later_never_makes_anyone_wait_longer(opened_at: datetime, later_by: int) -> None:
    soon = make_plan(DEFAULT_LADDER, DEADLINE, opened_at, EVERYONE)
    late = make_plan(DEFAULT_LADDER, DEADLINE, opened_at + timedelta(minutes=later_by), EVERYONE)
    waits = [[rung.due_at - plan.opened_at for rung in plan.rungs] for plan in (soon, late)]
    assert all(one >= other for one, other in zip(*waits, strict=True))


@pytest.mark.parametrize(
    ("opened_at", "expected"),
    [
        (at(22, 23, 10), [at(22, 23, 10), at(23, 6, 45), at(23, 7, 15), at(23, 7, 40), at(23, 8, 0)]),
        (at(23, 6, 40), [at(23, 6, 40), at(23, 7, 0), at(23, 7, 24), at(23, 7, 44), at(23, 8, 0)]),
        (at(23, 7, 1), [at(23, 7, 1)] * 5),
        (at(23, 9, 30), [at(23, 9, 30)] * 5),
    ],
)
def test_the_usual_ladder(opened_at: datetime, expected: list[datetime]) -> None:
    plan = make_plan(DEFAULT_LADDER, DEADLINE, opened_at, EVERYONE)
    assert [rung.due_at for rung in plan.rungs] == expected


def test_nobody_to_tell_is_a_telephone_task_at_once() -> None:
    plan = make_plan(DEFAULT_LADDER, DEADLINE, at(22, 23, 10), ())
    assert [(rung.role, rung.due_at) for rung in plan.rungs] == [(PHONE, at(22, 23, 10))]


def test_the_next_person_does_not_wait_for_a_role_that_nobody_holds() -> None:
    plan = make_plan(DEFAULT_LADDER, DEADLINE, at(22, 23, 10), {"deputy", "head"})
    assert [rung.role for rung in plan.rungs] == ["deputy", "head", PHONE]
    assert plan.rungs[0].due_at == at(22, 23, 10)


def test_a_ladder_without_telephone_still_ends_in_one() -> None:
    plan = make_plan([Rung(role=Role.DSL, share=0.0)], DEADLINE, at(22, 23, 10), EVERYONE)
    assert [(rung.role, rung.due_at) for rung in plan.rungs] == [("dsl", at(22, 23, 10)), (PHONE, DEADLINE)]


@given(ladder=ladders, opened_at=openings, available=roles)
def test_a_plan_is_read_back_as_it_was_frozen(ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str]) -> None:
    plan = make_plan(ladder, DEADLINE, opened_at, available, in_session_minutes=len(available))
    assert Plan.from_data(json.loads(json.dumps(plan.to_data()))) == plan


@given(ladder=ladders, opened_at=openings, available=roles)
def test_climbing_reaches_the_end(ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str]) -> None:
    plan = make_plan(ladder, DEADLINE, opened_at, available)
    climbed: list[PlanRung] = []
    while (rung := next_due(plan.rungs, len(climbed), False, opened_at)) is not None:
        climbed.append(rung)
    assert tuple(climbed) == plan.rungs


@given(done=st.integers(0, 5), minutes=st.integers(-100, 2000))
def test_passing_on_ends_the_wait_and_never_lengthens_it(done: int, minutes: int) -> None:
    plan = make_plan(DEFAULT_LADDER, DEADLINE, at(22, 23, 10), EVERYONE)
    now = plan.opened_at + timedelta(minutes=minutes)
    waiting, called = next_due(plan.rungs, done, False, now), next_due(plan.rungs, done, True, now)
    if waiting is None or called is None:
        assert (waiting, called, done) == (None, None, 5)
    else:
        assert called.due_at == min(waiting.due_at, now)
        assert (called.number, called.role) == (waiting.number, waiting.role)


@given(ladder=ladders, opened_at=openings, available=roles, done=st.integers(0, 9), later=st.integers(0, 3000))
def test_a_plan_is_added_to_and_never_edited(
    ladder: Sequence[Rung], opened_at: datetime, available: frozenset[str], done: int, later: int
) -> None:
    plan = make_plan(ladder, DEADLINE, opened_at, available)
    done = min(done, len(plan.rungs))
    fresh = make_plan(ladder, DEADLINE + timedelta(days=1), opened_at + timedelta(minutes=later), available)
    longer = plan.added_to(done, fresh)
    assert longer.rungs[:done] == plan.rungs[:done]
    assert [rung.number for rung in longer.rungs] == list(range(1, len(longer.rungs) + 1))
    assert [(rung.role, rung.due_at) for rung in longer.present] == [(rung.role, rung.due_at) for rung in fresh.rungs]
    assert (longer.deadline_at, longer.past) == (fresh.deadline_at, done)
    assert Plan.from_data(longer.to_data()) == longer
