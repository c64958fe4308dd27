"""Which days a setting has pupils, which only staff, and which neither.

Layers, the first that speaks decides:

1. an override of that date (INSET, snow, an extra Saturday) says what it says, even on a bank holiday;
2. a weekday that the setting does not attend is closed;
3. a bank holiday is closed;
4. the terms, the setting's own or else its authority's: within one it is a school day, in a break between two it is closed;
5. everywhere else nothing is known, and *unknown never means closed* (D6): a school day, flagged.

A gap between two terms is a break only when it is as short as breaks are; a longer one is a term that nobody entered (layer 5).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

LONGEST_BREAK_DAYS = 35
"""Christmas and Easter last two to four weeks. Half a term missing from the data leaves a gap of six weeks or more."""

LONGEST_SUMMER_BREAK_DAYS = 84
"""Colleges close for up to twelve weeks. Half a term missing beside the summer leaves fourteen."""

SEARCH_DAYS = 400
"""How far a search goes: further than any closure that ends."""

_DAY = timedelta(days=1)


class DayKind(StrEnum):
    """Who is there. The values are those of a stored override."""

    SCHOOL = "school"
    STAFF_ONLY = "staff-only"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One date at one setting.

    ``source`` is the layer that decided: ``override``, ``attendance``, ``bank-holiday``, ``own-terms``, ``authority-terms`` or ``unknown``.
    ``known`` is false exactly for ``unknown``. ``as_at_on``: when whoever gave that layer last said so; None where nobody said when.
    """

    on: date
    kind: DayKind
    known: bool
    source: str
    as_at_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """An unbroken range of term days, both ends included: half a term where there is a half-term break; ``as_at_on``: as at when it was
    said so. Raises ValueError when reversed."""

    first_on: date
    last_on: date
    as_at_on: date | None = None

    def __post_init__(self) -> None:
        if self.last_on < self.first_on:
            raise ValueError("a term ends before it begins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days of one setting; every date has an answer.

    ``terms`` are the setting's own (``own_terms``) or else its authority's; in any order, overlaps are one. None at all is a calendar that
    knows only its bank holidays. ``overrides_as_at``: of the overrides that say as at when they were made. ``attendance_weekdays`` are
    Monday = 0 to Sunday = 6; raises ValueError when there is none.
    """

    bank_holidays: frozenset[date]
    terms: tuple[Term, ...] = ()
    own_terms: bool = False
    overrides: Mapping[date, DayKind] = field(default_factory=dict)
    overrides_as_at: Mapping[date, date] = field(default_factory=dict)
    attendance_weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})

    def __post_init__(self) -> None:
        if not self.attendance_weekdays or not self.attendance_weekdays <= frozenset(range(7)):
            raise ValueError("a setting attends on at least one weekday, 0 to 6")
        object.__setattr__(self, "terms", _merged(self.terms))

    def day(self, on: date) -> Day:
        """What the date ``on`` is here."""
        if (kind := self.overrides.get(on)) is not None:
            return Day(on=on, kind=kind, known=True, source="override", as_at_on=self.overrides_as_at.get(on))
        if on.weekday() not in self.attendance_weekdays:
            return Day(on=on, kind=DayKind.CLOSED, known=True, source="attendance")
        if on in self.bank_holidays:
            return Day(on=on, kind=DayKind.CLOSED, known=True, source="bank-holiday")
        found = self._by_terms(on)
        if found is None:
            return Day(on=on, kind=DayKind.SCHOOL, known=False, source="unknown")
        kind, as_at_on = found
        return Day(on=on, kind=kind, known=True, source="own-terms" if self.own_terms else "authority-terms", as_at_on=as_at_on)

    def first_school_day(self, on_or_after: date, limit_days: int = SEARCH_DAYS) -> Day | None:
        """The first day with pupils among ``limit_days`` dates from ``on_or_after``; None when overrides close them all."""
        return self._first(on_or_after, limit_days, lambda kind: kind is DayKind.SCHOOL)

    def first_staff_day(self, on_or_after: date, limit_days: int = SEARCH_DAYS) -> Day | None:
        """The first day with staff, pupils or not, among ``limit_days`` dates from ``on_or_after``; None when there is none."""
        return self._first(on_or_after, limit_days, lambda kind: kind is not DayKind.CLOSED)

    def closed_days_before(self, next_on: date, from_on: date) -> int:
        """How many dates from ``from_on`` up to, not including, ``next_on`` have no pupils. Staff-only days are such dates."""
        return sum(self.day(on).kind is not DayKind.SCHOOL for on in _dates(from_on, (next_on - from_on).days))

    def _by_terms(self, on: date) -> tuple[DayKind, date | None] | None:
        following = bisect_right(self.terms, on, key=lambda term: term.first_on)
        if following == 0:
            return None
        before = self.terms[following - 1]
        if on <= before.last_on:
            return DayKind.SCHOOL, before.as_at_on
        if following < len(self.terms) and _is_break(before.last_on + _DAY, self.terms[following].first_on - _DAY):
            return DayKind.CLOSED, _older(before.as_at_on, self.terms[following].as_at_on)
        return None

    def _first(self, on_or_after: date, limit_days: int, wanted: Callable[[DayKind], bool]) -> Day | None:
        days = (self.day(on) for on in _dates(on_or_after, limit_days))
        return next((day for day in days if wanted(day.kind)), None)


def _is_break(first_on: date, last_on: date) -> bool:
    length_days = (last_on - first_on).days + 1
    if first_on <= date(last_on.year, 8, 1) and last_on >= date(last_on.year, 8, 14):
        return length_days <= LONGEST_SUMMER_BREAK_DAYS
    return length_days <= LONGEST_BREAK_DAYS


def _merged(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    merged: list[Term] = []
    for term in sorted(terms, key=lambda term: term.first_on):
        if merged and term.first_on <= merged[-1].last_on:
            last = merged[-1]
            until = max(last.last_on, term.last_on)
            merged[-1] = Term(first_on=last.first_on, last_on=until, as_at_on=_older(last.as_at_on, term.as_at_on))
        else:
            merged.append(term)
    return tuple(merged)


def _older(one: date | None, other: date | None) -> date | None:
    """What follows from two is as old as the older; where one does not say, neither does it."""
    return None if one is None or other is None else min(one, other)


def _dates(first_on: date, count: int) -> Iterator[date]:
    return (first_on + timedelta(days=offset) for offset in range(count))
