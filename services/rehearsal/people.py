"""How people answer in a rehearsal: some at once, some late, some never; on leave in the holidays, and some addresses bounce.

A model, not a measurement: the shares below are assumptions, the same for every policy that is compared. Everything follows from a seed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from shared.calendar import Calendar, DayKind, at, london_date
from shared.calendar.wall import LONDON

Item = TypeVar("Item")

ANSWERS, PASSES_ON, FORGETS, ON_LEAVE, BOUNCES = "answers", "passes-on", "forgets", "on-leave", "bounces"
HABITS = (*[ANSWERS] * 80, *[PASSES_ON] * 4, *[FORGETS] * 9, *[ON_LEAVE] * 4, *[BOUNCES] * 3)
MINUTES = (2, 4, 5, 8, 10, 15, 20, 30, 45, 60, 90, 150)
ON_DUTY_MINUTES = (2, 3, 5, 8, 12, 20)
RING_MINUTES = (1, 2, 3, 5, 8)
WAKES, GOES_TO_BED = time(6, 35), time(22, 30)
OFFICE_OPENS, OFFICE_CLOSES = time(7, 45), time(16, 30)
CALLS_MOST = 40
GAP, LATER = timedelta(minutes=5), timedelta(minutes=30)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What came of a message: acknowledged ``at``; or, when it is None, nothing. ``moves_on``: the next rung is due at once, at ``at``
    when somebody passed it on and at the sending when it bounced."""

    at: datetime | None
    moves_on: bool = False


def drawn(items: Sequence[Item], seed: int, key: str) -> Item:
    """One of these, always the same for seed and key."""
    digest = hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
    return items[int.from_bytes(digest, "big") % len(items)]


def of_setting(seed: int, key: str, sent_at: datetime, calendar: Calendar, *, in_holiday: bool) -> Reaction:
    """How a contact of a setting reacts. On a day without staff she looks on the next one that has any; a holiday contact (``in_holiday``)
    looks on every day."""
    habit = drawn(HABITS, seed, f"habit {key}")
    if habit == BOUNCES:
        return Reaction(at=sent_at, moves_on=True)
    if habit in (FORGETS, ON_LEAVE):
        return Reaction(at=None)
    looks_at = _awake(sent_at) + timedelta(minutes=drawn(MINUTES, seed, f"delay {key}"))
    if not in_holiday and calendar.day(london_date(looks_at)).kind is DayKind.CLOSED:
        staffed = calendar.first_staff_day(london_date(looks_at))
        if staffed is None:
            return Reaction(at=None)
        looks_at = at(staffed.on, OFFICE_OPENS)
    return Reaction(at=looks_at, moves_on=habit == PASSES_ON)


def of_team(seed: int, key: str, sent_at: datetime) -> Reaction:
    """Whoever is on duty answers, at any hour; one in twenty-five does not look."""
    if drawn(range(25), seed, f"habit {key}") == 0:
        return Reaction(at=None)
    return Reaction(at=sent_at + timedelta(minutes=drawn(ON_DUTY_MINUTES, seed, f"delay {key}")))


def by_telephone(seed: int, key: str, due_at: datetime, deadline_at: datetime, calendar: Calendar | None) -> datetime | None:
    """When a call is answered by somebody who takes it: at a setting in office hours of its staff days, at a team at any hour."""
    rings_at = due_at + timedelta(minutes=drawn(RING_MINUTES, seed, f"ring {key}"))
    for number in range(CALLS_MOST):
        if calendar is not None and (opens_at := _opens(calendar, rings_at)) != rings_at:
            if opens_at is None:
                return None
            rings_at = opens_at
        if drawn(range(100), seed, f"call {number} {key}") < 80:
            return rings_at + timedelta(minutes=4)
        rings_at += GAP if rings_at < deadline_at else LATER
    return None


def _awake(instant: datetime) -> datetime:
    wall, on = instant.astimezone(LONDON).time(), london_date(instant)
    if wall >= GOES_TO_BED:
        return at(on + _DAY, WAKES)
    return at(on, WAKES) if wall < WAKES else instant


def _opens(calendar: Calendar, instant: datetime) -> datetime | None:
    """``instant`` when somebody is in the office then; else when next somebody is."""
    on: date = london_date(instant)
    wall = instant.astimezone(LONDON).time()
    if calendar.day(on).kind is not DayKind.CLOSED:
        if OFFICE_OPENS <= wall <= OFFICE_CLOSES:
            return instant
        if wall < OFFICE_OPENS:
            return at(on, OFFICE_OPENS)
    staffed = calendar.first_staff_day(on + _DAY)
    return None if staffed is None else at(staffed.on, OFFICE_OPENS)
