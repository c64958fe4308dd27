"""The briefing before a break: when a setting has one, whether it has been told of that break, and what its term was like. Pure.

A break is a closure longer than the policy's limit, the same that brings the holiday plan. It is told of once, also when the calendar
changes afterwards: a break that overlaps one already told of is that one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.calendar import Calendar, london_date
from shared.calendar.breaks import Break, is_school

TERM_DAYS_MAX = 250
"""How far back a term is looked for."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What came in one week, which begins on a Monday: how many notifications, and how many of them nobody has acted on."""

    begins_on: date
    received: int
    unanswered: int


def is_told(told: Iterable[Break], coming: Break) -> bool:
    """Whether one of these breaks, already told of, is the coming one: they share a day."""
    return any(_reaches(one, coming.begins_on) and _reaches(coming, one.begins_on) for one in told)


def term_since(calendar: Calendar, limit_days: int, begins_on: date) -> date:
    """The first date of the term that ends before ``begins_on``: the day after the last closure over the limit."""
    closed, on = 0, begins_on - _DAY
    for _ in range(TERM_DAYS_MAX):
        closed = 0 if is_school(calendar, on) else closed + 1
        if closed > limit_days:
            return on + closed * _DAY
        on -= _DAY
    return on + _DAY


def weeks(received: Iterable[tuple[datetime, bool]], since_on: date) -> tuple[Week, ...]:
    """What came by week, from the first week of the term on; weeks without anything are left out. Each is (when it was opened, whether
    nobody has acted on it)."""
    found: dict[date, list[bool]] = {}
    for opened_at, is_open in received:
        on = london_date(opened_at)
        if on >= since_on:
            found.setdefault(on - on.weekday() * _DAY, []).append(is_open)
    return tuple(Week(begins_on=on, received=len(some), unanswered=sum(some)) for on, some in sorted(found.items()))


def _reaches(one: Break, on: date) -> bool:
    """Whether a break has not ended before ``on``."""
    return one.ends_on is None or one.ends_on >= on
