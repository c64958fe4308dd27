"""A school year as a wall calendar: twelve months of squares, and in words which stretch of days is what, and who says so. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from shared.calendar import Calendar, Day

FIRST_MONTH = 9
SIGNS = {"school": "P", "staff-only": "S", "closed": "–", "unknown": "?"}
"""What stands in a square beside the date: pupils, staff only, closed, nobody knows. Colour is never the only sign."""
KINDS = {"school": "Pupils", "staff-only": "Staff only", "closed": "Closed", "unknown": "Not known, taken for a school day"}
SOURCES = {
    "override": "a single day of the setting",
    "attendance": "a weekend",
    "bank-holiday": "bank holidays",
    "own-terms": "the setting's own terms",
    "authority-terms": "the authority's terms",
}

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """One date. ``kind`` is a key of ``SIGNS``."""

    on: date
    kind: str
    source: str
    as_at_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Dates in a row that are the same by the same source, both ends included."""

    first_on: date
    last_on: date
    kind: str
    source: str
    as_at_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """``weeks`` begin on a Monday; None stands for a date of another month. ``stretches`` leave out weekends of which nothing is said."""

    begins_on: date
    weeks: tuple[tuple[Square | None, ...], ...]
    stretches: tuple[Stretch, ...]


def year(calendar: Calendar, begins: int) -> tuple[Month, ...]:
    """The school year from September of ``begins`` on."""
    firsts = [date(begins + (month > 12), (month - 1) % 12 + 1, 1) for month in range(FIRST_MONTH, FIRST_MONTH + 12)]
    return tuple(_month(calendar, first) for first in firsts)


def _month(calendar: Calendar, first: date) -> Month:
    squares = [_square(calendar.day(on)) for on in _of_month(first)]
    padded: list[Square | None] = [*[None] * first.weekday(), *squares]
    padded += [None] * (-len(padded) % 7)
    weeks = tuple(tuple(padded[start : start + 7]) for start in range(0, len(padded), 7))
    return Month(begins_on=first, weeks=weeks, stretches=tuple(_stretches(squares)))


def _of_month(first: date) -> Iterator[date]:
    on = first
    while on.month == first.month:
        yield on
        on += _DAY


def _square(day: Day) -> Square:
    kind = "unknown" if not day.known else day.kind.value
    return Square(on=day.on, kind=kind, source=day.source, as_at_on=day.as_at_on)


def _stretches(squares: list[Square]) -> Iterator[Stretch]:
    """A weekend interrupts nothing: from Monday to the Friday after next is one stretch of term."""
    open_one: Stretch | None = None
    for square in squares:
        if square.source == "attendance":
            continue
        same = open_one is not None and (open_one.kind, open_one.source, open_one.as_at_on) == (square.kind, square.source, square.as_at_on)
        if open_one is not None and same:
            open_one = Stretch(
                first_on=open_one.first_on, last_on=square.on, kind=square.kind, source=square.source, as_at_on=square.as_at_on
            )
            continue
        if open_one is not None:
            yield open_one
        open_one = Stretch(first_on=square.on, last_on=square.on, kind=square.kind, source=square.source, as_at_on=square.as_at_on)
    if open_one is not None:
        yield open_one


def begins(today: date) -> int:
    """The year in which the school year of ``today`` began; in August the coming one."""
    return today.year if today.month >= FIRST_MONTH - 1 else today.year - 1
