"""What a supervisor of the force must release before anybody is told, and by when. Pure (domain rules 8, 29 and 34).

The coded fields of a report say it, never a reading of its text. A reason holds every child of the report, but for where a child lives:
that is of her alone. It changes nothing about who she is; whoever releases decides on the same page as whoever settles a doubt, and both
are decisions with a name, a reason and a limit.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from shared.policy import Policy, ReleaseReason
from shared.report.codes import Behaviour, HandlingFlag, Role
from shared.report.model import Child, Report
from shared.report.reading import ADULT_AGE_YEARS, handling_flags

PREFIX = "release-"
"""Reasons of holding a child for a release begin so, and so does the evidence."""
BY_FLAG = {
    HandlingFlag.DEATH: ReleaseReason.DEATH,
    HandlingFlag.SUB_JUDICE: ReleaseReason.SUB_JUDICE,
    HandlingFlag.CONTACT_ORDER: ReleaseReason.CONTACT_ORDER,
}
"""Handling flags that are such a reason; without a policy that asks for a supervisor they stop the automatic way all the same."""

_PARTIES = (Role.VICTIM, Role.SUSPECT)


def reasons(report: Report, child: Child, on: date) -> tuple[ReleaseReason, ...]:
    """All that applies to this child on the London date ``on``, in the order of the code list, whatever any policy says of it."""
    found = set(_found(report, child, on))
    return tuple(one for one in ReleaseReason if one in found)


def needed(applies: Collection[ReleaseReason], policy: Policy) -> tuple[ReleaseReason, ...]:
    """Those of ``applies`` that this policy has a supervisor release."""
    return tuple(one for one in applies if one in policy.release.reasons)


def is_release(reason: str) -> bool:
    """Whether a review of that reason is a supervisor's to settle."""
    return reason.startswith(PREFIX) or reason == HandlingFlag.SUPERVISOR_RELEASE


def due_at(policy: Policy, received_at: datetime, review_deadline_at: datetime) -> datetime:
    """By when it must be released or refused: within the policy's limit, and never later than any review of that child."""
    return min(review_deadline_at, received_at + timedelta(minutes=policy.release.within_minutes))


def owner(policy: Policy, reason: str) -> str:
    """The team that settles a review of that reason."""
    return policy.teams.release or policy.teams.review if is_release(reason) else policy.teams.review


def _found(report: Report, child: Child, on: date) -> Iterator[ReleaseReason]:
    flags = handling_flags(report, child)
    yield from (reason for flag, reason in BY_FLAG.items() if flag in flags)
    if any(adult.role in _PARTIES and _is_young(adult.date_of_birth, on) for adult in report.adults):
        yield ReleaseReason.YOUNG_PARTY
    if Behaviour.CHILD_TO_PARENT in report.behaviours:
        yield ReleaseReason.CHILD_TO_PARENT
    if _lives_elsewhere(report, child):
        yield ReleaseReason.LIVES_ELSEWHERE


def _is_young(born: date | None, on: date) -> bool:
    """A party of 16 or 17 may be harmed or do harm in her own right (DA Act 2021 s.1); a younger one is a mistake that must be seen."""
    return born is not None and on.year - born.year - ((on.month, on.day) < (born.month, born.day)) < ADULT_AGE_YEARS


def _lives_elsewhere(report: Report, child: Child) -> bool:
    """Whether she lives with none of the adults of the report: telling her school could tell another household. What is not said of her
    home is no sign."""
    at_home = {adult.reference for adult in report.adults} & set(child.lives_with)
    return not at_home and bool(child.lives_with or child.lives_elsewhere)
