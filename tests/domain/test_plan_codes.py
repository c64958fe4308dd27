"""A code lives fifteen minutes and five tries; a link as long as its notification is open, and three days longer."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.codes import (
    CODE_TRIES_MAX,
    CODES_PER_HOUR_MAX,
    Code,
    LinkState,
    Verdict,
    link_expires_at,
    link_state,
    next_code_at,
    verdict,
)
from services.notifier.domain.states import Stage

NOW = datetime(2026, 11, 23, 7, 40, tzinfo=UTC)
minutes = st.integers(0, 300).map(lambda number: timedelta(minutes=number))


@given(age=minutes, tries=st.integers(0, 9), used=st.booleans(), matches=st.booleans())
def test_a_code_is_accepted_only_fresh_unused_and_right(age: timedelta, tries: int, used: bool, matches: bool) -> None:
    code = Code(created_at=NOW - age, tries=tries, used_at=NOW - age if used else None)
    alive = age < timedelta(minutes=15) and tries < CODE_TRIES_MAX and not used
    result = verdict(code, matches, NOW)
    assert (result is Verdict.ACCEPTED) == (alive and matches)
    assert (result is Verdict.WRONG) == (alive and not matches)


@given(age=minutes, tries=st.integers(5, 9))
def test_a_dead_code_says_the_same_to_a_right_and_a_wrong_guess(age: timedelta, tries: int) -> None:
    code = Code(created_at=NOW - age, tries=tries)
    assert verdict(code, True, NOW) is verdict(code, False, NOW) is Verdict.SPENT


@given(ages=st.lists(minutes, max_size=12))
def test_codes_are_rationed_by_the_hour_and_the_next_one_has_an_instant(ages: list[timedelta]) -> None:
    created = [NOW - age for age in ages]
    at = next_code_at(created, NOW)
    recent = [one for one in created if one > NOW - timedelta(hours=1)]
    assert (at == NOW) == (len(recent) < CODES_PER_HOUR_MAX)
    assert next_code_at(created, at) == at
    assert at <= NOW + timedelta(hours=1)


def test_a_link_outlives_the_deadline_by_three_days_and_a_late_opening_too() -> None:
    assert link_expires_at(NOW, NOW - timedelta(hours=9)) == NOW + timedelta(hours=72)
    assert link_expires_at(NOW, NOW + timedelta(hours=2)) == NOW + timedelta(hours=74)


@given(stage=st.sampled_from(Stage), deadline=minutes, ended=st.none() | minutes, after=st.integers(0, 200 * 60))
def test_a_link_lives_while_its_notification_is_open_and_three_days_longer(
    stage: Stage, deadline: timedelta, ended: timedelta | None, after: int
) -> None:
    ended_at = None if stage is Stage.OPEN else NOW + (ended or timedelta(0))
    now = NOW + timedelta(minutes=after)
    state = link_state(stage, NOW + deadline, ended_at, now)
    if stage is Stage.RECALLED:
        assert state is LinkState.RECALLED
    elif stage is Stage.OPEN:
        assert state is LinkState.LIVE
    else:
        over = now >= max(NOW + deadline, ended_at or NOW) + timedelta(hours=72)
        assert state is (LinkState.EXPIRED if over else LinkState(stage.value))
