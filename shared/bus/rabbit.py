"""RabbitMQ, 3.10 or 4: a topic exchange, a quorum queue for each (service, fact), confirms in a window, acknowledgement by batch.

Names, with the prefix ``encompass``: exchange ``encompass.events``; queues ``encompass.<service>.<fact>.v1``; a message that was
redelivered ``DELIVERY_LIMIT`` times goes through ``encompass.parked`` to ``encompass.parked.<service>``, whence it too is brought
into the inbox. Without that route a quorum queue would drop it. Every process declares the whole topology.

The connection is a plain one under our own supervision, not a self-restoring one: those have been seen connected and consuming
nothing after a broker restart (mosquito/aio-pika#231, #563, #632). When the connection, a channel or a consumer goes, everything is
taken down and set up again.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError, PublishError

from shared.bus.port import Confirmed, Delivered, Failed, Outcome, Returned, Subscriber
from shared.clock import Clock
from shared.db import assert_outside_transaction
from shared.errors import DatabaseUnavailable, place
from shared.events import BY_TYPE, SUBSCRIBERS, Envelope, dump, load
from shared.log import logger

DELIVERY_LIMIT = 100
PREFETCH = 200
WINDOW = 200
BATCH = 200
CONNECT_SECONDS = 5.0
SET_UP_SECONDS = 60.0
STOP_SECONDS = 10.0
CONFIRM_SECONDS = 10.0
MANY = 8
LINGER_SECONDS = 0.02
"""After a batch of ``MANY`` the next one waits so long for more messages; a quiet queue never waits."""
AGAIN_SECONDS = 1.0
WATCH_SECONDS = 5.0
REFUSALS = 2
_BROKEN = (*CONNECTION_EXCEPTIONS, asyncio.TimeoutError)

log = logger(__name__)


@dataclass(slots=True)
class _Consumer:
    """One queue's messages as they arrive, in order, with the channel they must be acknowledged on and the task that hands them over."""

    queue: str
    subscriber: Subscriber
    channel: AbstractChannel
    tag: str = ""
    acknowledged: int = 0
    arrived: asyncio.Queue[AbstractIncomingMessage] = field(default_factory=asyncio.Queue)
    worker: asyncio.Task[None] | None = None

    async def alive(self) -> bool:
        """Whether the broker still knows this consumer, and its messages are being handed over."""
        if self.channel.is_closed or self.worker is None or self.worker.done():
            return False
        underlay: Any = await self.channel.get_underlay_channel()
        return self.tag in underlay.consumers


class RabbitBus:
    """See the module. ``start`` does not wait for the broker: a service accepts and catches up when the broker is back."""

    def __init__(self, url: str, subscribers: Delivered, *, prefix: str, clock: Clock) -> None:
        self._url = url
        self._subscribers = subscribers
        self._prefix = prefix
        self._clock = clock
        self._events: AbstractExchange | None = None
        self._publishing: AbstractChannel | None = None
        self._consumers: list[_Consumer] = []
        self._supervisor: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._refusals: Counter[str] = Counter()

    async def start(self) -> None:
        """Begin to connect and to consume."""
        self._supervisor = asyncio.create_task(self._supervise(), name="bus")

    async def publish(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Publish persistently and mandatory, up to ``WINDOW`` unconfirmed at a time."""
        assert_outside_transaction()
        outcomes: list[Outcome] = []
        for start in range(0, len(envelopes), WINDOW):
            window = envelopes[start : start + WINDOW]
            results = await asyncio.gather(*(self._publish(envelope) for envelope in window), return_exceptions=True)
            outcomes += [Failed(type(result).__name__) if isinstance(result, BaseException) else result for result in results]
        return outcomes

    async def healthy(self) -> bool:
        """Connected, and every queue of ours consumed by us."""
        if self._events is None:
            return False
        return all([await consumer.alive() for consumer in self._consumers])

    async def stop(self) -> None:
        """Let go, and close; a broker that does not answer holds nobody up."""
        self._stopping.set()
        if self._supervisor is not None:
            await asyncio.wait({self._supervisor}, timeout=STOP_SECONDS)
            self._supervisor.cancel()
            await asyncio.wait({self._supervisor})

    async def _publish(self, envelope: Envelope) -> Outcome:
        exchange = self._events
        if exchange is None:
            return Failed("not-connected")
        message = aio_pika.Message(
            json.dumps(dump([envelope])[0], separators=(",", ":")).encode(),
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=envelope.id,
        )
        try:
            await exchange.publish(message, routing_key=_key(envelope.type), mandatory=True, timeout=CONFIRM_SECONDS)
        except PublishError:
            return Returned()
        except DeliveryError:
            return Failed("not-taken")
        return Confirmed()

    async def _supervise(self) -> None:
        while not self._stopping.is_set():
            (lost,) = await asyncio.gather(self._session(), return_exceptions=True)  # whatever it was, the bus comes back
            if lost is not None:
                log.warning("bus.lost", error=type(lost).__name__, place=place(lost))
                await self._replace_dead_queues()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_SECONDS)

    async def _session(self) -> None:
        """One connection, from its making to its end."""
        connection = await aio_pika.connect(self._url, timeout=CONNECT_SECONDS)
        try:
            async with asyncio.timeout(SET_UP_SECONDS):
                await self._set_up(connection)
            log.info("bus.connected", count=len(self._consumers))
            await self._watch()
        finally:
            workers = [consumer.worker for consumer in self._consumers if consumer.worker is not None]
            self._events = self._publishing = None
            self._consumers = []
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            with contextlib.suppress(*_BROKEN):
                async with asyncio.timeout(CONNECT_SECONDS):
                    await connection.close()

    async def _set_up(self, connection: AbstractConnection) -> None:
        self._publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
        events = await self._declare(self._publishing)
        for service, subscriber in self._subscribers.items():
            for queue in (*self._queues(service), self._parked(service)):
                self._consumers.append(await self._consume(await connection.channel(), queue, subscriber))
        for consumer in self._consumers:
            consumer.worker = asyncio.create_task(self._work(consumer), name=consumer.queue)
        self._events = events

    async def _watch(self) -> None:
        """Return when stopping; raise ConnectionError as soon as something of ours is gone."""
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), WATCH_SECONDS)
            if self._publishing is None or self._publishing.is_closed or not await self.healthy():
                raise ConnectionError("a channel or a consumer is gone")

    async def _declare(self, channel: AbstractChannel) -> AbstractExchange:
        events = await channel.declare_exchange(f"{self._prefix}.events", aio_pika.ExchangeType.TOPIC, durable=True)
        parked = await channel.declare_exchange(f"{self._prefix}.parked", aio_pika.ExchangeType.DIRECT, durable=True)
        for service in sorted({service for services in SUBSCRIBERS.values() for service in services}):
            graveyard = await channel.declare_queue(self._parked(service), durable=True, arguments={"x-queue-type": "quorum"})
            await graveyard.bind(parked, routing_key=service)
            for fact_type, queue_name in zip(_subscriptions(service), self._queues(service), strict=True):
                queue = await channel.declare_queue(
                    queue_name,
                    durable=True,
                    arguments={
                        "x-queue-type": "quorum",
                        "x-delivery-limit": DELIVERY_LIMIT,
                        "x-dead-letter-exchange": f"{self._prefix}.parked",
                        "x-dead-letter-routing-key": service,
                    },
                )
                await queue.bind(events, routing_key=_key(fact_type))
        return events

    async def _consume(self, channel: AbstractChannel, queue_name: str, subscriber: Subscriber) -> _Consumer:
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(queue_name, ensure=False)
        consumer = _Consumer(queue=queue_name, subscriber=subscriber, channel=channel)
        try:
            consumer.tag = await queue.consume(consumer.arrived.put, timeout=CONNECT_SECONDS)
        except _BROKEN:
            self._refusals[queue_name] += 1
            raise
        del self._refusals[queue_name]
        return consumer

    async def _replace_dead_queues(self) -> None:
        """Delete a queue that the broker lists but cannot serve, so that it is declared anew.

        A quorum queue whose node lost its power right after the declaration is such a one (seen on 3.10). Facts live in the
        journal, so what the queue held is found by repair.
        """
        for queue_name in [name for name, refusals in self._refusals.items() if refusals >= REFUSALS]:
            log.error("bus.queue-replaced", queue=queue_name)
            del self._refusals[queue_name]
            with contextlib.suppress(*_BROKEN):
                async with await aio_pika.connect(self._url, timeout=CONNECT_SECONDS) as connection:
                    await (await connection.channel()).queue_delete(queue_name, timeout=CONNECT_SECONDS)

    async def _work(self, consumer: _Consumer) -> None:
        """Hand over what has arrived, as one batch; acknowledge it whole once it is committed."""
        batch: list[AbstractIncomingMessage] = []
        while True:
            many = MANY <= len(batch) < BATCH
            batch = [await consumer.arrived.get()]
            if many:
                await asyncio.sleep(LINGER_SECONDS)
            while len(batch) < BATCH and not consumer.arrived.empty():
                batch.append(consumer.arrived.get_nowait())
            await self._deliver(consumer, [envelope for message in batch if (envelope := _readable(message, consumer.queue))])
            try:
                await _acknowledge(consumer, batch)
            except _BROKEN:
                return  # the channel is gone: the broker gives the batch again, and the inbox drops it

    async def _deliver(self, consumer: _Consumer, envelopes: list[Envelope]) -> None:
        while True:
            try:
                await consumer.subscriber(envelopes)
            except DatabaseUnavailable:
                # Not the facts' fault: keep them, unacknowledged, rather than let them circle towards the delivery limit.
                log.warning("bus.waits-for-database", queue=consumer.queue, facts=len(envelopes))
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    def _queues(self, service: str) -> list[str]:
        return [f"{self._prefix}.{service}.{_key(fact_type)}" for fact_type in _subscriptions(service)]

    def _parked(self, service: str) -> str:
        return f"{self._prefix}.parked.{service}"


def _subscriptions(service: str) -> list[str]:
    return [fact_type for fact_type, services in SUBSCRIBERS.items() if service in services]


def _key(fact_type: str) -> str:
    return f"{fact_type}.v{BY_TYPE[fact_type].VERSION}"


def _readable(message: AbstractIncomingMessage, queue: str) -> Envelope | None:
    """The fact in a message; None for what is not ours. Nothing is lost by passing over it: facts live in the journal."""
    try:
        return load(json.loads(message.body))
    except (ValueError, KeyError, TypeError, AttributeError):
        log.error("bus.unreadable", queue=queue)
        return None


async def _acknowledge(consumer: _Consumer, batch: list[AbstractIncomingMessage]) -> None:
    tags = [message.delivery_tag or 0 for message in batch]
    contiguous = tags == list(range(consumer.acknowledged + 1, consumer.acknowledged + 1 + len(tags)))
    if contiguous:
        await batch[-1].ack(multiple=True)
    else:
        for message in batch:
            await message.ack()
    consumer.acknowledged = max(tags)
