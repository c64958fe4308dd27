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
    DestinationRevised,
    Fact,
    IncidentRouted,
    NotificationAcknowledged,
    NotificationFact,
    NotificationLate,
    NotificationOpened,
    NotificationPassedOn,
    NotificationRevised,
    PhoneTaskEnded,
    PhoneTaskOpened,
    RungClimbed,
)

HAND_OVER = timedelta(minutes=5)
"""How long a fact may take from one service to the next: received to routed, routed to opened, recalled to decided again."""

GRACE = timedelta(minutes=5)
"""How long something that is due may take to be done: longer than the lease of a program that died doing it (notifier's: three)."""

WITHDRAWN = "withdrawn"
"""The reason of an exclusion that the force's own later version brought about."""

BESIDE_THE_LADDER = frozenset({"one-channel", "conflict-check", "no-passphrase"})
"""Reasons of telephone tasks that are owed besides the ladder: an open one does not excuse a rung that nobody climbed."""


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
    child_id: str,
    revised: DestinationRevised | None,
    history: Sequence[NotificationFact],
    recall: ChildRecalled | None,
    acknowledged: NotificationAcknowledged | None,
    now: datetime,
) -> Standing:
    """How the promise to one destination stands for one child; ``history`` is that of its notification, ``revised`` the newest version that
    reached the destination.

    A recall outlives an acknowledgement: what the wrong setting said counts for nothing. A destination that is told of the child no more
    owes it nothing. A later version has five minutes to reach the notification; until then what stood before stands.
    """
    if recall is not None:
        return Standing(outcome=Outcome.RECALLED, since=recall.recalled_at, reason=recall.reason)
    if not is_told(routed, revised, child_id):
        at = revised.revised_at if revised is not None else routed.routed_at
        return Standing(outcome=Outcome.EXCLUDED, since=at, reason=revised.reason if revised is not None else None)
    opened = first(NotificationOpened, history)
    told_by = deadline(routed, history)
    if revised is not None and not _is_answered(revised, history):
        pending = replace(handed_over(NextAction.OPENING, revised.revised_at, now), deadline_at=told_by)
        if opened is None or pending.outcome is Outcome.LOST:
            return pending
    if acknowledged is not None:
        return Standing(outcome=Outcome.ACKNOWLEDGED, since=acknowledged.acknowledged_at, deadline_at=told_by)
    if opened is None:
        return replace(handed_over(NextAction.OPENING, routed.routed_at, now), deadline_at=told_by)
    return _unacknowledged(opened, history, told_by, now)


def is_told(routed: IncidentRouted, revised: DestinationRevised | None, child_id: str) -> bool:
    """Whether the destination is told of the child, by the newest word on it."""
    return child_id in (routed.child_ids if revised is None else revised.child_ids)


def deadline(routed: IncidentRouted, history: Sequence[NotificationFact]) -> datetime:
    """By when someone there must have acknowledged: as it was routed, until a change was told again with a deadline of its own."""
    said = [fact.deadline_at for fact in history if isinstance(fact, NotificationOpened | NotificationRevised)]
    return said[-1] if said else routed.deadline_at


def _is_answered(revised: DestinationRevised, history: Sequence[NotificationFact]) -> bool:
    return any(isinstance(fact, NotificationRevised) and fact.incident_version >= revised.incident_version for fact in history)


def _unacknowledged(opened: NotificationOpened, whole: Sequence[NotificationFact], deadline_at: datetime, now: datetime) -> Standing:
    """Late with an owner, waiting for what comes next, or lost.

    Nothing is planned after max(deadline, opened), so what stands there is owed by then, too. An open telephone task is somebody's: while
    the deadline is ahead the call is what comes next, and after it the notification is late. A change that was told again with a
    deadline of its own is a promise of its own: what was late before is not late now.
    """
    history = _since_reopened(whole)
    task, late = _open_task(history), last(NotificationLate, history)
    if late is not None:
        return replace(_late(deadline_at, late.owner, late.late_at), reason=late.reason)
    if task is not None and now >= deadline_at:
        return _late(deadline_at, task.owner, max(deadline_at, task.opened_at))
    at, since = _next(opened, history)
    due_at = since if at is None else min(at, max(deadline_at, since if history is not whole else opened.opened_at))
    standing = Standing(
        outcome=Outcome.WAITING,
        since=since,
        next_action=NextAction.RUNG,
        next_action_at=at,
        deadline_at=deadline_at,
        owner=task.owner if task else None,
    )
    if task is not None and (at is None or (now >= due_at and task.reason not in BESIDE_THE_LADDER)):
        return replace(standing, next_action=NextAction.TELEPHONE_CALL, next_action_at=deadline_at)
    return standing if now < max(due_at, _last_attempt_at(history, due_at)) + GRACE else lost(standing, due_at)


def _since_reopened(history: Sequence[NotificationFact]) -> Sequence[NotificationFact]:
    """From the last change on that gave the notification another deadline; all of it without one."""
    start, deadline_at = 0, None
    for index, fact in enumerate(history):
        if isinstance(fact, NotificationOpened | NotificationRevised):
            if deadline_at is not None and fact.deadline_at != deadline_at:
                start = index
            deadline_at = fact.deadline_at
    return history[start:] if start else history


def _open_task(history: Sequence[NotificationFact]) -> PhoneTaskOpened | None:
    """The newest telephone task that nobody has ended."""
    ended = {fact.phone_task_id for fact in history if isinstance(fact, PhoneTaskEnded)}
    return last(PhoneTaskOpened, [fact for fact in history if isinstance(fact, PhoneTaskOpened) and fact.phone_task_id not in ended])


def _late(deadline_at: datetime, owner: str, since: datetime) -> Standing:
    return Standing(outcome=Outcome.LATE, since=since, next_action=NextAction.TELEPHONE_CALL, deadline_at=deadline_at, owner=owner)


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
            case NotificationRevised():
                at, since = fact.next_action_at, fact.revised_at
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
