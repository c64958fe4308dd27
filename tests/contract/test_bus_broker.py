"""The broker goes away and comes back, loses its queues, cancels a consumer: nothing is lost. On a node that the test starts itself."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence

import aio_pika
import pytest

from shared.bus import Confirmed, Failed, bus_from_url, inbox
from shared.clock import SystemClock
from shared.db import Database
from shared.events import ROUTER, Envelope, IncidentReceived, dump
from tests.contract.machinery import Machinery, everything, machinery
from tests.parts import Parts
from tests.servers import PrivateRabbit
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit_node, pytest.mark.xdist_group("rabbit_node")]


@pytest.fixture
def database_kind() -> str:
    return "postgresql"


@pytest.fixture(scope="module")
def node(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbit]:
    with PrivateRabbit(str(parts.rabbitmq_server), tmp_path_factory.mktemp("rabbit")) as node:
        yield node


@pytest.fixture
async def works(database: Database, clock: SystemClock, node: PrivateRabbit) -> AsyncIterator[Machinery]:
    made = machinery(database, clock, node.url, "encompass-test")
    await made.bus.start()
    await until(made.bus.healthy, what="the bus")
    yield made
    await made.bus.stop()


async def test_facts_stated_while_the_broker_is_down_arrive_when_it_is_back(works: Machinery, node: PrivateRabbit) -> None:
    before = await works.state(3)
    await works.eventually_once(before)

    await asyncio.to_thread(node.kill)
    during = await works.state(3)

    async def noticed() -> bool:
        return all(isinstance(outcome, Failed) for outcome in await works.bus.publish(await everything(works.database)))

    await until(noticed, what="the bus to notice")
    assert not await works.bus.healthy()
    await works.work()
    assert await works.pointers() == 3

    await asyncio.to_thread(node.start)
    await works.eventually_once([*before, *during])
    assert await works.bus.healthy()


async def test_a_deleted_queue_is_noticed_and_declared_again(works: Machinery, node: PrivateRabbit) -> None:
    """The broker cancels the consumers of a deleted queue: a consumer that looks alive and receives nothing."""
    connection = await aio_pika.connect(node.url)
    channel = await connection.channel()
    await channel.queue_delete(f"encompass-test.{ROUTER}.{IncidentReceived.TYPE}.v1")
    facts = await works.state(2)
    await works.eventually_once(facts)
    await connection.close()


async def test_what_is_dead_lettered_reaches_the_inbox(works: Machinery, node: PrivateRabbit) -> None:
    facts = await works.state(1)
    (envelope,) = await everything(works.database)
    connection = await aio_pika.connect(node.url)
    channel = await connection.channel()
    exchange = await channel.get_exchange("encompass-test.parked")
    await exchange.publish(aio_pika.Message(json.dumps(dump([envelope])[0]).encode()), routing_key=ROUTER)
    await connection.close()
    await works.eventually_once(facts)


async def test_what_is_not_ours_is_passed_over(works: Machinery, node: PrivateRabbit) -> None:
    connection = await aio_pika.connect(node.url)
    channel = await connection.channel()
    exchange = await channel.get_exchange("encompass-test.events")
    for body in (b"", b"[]", b'{"type": "weather.changed.v1"}', b"\xff"):
        await exchange.publish(aio_pika.Message(body), routing_key=f"{IncidentReceived.TYPE}.v1")
    await connection.close()
    facts = await works.state(2)
    await works.eventually_once(facts)
    async with works.database.reading() as reading:
        assert await inbox.parked(reading) == []


@contextlib.contextmanager
def stalled(node: PrivateRabbit) -> Iterator[None]:
    """The node keeps its connections and says nothing."""
    assert node._process is not None
    os.killpg(node._process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(node._process.pid, signal.SIGCONT)


async def test_a_defect_at_the_bus_takes_a_moment_and_not_the_queue(database: Database, clock: SystemClock, node: PrivateRabbit) -> None:
    """A subscriber that breaks its word and raises: its messages come again, on a new connection."""
    arrived: list[str] = []
    defects = iter([ValueError("Peregrine Testperson")])

    async def subscriber(envelopes: Sequence[Envelope]) -> None:
        for defect in defects:
            raise defect
        arrived.extend(envelope.id for envelope in envelopes)

    works = machinery(database, clock, "memory:", "unused")
    (fact,) = await works.state(1)
    bus = bus_from_url(node.url, {ROUTER: subscriber}, prefix="encompass-defect", clock=clock)
    await bus.start()
    await until(bus.healthy, what="the bus")
    assert await bus.publish(await everything(database)) == [Confirmed()]

    async def again() -> bool:
        return arrived == [fact]

    await until(again, what="the message to come again")
    assert await bus.healthy()
    await bus.stop()


async def test_a_broker_that_does_not_answer_holds_up_no_shutdown(database: Database, clock: SystemClock, node: PrivateRabbit) -> None:
    works = machinery(database, clock, node.url, "encompass-stalled")
    await works.bus.start()
    await until(works.bus.healthy, what="the bus")
    with stalled(node):
        async with asyncio.timeout(30):
            await works.bus.stop()
