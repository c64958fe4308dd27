"""What a notification is, and what changes it.

A notification is settled child by child: each child is confirmed, acknowledged or recalled, and the stage follows from the children
alone. It is *acknowledged* when every child that is still this destination's own has been acknowledged by a registered person who acts
on it today, *recalled* when no child is its own any more, and *open* until then, however late. So the ladder has one way to stop (D5):
handing over, delivery, fetching, opening, entering a code, viewing and passing on do not appear in that sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Answer(StrEnum):
    """What the destination says of one child after seeing name and date of birth."""

    ON_OUR_ROLL = "on-our-roll"
    NOT_OURS = "not-ours"
    HAS_LEFT = "has-left"


class Stage(StrEnum):
    """A notification's state as it stands in its row. *Late* is open with a telephone task and an owner, not a state of its own."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RECALLED = "recalled"


class Receipt(StrEnum):
    """Traces of machines and readers. None of them proves that anyone acts, so none changes anything."""

    HANDED_OVER = "handed-over"
    DELIVERED = "delivered"
    FETCHED = "fetched"
    CODE_ENTERED = "code-entered"
    VIEWED = "viewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildState:
    """One child of a notification. ``acknowledged_by`` is a contact's id and stands only beside ``on-our-roll``."""

    child_id: str
    answer: Answer | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    recalled_at: datetime | None = None

    @property
    def is_own(self) -> bool:
        """Whether the child is still this destination's."""
        return self.recalled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One notification. ``registered`` holds the ids of its contacts who may answer: verified and free of conflict (7.7, 7.8).

    ``rungs_done`` counts climbed rungs; ``passed_on`` says that the next rung is due at once.
    """

    children: tuple[ChildState, ...]
    registered: frozenset[str]
    rungs_done: int = 0
    passed_on: bool = False
    phone_task: bool = False
    late_at: datetime | None = None

    @property
    def stage(self) -> Stage:
        own = [child for child in self.children if child.is_own]
        if not own:
            return Stage.RECALLED
        return Stage.ACKNOWLEDGED if all(child.acknowledged_by for child in own) else Stage.OPEN

    @property
    def ladder_runs(self) -> bool:
        """Whether the plan still moves."""
        return self.stage is Stage.OPEN

    @property
    def is_late(self) -> bool:
        """Open past its deadline: somebody telephones."""
        return self.ladder_runs and self.late_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A receipt of any kind came in."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A contact said whether one child is theirs. Anything but ``on-our-roll`` recalls the child at once (design rule 7.9)."""

    contact_id: str
    child_id: str
    answer: Answer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingToday:
    """A contact said: I am acting on this today, for these children."""

    contact_id: str
    child_ids: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """A contact said: seen, cannot act."""

    contact_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """The next rung was carried out; ``phone`` when it was the telephone task."""

    phone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinePassed:
    """The deadline came. Whoever records it opens the telephone task in the same transaction, unless one is open."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """The router took one child away from this destination."""

    child_id: str
    at: datetime


Event = Received | Answered | ActingToday | PassedOn | Climbed | DeadlinePassed | Withdrawn


def step(state: State, event: Event) -> State:
    """The state after the event. An event that may not change anything (from a stranger, about a recalled child, a repeat, after the
    end) returns the state as it was, so a caller compares and needs no guard of its own.
    """
    match event:
        case Received():
            return state
        case Answered():
            return _answered(state, event)
        case ActingToday():
            return _acting(state, event)
        case PassedOn():
            heard = state.ladder_runs and event.contact_id in state.registered
            return replace(state, passed_on=True) if heard else state
        case Climbed():
            return _climbed(state, event)
        case DeadlinePassed():
            first = state.ladder_runs and state.late_at is None
            return replace(state, late_at=event.at, phone_task=True) if first else state
        case Withdrawn():
            return _each(state, lambda child: _recalled(child, event.at) if child.child_id == event.child_id else child)


def _answered(state: State, event: Answered) -> State:
    if event.contact_id not in state.registered:
        return state

    def answered(child: ChildState) -> ChildState:
        if child.child_id != event.child_id or not child.is_own:
            return child
        if event.answer is Answer.ON_OUR_ROLL:
            return replace(child, answer=event.answer)
        return _recalled(replace(child, answer=event.answer), event.at)

    return _each(state, answered)


def _acting(state: State, event: ActingToday) -> State:
    """Acknowledge those named children that are confirmed and not acknowledged yet: the first to act stays on record."""
    if event.contact_id not in state.registered:
        return state

    def acknowledged(child: ChildState) -> ChildState:
        named = child.child_id in event.child_ids and child.is_own
        if not named or child.answer is not Answer.ON_OUR_ROLL or child.acknowledged_by is not None:
            return child
        return replace(child, acknowledged_by=event.contact_id, acknowledged_at=event.at)

    return _each(state, acknowledged)


def _climbed(state: State, event: Climbed) -> State:
    if not state.ladder_runs:
        return state
    return replace(state, rungs_done=state.rungs_done + 1, passed_on=False, phone_task=state.phone_task or event.phone)


def _recalled(child: ChildState, at: datetime) -> ChildState:
    """A recalled child owes this destination nothing and is owed nothing by it: an earlier acknowledgement falls with it."""
    if not child.is_own:
        return child
    return replace(child, acknowledged_by=None, acknowledged_at=None, recalled_at=at)


def _each(state: State, change: Callable[[ChildState], ChildState]) -> State:
    return replace(state, children=tuple(change(child) for child in state.children))
