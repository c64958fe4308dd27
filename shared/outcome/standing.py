"""How one thing that is owed to a child stands, and how one destination's promise does: the parts of ``outcome``.

Every function says what is true at ``now`` from facts alone. What was due in the past and is in nobody's hands is *lost*.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from shared.events import (
    AttemptEnded,
    AttemptStarted,
    ChildRecalled,
    Fact,
    IncidentRouted,
    NotificationAcknowledged,
    NotificationFact,
    NotificationLate,
    NotificationOpened,
    NotificationPassedOn,
    PhoneTaskOpened,
    RungClimbed,
)

HAND_OVER = timedelta(minutes=5)
"""How long a fact may take from one service to the next: received to routed, routed to opened, recalled to decided again."""

GRACE = timedelta(minutes=5)
"""How long something that is due may take to be done: longer than the lease of a program that died doing it (notifier's: three)."""


class Outcome(StrEnum):
    """What a child ended in, or is in. Written in the order of need: of several obligations the first of these is the child's."""

    LOST = "lost"
    LATE = "late"
    HELD = "held"
    WAITING = "waiting"
    RECALLED = "recalled"
    ACKNOWLEDGED = "acknowledged"
    EXCLUDED = "excluded"


class NextAction(StrEnum):
    """What happens next if nobody does anything sooner."""

    ROUTING = "routing"
    OPENING = "opening"
    RUNG = "rung"
    TELEPHONE_CALL = "telephone-call"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one obligation stands, ``since`` when. Instants are UTC; of what is lost, ``next_action_at`` is when it should have been.

    ``owner`` is the id of the team that has it or, for an exclusion, who decided; ``reason`` is a code.
    """

    outcome: Outcome
    since: datetime
    next_action: NextAction | None = None
    next_action_at: datetime | None = None
    deadline_at: datetime | None = None
    owner: str | None = None
    reason: str | None = None


def lost(standing: Standing, due_at: datetime) -> Standing:
    """The same, but nobody did it when it was due."""
    return replace(standing, outcome=Outcome.LOST, since=due_at)


def handed_over(action: NextAction, since: datetime, now: datetime) -> Standing:
    """Waiting for the next service, which has five minutes; then nobody has it."""
    due_at = since + HAND_OVER
    standing = Standing(outcome=Outcome.WAITING, since=since, next_action=action, next_action_at=due_at)
    return standing if now < due_at else lost(standing, due_at)


def neediest(owed: Sequence[Standing], now: datetime) -> Standing:
    """The first in the order of need; of equal ones that with the earliest deadline. Nothing owed at all was never received: lost."""
    order = list(Outcome)
    never_received = Standing(outcome=Outcome.LOST, since=now)
    return min(owed, key=lambda one: (order.index(one.outcome), one.deadline_at or one.since, one.since), default=never_received)


def at_destination(
    routed: IncidentRouted,
    history: Sequence[NotificationFact],
    recall: ChildRecalled | None,
    acknowledged: NotificationAcknowledged | None,
    now: datetime,
) -> Standing:
    """How the promise to one destination stands for one child; ``history`` is that of its notification.

    A recall outlives an acknowledgement: what the wrong setting said counts for nothing.
    """
    if recall is not None:
        return Standing(outcome=Outcome.RECALLED, since=recall.recalled_at, reason=recall.reason)
    if acknowledged is not None:
        return Standing(outcome=Outcome.ACKNOWLEDGED, since=acknowledged.acknowledged_at, deadline_at=routed.deadline_at)
    opened = first(NotificationOpened, history)
    if opened is None:
        return replace(handed_over(NextAction.OPENING, routed.routed_at, now), deadline_at=routed.deadline_at)
    return _unacknowledged(opened, history, now)


def _unacknowledged(opened: NotificationOpened, history: Sequence[NotificationFact], now: datetime) -> Standing:
    """Late with an owner, waiting for what comes next, or lost.

    Nothing is planned after max(deadline, opened), so what stands there is owed by then, too. An open telephone task is somebody's: while
    the deadline is ahead the call is what comes next, and after it the notification is late.
    """
    task, late = last(PhoneTaskOpened, history), last(NotificationLate, history)
    if late is not None:
        return _late(opened, late.owner, late.late_at)
    if task is not None and now >= opened.deadline_at:
        return _late(opened, task.owner, max(opened.deadline_at, task.opened_at))
    at, since = _next(opened, history)
    due_at = since if at is None else min(at, max(opened.deadline_at, opened.opened_at))
    standing = Standing(
        outcome=Outcome.WAITING,
        since=since,
        next_action=NextAction.RUNG,
        next_action_at=at,
        deadline_at=opened.deadline_at,
        owner=task.owner if task else None,
    )
    if task is not None and (at is None or now >= due_at):
        return replace(standing, next_action=NextAction.TELEPHONE_CALL, next_action_at=opened.deadline_at)
    return standing if now < max(due_at, _last_attempt_at(history, due_at)) + GRACE else lost(standing, due_at)


def _late(opened: NotificationOpened, owner: str, since: datetime) -> Standing:
    return Standing(outcome=Outcome.LATE, since=since, next_action=NextAction.TELEPHONE_CALL, deadline_at=opened.deadline_at, owner=owner)


def _next(opened: NotificationOpened, history: Sequence[NotificationFact]) -> tuple[datetime | None, datetime]:
    """When the plan goes on (None: it does not), and since when that has been so: the last fact that says so holds."""
    at: datetime | None = opened.next_action_at
    since = opened.opened_at
    for fact in history:
        match fact:
            case RungClimbed():
                at, since = fact.next_action_at, fact.climbed_at
            case NotificationPassedOn():
                at, since = fact.next_action_at, fact.passed_on_at
    return at, since


def _last_attempt_at(history: Sequence[NotificationFact], otherwise: datetime) -> datetime:
    """A message that is being handed over, or tried again, is work in progress."""
    at = otherwise
    for fact in history:
        match fact:
            case AttemptStarted():
                at = fact.started_at
            case AttemptEnded():
                at = fact.ended_at
    return at


# --- looking up -----------------------------------------------------------------------------------------------------------------------

Kind = TypeVar("Kind", bound=Fact)


def first(kind: type[Kind], facts: Iterable[Fact]) -> Kind | None:
    """The first fact of that kind."""
    return next((fact for fact in facts if isinstance(fact, kind)), None)


def last(kind: type[Kind], facts: Sequence[Fact]) -> Kind | None:
    """The last fact of that kind."""
    return first(kind, reversed(facts))


def after(mark: Fact, facts: Sequence[Fact]) -> Sequence[Fact]:
    """The facts that follow ``mark``, which is one of them."""
    return facts[next(index for index, fact in enumerate(facts) if fact is mark) + 1 :]
