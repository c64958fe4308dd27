"""London wall time, on the days when it is simple and on the two each year when it is not."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import at, london_date
from shared.errors import Misuse

SPRING_ON, AUTUMN_ON = date(2026, 3, 29), date(2026, 10, 25)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("on", "wall", "instant"),
    [
        (date(2026, 1, 15), time(8, 30), utc(2026, 1, 15, 8, 30)),
        (date(2026, 7, 15), time(8, 30), utc(2026, 7, 15, 7, 30)),
        (date(2026, 7, 15), time(0, 0), utc(2026, 7, 14, 23, 0)),
        (SPRING_ON, time(0, 59), utc(2026, 3, 29, 0, 59)),
        (SPRING_ON, time(1, 0), utc(2026, 3, 29, 1, 0)),
        (SPRING_ON, time(1, 30), utc(2026, 3, 29, 1, 30)),
        (SPRING_ON, time(2, 0), utc(2026, 3, 29, 1, 0)),
        (SPRING_ON, time(8, 30), utc(2026, 3, 29, 7, 30)),
        (AUTUMN_ON, time(0, 59), utc(2026, 10, 24, 23, 59)),
        (AUTUMN_ON, time(1, 0), utc(2026, 10, 25, 0, 0)),
        (AUTUMN_ON, time(1, 30), utc(2026, 10, 25, 0, 30)),
        (AUTUMN_ON, time(2, 0), utc(2026, 10, 25, 2, 0)),
        (AUTUMN_ON, time(8, 30), utc(2026, 10, 25, 8, 30)),
    ],
)
def test_a_wall_time_is_one_instant_shifted_forward_in_spring_and_the_first_of_two_in_autumn(
    on: date, wall: time, instant: datetime
) -> None:
    assert at(on, wall) == instant
    assert at(on, wall).tzinfo is UTC


def test_the_second_pass_through_the_autumn_hour_is_never_meant() -> None:
    assert at(AUTUMN_ON, time(1, 30, fold=1)) == at(AUTUMN_ON, time(1, 30))


@pytest.mark.parametrize(
    ("instant", "on"),
    [
        (utc(2026, 1, 15, 23, 59, 59), date(2026, 1, 15)),
        (utc(2026, 7, 15, 22, 59, 59), date(2026, 7, 15)),
        (utc(2026, 7, 15, 23, 0), date(2026, 7, 16)),
        (utc(2026, 3, 28, 23, 30), date(2026, 3, 28)),
        (utc(2026, 3, 29, 23, 0), date(2026, 3, 30)),
        (utc(2026, 10, 24, 23, 0), date(2026, 10, 25)),
        (utc(2026, 10, 25, 23, 30), date(2026, 10, 25)),
        (datetime(2026, 7, 15, 20, 0, tzinfo=timezone(timedelta(hours=-5))), date(2026, 7, 16)),
    ],
)
def test_the_london_date_changes_at_londons_midnight(instant: datetime, on: date) -> None:
    assert london_date(instant) == on


@given(on=st.dates(date(2020, 1, 1), date(2040, 12, 31)), wall=st.times().filter(lambda wall: wall.hour != 1))
def test_outside_the_changing_hour_the_wall_shows_what_was_asked_for(on: date, wall: time) -> None:
    assert london_date(at(on, wall)) == on


def test_what_is_not_an_instant_or_not_a_wall_time_is_a_defect() -> None:
    with pytest.raises(Misuse):
        london_date(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(Misuse):
        at(date(2026, 1, 1), time(8, 30, tzinfo=UTC))
