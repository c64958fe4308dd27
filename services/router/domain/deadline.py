"""By when someone must have acknowledged, who that is, and from when on they are told (design section 5).

Two times, never mixed: what is owed is *sent* as soon as practicable (Domestic Abuse Act 2021 s.49A: "as soon as is reasonably
practicable") and must be acknowledged before its *deadline*, the start of the child's next school day less a margin for a telephone call.
Every deadline is counted from the instant of belief, so a report that arrives late is late: its deadline has not moved.

An instant of belief after receipt is a clock or typing error; receipt stands in for it, being the earlier.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from shared.calendar import Calendar, Day, DayKind, at, london_date
from shared.calendar.days import SEARCH_DAYS
from shared.policy import Policy

Purpose = Literal["school-day", "holiday-live", "first-staff-day"]
Urgency = Literal["ordinary", "urgent", "late-on-arrival"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One thing owed to one recipient: the setting (``school-day``, ``first-staff-day``) or the authority's live team (``holiday-live``).

    Nothing is sent before ``send_at``. ``calendar_known`` is false when the school day was assumed; ``school_day_on`` is None when no
    school day follows within the calendar's search.
    """

    purpose: Purpose
    send_at: datetime
    deadline_at: datetime
    urgency: Urgency
    calendar_known: bool
    school_day_on: date | None


def obligations(
    calendar: Calendar, policy: Policy, believed_at: datetime, received_at: datetime, *, mostly_closed: bool = False
) -> tuple[Obligation, ...]:
    """What is owed about one child at one setting, the setting's own obligation last; never empty. Instants are aware.

    - Ordinarily one, ``school-day``: sent at receipt, deadline the first start of a school day at or after belief, less the margin.
    - When more than ``holiday_limit_days`` dates from the London date of belief up to that school day have no school, two:
      ``holiday-live`` at receipt, and ``first-staff-day`` with the same deadline as before, sent at ``staff_day_send`` of the first staff
      day that is not over at receipt (a setting that is at work right now hears right now), or at receipt when it is late already.
    - A closure as long as that which holds at *receipt* adds ``holiday-live`` too: a late report must not wait in an empty office. Its
      last days are as empty as its first, so the closure counts whole: the setting then hears at once, as ordinarily, and somebody besides.
    - So does, where the policy says so (``weekend.live_team``), a next school day that begins more than 24 hours after receipt.
    - So does an assumed school day while most settings of the authority are closed (``mostly_closed``).
    - A setting that never opens again within the search has ``holiday-live`` alone.

    The deadline of ``holiday-live`` is counted as if every calendar day were a school day: a live team has at most until the next morning,
    and is not made late at night by a fixed number of minutes.

    Belief on Friday 23:10, school on Monday: one, due Monday 08:00. On the last night of term: the live team by 08:00 the next morning, and
    the setting from 07:00 on its first staff day.
    """
    belief = min(believed_at, received_at)
    school = _school_day(calendar, policy, belief)
    away = _away(calendar, policy, belief, school)
    assumed = school is not None and not school.known
    owed: list[Obligation] = []
    if away or (assumed and mostly_closed) or _wants_somebody_live(calendar, policy, belief, received_at):
        live_on = _first_on(policy.day_start, belief)
        owed.append(_obligation("holiday-live", policy, live_on, received_at, received_at, school))
    if school is not None:
        purpose: Purpose = "first-staff-day" if away else "school-day"
        send_at = _staff_day_send_at(calendar, policy, school, received_at) if away else received_at
        owed.append(_obligation(purpose, policy, school.on, send_at, received_at, school))
    return tuple(owed)


def next_school_on(calendar: Calendar, policy: Policy, instant: datetime) -> date | None:
    """The school day whose start is the first at or after ``instant``; None when none follows within the calendar's search."""
    school = _school_day(calendar, policy, instant)
    return None if school is None else school.on


def of_live(obligation: Obligation, policy: Policy, believed_at: datetime, received_at: datetime) -> Obligation:
    """The same ``holiday-live`` obligation by the policy of whoever is told, which may not be the setting's."""
    deadline_at = _deadline(policy, _first_on(policy.day_start, min(believed_at, received_at)))
    return replace(obligation, deadline_at=deadline_at, urgency=_urgency(policy, deadline_at, received_at))


def of_attendance(
    owed: tuple[Obligation, ...], calendar: Calendar, policy: Policy, weekdays: frozenset[int], received_at: datetime
) -> tuple[Obligation, ...]:
    """The same for a child who attends on ``weekdays`` alone (Monday = 0): her school day is the first on which she is there herself.

    What is sent when does not change: the setting is at work, and hears as soon as any other. A child who is never there within the
    calendar's search keeps the setting's own day.
    """
    return tuple(one if one.purpose == "holiday-live" else _attended(one, calendar, policy, weekdays, received_at) for one in owed)


def again(calendar: Calendar, policy: Policy, purpose: Purpose, instant: datetime) -> Obligation:
    """What is owed to a recipient that was told for ``purpose``, when something that came at ``instant`` must be told again.

    Its deadline is counted from that instant: what was owed before keeps its own. A setting that never opens again within the search, and
    a live team, have until the next morning.
    """
    owed = obligations(calendar, policy, instant, instant)[-1]
    if purpose != "holiday-live" and owed.purpose != "holiday-live":
        return owed
    return _obligation("holiday-live", policy, _first_on(policy.day_start, instant), instant, instant, None)


def unknown_setting_obligations(
    authority: Calendar, policy: Policy, believed_at: datetime, received_at: datetime
) -> tuple[Obligation, ...]:
    """The same for a child whose setting nobody knows yet; ``authority`` is the calendar of the authority's terms.

    Its setting may keep other terms, so every weekday that is not a bank holiday counts as its school day (D6); while the authority's own
    terms make a closure over the limit, the live team is owed as well.
    """
    belief = min(believed_at, received_at)
    closed = _away(authority, policy, belief, _school_day(authority, policy, belief)) or in_long_closure(authority, policy, belief)
    return obligations(Calendar(bank_holidays=authority.bank_holidays), policy, believed_at, received_at, mostly_closed=closed)


def review_deadline(owed: tuple[Obligation, ...], policy: Policy, received_at: datetime) -> datetime:
    """By when a held child must be settled, or the review passes to the next owner.

    ``review_margin_minutes`` before the earliest deadline of what is owed, so that whoever is found can still be told in time; but never
    less than ``review_minimum_minutes`` after receipt, because nobody settles a case in the past. That may lie after a deadline which is
    passed or very near: the review then escalates at once after the minimum, and the child is late, never lost. Raises ValueError when
    nothing is owed.
    """
    before = min(obligation.deadline_at for obligation in owed) - timedelta(minutes=policy.review_margin_minutes)
    return max(before, received_at + timedelta(minutes=policy.review_minimum_minutes))


def _obligation(purpose: Purpose, policy: Policy, on: date, send_at: datetime, received_at: datetime, school: Day | None) -> Obligation:
    deadline_at = _deadline(policy, on)
    return Obligation(
        purpose=purpose,
        send_at=send_at,
        deadline_at=deadline_at,
        urgency=_urgency(policy, deadline_at, received_at),
        calendar_known=school is None or school.known,
        school_day_on=school.on if school is not None else None,
    )


def _attended(one: Obligation, calendar: Calendar, policy: Policy, weekdays: frozenset[int], received_at: datetime) -> Obligation:
    day = calendar.day(one.school_day_on) if one.school_day_on is not None else None
    for _ in range(SEARCH_DAYS):
        if day is None or day.on.weekday() in weekdays:
            break
        day = calendar.first_school_day(day.on + _DAY)
    return one if day is None else _obligation(one.purpose, policy, day.on, one.send_at, received_at, day)


def _urgency(policy: Policy, deadline_at: datetime, received_at: datetime) -> Urgency:
    if received_at >= deadline_at:
        return "late-on-arrival"
    if deadline_at - received_at < timedelta(minutes=policy.too_near_minutes):
        return "urgent"
    return "ordinary"


def _deadline(policy: Policy, on: date) -> datetime:
    return at(on, policy.day_start) - timedelta(minutes=policy.margin_minutes)


def _school_day(calendar: Calendar, policy: Policy, instant: datetime) -> Day | None:
    return calendar.first_school_day(_first_on(policy.day_start, instant))


def _first_on(wall: time, instant: datetime) -> date:
    """The first date on which London's clocks show ``wall`` at or after ``instant``."""
    on = london_date(instant)
    return on if at(on, wall) >= instant else on + _DAY


def _away(calendar: Calendar, policy: Policy, instant: datetime, school: Day | None) -> bool:
    """Whether more dates than the limit, from the London date of ``instant`` on, pass without school."""
    return school is None or calendar.closed_days_before(school.on, london_date(instant)) > policy.holiday_limit_days


def in_long_closure(calendar: Calendar, policy: Policy, instant: datetime) -> bool:
    """Whether the London date of ``instant`` lies in a closure over the limit, counted from its first date without school to its last."""
    today = london_date(instant)
    if calendar.day(today).kind is DayKind.SCHOOL:
        return False
    back = calendar.first_school_day(today)
    if back is None:
        return True
    closed, on = calendar.closed_days_before(back.on, today), today - _DAY
    while closed <= policy.holiday_limit_days and calendar.day(on).kind is not DayKind.SCHOOL:
        closed, on = closed + 1, on - _DAY
    return closed > policy.holiday_limit_days


def _wants_somebody_live(calendar: Calendar, policy: Policy, belief: datetime, received_at: datetime) -> bool:
    """Whether a closure over the limit lies ahead of receipt, or around belief or receipt; or the policy wants somebody at weekends too."""
    ahead = _away(calendar, policy, received_at, _school_day(calendar, policy, received_at))
    around = any(in_long_closure(calendar, policy, instant) for instant in {belief, received_at})
    return ahead or around or _is_weekend(calendar, policy, received_at)


def _is_weekend(calendar: Calendar, policy: Policy, received_at: datetime) -> bool:
    """Whether the policy wants somebody told beside the setting now: no school day begins within a day."""
    if not policy.weekend.live_team:
        return False
    school = _school_day(calendar, policy, received_at)
    return school is None or at(school.on, policy.day_start) - received_at > _DAY


def _staff_day_send_at(calendar: Calendar, policy: Policy, school: Day, received_at: datetime) -> datetime:
    if received_at >= _deadline(policy, school.on):
        return received_at
    # A school day is a staff day, so there is one no later than the school day itself.
    staff = calendar.first_staff_day(_first_on(policy.day_end, received_at)) or school
    return max(received_at, at(staff.on, policy.staff_day_send))
