"""What a notification is, and what changes it.

A notification is settled child by child: each child is confirmed, acknowledged, recalled or withdrawn, and the stage follows from the
children alone. It is *acknowledged* when every child that is still this destination's own has been acknowledged by a registered person
who acts on it today, *recalled* or *withdrawn* when no child is its own any more, and *open* until then, however late. So the ladder has
one way to stop (D5): handing over, delivery, fetching, opening, entering a code and viewing are no events here, and passing on does not
appear in that sentence. What a later version of the incident does to the children stands in ``domain.revision``.
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
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildState:
    """One child of a notification. ``acknowledged_by`` is a contact's id and stands only beside ``on-our-roll``."""

    child_id: str
    answer: Answer | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    recalled_at: datetime | None = None
    """The setting said that the child is not theirs."""
    withdrawn_at: datetime | None = None
    """A later version of the incident took the child away from this destination."""

    @property
    def is_own(self) -> bool:
        """Whether the child is still this destination's."""
        return self.recalled_at is None and self.withdrawn_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One notification. ``registered`` holds the ids of its contacts who may answer: verified and free of conflict (7.7, 7.8).

    ``passed_on`` says that the next rung is due at once.
    """

    children: tuple[ChildState, ...]
    registered: frozenset[str] = frozenset()
    passed_on: bool = False

    @property
    def stage(self) -> Stage:
        own = [child for child in self.children if child.is_own]
        if not own:
            return Stage.RECALLED if any(child.recalled_at for child in self.children) else Stage.WITHDRAWN
        return Stage.ACKNOWLEDGED if all(child.acknowledged_by for child in own) else Stage.OPEN


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


Event = Answered | ActingToday | PassedOn


def step(state: State, event: Event) -> State:
    """The state after the event. An event that may not change anything (from a stranger, about a recalled child, a repeat, after the
    end) returns the state as it was, so a caller compares and needs no guard of its own.
    """
    match event:
        case Answered():
            return _answered(state, event)
        case ActingToday():
            return _acting(state, event)
        case PassedOn():
            heard = state.stage is Stage.OPEN and event.contact_id in state.registered
            return replace(state, passed_on=True) if heard else state


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


def _recalled(child: ChildState, at: datetime) -> ChildState:
    """A recalled child owes this destination nothing and is owed nothing by it: an earlier acknowledgement falls with it."""
    if not child.is_own:
        return child
    return replace(child, acknowledged_by=None, acknowledged_at=None, recalled_at=at)


def _each(state: State, change: Callable[[ChildState], ChildState]) -> State:
    return replace(state, children=tuple(change(child) for child in state.children))
