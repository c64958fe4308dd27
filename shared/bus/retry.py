"""One retry policy for facts, whatever the transport: short, flat, and then loudly parked.

Long back-off turns a small fault into a missed morning, so gaps stay under a minute; a fact that still fails after ``ATTEMPTS`` is
parked, where it is counted, shown and can be played again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

ATTEMPTS = 8
GAPS_SECONDS = (1, 2, 5, 10, 20, 40, 60)


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at ``due_at`` (a real instant)."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class Park:
    """Give up, loudly."""


def after_failure(attempts: int, real: datetime, *, passing: bool = False) -> Retry | Park:
    """What to do after the ``attempts``-th failure (counted from 1). A ``passing`` cause (a lock, a time-out) heals by itself: never park.

    >>> from datetime import UTC
    >>> after_failure(1, datetime(2026, 1, 1, tzinfo=UTC)).due_at.second
    1
    """
    if attempts >= ATTEMPTS and not passing:
        return Park()
    return Retry(real + timedelta(seconds=GAPS_SECONDS[min(attempts, len(GAPS_SECONDS)) - 1]))
