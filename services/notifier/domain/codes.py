"""The one-time code and the link: how long they live, how often they may be tried (design rules 7.4, 7.5).

The code has few digits, so it lives briefly, dies after few tries and is rationed. The rations keep a guesser out, never a reader: the
telephone task does not depend on any code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.domain.states import Stage

CODE_DIGITS = 6
CODE_LIFETIME = timedelta(minutes=15)
CODE_TRIES_MAX = 5
"""Wrong tries of one code; then a new one has to be asked for. Five codes of five tries an hour: one guess in 40,000."""

CODES_PER_HOUR_MAX = 5
"""Codes for one contact's notification within any sixty minutes."""

LINK_GRACE = timedelta(hours=72)
"""How long after the end or the deadline, whichever is later, a link still opens: a late reader must reach the message, a stolen old
mailbox must not. While a notification is open its links live."""


class Verdict(StrEnum):
    """What became of one entered code."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    EXPIRED = "expired"
    SPENT = "spent"
    """Too many wrong tries."""
    USED = "used"


class LinkState(StrEnum):
    """What the page behind a link is: the real state, however often it is opened."""

    LIVE = "live"
    ACKNOWLEDGED = "acknowledged"
    RECALLED = "recalled"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code that was sent; its digits are not here. ``tries`` counts wrong ones."""

    created_at: datetime
    tries: int = 0
    used_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        return self.created_at + CODE_LIFETIME


def verdict(code: Code, matches: bool, now: datetime) -> Verdict:
    """Judge one try of ``code``. ``matches``: the keyed hashes agreed (compared by the caller in constant time).

    A code that may no longer be used says so whether it matches or not, so a late guess learns nothing.
    """
    if code.used_at is not None:
        return Verdict.USED
    if code.tries >= CODE_TRIES_MAX:
        return Verdict.SPENT
    if now >= code.expires_at:
        return Verdict.EXPIRED
    return Verdict.ACCEPTED if matches else Verdict.WRONG


def next_code_at(created_at: Sequence[datetime], now: datetime) -> datetime:
    """The instant from which one more code may be sent, ``now`` when at once. ``created_at``: when the earlier ones were made."""
    recent = sorted(at for at in created_at if at > now - timedelta(hours=1))
    if len(recent) < CODES_PER_HOUR_MAX:
        return now
    return recent[-CODES_PER_HOUR_MAX] + timedelta(hours=1)


def link_expires_at(deadline_at: datetime, opened_at: datetime) -> datetime:
    """Until when a notification's links open at the least."""
    return max(deadline_at, opened_at) + LINK_GRACE


def link_state(stage: Stage, deadline_at: datetime, ended_at: datetime | None, now: datetime) -> LinkState:
    """What a link shows. A recall outweighs everything: the page says so and shows no child (design rule 7.9).

    ``ended_at`` is None while the notification is open; then every link to it lives, however late it is.
    """
    if stage is Stage.RECALLED:
        return LinkState.RECALLED
    if stage is Stage.OPEN:
        return LinkState.LIVE
    if now >= max(deadline_at, ended_at or deadline_at) + LINK_GRACE:
        return LinkState.EXPIRED
    return LinkState.ACKNOWLEDGED if stage is Stage.ACKNOWLEDGED else LinkState.WITHDRAWN
