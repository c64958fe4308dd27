"""Invented term dates for the demonstration: three school years, in session around whichever day it is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

AROUND = timedelta(days=14)
"""So long before and after the day of the demonstration there are terms, so that the next school day is always near."""
SHAPE = (
    ((9, 3), (10, 23), "Autumn 1"),
    ((11, 2), (12, 18), "Autumn 2"),
    ((1, 5), (2, 12), "Spring 1"),
    ((2, 22), (3, 27), "Spring 2"),
    ((4, 13), (5, 22), "Summer 1"),
    ((6, 1), (7, 21), "Summer 2"),
)
"""Half terms as most schools in England keep them, by month and day; no authority publishes exactly these."""
DEMONSTRATION = "Demonstration"


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfTerm:
    """An unbroken range of term days, both ends included (London dates)."""

    first_on: date
    last_on: date
    label: str


def school_year(on: date) -> int:
    """The year in which the school year of ``on`` began: from August on it is the next one."""
    return on.year if on.month >= 8 else on.year - 1


def half_terms(today: date) -> tuple[HalfTerm, ...]:
    """The half terms of the last, this and the next school year, without overlap; the fortnights around ``today`` are in term.

    Bank holidays stay closed even so: they stand above terms.
    """
    around = HalfTerm(first_on=today - AROUND, last_on=today + AROUND, label=DEMONSTRATION)
    usual = [term for begins in range(school_year(today) - 1, school_year(today) + 2) for term in _usual(begins)]
    joined = [term for term in usual if _touches(term, around)]
    merged = HalfTerm(
        first_on=min(term.first_on for term in (around, *joined)),
        last_on=max(term.last_on for term in (around, *joined)),
        label=joined[0].label if len(joined) == 1 else DEMONSTRATION,
    )
    rest = [term for term in usual if term not in joined]
    return tuple(sorted([*rest, merged], key=lambda term: term.first_on))


def first_days(today: date) -> tuple[date, ...]:
    """The first day of each half term that begins clear of today: where staff are in and pupils are not (INSET)."""
    return tuple(term.first_on for term in half_terms(today) if abs(term.first_on - today) > AROUND)


def _usual(begins: int) -> Iterator[HalfTerm]:
    for first, last, label in SHAPE:
        year = begins if first[0] >= 8 else begins + 1
        first_on = _weekday(date(year, *first))
        yield HalfTerm(first_on=first_on, last_on=date(year, *last), label=f"{label} {begins}-{(begins + 1) % 100:02d}")


def _weekday(on: date) -> date:
    """The date, or the Monday after its weekend."""
    return on + timedelta(days=max(0, 7 - on.weekday()) if on.weekday() > 4 else 0)


def _touches(term: HalfTerm, other: HalfTerm) -> bool:
    day = timedelta(days=1)
    return term.first_on <= other.last_on + day and other.first_on <= term.last_on + day
