"""A process: its loops driven step by step and against real time, none in another's way, and an orderly end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from shared import run
from shared.bus import Bus, Outcome
from shared.bus.loop import Loop
from shared.clock import Clock, ManualClock, SystemClock
from shared.db import Database, Transaction
from shared.errors import DatabaseUnavailable, Misuse, SettingsRefused
from shared.events import CONSOLE, INGEST, NOTIFIER, ROUTER, Envelope, subscribed
from shared.service import Parts, Service
from shared.settings import Settings
from tests.contract.machinery import Machinery, machinery
from tests.waiting import until

START = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)


class Planned:
    """A loop with appointments: at each it does one thing, and notes when."""

    every_seconds = 3600.0

    def __init__(self, clock: Clock, *appointments: datetime, name: str = "router.planned") -> None:
        self.name = name
        self.woken = asyncio.Event()
        self.done: list[datetime] = []
        self.looks = 0
        self.raises: list[Exception] = []
        self._clock = clock
        self._left = sorted(appointments)

    async def run_once(self) -> int:
        self.looks += 1
        if self.raises:
            raise self.raises.pop()
        if not self._left or self._left[0] > self._clock.now():
            return 0
        self.done.append(self._clock.now())
        del self._left[0]
        return 1

    async def next_due(self) -> datetime | None:
        return self._left[0] if self._left else None


class QuietBus:
    """Notes what becomes of it."""

    def __init__(self, told: list[str], error: Exception | None = None) -> None:
        self._told, self._error = told, error

    async def start(self) -> None:
        self._told.append("bus started")

    async def publish(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        raise NotImplementedError

    async def healthy(self) -> bool:
        return True

    async def stop(self) -> None:
        self._told.append("bus stopped")
        if self._error is not None:
            raise self._error


def process(
    clock: Clock, *loops: Loop, told: list[str] | None = None, services: tuple[Service, ...] = (), error: Exception | None = None
) -> run.Process:
    parts = cast("Parts", SimpleNamespace(clock=clock))
    bus: Bus = QuietBus([] if told is None else told, error)
    return run.Process(parts=parts, services=services, bus=bus, deliveries=(), loops=loops)


def holds(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def now() -> bool:
        return condition()

    return now


async def test_settling_does_all_that_is_due_and_says_how_much() -> None:
    clock = ManualClock(START)
    first, second = Planned(clock, START, START), Planned(clock, START, START + timedelta(seconds=1))
    assert await process(clock, first, second).settle() == 3
    assert (first.done, second.done) == ([START, START], [START])


async def test_loops_that_feed_each_other_for_ever_are_told_of() -> None:
    class Restless(Planned):
        async def run_once(self) -> int:
            return 1

    with pytest.raises(Misuse):
        await process(clock := ManualClock(START), Restless(clock)).settle()


async def test_advancing_stops_at_every_appointment_in_order_and_ends_where_it_was_told_to() -> None:
    clock = ManualClock(START)
    evening, morning = START + timedelta(minutes=7), START + timedelta(hours=9)
    beyond = morning + timedelta(seconds=1)
    first, second = Planned(clock, morning, beyond), Planned(clock, evening, morning)
    await process(clock, first, second).advance(clock, until=morning)
    assert (first.done, second.done, clock.now()) == ([morning], [evening, morning], morning)


async def test_a_loop_that_names_an_instant_and_does_nothing_at_it_is_told_of() -> None:
    class Idle(Planned):
        async def run_once(self) -> int:
            return 0

    clock = ManualClock(START)
    with pytest.raises(Misuse):
        await process(clock, Idle(clock, START + timedelta(minutes=1))).advance(clock, until=START + timedelta(hours=1))


async def test_a_retry_that_falls_due_while_time_is_moved_is_no_defect() -> None:
    """Real time goes on: between the look that found nothing and the question what is next, something may have become due."""

    class Late(Planned):
        async def run_once(self) -> int:
            self.looks += 1
            return 0 if self.looks < 3 else await super().run_once()

    clock = ManualClock(START)
    late = Late(clock, due := START + timedelta(minutes=1))
    await process(clock, late).advance(clock, until=START + timedelta(hours=1))
    assert late.done == [due]


async def test_a_loop_that_fails_holds_up_no_other_and_is_tried_again() -> None:
    clock = SystemClock()
    down, broken, good = (Planned(clock, clock.now(), name=name) for name in ("ingest.down", "router.broken", "notifier.good"))
    down.raises, broken.raises = [DatabaseUnavailable("down")], [ZeroDivisionError("Peregrine Testperson")]
    async with process(clock, down, broken, good).running():
        await until(holds(lambda: bool(good.done)), what="the good loop")
        await until(holds(lambda: down.looks > 0 and broken.looks > 0), what="the others")
        broken.woken.set()  # a wake is as good as the pause
        await until(holds(lambda: bool(down.done and broken.done)), what="both again")


async def test_a_wake_is_not_lost_and_an_end_waits_for_no_pause() -> None:
    clock = SystemClock()
    loop = Planned(clock)
    async with asyncio.timeout(10):
        async with process(clock, loop).running():
            await until(holds(lambda: loop.looks == 1), what="the first look")
            loop.woken.set()
            await until(holds(lambda: loop.looks == 2), what="the second look")


async def test_what_is_overdue_and_in_other_hands_is_not_asked_for_without_a_pause() -> None:
    class Elsewhere(Planned):
        async def run_once(self) -> int:
            self.looks += 1
            return 0

    clock = SystemClock()
    loop = Elsewhere(clock, clock.now())
    async with process(clock, loop).running():
        began = clock.monotonic()
        await until(holds(lambda: loop.looks >= 3), what="three looks")
        assert clock.monotonic() - began >= 2 * run.SHORTEST_PAUSE_SECONDS - 0.05


@pytest.mark.parametrize("error", [None, ZeroDivisionError()])
async def test_the_end_finishes_the_loops_then_the_bus_then_every_client(error: Exception | None) -> None:
    told: list[str] = []

    class Busy(Planned):
        async def run_once(self) -> int:
            told.append("began")
            await ending.wait()
            told.append("finished")
            return 0

    async def close() -> None:
        told.append("closed")

    ending, clock = asyncio.Event(), SystemClock()
    service = Service(name=ROUTER, closers=(close, close))

    async def work() -> None:
        async with process(clock, Busy(clock), told=told, services=(service,), error=error).running():
            await until(holds(lambda: "began" in told), what="the loop")
            asyncio.get_running_loop().call_later(0.05, ending.set)

    if error is None:
        await work()
    else:
        with pytest.raises(ZeroDivisionError):
            await work()
    assert told == ["bus started", "began", "finished", "bus stopped", "closed", "closed"]


async def test_a_fact_wakes_its_services_loops_and_crosses_the_process(database: Database) -> None:
    own, other = Planned(SystemClock(), name="ingest.own"), Planned(SystemClock(), name="console.other")
    made = assembled(database, {INGEST: (own,), CONSOLE: (other,)})
    works: Machinery = machinery(database, SystemClock(), "memory:", "unused")
    own.woken.clear()
    other.woken.clear()
    facts = await works.state(2)
    assert (own.woken.is_set(), other.woken.is_set()) == (True, False)
    await made.settle()
    assert sorted(handled) == sorted(facts)


def test_a_service_must_handle_what_it_subscribes_to(database: Database) -> None:
    with pytest.raises(SettingsRefused, match=ROUTER):
        assembled(database, {}, deaf=ROUTER)


handled: list[str] = []


def assembled(database: Database, loops: dict[str, tuple[Loop, ...]], *, deaf: str = "") -> run.Process:
    handled.clear()

    async def handle(_tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        handled.extend(envelope.id for envelope in envelopes)

    def build(name: str) -> Callable[[Parts], Service]:
        handlers = {} if name == deaf else dict.fromkeys(subscribed(name), handle)
        return lambda _parts: Service(name=name, handlers=handlers, loops=loops.get(name, ()))

    parts = cast("Parts", SimpleNamespace(clock=SystemClock(), database=database, settings=Settings()))
    return run.assembled(parts, [build(name) for name in (INGEST, ROUTER, NOTIFIER, CONSOLE)])
