"""The bus and what makes it safe: nothing lost, one effect, over {SQLite x memory, PostgreSQL x memory, PostgreSQL x RabbitMQ}.

The subject is the machinery itself, with a handler that counts: the same relay, delivery, repair and inbox that the services use.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from shared.bus import Bus, Confirmed, Outcome, inbox
from shared.bus.delivery import Delivery
from shared.bus.memory import MemoryBus
from shared.bus.relay import LEASE, Relay
from shared.bus.retry import ATTEMPTS
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables import journal as tables
from shared.errors import DatabaseBusy, DatabaseUnavailable, NotFound, SettingsRefused, Unavailable
from shared.events import ROUTER, Envelope
from shared.ids import new_id
from tests.contract.machinery import Crash, Machinery, drop_queues, everything, machinery
from tests.parts import detected
from tests.waiting import until

START = datetime(2026, 11, 22, 23, 10, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


COMBINATIONS = [
    pytest.param(("sqlite", "memory:"), id="sqlite-memory"),
    pytest.param(("postgresql", "memory:"), id="postgresql-memory", marks=pytest.mark.postgres),
    pytest.param(("postgresql", "amqp"), id="postgresql-rabbit", marks=[pytest.mark.postgres, pytest.mark.rabbit]),
]


def moved(works: Machinery) -> ManualClock:
    """The clock of this module's machinery, which a test may move."""
    assert isinstance(works.clock, ManualClock)
    return works.clock


async def after_every_retry(works: Machinery) -> None:
    """Let time pass until a fact that never succeeds has been tried as often as it is at all."""
    for _ in range(ATTEMPTS):
        moved(works).move_to(works.clock.now() + timedelta(minutes=1, seconds=1))
        await works.work()


@pytest.fixture(params=COMBINATIONS)
def combination(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def database_kind(combination: tuple[str, str]) -> str:
    return combination[0]


@pytest.fixture
async def prefix(combination: tuple[str, str]) -> AsyncIterator[str]:
    """Queues of this test's own, gone afterwards."""
    name = f"encompass-test-{new_id()[:8]}"
    yield name
    if combination[1] == "amqp":
        await drop_queues(str(detected().amqp_url), name)


@pytest.fixture
async def works(database: Database, clock: ManualClock, combination: tuple[str, str], prefix: str) -> AsyncIterator[Machinery]:
    url = str(detected().amqp_url) if combination[1] == "amqp" else combination[1]
    made = machinery(database, clock, url, prefix)
    await made.bus.start()
    await until(made.bus.healthy, what="the bus")
    yield made
    await made.bus.stop()


async def test_a_fact_has_one_effect(works: Machinery) -> None:
    facts = await works.state(5)
    await works.eventually_once(facts)
    assert await works.pointers() == 0


async def test_nothing_happens_twice_when_it_is_published_twice(works: Machinery) -> None:
    """A crash after the publish and before the pointer's deletion: the lease runs out and the fact is published again."""
    facts = await works.state(3)
    copies = await everything(works.database)
    assert await works.bus.publish(copies) == [Confirmed()] * 3
    await works.eventually_once(facts)


async def test_a_crash_between_claim_and_publish_only_delays(works: Machinery) -> None:
    facts = await works.state(2)
    relay_that_dies = Relay("ingest", works.database, _Dying(works.bus))
    with pytest.raises(Crash):
        await relay_that_dies.run_once()
    assert await works.relay.run_once() == 0  # the lease of the dead is respected
    moved(works).move_to(works.clock.now() + LEASE)
    await works.eventually_once(facts)


async def test_a_crash_inside_a_handler_leaves_no_effect_and_no_inbox_row(works: Machinery) -> None:
    (fact,) = await works.state(1)
    works.crash_after.add(fact)
    (envelope,) = await everything(works.database)
    with pytest.raises(Crash):
        await works.deliveries[ROUTER].deliver([envelope])
    assert await works.effects() == Counter()
    works.crash_after.clear()
    await works.eventually_once([fact])


async def test_repair_handles_what_the_bus_lost_and_publishes_nothing(works: Machinery) -> None:
    facts = await works.state(4)
    async with works.database.transaction() as tx:
        await tx.execute(tables.outbox.delete())
    await works.work()
    assert await works.effects() == Counter()
    moved(works).move_to(works.clock.now() + inbox.REPAIR_AGE + timedelta(seconds=1))
    await works.eventually_once(facts)
    assert await works.pointers() == 0


async def test_the_brokers_late_copy_of_a_repaired_fact_is_without_effect(works: Machinery) -> None:
    facts = await works.state(2)
    moved(works).move_to(works.clock.now() + inbox.REPAIR_AGE + timedelta(seconds=1))
    for repair in works.repairs:
        await repair.run_once()
    assert await works.effects() == Counter(facts)
    await works.work()
    await works.eventually_once(facts)


async def test_a_poison_fact_stops_nobody_and_ends_parked_and_can_be_played_again(works: Machinery) -> None:
    facts = await works.state(6)
    works.poison = {facts[2]}
    good = [fact for fact in facts if fact not in works.poison]
    await works.eventually_once(good)
    await after_every_retry(works)
    async with works.database.reading() as reading:
        (parked,) = await inbox.parked(reading)
    assert (parked["fact_id"], parked["attempts"]) == (facts[2], ATTEMPTS)
    assert "Peregrine" not in str(parked)
    assert await works.effects() == Counter(good)

    works.poison = set()
    async with works.database.transaction() as tx:
        assert await inbox.replay(tx, ROUTER, [facts[2]]) == 1
    await works.eventually_once(facts)


async def test_a_fact_that_only_a_newer_program_can_read_waits_and_holds_up_no_relay(works: Machinery) -> None:
    tomorrow = await works.state_of_tomorrow(pointer=True)
    facts = await works.state(3)
    await works.eventually_once(facts)
    async with works.database.reading() as reading:
        assert list((await reading.execute(select(tables.outbox.c.fact_id))).scalars()) == [tomorrow]


async def test_a_fact_that_cannot_be_read_stops_no_repair_and_ends_parked(works: Machinery) -> None:
    tomorrow = await works.state_of_tomorrow(pointer=False)
    facts = await works.state(3)
    async with works.database.transaction() as tx:
        await tx.execute(tables.outbox.delete())
    moved(works).move_to(works.clock.now() + inbox.REPAIR_AGE + timedelta(seconds=1))
    await works.eventually_once(facts)
    await after_every_retry(works)
    assert await works.inbox_row(tomorrow) == ("parked", ATTEMPTS)


async def test_a_retry_whose_fact_the_journal_does_not_hold_ends_parked(works: Machinery) -> None:
    """An older backup was restored, and the broker still holds what was stated after it."""
    (fact,) = await works.state(1)
    (envelope,) = await everything(works.database)
    stray = replace(envelope, id=new_id())
    works.poison = {stray.id}
    await works.deliveries[ROUTER].deliver([stray])
    assert await works.inbox_row(stray.id) == ("retry", 1)
    await after_every_retry(works)
    assert await works.inbox_row(stray.id) == ("parked", ATTEMPTS)
    assert await works.deliveries[ROUTER].next_due() is None
    await works.eventually_once([fact])


@pytest.mark.parametrize("passing", [DatabaseBusy("a lock"), Unavailable("no policy is in force"), NotFound("not here yet")])
async def test_what_only_has_to_be_waited_for_steps_aside_and_is_never_parked(works: Machinery, passing: Exception) -> None:
    facts = await works.state(6)
    works.poison, works.poison_raises = {facts[0]}, passing
    await works.eventually_once(facts[1:])
    await after_every_retry(works)
    state, attempts = await works.inbox_row(facts[0])
    assert (state, attempts) == ("retry", ATTEMPTS + 1)
    works.poison = set()
    moved(works).move_to(works.clock.now() + timedelta(minutes=1, seconds=1))
    await works.eventually_once(facts)


async def test_every_order_and_every_doubling_ends_the_same(works: Machinery) -> None:
    facts = await works.state(3)
    envelopes = await everything(works.database)
    for order in itertools.permutations([*envelopes, envelopes[0]]):
        await works.deliveries[ROUTER].deliver(order)
        assert await works.effects() == Counter(facts)


async def test_copies_that_arrive_at_once_have_one_effect(works: Machinery) -> None:
    facts = await works.state(20)
    envelopes = await everything(works.database)
    await asyncio.gather(*(works.deliveries[ROUTER].deliver(batch) for batch in (envelopes, envelopes[::-1], envelopes[5:], envelopes)))
    assert await works.effects() == Counter(facts)


async def test_a_database_that_is_down_is_not_the_facts_fault(works: Machinery) -> None:
    class Down(Delivery):
        async def _handle(self, envelopes: Sequence[Envelope]) -> None:
            raise DatabaseUnavailable("down")

    await works.state(1)
    envelopes = await everything(works.database)
    with pytest.raises(DatabaseUnavailable):
        await Down(ROUTER, {}, works.database).deliver(envelopes)
    async with works.database.reading() as reading:
        assert (await reading.execute(select(func.count()).select_from(tables.inbox))).scalar_one() == 0


async def test_old_inbox_rows_are_forgotten_later_than_repair_looks_back(works: Machinery) -> None:
    facts = await works.state(2)
    await works.eventually_once(facts)
    async with works.database.transaction() as tx:
        assert await inbox.forget(tx, ROUTER) == 0
    moved(works).move_to(works.clock.now() + 2 * inbox.RETENTION + timedelta(seconds=1))
    await works.work()
    async with works.database.reading() as reading:
        assert (await reading.execute(select(func.count()).select_from(tables.inbox))).scalar_one() == 0
    await works.work()
    assert await works.effects() == Counter(facts)


def test_the_memory_bus_refuses_to_start_without_every_subscriber() -> None:
    async def nobody(_: Sequence[Envelope]) -> None: ...

    with pytest.raises(SettingsRefused, match="notifier"):
        MemoryBus({ROUTER: nobody})


class _Dying:
    """A bus whose process dies instead of publishing."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def publish(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        raise Crash

    async def start(self) -> None: ...

    async def healthy(self) -> bool:
        return False

    async def stop(self) -> None: ...
