"""What a calendar from elsewhere makes of an owner's days: the rows that would stand, and which dates become what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.console.domain.calendar_events import DAY, Event, EventKind, Finding, Source
from services.console.domain.rows import DayRow, TermRow
from shared.calendar import Calendar, DayKind, Term

LONGEST_BETWEEN_DAYS = 75
"""Between two holidays lies at most half a term of eleven weeks; where more does, a holiday is not in the file."""
LONGEST_TERM_DAYS = 200
DERIVED = "between two holidays"
_SINGLES = (EventKind.SCHOOL, EventKind.STAFF_ONLY, EventKind.CLOSED)
"""Of two that were accepted for one date, the first counts: who is told of a day that is none loses less than who is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose days: an authority's, or one setting's, of which ``name`` is the name in the directory."""

    authority: str
    setting_id: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that would be stored, and what cannot be: ``left`` says where and why."""

    terms: tuple[TermRow, ...]
    days: tuple[DayRow, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A range of dates that become something else, both ends included. ``unknown`` counts as a school day (D6)."""

    first_on: date
    last_on: date
    before: str
    after: str


def rows(owner: Owner, source: Source, about: str, as_at_on: date) -> Rows:
    """The rows of sound events: the terms that are named, those that lie between two holidays, and a setting's single days.

    A date outside every term of the file is stored as nothing: what a file does not say stays unknown.
    """
    sound = [event for event in source.events if event.first_on <= event.last_on]
    named = [event for event in sound if event.kind is EventKind.TERM]
    left = [f"{event.where}: a term is not longer than {LONGEST_TERM_DAYS} days" for event in named if _too_long(event)]
    named = [event for event in named if not _too_long(event)]
    between, gaps = _between([event for event in sound if event.kind is EventKind.HOLIDAY], named)
    terms = {
        (event.first_on, event.last_on): TermRow(
            authority=owner.authority,
            setting_id=owner.setting_id,
            first_on=event.first_on,
            last_on=event.last_on,
            label=event.label,
            source=about,
            as_at_on=as_at_on,
        )
        for event in sorted([*named, *between], key=lambda event: (event.first_on, event.last_on, event.label), reverse=True)
    }
    singles = [event for event in sound if event.kind in _SINGLES]
    if owner.setting_id is None:
        left += [f"{event.where}: an authority has no single days: give it to each setting" for event in singles]
        singles = []
    days: dict[date, DayRow] = {}
    for kind in reversed(_SINGLES):
        for event in (event for event in singles if event.kind is kind):
            days |= {
                on: DayRow(setting_id=owner.setting_id or "", on=on, kind=kind.value, source=about, as_at_on=as_at_on)
                for on in event.days()
            }
    return Rows(
        terms=tuple(sorted(terms.values(), key=lambda term: (term.first_on, term.last_on))),
        days=tuple(days[on] for on in sorted(days)),
        left=(*left, *gaps),
    )


def _too_long(event: Event) -> bool:
    return (event.last_on - event.first_on).days > LONGEST_TERM_DAYS


def _between(holidays: Sequence[Event], named: Sequence[Event]) -> tuple[list[Event], list[str]]:
    """The terms that lie between two holidays and that no term of the file speaks of, and the gaps that are too long for one."""
    terms, left = [], []
    ordered = sorted(holidays, key=lambda event: (event.first_on, event.last_on))
    end: date | None = None
    for holiday in ordered:
        days = [] if end is None else _weekdays(end + DAY, holiday.first_on - DAY)
        end = max(end or holiday.last_on, holiday.last_on)
        if not days or any(term.first_on <= days[-1] and term.last_on >= days[0] for term in named):
            continue
        if (days[-1] - days[0]).days >= LONGEST_BETWEEN_DAYS:
            left.append(f"{holiday.where}: {days[0]} to {days[-1]} is too long for one half term and stays unknown")
            continue
        terms.append(Event(where=holiday.where, kind=EventKind.TERM, first_on=days[0], last_on=days[-1], label=DERIVED))
    return terms, left


def _weekdays(first_on: date, last_on: date) -> list[date]:
    return [on for on in _dates(first_on, last_on) if on.weekday() < 5]


def older(given: Rows, stored_terms: Iterable[TermRow], stored_days: Iterable[DayRow]) -> list[Finding]:
    """Years and days that the directory holds otherwise, as at the same day or a later one: so the order of two imports decides nothing."""
    found = []
    years: dict[int, set[TermRow]] = {}
    for term in stored_terms:
        years.setdefault(term.school_year, set()).add(term)
    for year in sorted({term.school_year for term in given.terms}):
        theirs, ours = years.get(year, set()), {term for term in given.terms if term.school_year == year}
        newest = max((term.as_at_on for term in theirs), default=date.min)
        if theirs != ours and newest >= min(term.as_at_on for term in ours):
            found.append(_older(f"the terms from autumn {year}", newest))
    days = {day.on: day for day in stored_days}
    for day in given.days:
        before = days.get(day.on)
        if before is not None and before != day and before.as_at_on is not None and before.as_at_on >= (day.as_at_on or date.min):
            found.append(_older(str(day.on), before.as_at_on))
    return found


def _older(where: str, as_at_on: date) -> Finding:
    wrong = f"the directory holds it otherwise, as at {as_at_on}"
    return Finding(code="older", where=where, wrong=wrong, remedy="give the date of the newer calendar; accepted, this one counts")


def after(calendar: Calendar, given: Rows, own: Sequence[TermRow], *, is_setting: bool) -> Calendar:
    """The calendar as it would be: the years that ``given`` names replaced among ``own``, the owner's terms, and its days laid over."""
    years = {term.school_year for term in given.terms}
    terms = [term for term in own if term.school_year not in years] + list(given.terms)
    overrides: Mapping[date, DayKind] = dict(calendar.overrides) | {day.on: DayKind(day.kind) for day in given.days}
    if not terms:
        return replace(calendar, overrides=overrides)
    ranges = tuple(Term(first_on=term.first_on, last_on=term.last_on) for term in terms)
    return replace(calendar, terms=ranges, own_terms=is_setting, overrides=overrides)


def changes(before: Calendar, then: Calendar) -> list[Change]:
    """Which dates become something else, in ranges, over all that either calendar knows; a weekend inside a range is part of it."""
    edges = [on for calendar in (before, then) for term in calendar.terms for on in (term.first_on, term.last_on)]
    edges += [*before.overrides, *then.overrides]
    if not edges:
        return []
    found: list[Change] = []
    gap = False
    for on in _dates(min(edges), max(edges)):
        was, becomes = _word(before, on), _word(then, on)
        if was == becomes:
            gap = gap or on.weekday() < 5
            continue
        last = found[-1] if found else None
        if last is not None and not gap and (last.before, last.after) == (was, becomes):
            found[-1] = replace(last, last_on=on)
        else:
            found.append(Change(first_on=on, last_on=on, before=was, after=becomes))
        gap = False
    return found


def _word(calendar: Calendar, on: date) -> str:
    day = calendar.day(on)
    return day.kind.value if day.known else "unknown"


def _dates(first_on: date, last_on: date) -> Iterator[date]:
    return (first_on + DAY * offset for offset in range((last_on - first_on).days + 1))
