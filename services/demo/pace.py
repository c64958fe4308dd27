"""Keeping the demonstration moving: at the machine's pace by itself, and in leaps when a visitor moves the clock.

One hand moves the loops at a time. A leap stops at every instant at which something falls due, so that what would have happened in
the time between has happened, each thing at its own instant.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from services.demo import store
from shared.clock import MovableClock
from shared.errors import EncompassError, Misuse
from shared.log import logger
from shared.run import Process

LOOK_AGAIN_SECONDS = 0.5

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leap:
    """One move of the clock. ``after_seq`` is the journal's end before it; what it brought stands after that."""

    began_at: datetime
    until: datetime
    after_seq: int


class Pace:
    """The loops of one process and its movable clock."""

    def __init__(self, process: Process, clock: MovableClock) -> None:
        self._process = process
        self.clock = clock
        self._one_hand = asyncio.Lock()
        self._woken = asyncio.Event()
        self._leaping: asyncio.Task[None] | None = None
        self.last: Leap | None = None
        process.parts.database.on_recorded.append(lambda _services: self._woken.set())

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The process at work until the block ends."""
        stopping = asyncio.Event()
        async with contextlib.AsyncExitStack() as ending:
            for close in (close for service in self._process.services for close in service.closers):
                ending.push_async_callback(close)
            ending.push_async_callback(self._process.bus.stop)
            await self._process.bus.start()
            walking = asyncio.create_task(self._walk(stopping))
            try:
                yield
            finally:
                stopping.set()
                self._woken.set()
                await self.rested()
                await walking

    @property
    def is_leaping(self) -> bool:
        """Whether a leap is under way."""
        return self._leaping is not None and not self._leaping.done()

    async def leap(self, until: datetime) -> None:
        """Begin to move business time to ``until``. Raises Misuse for an instant that lies behind, or while another leap is under way."""
        if self.is_leaping or until < self.clock.now():
            raise Misuse("the clock goes forward, one leap at a time")
        async with self._process.parts.database.reading() as reading:
            after_seq = await store.newest_seq(reading)
        self.last = Leap(began_at=self.clock.now(), until=until, after_seq=after_seq)
        self._leaping = asyncio.create_task(self._carry_out(until))

    async def rested(self, seconds: float | None = None) -> None:
        """Return when the leap that is under way has ended, or after so many seconds. Raises what the leap raised."""
        if self._leaping is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._leaping), seconds)

    async def caught_up(self) -> None:
        """Return when everything that is due now is done."""
        async with self._one_hand:
            await self._process.settle()

    async def _carry_out(self, until: datetime) -> None:
        """Real time stands for leases and retries: what waits for it may make a leap stumble, and is waited for."""
        async with self._one_hand:
            while self.clock.now() < until:
                try:
                    await self._process.advance(self.clock, until)
                except Misuse:
                    log.warning("demo.waits")
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _walk(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            self._woken.clear()
            try:
                async with self._one_hand:
                    await self._process.settle()
            except EncompassError as error:
                log.error("demo.unsettled", error=error.code)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_AGAIN_SECONDS)
