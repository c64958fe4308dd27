"""The instants that a visitor may move the clock to. Pure, but for the calendar that they are counted on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.calendar import at, london_date
from shared.calendar.days import Calendar, DayKind

MORNING, NIGHT = time(7, 45), time(22, 15)
LONG_DAYS = 5
"""A closure of so many days and more is a holiday here; less is a weekend."""
SEARCH_DAYS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Somewhere to move to: ``code`` names it in a form, ``text`` on a button."""

    code: str
    text: str
    instant: datetime


def moments(now: datetime, calendar: Calendar) -> tuple[Moment, ...]:
    """What lies ahead of ``now`` (aware), the nearest first. A moment that the calendar does not have is left out."""
    return tuple(sorted(_ahead(now, calendar), key=lambda moment: moment.instant))


def _ahead(now: datetime, calendar: Calendar) -> Iterator[Moment]:
    today, day = london_date(now), timedelta(days=1)
    yield Moment(code="quarter", text="15 minutes on", instant=now + timedelta(minutes=15))
    yield Moment(code="hour", text="An hour on", instant=now + timedelta(hours=1))
    tonight = at(today, NIGHT)
    yield Moment(code="night", text="Late this evening", instant=tonight if tonight > now else at(today + day, NIGHT))
    for code, text, wall in (("morning", "The next school morning", MORNING), ("bell", "After the next bell", time(8, 35))):
        found = calendar.first_school_day(today if at(today, wall) > now else today + day)
        if found is not None:
            yield Moment(code=code, text=text, instant=at(found.on, wall))
    begins = _holiday(today + day, calendar)
    if begins is not None:
        yield Moment(code="holiday", text="The first day of the holiday", instant=at(begins, MORNING))
        back = calendar.first_school_day(begins)
        if back is not None:
            yield Moment(code="back", text="The first day back", instant=at(back.on, MORNING))


def _holiday(from_on: date, calendar: Calendar) -> date | None:
    """The first weekday from there on that is closed and belongs to a long closure that begins after it."""
    for on in (from_on + timedelta(days=days) for days in range(SEARCH_DAYS)):
        back = calendar.first_school_day(on)
        is_closed = on.weekday() < LONG_DAYS and calendar.day(on).kind is DayKind.CLOSED
        is_first = calendar.day(on - timedelta(days=1)).kind is not DayKind.CLOSED or on.weekday() == 0
        if is_closed and is_first and back is not None and (back.on - on).days >= LONG_DAYS:
            return on
    return None
