"""Breaks: closures longer than a limit, as a calendar has them. Pure; London dates."""

from dataclasses import dataclass
from datetime import date, timedelta

from shared.calendar.days import SEARCH_DAYS, Calendar, DayKind

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


def current_break(calendar: Calendar, limit_days: int, today: date) -> Break | None:
    """The break that ``today`` lies in; None on a school day, and in a closure that is none."""
    if is_school(calendar, today):
        return None
    begins = today
    while not is_school(calendar, begins - _DAY) and (today - begins).days < SEARCH_DAYS:
        begins -= _DAY
    school = calendar.first_school_day(today)
    if school is not None and (school.on - begins).days <= limit_days:
        return None
    return Break(begins_on=begins, ends_on=None if school is None else school.on - _DAY)


def is_school(calendar: Calendar, on: date) -> bool:
    """Whether pupils are there on that date, as far as the calendar knows."""
    return calendar.day(on).kind is DayKind.SCHOOL
