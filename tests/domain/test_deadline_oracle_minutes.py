"""The deadline at every minute of the days on which it is easy to be wrong, in ten calendars, against ``slow_days``.

Those days are both weekends on which the clocks change in each calendar, a week with a bank holiday, one that begins with a training day
and one over a half term; around every edge of every term and holiday a minute before, at and after it; and 200 minutes of all other days.
``make exhaustive`` looks at all minutes of two school years.
"""

import os
import random
import sys
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import pytest

from services.router.domain.deadline import obligations
from shared.calendar import Calendar, DayKind, Term
from shared.policy import OwnerKind, Policy, Teams
from tests.domain.slow_days import DAY, MINUTE, Expected, SlowDays, made_up, minutes_of, real

FOLDER = os.environ.get("ENCOMPASS_REAL_DATA")
YEARS = real(Path(FOLDER)) if FOLDER else made_up()
POLICY = Policy(
    owner_kind=OwnerKind.FORCE,
    owner="testshire-police",
    name="Testshire",
    effective_from_on=date(2016, 1, 1),
    teams=Teams(review="hub", live="night-desk", phone="phone-desk", authority_lead="lead"),
)


def days(texts: Iterable[str]) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


def calendar_of(year: SlowDays) -> Calendar:
    return Calendar(
        bank_holidays=frozenset(days(year.bank_holidays)),
        terms=tuple(Term(first_on=date.fromisoformat(first), last_on=date.fromisoformat(last)) for first, last in year.terms),
        overrides=dict.fromkeys(days(year.insets), DayKind.STAFF_ONLY),
    )


def answered(calendar: Calendar, believed_at: datetime) -> Expected:
    """What the code under test owes, in the oracle's words; of the live team only its deadline can differ from the oracle's."""
    *live, setting = obligations(calendar, POLICY, believed_at, believed_at)
    assert [one.purpose for one in live] in ([], ["holiday-live"])
    assert all(one.send_at == believed_at for one in live)
    assert setting.school_day_on is not None
    on, known = setting.school_day_on.isoformat(), setting.calendar_known
    return setting.purpose, setting.send_at, setting.deadline_at, on, known, live[0].deadline_at if live else None


def differing(year: SlowDays, minutes: Iterable[datetime]) -> tuple[int, list[datetime]]:
    """How many were looked at, and those at which the two computations differ."""
    calendar, looked_at, wrong = calendar_of(year), 0, []
    for minute in minutes:
        looked_at += 1
        if answered(calendar, minute) != year.expected(minute):
            wrong.append(minute)
    return looked_at, wrong


def week_of(on: str) -> list[datetime]:
    """Every minute from the Friday before the week of a date to its Thursday."""
    found = date.fromisoformat(on)
    return minutes_of((found - DAY * (found.weekday() + 3)).isoformat(), 7)


def a_monday(wanted: str) -> tuple[SlowDays, str]:
    """The first Monday of its kind in any of the calendars: a ``bank`` holiday in a term, or a day for ``staff`` alone."""
    for year in YEARS:
        for on in sorted(year.bank_holidays if wanted == "bank" else year.insets):
            in_term = any(first < on < last for first, last in year.terms)
            if on in year.kinds and date.fromisoformat(on).weekday() == 0 and (in_term or wanted == "staff"):
                return year, on
    raise AssertionError(f"none of the calendars has such a Monday: {wanted}")


def test_there_are_ten_calendars_and_each_has_both_changes_of_the_clocks() -> None:
    assert len(YEARS) == 10
    assert {tuple(on[5:7] for on in year.clock_changes()) for year in YEARS} == {("10", "03")}


@pytest.mark.parametrize("year", YEARS, ids=lambda year: year.name)
def test_every_minute_of_both_weekends_on_which_the_clocks_change(year: SlowDays) -> None:
    minutes = [minute for saturday in year.clock_changes() for minute in minutes_of(saturday, 2)]
    assert differing(year, minutes) == (2 * 2 * 1440, [])


@pytest.mark.parametrize("wanted", ["bank", "staff"])
def test_every_minute_of_a_week_whose_monday_is_a_holiday_or_for_staff_alone(wanted: str) -> None:
    year, on = a_monday(wanted)
    assert differing(year, week_of(on)) == (7 * 1440, [])


def test_every_minute_of_a_week_over_a_half_term() -> None:
    year = next(year for year in YEARS if len(year.terms) == 6)
    assert differing(year, week_of(year.terms[0][1])) == (7 * 1440, [])
    assert differing(year, minutes_of(year.terms[0][1], 7)) == (7 * 1440, [])


@pytest.mark.parametrize("year", YEARS, ids=lambda year: year.name)
def test_a_minute_before_at_and_after_every_change(year: SlowDays) -> None:
    points = [point for point in year.change_points() if year.first <= point.date().isoformat() <= year.last]
    looked_at, wrong = differing(year, (point + off * MINUTE for point in points for off in (-1, 0, 1)))
    assert (looked_at, wrong) == (3 * len(points), [])
    assert looked_at > 100


@pytest.mark.parametrize("year", YEARS, ids=lambda year: year.name)
def test_two_hundred_minutes_of_all_other_days(year: SlowDays) -> None:
    first = datetime.fromisoformat(f"{year.first}T00:00+00:00") + 2 * DAY
    span = (datetime.fromisoformat(f"{year.last}T00:00+00:00") - first) // MINUTE
    draw = random.Random(year.name)
    assert differing(year, (first + draw.randrange(span) * MINUTE for _ in range(200))) == (200, [])


@pytest.mark.exhaustive
def test_every_minute_of_two_school_years(capsys: pytest.CaptureFixture[str]) -> None:
    total = 0
    for year in [year for year in YEARS if len(year.terms) == 6][:2]:
        first, last = datetime.fromisoformat(f"{year.first}T00:00+00:00") + 2 * DAY, datetime.fromisoformat(f"{year.last}T00:00+00:00")
        looked_at, wrong = differing(year, (first + number * MINUTE for number in range((last - first) // MINUTE)))
        assert not wrong, f"{year.name}: {len(wrong)} minutes, the first at {wrong[0]}"
        total += looked_at
    with capsys.disabled():
        sys.stdout.write(f"\ndeadlines compared at {total} minutes of two school years\n")
    assert total > 2 * 365 * 1440
