"""Which teams are on duty at an instant, and when nobody is (design section 5: a live recipient in every hour of the year).

Hours of duty are London wall times. A stretch begins on a date on which it holds and ends on the same date or the next; on the nights on
which the clocks change it is an hour shorter or longer, as the people in it find it.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.calendar.wall import LONDON, at, london_date
from shared.policy.parts import WEEKDAYS, Duty
from shared.policy.reading import Problem
from shared.policy.values import Policy

_DAY = timedelta(days=1)
_YEAR = timedelta(days=365)
_TOLD = 3
_REMEDY = "add a stretch, or let one hold on bank holidays too; without any hours of duty teams.live answers at all of them"


class _AnyDate:
    """Bank holidays that might be any date: one may be proclaimed days before it."""

    def __contains__(self, on: object) -> bool:
        return True


ANY_DATE: Container[date] = _AnyDate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From ``begins_at`` up to, not including, ``ends_at``: UTC instants."""

    begins_at: datetime
    ends_at: datetime


def on_duty(policy: Policy, instant: datetime, bank_holidays: Container[date]) -> tuple[str, ...]:
    """The teams on duty at ``instant`` (aware), in the order in which the policy names them, each once.

    A policy without hours of duty means that ``teams.live`` answers at all hours. ``bank_holidays`` are those of the authority's nation.
    Empty when nobody is on duty, which ``uncovered`` finds before a policy is taken.
    """
    if not policy.duty:
        return (policy.teams.live,)
    today = london_date(instant)
    found = (
        duty.team
        for duty in policy.duty
        if any(one.begins_at <= instant < one.ends_at for one in _stretches(duty, today - _DAY, today, bank_holidays))
    )
    return tuple(dict.fromkeys(found))


def uncovered(policy: Policy, first_on: date, last_on: date, bank_holidays: Container[date]) -> tuple[Stretch, ...]:
    """When nobody is on duty, from the start of ``first_on`` to the end of ``last_on`` (London dates): in order, none touching another."""
    if not policy.duty:
        return ()
    begins_at, end = _midnight(first_on), _midnight(last_on + _DAY)
    stretches = sorted(
        (one for duty in policy.duty for one in _stretches(duty, first_on - _DAY, last_on, bank_holidays)), key=lambda one: one.begins_at
    )
    gaps: list[Stretch] = []
    covered_until = begins_at
    for one in stretches:
        if one.begins_at > covered_until:
            gaps.append(Stretch(begins_at=covered_until, ends_at=min(one.begins_at, end)))
        covered_until = max(covered_until, one.ends_at)
        if covered_until >= end:
            return tuple(gaps)
    return (*gaps, Stretch(begins_at=covered_until, ends_at=end))


def problems(policy: Policy, first_on: date) -> tuple[Problem, ...]:
    """What is wrong with a plan that leaves an hour of the year from ``first_on`` on without a team on duty; the first stretches in words.

    It must hold on ordinary days, and were any of them a bank holiday: one that is proclaimed at short notice finds the plan as it is.
    """
    last_on = first_on + _YEAR
    for bank_holidays, when in (((), ""), (ANY_DATE, ", were it a bank holiday")):
        if gaps := uncovered(policy, first_on, last_on, bank_holidays):
            told = ", ".join(f"from {_wall(gap.begins_at)} to {_wall(gap.ends_at)}" for gap in gaps[:_TOLD])
            more = f", and {len(gaps) - _TOLD} more times within a year" if len(gaps) > _TOLD else ""
            return (Problem(path="duty", wrong=f"nobody is on duty {told}{more}{when}", remedy=_REMEDY),)
    return ()


def _wall(instant: datetime) -> str:
    return f"{instant.astimezone(LONDON):%a %-d %b %Y %H:%M}"


def _stretches(duty: Duty, first_on: date, last_on: date, bank_holidays: Container[date]) -> Iterator[Stretch]:
    """The stretches that begin on these dates."""
    for number in range((last_on - first_on).days + 1):
        on = first_on + number * _DAY
        if _holds(duty, on, bank_holidays):
            ends_on = on if duty.end > duty.start else on + _DAY
            yield Stretch(begins_at=at(on, duty.start), ends_at=at(ends_on, duty.end))


def _holds(duty: Duty, on: date, bank_holidays: Container[date]) -> bool:
    return (
        WEEKDAYS[on.weekday()] in duty.days
        and (duty.bank_holidays or on not in bank_holidays)
        and (duty.first_on is None or duty.first_on <= on)
        and (duty.last_on is None or on <= duty.last_on)
    )


def _midnight(on: date) -> datetime:
    return at(on, datetime.min.time())
