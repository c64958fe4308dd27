"""Running services: every loop under supervision, the bus between them, pages and routes in front.

A loop that fails is told of and tried again; it never ends the process, and one never holds up another. The same loops are driven
against real time by ``Process.drive`` and step by step by ``Process.settle`` and ``Process.advance``, so that a test or a demo moves a
night along without a sleep.
"""

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from shared.bus import Bus, bus_from_url
from shared.bus.delivery import Delivery
from shared.bus.loop import Loop
from shared.bus.relay import Relay
from shared.bus.repair import Repair
from shared.clock import Clock, ManualClock, MovableClock
from shared.errors import Misuse, SettingsRefused, Unavailable, place
from shared.events import BY_TYPE, SUBSCRIBERS, AttemptEnded, AttemptStarted, IncidentDecided, IncidentRouted, RungClimbed, subscribed
from shared.log import logger
from shared.service import Build, Parts, Service

AGAIN_SECONDS = 1.0
AFTER_DEFECT_SECONDS = 5.0
SHORTEST_PAUSE_SECONDS = 0.1
"""What is overdue and was not done is in another process's hands: look again soon, but do not spin."""
WORK_DONE = frozenset(fact.TYPE for fact in (IncidentDecided, IncidentRouted, AttemptStarted, AttemptEnded, RungClimbed))
"""What these state has been done by whoever states it: nothing falls due for its own loops thereby, and they are many."""
MANY = 8
LINGER_SECONDS = 0.02
"""A loop that has just done ``MANY`` waits so long for more: a step costs much the same for one as for many. A quiet one never waits."""
ROUNDS_TO_SETTLE = 10_000

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The named services of one process, assembled."""

    parts: Parts
    services: tuple[Service, ...]
    bus: Bus
    deliveries: tuple[Delivery, ...]
    loops: tuple[Loop, ...]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Bus and loops at work until the block ends. What a loop is doing is finished; then the bus, then the services' clients close."""
        async with contextlib.AsyncExitStack() as ending:  # backwards; each step is taken whatever became of the one before
            for service in self.services:
                for close in service.closers:
                    ending.push_async_callback(close)
            ending.push_async_callback(self.bus.stop)
            await self.bus.start()
            stopping = asyncio.Event()
            tasks = [asyncio.create_task(_drive(loop, self.parts.clock, stopping), name=loop.name) for loop in self.loops]
            ending.push_async_callback(_finished, tasks, self.loops, stopping)
            yield

    async def settle(self) -> int:
        """Run every loop until none has anything to do; returns how much was done. Raises Misuse when that never ends.

        Every loop is looked at once; after that only those that did something, or whose service has recorded something since.
        """
        total = 0
        pending: Sequence[Loop] = self.loops
        for _ in range(ROUNDS_TO_SETTLE):
            worked = set()
            for loop in pending:
                loop.woken.clear()
                if done := await loop.run_once():
                    total += done
                    worked.add(loop.name)
            pending = [loop for loop in self.loops if loop.name in worked or loop.woken.is_set()]
            if not pending:
                return total
        raise Misuse("the loops never come to rest")

    async def advance(self, clock: MovableClock | ManualClock, until: datetime) -> None:
        """Move business time to ``until``, stopping at every instant at which something falls due, and settle there."""
        await self.settle()
        while (upcoming := await self.next_due()) is not None and upcoming < until:
            clock.move_to(max(upcoming, clock.now()))
            # Twice, because real time goes on: a retry may fall due between the look and the next one.
            if not (await self.settle() or await self.settle()) and (again := await self.next_due()) and again <= clock.now():
                raise Misuse("a loop names an instant and does nothing at it")
        clock.move_to(until)
        await self.settle()

    async def next_due(self) -> datetime | None:
        """The business instant at which the first of the loops has something to do; None when none names one."""
        instants = [instant for loop in self.loops if (instant := await loop.next_due()) is not None]
        return min(instants, default=None)


def assembled(parts: Parts, builds: Sequence[Build], *, bus_url: str | None = None, prefix: str | None = None) -> Process:
    """Build the services and wire them to the bus. Raises SettingsRefused when a service does not handle what it subscribes to."""
    services = tuple(build(parts) for build in builds)
    deliveries = tuple(_delivery(service, parts) for service in services if subscribed(service.name))
    bus = bus_from_url(
        bus_url or parts.settings.bus_url,
        {delivery.service: delivery.deliver for delivery in deliveries},
        prefix=prefix or parts.settings.bus_prefix,
        clock=parts.clock,
    )
    relays = tuple(Relay(service.name, parts.database, bus) for service in services)
    repairs = tuple(Repair(delivery, parts.database) for delivery in deliveries)
    own = tuple(loop for service in services for loop in service.loops)
    loops: tuple[Loop, ...] = (*relays, *deliveries, *own, *repairs)
    parts.database.on_stated.append(lambda stated: _wake(relays, _having(stated, SUBSCRIBERS.keys())))
    parts.database.on_stated.append(lambda stated: _wake(own, _having(stated, BY_TYPE.keys() - WORK_DONE)))
    return Process(parts=parts, services=services, bus=bus, deliveries=deliveries, loops=loops)


def _delivery(service: Service, parts: Parts) -> Delivery:
    if set(service.handlers) != set(subscribed(service.name)):
        raise SettingsRefused(f"service {service.name} handles other facts than it subscribes to")
    return Delivery(service.name, service.handlers, parts.database)


def _having(stated: Mapping[str, Set[str]], types: Set[str]) -> frozenset[str]:
    """The services that have stated a fact of one of these types."""
    return frozenset(service for service, facts in stated.items() if not types.isdisjoint(facts))


def _wake(loops: Sequence[Loop], services: frozenset[str]) -> None:
    """A service that has just stated something may have work for its own loops, and for its relay where somebody subscribes to it.

    Retries and repair are not woken: what they do is due by the clock alone.
    """
    for loop in loops:
        if loop.name.partition(".")[0] in services:
            loop.woken.set()


async def _finished(tasks: Sequence[asyncio.Task[None]], loops: Sequence[Loop], stopping: asyncio.Event) -> None:
    stopping.set()
    for loop in loops:
        loop.woken.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _drive(loop: Loop, clock: Clock, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        loop.woken.clear()
        try:
            done = await loop.run_once()
            drained = isinstance(loop, Relay) and loop.drained
            if loop.woken.is_set() or (done and not drained):
                if done >= MANY:
                    await asyncio.sleep(LINGER_SECONDS)
                continue
            pause = loop.every_seconds if drained else await _pause(loop, clock)
        except Unavailable as error:
            log.warning("loop.waits", loop=loop.name, error=error.code)
            pause = AGAIN_SECONDS
        except Exception as error:  # a defect in one loop must not stop the others, nor this one for good
            log.error("loop.failed", loop=loop.name, error=type(error).__name__, place=place(error))
            pause = AFTER_DEFECT_SECONDS
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(loop.woken.wait(), pause)


async def _pause(loop: Loop, clock: Clock) -> float:
    """Until the next thing falls due, but no longer than the loop's own interval."""
    upcoming = await loop.next_due()
    if upcoming is None:
        return loop.every_seconds
    return min(loop.every_seconds, max(SHORTEST_PAUSE_SECONDS, (upcoming - clock.now()).total_seconds()))


def quiet_tracebacks() -> None:
    """An error that ends the process or a thread, or that nobody can catch, says its class and place, never its text or its values."""
    sys.excepthook = lambda kind, error, _traceback: _say(kind, error)
    threading.excepthook = lambda lost: _say(lost.exc_type, lost.exc_value)
    sys.unraisablehook = lambda lost: _say(lost.exc_type, lost.exc_value)


def _say(kind: type[BaseException], error: BaseException | None) -> None:
    sys.stderr.write(f"encompass: {kind.__name__} at {place(error) if error is not None else '-'}\n")
