"""The seeded search where everything is real: four processes on PostgreSQL and RabbitMQ, their logs and messages, the broker's files."""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aio_pika
import httpx
import pytest

from services import NAMES
from services.console.handlers import import_file
from services.demo.client import police_system
from services.demo.messages import Messages
from services.demo.walk import Walk
from services.ingest import keys
from services.router.roll import import_roll
from shared.clock import SystemClock
from shared.events import BY_TYPE
from tests import backends
from tests.directory_samples import AUTHORITY, FORCE, imported
from tests.installation import Installation
from tests.parts import Parts
from tests.scenario.leaks import Search, postgres_places
from tests.scenario.seeded import contact_markers, roll_markers, seeded
from tests.servers import PrivateRabbit
from tests.soak import roll, terms_around

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit_node]

NOW = SystemClock().now()
EARLIER = {
    f"{name}_at": (NOW - timedelta(hours=hours)).isoformat() for name, hours in (("believed", 1), ("occurred_from", 3), ("reported", 2))
}
TOLD = seeded(5, "900001", "900002", occurred_to_at=None, **EARLIER)
UNKNOWN = seeded(6, "900001", occurred_to_at=None, **EARLIER)


@pytest.fixture
async def installation(parts: Parts, tmp_path: Path) -> AsyncIterator[Installation]:
    with PrivateRabbit(str(parts.rabbitmq_server), tmp_path / "rabbit") as node:
        made = Installation(tmp_path, f"encompass_leaks_{backends.worker()}", node.url, f"file://{tmp_path}")
        await made.prepare()
        try:
            yield made
        finally:
            await made.close()


async def filled(installation: Installation) -> str:
    """The directory, with school around the year, and the roll; returns an API key."""
    database, vault = installation.opened()
    clock, folder = SystemClock(), installation.folder
    await imported(database, vault, clock, folder / "directory")
    await import_file("terms", terms_around(folder / "terms.csv", NOW.date()), database, vault, clock, _quiet)
    await import_roll(
        roll(folder / "roll.csv", [TOLD.report]),
        authority=AUTHORITY,
        as_at_on=NOW.date(),
        agreement="ISA-1",
        database=database,
        vault=vault,
        clock=clock,
        progress=_quiet,
    )
    async with database.transaction() as tx:
        _, key = await keys.issue(tx, FORCE, "tests", clock.real())
    await database.close()
    return key


def _quiet(_done: int, _total: int) -> None: ...


@contextlib.asynccontextmanager
async def copied(installation: Installation) -> AsyncIterator[list[aio_pika.abc.AbstractIncomingMessage]]:
    """A copy of every message that is published while the block runs, as any other reader of the broker would get it."""
    connection = await aio_pika.connect(installation.bus_url)
    async with connection:
        channel = await connection.channel()
        events = await channel.declare_exchange("encompass.events", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(events, routing_key="#")
        published: list[aio_pika.abc.AbstractIncomingMessage] = []

        async def keep(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            published.append(message)

        await queue.consume(keep, no_ack=True)
        yield published


async def test_nothing_personal_is_in_the_broker_the_database_the_logs_or_the_messages(installation: Installation) -> None:
    key = await filled(installation)
    children = TOLD.report["children"]
    async with copied(installation) as published:
        await installation.start_all()
        async with police_system(installation.api, key) as police:
            walk = Walk(installation.pages, police, Messages(installation.folder), lambda _step: None)
            counted = await walk.carry_out(json.dumps(TOLD.report).encode(), [child["reference"] for child in children])
            assert counted.by_outcome == {"acknowledged": len(children)}
            held = await police.post(json.dumps(UNKNOWN.report).encode())
            await police.show(held["incident_id"])
        async with httpx.AsyncClient(base_url=installation.api, headers={"Authorization": f"Bearer {key}"}) as client:
            name = TOLD.child(0)["full_name"]
            for body in (name.encode(), json.dumps(TOLD.report | {"crime": name}).encode(), b"{" + name.encode()):
                answer = await client.post(
                    f"/v1/incidents?{name}", content=body, headers={"Content-Type": "application/json", "X-Name": name}
                )
                assert answer.status_code in (400, 409)
            await client.get(f"/{name}")
        for service in NAMES:
            installation.kill(service)
    search = Search([*TOLD.markers, *UNKNOWN.markers, *contact_markers(), *roll_markers(installation.folder / "roll.csv")])
    assert {message.routing_key for message in published} <= {f"{name}.v{fact.VERSION}" for name, fact in BY_TYPE.items()}
    assert len({message.routing_key for message in published}) >= 2
    wire = {f"{message.routing_key} {number}": f"{message.body.decode()}\n{message.info()}" for number, message in enumerate(published)}
    assert not search.hits(wire)
    logs = {service: installation.logs(service) for service in NAMES}
    assert all("http.answered" in log for log in logs.values())
    assert not search.hits(logs)
    assert not [line for log in logs.values() for line in log.splitlines() if not line.startswith("{")], "nobody else has written there"
    owner = backends.with_database(backends.postgres_admin(), installation.database_name)
    assert not search.hits(await postgres_places(owner))
    messages = {one.message.attempt_id: f"{one.message.subject}\n{one.message.body}" for one in Messages(installation.folder).all()}
    assert len(messages) >= 4
    assert not search.hits(messages)
    node = [path for path in (installation.folder / "rabbit").rglob("*") if path.is_file()]
    assert len(node) > 10
    assert not search.hits({path.name: path.read_bytes() for path in node})
