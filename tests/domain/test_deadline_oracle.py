"""Deadlines against a slow oracle that shares nothing with them: it looks at every minute of UTC, with its own clock changes.

The oracle knows the school days as a plain set of dates, worked out from a table of strings, and the London offset from the rule of the
Summer Time Order 2002 (last Sundays of March and October, 01:00 UTC).
"""

import math
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.domain.deadline import Obligation, obligations
from shared.calendar import Calendar, DayKind, Term
from shared.policy import OwnerKind, Policy, Teams

# --- a world of two and a half school years, written down once as text -------------------------------------------------


def listed(text: str) -> list[str]:
    return text.split()


BANK_HOLIDAYS = listed(
    "2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28 2027-01-01 2027-03-26 2027-03-29 2027-05-03 "
    "2027-05-31 2027-08-30 2027-12-27 2027-12-28 2028-01-03 2028-04-14 2028-04-17 2028-05-01 2028-05-29 2028-08-28 2028-12-25 2028-12-26"
)
TERMS = listed(
    "2026-01-05/2026-02-13 2026-02-23/2026-04-02 2026-04-20/2026-05-22 2026-06-01/2026-07-21 2026-09-02/2026-10-23 2026-11-02/2026-12-18 "
    "2027-01-04/2027-02-12 2027-02-22/2027-03-25 2027-04-12/2027-05-28 2027-06-07/2027-07-21 2027-09-02/2027-10-22 2027-11-01/2027-12-17 "
    "2028-01-04/2028-02-18 2028-02-28/2028-04-07 2028-04-24/2028-05-26 2028-06-05/2028-07-21"
)
STAFF_ONLY = listed("2026-01-05 2026-09-02 2026-09-03 2026-11-27 2027-01-04 2027-07-21 2027-09-02 2028-01-04 2028-06-16")
SHUT = listed("2027-01-13 2027-01-14 2028-02-02")
#: Sundays on which the clocks change, opened as school days: the offset differs between midnight and the bell.
OPENED = listed("2026-03-29 2026-10-25 2027-10-31 2028-03-26")

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 11, 15, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def policy(day_start: time = time(8, 30), margin_minutes: int = 30, holiday_limit_days: int = 4) -> Policy:
    return Policy(
        owner_kind=OwnerKind.FORCE,
        owner="testshire-police",
        name="Testshire",
        effective_from_on=date(2026, 1, 1),
        teams=Teams(review="hub", live="night-desk", phone="phone-desk", authority_lead="lead"),
        day_start=day_start,
        margin_minutes=margin_minutes,
        holiday_limit_days=holiday_limit_days,
    )


def dates(texts: list[str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(text) for text in texts)


CALENDAR = Calendar(
    bank_holidays=dates(BANK_HOLIDAYS),
    terms=tuple(Term(first_on=date.fromisoformat(term[:10]), last_on=date.fromisoformat(term[11:])) for term in TERMS),
    overrides=dict.fromkeys(dates(STAFF_ONLY), DayKind.STAFF_ONLY)
    | dict.fromkeys(dates(SHUT), DayKind.CLOSED)
    | dict.fromkeys(dates(OPENED), DayKind.SCHOOL),
)

# --- the oracle -------------------------------------------------------------------------------------------------------


def known(on: str) -> bool:
    return TERMS[0][:10] <= on <= TERMS[-1][11:]


@cache
def school_days() -> frozenset[str]:
    """Every school day, as text: those of the terms, and outside all of them, where nothing is known, every weekday."""
    days = set()
    on = FIRST.date()
    while on.year < 2030:
        text = on.isoformat()
        if on.isoweekday() <= 5 and (not known(text) or any(term[:10] <= text <= term[11:] for term in TERMS)):
            days.add(text)
        on += DAY
    return frozenset(days - set(BANK_HOLIDAYS) - set(STAFF_ONLY) - set(SHUT) | set(OPENED))


@cache
def clock_change(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    while last.strftime("%a") != "Sun":
        last -= DAY
    return last


def on_the_wall(utc: datetime) -> str:
    summer = clock_change(utc.year, 3) <= utc < clock_change(utc.year, 10)
    return (utc + timedelta(hours=1 if summer else 0)).strftime("%Y-%m-%d %H:%M")


@cache
def bells(day_start: time) -> list[datetime]:
    """Every minute at which London's clocks show ``day_start``, found by looking at all of them once."""
    found, utc = [], FIRST
    while utc < LAST + 90 * DAY:
        # London is a whole number of hours from UTC, so most minutes need no closer look.
        if utc.minute == day_start.minute and on_the_wall(utc)[11:] == f"{day_start:%H:%M}":
            found.append(utc)
        utc += MINUTE
    return found


def first_bell(believed_at: datetime, day_start: time, *, every_day: bool = False) -> datetime:
    """The first minute at or after belief at which London's clocks show ``day_start`` of a school day."""
    return next(bell for bell in bells(day_start) if bell >= believed_at and (every_day or on_the_wall(bell)[:10] in school_days()))


def staff_arrive(believed_at: datetime) -> datetime:
    """07:00 of the first staff day that is not over (15:30) at belief."""
    ends = (end for end in bells(time(15, 30)) if end >= believed_at)
    on = next(day for day in (on_the_wall(end)[:10] for end in ends) if day in school_days() or day in STAFF_ONLY)
    return next(bell for bell in bells(time(7, 0)) if on_the_wall(bell)[:10] == on)


def days_away(believed_at: datetime, bell: datetime) -> int:
    """How many London dates from that of belief to that of the bell have no school."""
    on, away = date.fromisoformat(on_the_wall(believed_at)[:10]), 0
    while on.isoformat() < on_the_wall(bell)[:10]:
        away += on.isoformat() not in school_days()
        on += DAY
    return away


def in_a_holiday(on: str, limit: int) -> bool:
    """Whether a date without school stands in a row of more of them than the limit: walked to both ends."""
    run, each = 0, date.fromisoformat(on)
    while each.isoformat() not in school_days():
        run, each = run + 1, each + DAY
    each = date.fromisoformat(on) - DAY
    while run and each.isoformat() not in school_days() and each >= FIRST.date():
        run, each = run + 1, each - DAY
    return run > limit


# --- what is compared -------------------------------------------------------------------------------------------------


def setting_and_live(owed: tuple[Obligation, ...]) -> tuple[Obligation, Obligation | None]:
    live = [obligation for obligation in owed if obligation.purpose == "holiday-live"]
    (setting,) = (obligation for obligation in owed if obligation.purpose != "holiday-live")
    assert len(live) <= 1
    return setting, live[0] if live else None


def agrees(believed_at: datetime, rules: Policy) -> None:
    bell = first_bell(believed_at, rules.day_start)
    margin = timedelta(minutes=rules.margin_minutes)
    setting, live = setting_and_live(obligations(CALENDAR, rules, believed_at, believed_at))
    assert setting.deadline_at == bell - margin
    assert setting.school_day_on == date.fromisoformat(on_the_wall(bell)[:10])
    assert setting.calendar_known is known(on_the_wall(bell)[:10])
    away = days_away(believed_at, bell) > rules.holiday_limit_days
    assert setting.purpose == ("first-staff-day" if away else "school-day")
    assert (live is not None) is (away or in_a_holiday(on_the_wall(believed_at)[:10], rules.holiday_limit_days))
    if live is not None:
        assert live.deadline_at == first_bell(believed_at, rules.day_start, every_day=True) - margin
        assert live.send_at == believed_at
    assert setting.send_at == (max(believed_at, staff_arrive(believed_at)) if away else believed_at)


def change_points() -> list[datetime]:
    """Midnight in London and in UTC, the bell and the deadline in either offset, and the changing hours, of every date at an edge."""
    edges = {*BANK_HOLIDAYS, *STAFF_ONLY, *SHUT, *OPENED, "2027-03-28", "2028-10-29"}
    edges |= {edge for term in TERMS for edge in term.split("/")}
    points = []
    for midnight in (datetime.fromisoformat(f"{edge}T00:00+00:00") for edge in sorted(edges)):
        minutes = [0, 60, 120, 420, 450, 480, 510, 930, 23 * 60]
        points += [midnight + timedelta(days=day, minutes=minute) for day in (-1, 0, 1) for minute in minutes]
    return [point for point in points if FIRST <= point <= LAST]


MOMENTS = st.integers(0, math.floor((LAST - FIRST).total_seconds())).map(lambda seconds: FIRST + timedelta(seconds=seconds))
NEAR_A_CHANGE = st.tuples(st.sampled_from(change_points()), st.integers(-90, 90)).map(lambda pair: pair[0] + timedelta(seconds=pair[1]))
BELIEFS = MOMENTS | NEAR_A_CHANGE
RULES = st.builds(policy, st.sampled_from([time(8, 30), time(7, 45), time(9, 0)]), st.sampled_from([30, 5, 45]), st.integers(2, 20))


@pytest.mark.parametrize("off_seconds", [-60, -1, 0, 1, 60])
def test_the_deadline_is_the_oracles_around_every_change_point(off_seconds: int) -> None:
    points = sorted(set(change_points()))
    assert len(points) > 1000
    for point in points:
        agrees(point + timedelta(seconds=off_seconds), policy())


@settings(deadline=None, max_examples=300)
@given(believed_at=BELIEFS, rules=RULES)
def test_the_deadline_is_the_oracles_at_any_moment_under_any_policy(believed_at: datetime, rules: Policy) -> None:
    agrees(believed_at, rules)


@settings(deadline=None)
@given(believed_at=BELIEFS, other_at=BELIEFS, rules=RULES)
def test_a_later_belief_never_has_an_earlier_deadline(believed_at: datetime, other_at: datetime, rules: Policy) -> None:
    earlier, later = sorted((believed_at, other_at))
    first, _ = setting_and_live(obligations(CALENDAR, rules, earlier, later))
    second, _ = setting_and_live(obligations(CALENDAR, rules, later, later))
    assert first.deadline_at <= second.deadline_at


@settings(deadline=None)
@given(believed_at=BELIEFS, late=st.timedeltas(timedelta(0), timedelta(days=120)), rules=RULES)
def test_late_arrival_moves_no_deadline_and_never_sends_later_than_it_must(believed_at: datetime, late: timedelta, rules: Policy) -> None:
    received_at = believed_at + late
    prompt = {owed.purpose: owed for owed in obligations(CALENDAR, rules, believed_at, believed_at)}
    arrived = {owed.purpose: owed for owed in obligations(CALENDAR, rules, believed_at, received_at)}
    assert set(prompt) <= set(arrived)
    assert set(arrived) - set(prompt) <= {"holiday-live"}
    for purpose, owed in arrived.items():
        assert purpose not in prompt or owed.deadline_at == prompt[purpose].deadline_at
        assert received_at <= owed.send_at <= max(received_at, owed.deadline_at - MINUTE)
        assert owed.send_at == received_at or purpose == "first-staff-day"
        left = owed.deadline_at - received_at
        expected = "late-on-arrival" if left <= timedelta(0) else "urgent" if left < timedelta(hours=1) else "ordinary"
        assert owed.urgency == expected


@settings(deadline=None)
@given(believed_at=BELIEFS, mostly_closed=st.booleans())
def test_where_nothing_is_known_the_next_weekday_is_a_school_day(believed_at: datetime, mostly_closed: bool) -> None:
    unknown = Calendar(bank_holidays=dates(BANK_HOLIDAYS))
    setting, live = setting_and_live(obligations(unknown, policy(), believed_at, believed_at, mostly_closed=mostly_closed))
    assert not setting.calendar_known
    expected = first_bell(believed_at, time(8, 30), every_day=True)
    while expected.isoweekday() > 5 or on_the_wall(expected)[:10] in BANK_HOLIDAYS:
        expected = first_bell(expected + MINUTE, time(8, 30), every_day=True)
    assert setting.deadline_at == expected - timedelta(minutes=30)
    assert (live is not None) is mostly_closed
