"""Telephone calls: what may come of one, when to ring again, and what a caller may quote.

A caller names no child and says nothing of what it is about, so a registered person who takes it over the telephone takes the whole
notification, before she has confirmed any child. She confirms behind her link; *not ours* still recalls then (design rule 7.9).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.domain.states import State
from shared.errors import Refused

GAP = timedelta(minutes=5)
"""Between two calls before the school day begins: flat and short, for a longer one would run past the bell."""
LATER = timedelta(minutes=30)
"""Between two calls after that."""
TRIES_MAX = 3
TRIES_WITHIN = timedelta(hours=1)
"""Wrong passphrases for one destination within any hour: enough for a bad line, too few to guess."""

ROLES: Mapping[str, str] = {
    "dsl": "Safeguarding lead",
    "deputy": "Deputy safeguarding lead",
    "head": "Head teacher or manager",
    "duty": "On duty",
    "lead": "Team lead",
}
"""Whom a caller asks for."""


class CallOutcome(StrEnum):
    """What came of one call. Only the last one acknowledges."""

    NO_ANSWER = "no-answer"
    ENGAGED = "engaged"
    WRONG_NUMBER = "wrong-number"
    NOT_REGISTERED = "not-registered"
    """Somebody answered who is not a registered contact."""
    NOT_PROVEN = "wrong-passphrase"
    """A registered contact, as she said; but the passphrase was not right."""
    NOT_PROVABLE = "no-passphrase"
    """A registered contact who acts on it, as she said; but the directory holds no passphrase to compare."""
    ACKNOWLEDGED = "acknowledged"
    """A registered contact, with the right passphrase, acts on it today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call as its caller tells of it. ``contact_id`` is whom she spoke to, ``heard`` the passphrase as she heard it.

    ``made_at`` is given of a call that is entered afterwards, with ``made_by`` who made it; None: it has just been made by who tells.
    """

    outcome: CallOutcome
    contact_id: str | None = None
    heard: str = field(default="", repr=False)
    made_at: datetime | None = None
    made_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What a call came to. ``sent``: the contact had no message yet and was sent one now, over so many channels."""

    outcome: CallOutcome
    sent: int = 0


class NotThen(Refused):
    """A call cannot have been made at that time, or what it was about has changed since."""

    code = "not-then"


def refuse_time(made_at: datetime | None, opened_at: datetime, changed_at: datetime | None, now: datetime) -> None:
    """Raise NotThen for a call that is entered as made in the future, before anything was owed, or about what has changed since."""
    if made_at is None:
        return
    if made_at > now or made_at < opened_at:
        raise NotThen("a call was made between the opening of its message and now")
    if changed_at is not None and made_at < changed_at:
        raise NotThen("the message has changed since that call")


def again_at(outcome: CallOutcome, now: datetime, bell_at: datetime) -> datetime | None:
    """When to ring again; None for at once. ``bell_at``: when the school day begins."""
    if outcome is CallOutcome.WRONG_NUMBER:
        return None  # another number is due now
    return now + (GAP if now < bell_at else LATER)


def tries_left(wrong_at: Sequence[datetime], now: datetime) -> int:
    """How many passphrases may still be tried. ``wrong_at`` and ``now`` are real instants."""
    return max(0, TRIES_MAX - sum(at > now - TRIES_WITHIN for at in wrong_at))


def by_telephone(state: State, contact_id: str, at: datetime) -> State:
    """The state after a registered person took it over the telephone: every child that is still theirs and that nobody had picked up.

    A stranger changes nothing; the first to act stays on record.
    """
    if contact_id not in state.registered:
        return state
    taken = tuple(
        replace(child, acknowledged_by=contact_id, acknowledged_at=at) if child.is_own and child.acknowledged_by is None else child
        for child in state.children
    )
    return replace(state, children=taken)


def quoted(notification_id: str) -> str:
    """The reference that a caller quotes, such as ``K7QM-2PXA``: it comes of a random id alone and tells nothing."""
    text = base64.b32encode(hashlib.sha256(f"call:{notification_id}".encode()).digest())[:8].decode()
    return f"{text[:4]}-{text[4:]}"
