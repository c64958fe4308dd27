"""One process's worth of relays, deliveries and repairs, with handlers that leave one countable effect a fact."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import aio_pika
from sqlalchemy import func, select

from shared.bus import Bus, bus_from_url
from shared.bus.delivery import Delivery
from shared.bus.loop import Loop
from shared.bus.relay import Relay
from shared.bus.repair import Repair
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.db.journal import envelope as envelope_of
from shared.db.tables import journal as tables
from shared.errors import BusUnavailable
from shared.events import NOTIFIER, ROUTER, ChildExcluded, Envelope, IncidentReceived, subscribed
from shared.ids import new_id
from tests.waiting import until


class Crash(BaseException):
    """A process dying at this very point: nothing catches it."""


@dataclass
class Machinery:
    """One process's worth of relays, deliveries and repairs over one database and one bus."""

    database: Database
    clock: Clock
    bus: Bus
    deliveries: dict[str, Delivery]
    relay: Relay
    repairs: list[Repair]
    poison: set[str] = field(default_factory=set)
    poison_raises: Exception = field(default_factory=lambda: ValueError("Peregrine Testperson"))
    crash_after: set[str] = field(default_factory=set)

    async def state(self, count: int = 1) -> list[str]:
        """Record ``count`` facts as ingest would; returns their ids."""
        async with self.database.transaction() as tx:
            return [envelope.id for envelope in await tx.record("ingest", [_received(self.clock) for _ in range(count)])]

    async def state_of_tomorrow(self, *, pointer: bool) -> str:
        """Record a fact in a version that only a newer program can read; returns its id."""
        fact, fact_id = _received(self.clock), new_id()
        row = {"fact_id": fact_id, "service": "ingest", "type": fact.TYPE, "version": 99, "recorded_at": self.clock.now(), "data": {}}
        async with self.database.transaction() as tx:
            await tx.execute(tables.journal.insert().values(row | {"incident_id": fact.incident_id, "subject": fact.subject}))
            if pointer:
                await tx.execute(tables.outbox.insert().values(fact_id=fact_id, service="ingest", due_at=self.clock.real()))
        return fact_id

    async def inbox_row(self, fact_id: str) -> tuple[str, int]:
        """State and attempts of one fact in router's inbox."""
        async with self.database.reading() as reading:
            found = select(tables.inbox.c.state, tables.inbox.c.attempts).where(tables.inbox.c.fact_id == fact_id)
            row = (await reading.execute(found)).one()
            return row.state, row.attempts

    async def effects(self) -> Counter[str]:
        async with self.database.reading() as reading:
            effects = await reading.execute(select(tables.journal.c.data).where(tables.journal.c.type == ChildExcluded.TYPE))
            return Counter(data["child_id"] for data in effects.scalars())

    async def pointers(self) -> int:
        async with self.database.reading() as reading:
            return int((await reading.execute(select(func.count()).select_from(tables.outbox))).scalar_one())

    async def work(self) -> None:
        """Everything that a running process would do now, until nothing is left."""
        loops: list[Loop] = [self.relay, *self.deliveries.values(), *self.repairs]
        for _ in range(100):
            done = 0
            for loop in loops:
                with contextlib.suppress(BusUnavailable):
                    done += await loop.run_once()
            if not done:
                return

    async def eventually_once(self, fact_ids: Sequence[str]) -> None:
        """Each of the facts has had exactly one effect, now or as soon as the transport has brought it."""

        async def once() -> bool:
            await self.work()
            return await self.effects() == Counter(fact_ids)

        await until(once, what="one effect a fact", within=60)


def _received(clock: Clock) -> IncidentReceived:
    return IncidentReceived(
        incident_id=new_id(), incident_version=1, force="testshire", child_ids=(new_id(),), received_at=clock.now(), believed_at=clock.now()
    )


def _effect(envelope: Envelope) -> ChildExcluded:
    """What a handler leaves for each fact: a journal row that names it. The journal would show a second one."""
    return ChildExcluded(
        incident_id=envelope.fact.incident_id,
        incident_version=1,
        child_id=envelope.id,
        reason="effect",
        decider="test",
        excluded_at=envelope.time,
    )


def machinery(database: Database, clock: Clock, bus_url: str, prefix: str) -> Machinery:
    made: Machinery

    async def handle(service: str, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        await tx.record(service, [_effect(envelope) for envelope in envelopes])
        if any(envelope.id in made.poison for envelope in envelopes):
            raise made.poison_raises
        if any(envelope.id in made.crash_after for envelope in envelopes):
            raise Crash

    def handlers(service: str) -> dict[str, object]:
        return {fact_type: lambda tx, envelopes, service=service: handle(service, tx, envelopes) for fact_type in subscribed(service)}

    deliveries = {service: Delivery(service, handlers(service), database) for service in (ROUTER, NOTIFIER)}  # type: ignore[arg-type]
    bus = bus_from_url(bus_url, {name: delivery.deliver for name, delivery in deliveries.items()}, prefix=prefix, clock=clock)
    made = Machinery(
        database, clock, bus, deliveries, Relay("ingest", database, bus), [Repair(delivery, database) for delivery in deliveries.values()]
    )
    return made


async def drop_queues(url: str, prefix: str) -> None:
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    for service in (ROUTER, NOTIFIER):
        for fact_type in subscribed(service):
            await channel.queue_delete(f"{prefix}.{service}.{fact_type}.v1")
        await channel.queue_delete(f"{prefix}.parked.{service}")
    for exchange in ("events", "parked"):
        await channel.exchange_delete(f"{prefix}.{exchange}")
    await connection.close()


async def everything(database: Database) -> list[Envelope]:
    """Every fact that ingest has stated, in order."""
    async with database.reading() as reading:
        rows = await reading.execute(select(tables.journal).where(tables.journal.c.service == "ingest").order_by(tables.journal.c.seq))
        return [envelope_of(row) for row in rows]
