"""What a calendar from elsewhere says, event by event, and where it contradicts itself. Nothing is guessed.

A summary is understood when *every* word of it is known: one of the phrases below, and beside it only words that say which one it is
(``Autumn half term``, ``INSET day 2``). Everything else (``Holiday club``, ``Disaggregated day``, ``Term starts``) is listed as not
understood. Dates are London dates, both ends included.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

DAY = timedelta(days=1)
LONGEST_YEARS = 2
"""No event is longer: a year that was mistyped is no holiday of a century."""


class EventKind(StrEnum):
    """What an event says of its dates."""

    TERM = "term"
    HOLIDAY = "holiday"
    BANK_HOLIDAY = "bank-holiday"
    STAFF_ONLY = "staff-only"
    CLOSED = "closed"
    SCHOOL = "school"


PHRASES: tuple[tuple[str, EventKind], ...] = (
    ("bank holiday", EventKind.BANK_HOLIDAY),
    ("public holiday", EventKind.BANK_HOLIDAY),
    ("half term", EventKind.HOLIDAY),
    ("holiday", EventKind.HOLIDAY),
    ("holidays", EventKind.HOLIDAY),
    ("christmas break", EventKind.HOLIDAY),
    ("easter break", EventKind.HOLIDAY),
    ("inset", EventKind.STAFF_ONLY),
    ("training", EventKind.STAFF_ONLY),
    ("pd", EventKind.STAFF_ONLY),
    ("closure", EventKind.CLOSED),
    ("closed", EventKind.CLOSED),
    ("school day", EventKind.SCHOOL),
    ("term", EventKind.TERM),
)
"""A phrase and what it says; longer ones come first, and the words of one that is there are taken away. Two kinds at once are none."""

_WHICH = "autumn spring summer winter christmas easter whitsun may october february early late school staff teacher day days the"
BESIDE = frozenset((*_WHICH.split(" "), *"123456"))
"""Words that say which term or day it is and change nothing."""


CODES = frozenset(
    {
        *("holiday-in-term", "not-a-bank-holiday", "older", "overlap", "repeats", "reversed", "school-on-bank-holiday"),
        *("two-kinds", "weekend", "year", "year-missing"),
    }
)
"""Every contradiction that can be found and, by its code, accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: where it stands (a line or a UID), what it says, and the school year that it claims (None where the layout has none)."""

    where: str
    kind: EventKind
    first_on: date
    last_on: date
    label: str
    year: str | None = None

    def days(self) -> Iterator[date]:
        """Its dates."""
        return (self.first_on + DAY * offset for offset in range((self.last_on - self.first_on).days + 1))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """A contradiction: its code, where it stands, what disagrees and what to do."""

    code: str
    where: str
    wrong: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file as it was read: its events, what was not understood (``where: why``), and what disagreed in the reading itself."""

    events: tuple[Event, ...]
    not_understood: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def kind_of(summary: str) -> EventKind | None:
    """What a summary says, or None when a word of it is not known."""
    words = " " + " ".join(re.findall(r"[^\W_]+", summary.casefold())) + " "
    kinds = set()
    for phrase, kind in PHRASES:
        if f" {phrase} " in words:
            kinds.add(kind)
            words = words.replace(f" {phrase} ", " ")
    known = all(word in BESIDE or re.fullmatch(r"20\d\d", word) for word in words.split())
    return kinds.pop() if known and len(kinds) == 1 else None


def contradictions(events: Sequence[Event], bank_holidays: frozenset[date]) -> list[Finding]:
    """What the events of one owner say against each other, against the bank holidays and against the calendar, in a fixed order."""
    found = [*_reversed(events)]
    sound = [event for event in events if event.first_on <= event.last_on]
    for check in (_overlaps, _weekends, _holidays_in_terms, _two_kinds, _years):
        found += check(sound)
    return sorted({*found, *_bank_holidays(sound, bank_holidays)})


def _reversed(events: Iterable[Event]) -> Iterator[Finding]:
    for event in events:
        if event.last_on < event.first_on:
            wrong = f"it ends on {event.last_on} before it starts on {event.first_on}"
            yield Finding(code="reversed", where=event.where, wrong=wrong, remedy="correct one of the dates; accepted, it is left out")


def _of(events: Iterable[Event], *kinds: EventKind) -> list[Event]:
    return sorted((event for event in events if event.kind in kinds), key=lambda event: (event.first_on, event.last_on, event.where))


def _overlaps(events: Sequence[Event]) -> Iterator[Finding]:
    before: Event | None = None
    for term in _of(events, EventKind.TERM):
        if before is not None and term.first_on <= before.last_on:
            same = (term.first_on, term.last_on) == (before.first_on, before.last_on)
            wrong = f"the term from {term.first_on} begins before the term of {before.where} ends on {before.last_on}"
            if not same:
                yield Finding(code="overlap", where=term.where, wrong=wrong, remedy="correct one; accepted, both are one term")
        if before is None or term.last_on > before.last_on:
            before = term


def _weekends(events: Sequence[Event]) -> Iterator[Finding]:
    for term in _of(events, EventKind.TERM):
        for edge, on in (("begins", term.first_on), ("ends", term.last_on)):
            if on.weekday() >= 5:
                wrong = f"the term {edge} on {on:%A} {on}"
                yield Finding(code="weekend", where=term.where, wrong=wrong, remedy="correct the date; accepted, it stands as it is")


def _holidays_in_terms(events: Sequence[Event]) -> Iterator[Finding]:
    for holiday in _of(events, EventKind.HOLIDAY):
        for term in _of(events, EventKind.TERM):
            both = [on for on in holiday.days() if on.weekday() < 5 and term.first_on <= on <= term.last_on]
            if both:
                wrong = f"the holiday's {both[0]} lies in the term of {term.where}, {term.first_on} to {term.last_on}"
                remedy = "correct one; accepted, the day is a school day"
                yield Finding(code="holiday-in-term", where=holiday.where, wrong=wrong, remedy=remedy)


def _two_kinds(events: Sequence[Event]) -> Iterator[Finding]:
    """A single day that is a holiday as well, or is given twice with different kinds."""
    singles = _of(events, EventKind.STAFF_ONLY, EventKind.CLOSED, EventKind.SCHOOL)
    holidays = _of(events, EventKind.HOLIDAY)
    for place, event in enumerate(singles):
        against = [other for other in (*singles[:place], *holidays) if other.kind is not event.kind]
        if event.kind is EventKind.CLOSED:
            against = [other for other in against if other.kind is not EventKind.HOLIDAY]
        for other in against:
            first_on = max(event.first_on, other.first_on)
            if first_on <= min(event.last_on, other.last_on):
                wrong = f"{first_on} is {event.kind} here and {other.kind} in {other.where}"
                remedy = "take one away; accepted, school counts before staff-only, and both before closed"
                yield Finding(code="two-kinds", where=event.where, wrong=wrong, remedy=remedy)


def _years(events: Sequence[Event]) -> Iterator[Finding]:
    for event in events:
        if event.year is not None and event.year != school_year(event.first_on):
            said = f"says {event.year}" if event.year else "has no school year"
            wrong = f"the event {said}, and {event.first_on} lies in {school_year(event.first_on)}"
            yield Finding(code="year", where=event.where, wrong=wrong, remedy="correct year or date; accepted, the date counts")
    starts = sorted({int(school_year(event.first_on)[:4]) for event in events if event.year is not None})
    for before, after in pairwise(starts):
        if after - before > 1:
            wrong = f"there are events of {before} and of {after} and none of the school years between"
            remedy = "ask for the missing years; accepted, they stay unknown"
            yield Finding(code="year-missing", where="the file", wrong=wrong, remedy=remedy)


def _bank_holidays(events: Sequence[Event], bank_holidays: frozenset[date]) -> Iterator[Finding]:
    listed = {on.year for on in bank_holidays}
    for event in events:
        if event.kind is EventKind.BANK_HOLIDAY:
            strange = [on for on in event.days() if on.year in listed and on not in bank_holidays]
            code, said, remedy = "not-a-bank-holiday", "is no bank holiday in the published list", "the published list counts"
        elif event.kind is EventKind.SCHOOL:
            strange = [on for on in event.days() if on in bank_holidays]
            code, said, remedy = "school-on-bank-holiday", "is a bank holiday and said to be a school day", "it is a school day"
        elif event.kind is EventKind.TERM:
            strange = [on for on in {event.first_on, event.last_on} if on in bank_holidays]
            code, said, remedy = "school-on-bank-holiday", "is a bank holiday, and a term begins or ends on it", "it is closed"
        else:
            continue
        for on in strange:
            yield Finding(code=code, where=event.where, wrong=f"{on} {said}", remedy=f"correct the date; accepted, {remedy}")


def school_year(on: date) -> str:
    """The school year of a date as it is printed, ``2025-26``: from August on it is the next one."""
    begins = on.year if on.month >= 8 else on.year - 1
    return f"{begins}-{(begins + 1) % 100:02d}"
