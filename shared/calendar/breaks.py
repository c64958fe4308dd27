"""Breaks: closures longer than a limit, as a calendar has them. Pure; London dates."""

from dataclasses import dataclass
from datetime import date, timedelta

from shared.calendar.days import Calendar, DayKind

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """London dates: the first without pupils, and the last; None where no school day follows within the calendar's search."""

    begins_on: date
    ends_on: date | None


def coming_break(calendar: Calendar, limit_days: int, today: date, within_days: int) -> Break | None:
    """The next break that begins after ``today``, at most ``within_days`` later; None when none does."""
    for distance in range(1, within_days + 1):
        on = today + distance * _DAY
        if is_school(calendar, on) or not is_school(calendar, on - _DAY):
            continue
        school = calendar.first_school_day(on)
        if school is None or (school.on - on).days > limit_days:
            return Break(begins_on=on, ends_on=None if school is None else school.on - _DAY)
    return None


def is_school(calendar: Calendar, on: date) -> bool:
    """Whether pupils are there on that date, as far as the calendar knows."""
    return calendar.day(on).kind is DayKind.SCHOOL
