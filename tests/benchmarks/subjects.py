"""The two that are compared, each as its users would start it: processes of its own on the same PostgreSQL and RabbitMQ."""

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from services import NAMES
from services.console.handlers import import_file
from services.ingest import keys
from services.router.roll import import_roll
from shared.clock import SystemClock
from tests import backends
from tests.benchmarks.load import request
from tests.benchmarks.processes import Processes
from tests.contract.machinery import drop_queues
from tests.directory_samples import AUTHORITY, FORCE, imported
from tests.installation import Installation
from tests.parts import detected
from tests.servers import free_port
from tests.soak import reports, roll, terms_around
from tests.waiting import until

TODAY = SystemClock().now().date()
WORKERS = 2
SYSTEMS = 4
BUS_PREFIX = "encompass-bench"
PATH = "/v1/incidents"


@dataclass
class Subject:
    """Something that takes reports on ``port`` and hands e-mails to a sink; ``requests`` are ready to be sent, each once."""

    name: str
    port: int
    processes: Processes
    requests: list[bytes] = field(default_factory=list)

    def take(self, count: int) -> list[bytes]:
        """The next ``count`` requests that have not been sent."""
        taken, self.requests = self.requests[:count], self.requests[count:]
        if len(taken) < count:
            raise RuntimeError("too few reports were made")
        return taken


def made(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Reports of about 2 kB about one child each, who is on the roll by UPN."""
    found = reports(count, seed, TODAY)
    return [report | {"children": report["children"][:1]} for report in found]


@contextlib.asynccontextmanager
async def encompass(folder: Path, smtp_port: int, count: int, *, only: Sequence[str] = NAMES) -> AsyncIterator[Subject]:
    """Four processes (or ``only`` some), sealing on, a journal, an outbox, a ladder and an answer page."""
    posted = made(count)
    folder.mkdir(exist_ok=True)
    broker = str(detected().amqp_url)
    installation = Installation(folder, "encompass_bench", broker, f"smtp://127.0.0.1:{smtp_port}", bus_prefix=BUS_PREFIX)
    await installation.prepare()
    await drop_queues(broker, BUS_PREFIX)  # what an earlier run has left would be delivered to this one
    try:
        keys_of_systems = await _directory(installation, folder, posted)
        for service in only:
            installation.start(service)
            await installation.ready(service)
        requests = [
            request(PATH, json.dumps(report).encode(), key) for report, key in zip(posted, itertools.cycle(keys_of_systems), strict=False)
        ]
        groups = Processes({name: process.pid for name, process in installation.running.items()})
        yield Subject(name="encompass", port=installation.ports["ingest"], processes=groups, requests=requests)
    finally:
        await installation.close()
        await drop_queues(broker, BUS_PREFIX)


async def _directory(installation: Installation, folder: Path, posted: Sequence[dict[str, Any]]) -> list[str]:
    """Settings with one contact each, so that a report is one e-mail whatever the hour; the keys of so many systems that none of them
    meets the limit of calls a minute."""
    database, vault = installation.opened()
    clock = SystemClock()
    try:
        await imported(database, vault, clock, folder / "directory")
        contacts = folder / "contacts.csv"
        columns = (folder / "directory" / "contacts.csv").read_text(encoding="utf-8").splitlines()
        leads = [line for line in columns[1:] if ",dsl," in line or line.startswith("team,")]
        contacts.write_text("\n".join([columns[0], *leads]) + "\n", encoding="utf-8")
        await import_file("contacts", contacts, database, vault, clock, _quiet)
        await import_file("terms", terms_around(folder / "terms.csv", TODAY), database, vault, clock, _quiet)
        await import_roll(
            roll(folder / "roll.csv", posted),
            authority=AUTHORITY,
            as_at_on=TODAY,
            agreement="bench",
            database=database,
            vault=vault,
            clock=clock,
            progress=_quiet,
        )
        async with database.transaction() as tx:
            return [(await keys.issue(tx, FORCE, f"bench {number}", clock.real()))[1] for number in range(SYSTEMS)]
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def reference(folder: Path, smtp_port: int, count: int) -> AsyncIterator[Subject]:
    """One web process and two workers."""
    posted = made(count)
    name, port = "encompass_bench_reference", free_port()
    async with backends.admin() as connection:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
    plain = backends.with_database(backends.postgres_admin(), name)
    environment = {
        **os.environ,
        "REFERENCE_DATABASE_URL": plain.replace("postgresql://", "postgresql+psycopg://", 1),
        "REFERENCE_BROKER_URL": str(detected().amqp_url),
        "REFERENCE_SMTP_PORT": str(smtp_port),
    }
    where = str(Path(__file__).parent)
    web = [sys.executable, "-m", "uvicorn", "reference:app", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    work = [sys.executable, "-m", "celery", "-A", "reference:queue", "worker", "-c", str(WORKERS), "-l", "WARNING", "--without-mingle"]
    create = [sys.executable, "-c", "import reference; reference.Base.metadata.create_all(reference.engine)"]
    subprocess.run(create, env=environment, cwd=where, check=True)
    await _pupils(plain, posted)
    running: list[subprocess.Popen[bytes]] = []
    try:
        with (folder / "reference.log").open("ab") as output:
            for command in (web, work):
                running.append(  # noqa: PERF401 (one that fails to start must not hide the others from the end)
                    subprocess.Popen(command, env=environment, cwd=where, stdout=output, stderr=output, start_new_session=True)
                )
        await _ready(port)
        requests = [request(PATH, json.dumps(report).encode(), "none") for report in posted]
        yield Subject(
            name="reference", port=port, processes=Processes({"web": running[0].pid, "workers": running[1].pid}), requests=requests
        )
    finally:
        for process in running:
            os.killpg(process.pid, 9)
            process.wait()
        async with backends.admin() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _pupils(url: str, posted: Sequence[dict[str, Any]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        rows = {(child["upn"], child["school"]["urn"]) for report in posted for child in report["children"]}
        await connection.executemany("INSERT INTO pupil (upn, setting_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", sorted(rows))
    finally:
        await connection.close()


async def _ready(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

        async def answers() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers, what="the reference", within=60)
    await asyncio.sleep(0)


def _quiet(*_: object) -> None:
    """Nobody watches the imports of a benchmark."""
