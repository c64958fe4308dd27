"""Suppressing: nothing is sent for a while, because somebody decided so; then it is owed at once, and nobody has to remember it.

A suppression stops messages and nothing else. Rungs are climbed at their times, the telephone task stands when it would have, and what was
not sent goes when the suppression ends: by itself, at an instant that was said when it was decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.errors import Refused

HOURS_MAX = 24
"""Longer than this nobody can say beforehand that a child should hear nothing; whoever still thinks so then decides again."""
DECIDER_CHARS_MAX = 64


class Kind(StrEnum):
    """What is suppressed; its ``ref`` is a setting's or team's id, a contact's id, or a channel's name."""

    SETTING = "setting"
    TEAM = "team"
    CONTACT = "contact"
    """The next rung does not wait for her, and no caller asks for her: her details are in doubt."""
    CHANNEL = "channel"


class Reason(StrEnum):
    """Why. A code, for nothing personal may stand in a reason."""

    WRONG_RECIPIENT = "wrong-recipient"
    """Somebody says that messages reach a person who is not the contact."""
    PROVIDER_INCIDENT = "provider-incident"
    PLACE_UNSAFE = "place-unsafe"
    """Somebody who must not know may be reading there."""
    WRONG_DETAILS = "wrong-details"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One decision. ``until_at`` is when it ends by itself; ``decider`` a post or a session's id, never a person's name."""

    suppression_id: str
    kind: Kind
    ref: str
    reason: Reason
    decider: str
    decided_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held back of one contact: each channel with the instant at which it may be used again."""

    channels: tuple[tuple[str, datetime], ...] = ()
    is_contact: bool = False


NOTHING_HELD = Held()
_UNSAFE = (Reason.WRONG_RECIPIENT, Reason.PLACE_UNSAFE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """What is suppressed of a way in: ``is_whole`` where the place or the contact is, ``channels`` those over which no code goes."""

    is_whole: bool
    channels: frozenset[str]


def suppressed_for(active: Iterable[Suppression], destination: tuple[str, str], contact_id: str) -> Suppressed:
    """The same of whoever is behind a link. Where somebody says that the wrong person may be reading, a link that was sent before opens
    nothing while it lasts; where only details are in doubt, whoever has a link may still act on it."""
    ours = tuple(active)
    places = (destination, (Kind.CONTACT.value, contact_id))
    return Suppressed(
        is_whole=any((one.kind.value, one.ref) in places and one.reason in _UNSAFE for one in ours),
        channels=frozenset(one.ref for one in ours if one.kind is Kind.CHANNEL),
    )


def decided(suppression_id: str, kind: Kind, ref: str, reason: Reason, decider: str, *, minutes: int, now: datetime) -> Suppression:
    """A suppression from now on. Raises Refused without a decider, or for an end that is not ahead or more than a day ahead."""
    if not 0 < len(decider.strip()) <= DECIDER_CHARS_MAX:
        raise Refused(f"say who decides, in at most {DECIDER_CHARS_MAX} characters")
    if not 0 < minutes <= HOURS_MAX * 60:
        raise Refused(f"a suppression ends between a minute and {HOURS_MAX} hours from now")
    until_at = now + timedelta(minutes=minutes)
    return Suppression(
        suppression_id=suppression_id, kind=kind, ref=ref, reason=reason, decider=decider.strip(), decided_at=now, until_at=until_at
    )


def held(active: Iterable[Suppression], destination: tuple[str, str] | None, contact_id: str, channels: Sequence[str]) -> Held:
    """What the suppressions that are in force hold back of one contact.

    ``destination`` is the kind and id of the place that she would be told as a part of; None for a chaser, whose own place is not told.
    """
    places = (destination, (Kind.CONTACT.value, contact_id))
    ours = [one for one in active if one.kind is Kind.CHANNEL or (one.kind.value, one.ref) in places]
    waits = {}
    for channel in channels:
        until = [one.until_at for one in ours if one.kind is not Kind.CHANNEL or one.ref == channel]
        if until:
            waits[channel] = max(until)
    return Held(channels=tuple(waits.items()), is_contact=any(one.kind is Kind.CONTACT for one in ours))
