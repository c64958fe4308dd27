"""A year of one invented authority: some 350 settings with their calendars, and ten thousand incidents. Everything follows from a seed.

The shape of the year follows what is known: more at weekends and at night, more in the week before a break and within it, most at
Christmas; about 1.9 children an incident. The shares of what goes wrong are assumptions.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from services.demo.places import AUTHORITY, EDUCATION, FORCE, HUB, LEAD, OUT_OF_HOURS, PHONE
from services.rehearsal.people import drawn
from services.rehearsal.values import EXCLUDED, HELD, MATCHED, Area, Child, Incident, Place
from shared.calendar import Calendar, DayKind, Term, at
from shared.directory import BankHolidays
from shared.policy import Duty, LadderKind, OwnerKind, Policy, Teams

SETTINGS, INCIDENTS = 350, 10_000
NEIGHBOUR = "998"
_DAY = timedelta(days=1)
_ROLES = frozenset({"dsl", "deputy", "head", "authority"})
_HOURS = (0, 0, 1, 1, 2, 3, 5, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21, 21, 21, 22, 22, 22, 23, 23, 23, 23)
"""When the police come to believe it, as often as each hour stands here: most in the evening and at night."""
_SIZES = (1, 1, 1, 1, 2, 2, 2, 2, 3, 4)
_WORK_MINUTES = (10, 20, 30, 45, 60, 90, 150, 240, 480, None)
_WEEKDAYS = (10, 9, 9, 10, 11, 13, 14)
"""How many incidents a Monday has to a Sunday's: weekends more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What ``generate`` made."""

    area: Area
    incidents: tuple[Incident, ...]
    first_on: date
    last_on: date


def generate(year: int, *, seed: int, settings: int = SETTINGS, incidents: int = INCIDENTS) -> Year:
    """The calendar year ``year``. Raises ValueError for one whose bank holidays are not known."""
    holidays = BankHolidays.bundled().dates("england")
    if not any(on.year == year for on in holidays):
        raise ValueError(f"the bank holidays of {year} are not known")
    terms = _terms(year, holidays)
    places = {place.setting_id: place for place in (_place(number, seed, terms, holidays) for number in range(settings))}
    area = Area(
        places=places,
        authorities={one: Calendar(bank_holidays=holidays, terms=terms) for one in (AUTHORITY, NEIGHBOUR)},
        team_roles=dict.fromkeys((EDUCATION, OUT_OF_HOURS, PHONE, LEAD, HUB), frozenset({"duty", "lead"})),
    )
    first_on, last_on = date(year, 1, 1), date(year, 12, 31)
    return Year(area=area, incidents=tuple(_incidents(area, seed, incidents, first_on, last_on)), first_on=first_on, last_on=last_on)


def policies() -> tuple[Policy, ...]:
    """Today's policies of the invented force and authority: every figure the default, two desks at all hours."""
    return tuple(
        Policy(
            owner_kind=kind,
            owner=owner,
            name="Testshire, rehearsed",
            effective_from_on=date.min,
            teams=Teams(review=review, live=OUT_OF_HOURS, phone=PHONE, authority_lead=LEAD),
            duty=(Duty(team=OUT_OF_HOURS), Duty(team=HUB), Duty(team=EDUCATION)),
        )
        for kind, owner, review in ((OwnerKind.FORCE, FORCE, HUB), (OwnerKind.AUTHORITY, AUTHORITY, EDUCATION))
    )


# --- calendars ------------------------------------------------------------------------------------------------------------------------


def _terms(year: int, holidays: frozenset[date]) -> tuple[Term, ...]:
    """The half terms of the three school years that touch the year, with two weeks off around each Easter."""
    return tuple(itertools.chain.from_iterable(_school_year(begins, holidays) for begins in (year - 1, year, year + 1)))


def _school_year(begins: int, holidays: frozenset[date]) -> Iterator[Term]:
    after = begins + 1
    good_friday = next((on for on in sorted(holidays) if on.year == after and on.month in (3, 4) and on.weekday() == 4), date(after, 4, 10))
    february = _monday(date(after, 2, 16))
    may = _monday(date(after, 5, 29))
    yield Term(first_on=date(begins, 9, 3), last_on=_friday(date(begins, 10, 24)))
    yield Term(first_on=_friday(date(begins, 10, 24)) + 10 * _DAY, last_on=_friday(date(begins, 12, 19)))
    yield Term(first_on=_monday(date(after, 1, 6)), last_on=february - 3 * _DAY)
    yield Term(first_on=february + 7 * _DAY, last_on=good_friday - 7 * _DAY)
    yield Term(first_on=good_friday + 11 * _DAY, last_on=may - 10 * _DAY)
    yield Term(first_on=may, last_on=_friday(date(after, 7, 22)))


def _monday(on: date) -> date:
    return on - on.weekday() * _DAY


def _friday(on: date) -> date:
    return _monday(on) + 4 * _DAY


def _place(number: int, seed: int, terms: tuple[Term, ...], holidays: frozenset[date]) -> Place:
    def draw(items: Sequence[int], what: str) -> int:
        return drawn(items, seed, f"place {number} {what}")

    kind = LadderKind.EARLY_YEARS if number % 10 == 0 else LadderKind.COLLEGE if number % 50 == 7 else LadderKind.SCHOOL
    roles = _ROLES - ({"deputy"} if draw(range(100), "deputy") < 5 else set()) - ({"dsl"} if draw(range(100), "dsl") < 2 else set())
    return Place(
        setting_id=f"{910000 + number}",
        kind=kind,
        authority=AUTHORITY,
        calendar=_calendar(kind, draw(range(100), "calendar"), terms, holidays),
        roles=frozenset() if draw(range(100), "nobody") == 0 else roles,
        has_holiday_contact=draw(range(100), "holiday contact") < 30,
    )


def _calendar(kind: LadderKind, how: int, terms: tuple[Term, ...], holidays: frozenset[date]) -> Calendar:
    """Most keep the authority's terms, with a training day at the start of some; some their own, a few nobody knows."""
    insets = {terms[place].first_on: DayKind.STAFF_ONLY for place in range(0, len(terms), 3)}
    if kind is LadderKind.EARLY_YEARS and how < 50:
        return Calendar(bank_holidays=holidays, terms=(Term(first_on=terms[0].first_on, last_on=terms[-1].last_on),), own_terms=True)
    if how < 4:
        return Calendar(bank_holidays=holidays)
    if how < 20 or kind is LadderKind.COLLEGE:
        shifted = tuple(Term(first_on=one.first_on + 5 * _DAY, last_on=one.last_on - 7 * _DAY) for one in terms)
        return Calendar(bank_holidays=holidays, terms=shifted, own_terms=True)
    snow = {terms[8].first_on + 9 * _DAY: DayKind.CLOSED} if how < 30 else {}
    return Calendar(bank_holidays=holidays, terms=terms, overrides=insets | snow)


# --- incidents ------------------------------------------------------------------------------------------------------------------------


def _incidents(area: Area, seed: int, count: int, first_on: date, last_on: date) -> Iterator[Incident]:
    days = [first_on + number * _DAY for number in range((last_on - first_on).days + 1)]
    weights = [_weight(on, area.authorities[AUTHORITY]) for on in days]
    total, so_far = sum(weights), 0.0
    number = 0
    for on, weight in zip(days, weights, strict=True):
        so_far += weight
        while number < round(count * so_far / total):
            yield _incident(number, on, tuple(area.places), seed)
            number += 1


def _weight(on: date, calendar: Calendar) -> float:
    """How many incidents a day has to another."""
    is_school = calendar.day(on).kind is DayKind.SCHOOL
    week = (on + number * _DAY for number in range(1, 8))
    before_break = is_school and sum(calendar.day(one).kind is not DayKind.SCHOOL for one in week) > 4
    season = 1.4 if (on.month, on.day) in {(12, 24), (12, 25), (12, 26), (12, 31), (1, 1)} else 1.1 if on.month in (5, 6, 7, 12) else 1.0
    away = on.weekday() < 5 and not is_school
    return _WEEKDAYS[on.weekday()] * season * (1.25 if before_break else 1.2 if away else 1.0)


def _incident(number: int, on: date, settings: Sequence[str], seed: int) -> Incident:
    def draw(items: Sequence[int], what: str) -> int:
        return drawn(items, seed, f"incident {number} {what}")

    believed_at = at(on, time(drawn(_HOURS, seed, f"incident {number} hour"), draw(range(60), "minute")))
    late = draw(range(100), "late") < 8
    after = timedelta(hours=draw(range(8, 60), "hours")) if late else timedelta(minutes=draw(range(5, 120), "after"))
    home = settings[draw(range(len(settings)), "setting")]
    children = tuple(_child(number, place, home, settings, seed) for place in range(drawn(_SIZES, seed, f"incident {number} size")))
    return Incident(
        reference=f"{seed}-{number:05d}", force=FORCE, believed_at=believed_at, received_at=believed_at + after, children=children
    )


def _child(number: int, place: int, home: str, settings: Sequence[str], seed: int) -> Child:
    """Most are matched, at their brother's setting or another; one in eight is held, one in forty too old, a few at two settings."""

    def draw(items: Sequence[int], what: str) -> int:
        return drawn(items, seed, f"child {number} {place} {what}")

    child_id, how = f"{seed}-{number:05d}-{place + 1}", draw(range(200), "how")
    if how < 5:
        return Child(child_id=child_id, home=AUTHORITY, decision=EXCLUDED, reason="over-18")
    at_settings = [home if draw(range(3), "brother") else settings[draw(range(len(settings)), "setting")]]
    if how >= 194:
        at_settings.append(settings[draw(range(len(settings)), "second")])
    minutes = drawn(_WORK_MINUTES, seed, f"child {number} {place} work")
    is_held = how < 30
    return Child(
        child_id=child_id,
        home=NEIGHBOUR if draw(range(30), "home") == 0 else AUTHORITY,
        decision=HELD if is_held else MATCHED,
        setting_ids=tuple(dict.fromkeys(at_settings)),
        work=timedelta(minutes=minutes) if is_held and minutes is not None else None,
    )
