"""Hours of duty, against an oracle that asks every quarter of an hour what the clock on the wall shows."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar.wall import LONDON
from shared.policy import Duty, OwnerKind, Policy, Teams
from shared.policy.duty import on_duty, uncovered
from shared.policy.parts import WEEKDAYS

QUARTER = timedelta(minutes=15)
POLICY = Policy(
    owner_kind=OwnerKind.AUTHORITY,
    owner="999",
    name="Testshire",
    effective_from_on=date(2026, 1, 1),
    teams=Teams(review="hub", live="night-desk", phone="phone-desk", authority_lead="lead"),
)
SPRING, AUTUMN, GOOD_FRIDAY = date(2026, 3, 29), date(2026, 10, 25), date(2026, 4, 3)
WEEKS = st.sampled_from([date(2026, 3, 25), date(2026, 4, 1), date(2026, 10, 21), date(2026, 12, 22)])
WALLS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
DUTIES = st.builds(
    Duty,
    team=st.sampled_from(["desk", "night", "weekend"]),
    days=st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(tuple),
    start=WALLS,
    end=WALLS,
    bank_holidays=st.booleans(),
    first_on=st.none() | st.just(date(2026, 4, 2)),
    last_on=st.none() | st.just(date(2026, 10, 25)),
)


def shows(wall: datetime, duty: Duty, holidays: set[date]) -> bool:
    """Whether the stretch that began on the date of ``wall`` or the day before holds, by the wall clock alone."""

    def begun(on: date) -> bool:
        bounded = (duty.first_on is None or on >= duty.first_on) and (duty.last_on is None or on <= duty.last_on)
        return bounded and WEEKDAYS[on.weekday()] in duty.days and (duty.bank_holidays or on not in holidays)

    today, now = wall.date(), wall.time()
    if duty.start < duty.end:
        return begun(today) and duty.start <= now < duty.end
    return (begun(today) and now >= duty.start) or (begun(today - timedelta(days=1)) and now < duty.end)


def quarters(first_on: date, days: int) -> list[datetime]:
    begin = datetime.combine(first_on, time(), LONDON).astimezone(UTC)
    end = datetime.combine(first_on + timedelta(days=days), time(), LONDON).astimezone(UTC)
    return [begin + number * QUARTER for number in range((end - begin) // QUARTER)]


def is_changing(instant: datetime) -> bool:
    """In the night of a change, between one and two: what a time of day means then is ``shared.calendar.at``'s rule, not the wall's."""
    wall = instant.astimezone(LONDON)
    return wall.date() in (SPRING, AUTUMN) and 1 <= wall.hour < 3


@settings(max_examples=60)
@given(duties=st.lists(DUTIES, min_size=1, max_size=3), first_on=WEEKS)
def test_who_is_on_duty_is_what_the_clock_on_the_wall_says(duties: list[Duty], first_on: date) -> None:
    policy, holidays = replace(POLICY, duty=tuple(duties)), {GOOD_FRIDAY, date(2026, 12, 25)}
    for instant in quarters(first_on, 6):
        if not is_changing(instant):
            wall = instant.astimezone(LONDON).replace(tzinfo=None)
            expected = dict.fromkeys(duty.team for duty in duties if shows(wall, duty, holidays))
            assert on_duty(policy, instant, holidays) == tuple(expected), instant


@settings(max_examples=60)
@given(duties=st.lists(DUTIES, min_size=1, max_size=3), first_on=WEEKS)
def test_what_is_uncovered_is_exactly_when_nobody_is_on_duty(duties: list[Duty], first_on: date) -> None:
    policy, holidays = replace(POLICY, duty=tuple(duties)), {GOOD_FRIDAY}
    gaps = uncovered(policy, first_on, first_on + timedelta(days=5), holidays)
    for instant in quarters(first_on, 6):
        is_gap = any(gap.begins_at <= instant < gap.ends_at for gap in gaps)
        assert is_gap == (on_duty(policy, instant, holidays) == ()), instant
    assert all(earlier.ends_at < later.begins_at for earlier, later in itertools.pairwise(gaps)), "as long as they are"


def test_without_hours_the_live_team_answers_at_all_of_them() -> None:
    assert on_duty(POLICY, datetime(2026, 12, 25, 3, tzinfo=UTC), {date(2026, 12, 25)}) == ("night-desk",)
    assert uncovered(POLICY, date(2026, 1, 1), date(2026, 12, 31), ()) == ()


def test_two_desks_that_share_the_day_leave_no_hour_of_a_year() -> None:
    desk = Duty(team="desk", days=("mon", "tue", "wed", "thu", "fri"), start=time(8, 30), end=time(17, 0), bank_holidays=False)
    night = Duty(team="night")
    assert uncovered(replace(POLICY, duty=(desk, night)), date(2026, 1, 1), date(2026, 12, 31), ()) == ()
    friday = datetime(2026, 4, 3, 12, tzinfo=UTC)
    assert on_duty(replace(POLICY, duty=(desk, night)), friday, {GOOD_FRIDAY}) == ("night",)
    assert on_duty(replace(POLICY, duty=(desk, night)), friday, ()) == ("desk", "night")


@pytest.mark.parametrize(("on", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_a_day_without_duty_is_as_long_as_it_is(on: date, hours: int) -> None:
    nobody = Duty(team="desk", first_on=on + timedelta(days=2), last_on=on + timedelta(days=2))
    (gap,) = uncovered(replace(POLICY, duty=(nobody,)), on, on, ())
    assert gap.ends_at - gap.begins_at == timedelta(hours=hours)
