"""A school year on the wall: every date once, each with what the calendar says of it and since when."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.console.domain.wall import KINDS, SIGNS, SOURCES, begins, year
from shared.calendar import Calendar, DayKind, Term

AS_AT, LATER = date(2026, 7, 1), date(2026, 11, 20)
SNOW = date(2026, 11, 24)
CALENDAR = Calendar(
    bank_holidays=frozenset({date(2026, 12, 25)}),
    terms=(
        Term(first_on=date(2026, 11, 2), last_on=date(2026, 12, 18), as_at_on=AS_AT),
        Term(first_on=date(2027, 1, 4), last_on=date(2027, 2, 12), as_at_on=LATER),
    ),
    overrides={SNOW: DayKind.CLOSED, date(2026, 11, 27): DayKind.STAFF_ONLY},
    overrides_as_at={SNOW: SNOW},
)


@given(st.integers(2000, 2100))
def test_every_date_of_the_year_stands_there_once_below_its_weekday(first: int) -> None:
    months = year(CALENDAR, first)
    squares = [square for month in months for week in month.weeks for square in week if square is not None]
    days = (date(first + 1, 9, 1) - date(first, 9, 1)).days
    assert [one.on for one in squares] == [date(first, 9, 1) + timedelta(days=number) for number in range(days)]
    assert all(week.index(one) == one.on.weekday() for month in months for week in month.weeks for one in week if one is not None)
    assert all(len(week) == 7 for month in months for week in month.weeks)


def test_a_square_is_what_the_calendar_says() -> None:
    squares = {one.on: one for month in year(CALENDAR, 2026) for week in month.weeks for one in week if one is not None}
    assert (squares[SNOW].kind, squares[SNOW].source, squares[SNOW].as_at_on) == ("closed", "override", SNOW)
    assert (squares[date(2026, 11, 23)].kind, squares[date(2026, 11, 23)].as_at_on) == ("school", AS_AT)
    assert (squares[date(2026, 12, 21)].kind, squares[date(2026, 12, 21)].as_at_on) == ("closed", AS_AT)  # as old as the older term
    assert squares[date(2026, 12, 25)].source == "bank-holiday"
    assert squares[date(2026, 10, 1)].kind == "unknown"
    assert {one.kind for one in squares.values()} <= set(SIGNS)
    assert set(SIGNS) == set(KINDS)
    assert {one.source for one in squares.values() if one.kind != "unknown"} <= set(SOURCES)


def test_a_weekend_does_not_break_a_stretch_and_a_single_day_does() -> None:
    november = next(month for month in year(CALENDAR, 2026) if month.begins_on == date(2026, 11, 1))
    assert [(one.first_on.day, one.last_on.day, one.kind) for one in november.stretches] == [
        (2, 23, "school"),
        (24, 24, "closed"),
        (25, 26, "school"),
        (27, 27, "staff-only"),
        (30, 30, "school"),
    ]


def test_august_looks_ahead() -> None:
    assert [begins(date(2026, month, 1)) for month in (7, 8, 9)] == [2025, 2026, 2026]
