"""What a rung owes to whom, and what came of it: who gets which message now, which one again, and whether anybody was reached.

One *try* is one message of one rung to one contact over one channel; tries of the same message are counted in rounds. A try that was
broken off, or whose channel may have taken it, is made again at once or after a short flat gap and is marked as a repeat: two messages
are better than none. A refused one is never made again. A rung is carried out once; when in the end it reached nobody, the next one is
due at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.domain.messages import SMS
from shared.calendar import at, london_date
from shared.calendar.wall import LONDON
from shared.policy import QuietHours

AGAIN_AFTER = timedelta(seconds=60)
ROUNDS_MAX = 5


class Result(StrEnum):
    """What is known of one try, as its row says."""

    STARTED = "started"
    HANDED_OVER = "handed-over"
    TRY_AGAIN = "try-again"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Broken off, or the channel may have taken it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A contact who may be told on a rung, over these channels in this order."""

    rung: int
    contact_id: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One try. ``ended_at`` is None for one that is under way, or was when the program stopped."""

    rung: int
    contact_id: str
    channel: str
    round: int
    result: Result
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A message to be sent now."""

    rung: int
    contact_id: str
    channel: str
    round: int
    is_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The state of one message: ``at`` is when it is to be sent (again), None when it is settled one way or the other."""

    reached: bool = False
    at: datetime | None = None
    retries: bool = False


def owed(recipients: Iterable[Recipient], tried: Sequence[Tried], now: datetime, quiet_until: datetime | None) -> tuple[Owed, ...]:
    """The messages to send at ``now``. ``quiet_until``: no text message before that instant; None when they may go."""
    found = []
    for recipient in recipients:
        for channel in recipient.channels:
            rounds = _rounds(recipient, channel, tried)
            line = _line(rounds, channel, now, quiet_until)
            if line.at is not None and line.at <= now:
                found.append(
                    Owed(
                        rung=recipient.rung,
                        contact_id=recipient.contact_id,
                        channel=channel,
                        round=len(rounds) + 1,
                        is_repeat=any(one.result in (Result.STARTED, Result.UNKNOWN) for one in rounds),
                    )
                )
    return tuple(found)


def again_at(recipients: Iterable[Recipient], tried: Sequence[Tried], now: datetime, quiet_until: datetime | None) -> datetime | None:
    """When the next message of these is due; None when every one is settled."""
    lines = (_line(_rounds(one, channel, tried), channel, now, quiet_until) for one in recipients for channel in one.channels)
    return min((line.at for line in lines if line.at is not None), default=None)


def outcome(recipients: Sequence[Recipient], tried: Sequence[Tried], now: datetime) -> Result | None:
    """What a rung with these recipients has come to: handed over to somebody, being tried again, or refused; None without recipients.

    A text message that only waits for the end of quiet hours reaches nobody tonight, so it does not count.
    """
    lines = [_line(_rounds(one, channel, tried), channel, now, None) for one in recipients for channel in one.channels]
    if not lines:
        return None
    if any(line.reached for line in lines):
        return Result.HANDED_OVER
    return Result.TRY_AGAIN if any(line.retries for line in lines) else Result.REFUSED


def one_way_only(recipient: Recipient, tried: Sequence[Tried]) -> bool:
    """Whether a link may reach this contact and no code can: the code must not travel with the link (design rule 7.5)."""
    usable = [
        channel for channel in recipient.channels if not any(one.result is Result.REFUSED for one in _rounds(recipient, channel, tried))
    ]
    return len(usable) < 2


def quiet_until(quiet: QuietHours, now: datetime, deadline_at: datetime) -> datetime | None:
    """Until when text messages wait; None when it is not quiet, or when waiting would miss the deadline or it has passed."""
    if not quiet.covers(now.astimezone(LONDON).time()):
        return None
    today = london_date(now)
    ends_at = next(end for end in (at(today, quiet.end), at(today + timedelta(days=1), quiet.end)) if end > now)
    return ends_at if ends_at < deadline_at else None


def _rounds(recipient: Recipient, channel: str, tried: Sequence[Tried]) -> list[Tried]:
    key = (recipient.rung, recipient.contact_id, channel)
    return sorted((one for one in tried if (one.rung, one.contact_id, one.channel) == key), key=lambda one: one.round)


def _line(rounds: Sequence[Tried], channel: str, now: datetime, quiet_until: datetime | None) -> _Line:
    waits = quiet_until if channel == SMS else None
    if not rounds:
        return _Line(at=waits or now)
    last = rounds[-1]
    if last.result is Result.HANDED_OVER:
        return _Line(reached=True)
    if last.result is Result.REFUSED or len(rounds) >= ROUNDS_MAX:
        return _Line()
    again = now if last.ended_at is None else last.ended_at + AGAIN_AFTER
    return _Line(at=max(again, waits or again), retries=True)
