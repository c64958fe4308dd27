"""What a reviewer may decide of a held child, and what follows from it. Pure.

A settlement waits for two minutes in which nobody is told and the reviewer may take it back. It waits for nothing where waiting could cost
the child her time: something about it is urgent already, or the review's own deadline comes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.router.domain.revision import CHANGED_AFTER_DECISION, NOT_DECIDED
from services.router.domain.standing import Known

Kind = Literal["pupil", "setting", "team", "excluded"]

UNDO = timedelta(minutes=2)
CLAIM = timedelta(minutes=20)
SEARCHES_EACH_MINUTE = 10
SEARCHES_EACH_DAY = 60

REVIEWER = "reviewer"
"""The rule of a decision that a person made at the desk."""

EXCLUSIONS: Mapping[str, str] = {
    "over-18": "The person was 18 or older when the police came to believe it",
    "more-harm": "Telling would do the child more harm than good",
    "withheld": "A supervisor has withheld it",
    "duplicate": "The same child and incident have been told of under another report",
}
"""Why nobody is told of a child: a closed list, because every one of them is counted."""

SEARCH_REASONS: Mapping[str, str] = {
    "spelling": "The name may be spelt otherwise on the roll",
    "other-name": "The child may be on the roll under another name",
    "date-doubtful": "The date of birth is missing or doubtful",
    "told-upn": "Somebody has told us the UPN",
}
"""Why a reviewer searches the roll: recorded with every search."""

_REPLACING = (CHANGED_AFTER_DECISION, NOT_DECIDED)
"""Reviews that ask whether a decision still stands: the answer takes its place. Other reviews ask where else the child belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a reviewer chose: ``refs`` are the settings or the one team to be told, ``code`` the reason of an exclusion."""

    kind: Kind
    refs: tuple[str, ...] = ()
    pupil_id: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What a choice changes: ``told`` are new, ``kept`` are told already and stay, ``left`` are told no more."""

    told: tuple[str, ...]
    kept: tuple[str, ...]
    left: tuple[Known, ...]


def moves(choice: Choice, reason: str, live: Iterable[Known]) -> Moves:
    """What follows from ``choice`` for a child who is told of at the destinations ``live`` now and held for ``reason``.

    Whom a team is told of in place of a closed setting stays with that setting; nothing is opened twice.
    """
    here = tuple(live)
    kind = "team" if choice.kind == "team" else "setting"
    known = {one.ref for one in here if one.kind == kind}
    kept = tuple(ref for ref in choice.refs if ref in known)
    if choice.kind == "excluded":
        left = here
    elif reason in _REPLACING:
        left = tuple(one for one in here if (one.kind == kind and one.ref not in kept) or (one.kind != kind and not kept))
    else:
        left = ()
    return Moves(told=tuple(ref for ref in choice.refs if ref not in known), kept=kept, left=left)


def effect_at(now: datetime, *, is_open: bool, deadline_at: datetime, urgencies: Iterable[str]) -> datetime:
    """When a settlement takes effect: now, or two minutes later where that costs nobody anything.

    ``is_open``: the review has not passed its deadline yet.
    """
    later = now + UNDO
    hurried = any(urgency != "ordinary" for urgency in urgencies)
    return now if hurried or not is_open or later >= deadline_at else later


def may_search(searched: Sequence[datetime], now: datetime) -> bool:
    """Whether a session that has searched at these real instants may do so again."""
    last_minute = sum(1 for at in searched if at > now - timedelta(minutes=1))
    last_day = sum(1 for at in searched if at > now - timedelta(days=1))
    return last_minute < SEARCHES_EACH_MINUTE and last_day < SEARCHES_EACH_DAY
