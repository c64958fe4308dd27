"""The only room that reads a clock.

Three readings, never mixed:

- ``now()``: the business instant (UTC, aware). Deadlines, rungs, everything journaled.
- ``real()``: the machine's UTC instant. Leases and retries that are rows, so must survive a restart; never moved.
- ``monotonic()``: seconds, for time-outs, rate limits and pauses within one process.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from shared.errors import Misuse


class Clock(Protocol):
    """What the rest of the program knows of time."""

    def now(self) -> datetime:
        """The business instant, UTC and aware."""
        ...

    def real(self) -> datetime:
        """The machine's instant, UTC and aware."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Return when ``now()`` has reached ``instant``, or at once when it already has."""
        ...


class SystemClock:
    """The machine's clock: business time is real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def real(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, instant: datetime) -> None:
        while (wait := (instant - self.now()).total_seconds()) > 0:  # noqa: ASYNC110  time passes by itself: no event tells of it
            await asyncio.sleep(min(wait, 60.0))


class MovableClock:
    """Business time that a demo or a test moves, forward only; real time stays the machine's.

    Between moves it stands still when ``running`` is false, and otherwise keeps the machine's pace.
    """

    def __init__(self, start: datetime, *, running: bool = False) -> None:
        if start.tzinfo is None:
            raise Misuse("a clock needs an aware start")
        self._base = start.astimezone(UTC)
        self._since = time.monotonic()
        self._running = running
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        if not self._running:
            return self._base
        return datetime.fromtimestamp(self._base.timestamp() + time.monotonic() - self._since, UTC)

    def real(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def move_to(self, instant: datetime) -> None:
        """Set business time to ``instant``; raises Misuse when that lies in the past."""
        if instant < self.now():
            raise Misuse("a movable clock goes forward only")
        self._base = instant.astimezone(UTC)
        self._since = time.monotonic()
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, instant: datetime) -> None:
        while (wait := (instant - self.now()).total_seconds()) > 0:
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), wait if self._running else None)
            except TimeoutError:
                continue


class ManualClock:
    """All three readings in a test's hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._waiting: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self._now

    def real(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def move_to(self, instant: datetime) -> None:
        if instant < self._now:
            raise Misuse("a manual clock goes forward only")
        self._now = instant.astimezone(UTC)
        due = [event for at, event in self._waiting if at <= self._now]
        self._waiting = [(at, event) for at, event in self._waiting if at > self._now]
        for event in due:
            event.set()

    async def sleep_until(self, instant: datetime) -> None:
        if instant > self._now:
            event = asyncio.Event()
            self._waiting.append((instant, event))
            await event.wait()
