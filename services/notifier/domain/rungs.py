"""What a rung owes to whom, and what came of it: who gets which message now, which one again, and whether anybody was reached.

One *try* is one message of one rung to one contact over one channel; tries of the same message are counted in rounds. A try that was
broken off, or whose channel may have taken it, is made again at once or after a short flat gap and is marked as a repeat: two messages
are better than none. A refused one is never made again. A rung is carried out once; when in the end it reached nobody, the next one is
due at once. So it is when what was handed over comes back: it bounced, or whoever it was for says that she is out of the office.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.domain.messages import SMS
from services.notifier.domain.suppression import NOTHING_HELD, Held
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


class Return(StrEnum):
    """How a message that was handed over came back."""

    BOUNCED = "bounced"
    OUT_OF_OFFICE = "out-of-office"
    """It arrived, and nobody is there to read it: on no other channel either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A contact who may be told on a rung, over these channels in this order; over one that is held back not before it is free again.

    The rung waits for what is held back of the others, but for no contact who is held back herself.
    """

    rung: int
    contact_id: str
    channels: tuple[str, ...]
    held: Held = NOTHING_HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One try. ``ended_at`` is None for one that is under way, or was when the program stopped."""

    rung: int
    contact_id: str
    channel: str
    round: int
    result: Result
    ended_at: datetime | None = None
    returned: Return | None = None


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
            line = _line(rounds, now, _waits(recipient, channel, quiet_until))
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
    lines = (_line(_rounds(one, channel, tried), now, _waits(one, channel, quiet_until)) for one in recipients for channel in one.channels)
    return min((line.at for line in lines if line.at is not None), default=None)


def outcome(recipients: Sequence[Recipient], tried: Sequence[Tried], now: datetime) -> Result | None:
    """What a rung with these recipients has come to: handed over to somebody, being tried again, or refused; None without recipients.

    Refused is also what came back, and what went to somebody who is out of the office.
    A text message that only waits for the end of quiet hours reaches nobody tonight, so it does not count. What somebody has decided to
    hold back is still to come, and the rung waits for it.
    """
    lines = [_counted(one, channel, tried, now) for one in recipients for channel in one.channels]
    if not lines:
        return None
    if any(line.reached for line in lines):
        return Result.HANDED_OVER
    return Result.TRY_AGAIN if any(line.retries for line in lines) else Result.REFUSED


def one_way_only(recipient: Recipient, tried: Sequence[Tried]) -> bool:
    """Whether a link may reach this contact and no code can: the code must not travel with the link (design rule 7.5)."""
    return sum(not any(_never_arrives(one) for one in _rounds(recipient, channel, tried)) for channel in recipient.channels) < 2


def quiet_until(quiet: QuietHours, now: datetime, deadline_at: datetime) -> datetime | None:
    """Until when text messages wait; None when it is not quiet, or when waiting would miss the deadline or it has passed."""
    if not quiet.covers(now.astimezone(LONDON).time()):
        return None
    today = london_date(now)
    ends_at = next(end for end in (at(today, quiet.end), at(today + timedelta(days=1), quiet.end)) if end > now)
    return ends_at if ends_at < deadline_at else None


def _waits(recipient: Recipient, channel: str, quiet_until: datetime | None) -> datetime | None:
    """Until when the message waits; None when it may go."""
    until = [at for held, at in recipient.held.channels if held == channel]
    until += [quiet_until] if quiet_until is not None and channel == SMS else []
    return max(until, default=None)


def _counted(recipient: Recipient, channel: str, tried: Sequence[Tried], now: datetime) -> _Line:
    """The message as it counts for whether its rung has reached anybody."""
    if _is_away(recipient, tried) or recipient.held.is_contact:
        return _Line()
    line = _line(_rounds(recipient, channel, tried), now, None)
    if line.at is None or channel not in dict(recipient.held.channels):
        return line
    return _Line(retries=True)


def _is_away(recipient: Recipient, tried: Sequence[Tried]) -> bool:
    of_hers = ((one.rung, one.contact_id, one.returned) for one in tried)
    return (recipient.rung, recipient.contact_id, Return.OUT_OF_OFFICE) in of_hers


def _never_arrives(one: Tried) -> bool:
    return one.result is Result.REFUSED or one.returned is Return.BOUNCED


def _rounds(recipient: Recipient, channel: str, tried: Sequence[Tried]) -> list[Tried]:
    key = (recipient.rung, recipient.contact_id, channel)
    return sorted((one for one in tried if (one.rung, one.contact_id, one.channel) == key), key=lambda one: one.round)


def _line(rounds: Sequence[Tried], now: datetime, waits: datetime | None) -> _Line:
    if not rounds:
        return _Line(at=waits or now)
    last = rounds[-1]
    if _never_arrives(last):
        return _Line()
    if last.result is Result.HANDED_OVER:
        return _Line(reached=True)
    if len(rounds) >= ROUNDS_MAX:
        return _Line()
    again = now if last.ended_at is None else last.ended_at + AGAIN_AFTER
    return _Line(at=max(again, waits or again), retries=True)
