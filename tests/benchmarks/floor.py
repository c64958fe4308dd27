"""How fast reports are durably accepted, beside the very same endpoint that reads them, answers and stores nothing.

The floor is the house's own web application and reader with an ``Intake`` that keeps nothing: what is left is what a framework, JSON and
validation cost on this machine. ``python -m tests.benchmarks.floor PORT`` serves it.
"""

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from services.ingest import api, handlers
from services.ingest.handlers_gather import Gathering
from services.ingest.handlers_stored import Receipt
from services.ingest.keys import Caller
from shared.clock import SystemClock
from shared.ids import new_id
from shared.web.app import build_app
from shared.web.frame import frame
from tests.benchmarks import subjects
from tests.benchmarks.load import at_once, request
from tests.servers import free_port
from tests.waiting import until

COUNT = 3000
CONNECTIONS = 64


class _NoKeys:
    """Everybody is somebody, and nobody twice: no key's limit is met."""

    async def caller(self, _authorization: str) -> Caller:
        return Caller(key_id=new_id(), force="testshire")


class _NoIntake:
    """Answers as ingest does, and keeps nothing."""

    async def accept(self, batch: Sequence[handlers.Accept]) -> list[handlers.Answer]:
        return [
            handlers.Accepted(
                Receipt(
                    incident_id=new_id(),
                    incident_version=1,
                    reference=one.report.reference,
                    received_at=one.received_at,
                    findings=one.findings,
                )
            )
            for one in batch
        ]


async def measured(folder: Path, rounds: int) -> dict[tuple[str, str], list[float]]:
    """Reports accepted a second, with the database and without, in turn."""
    figures: dict[tuple[str, str], list[float]] = {("encompass", "accept"): [], ("floor", "accept"): []}
    async with subjects.encompass(folder / "accept", 0, rounds * COUNT + 200, only=("ingest",)) as ours, _served() as port:
        bodies = [request(subjects.PATH, json.dumps(report).encode(), "none") for report in subjects.made(COUNT)]
        await at_once(ours.port, ours.take(200), connections=CONNECTIONS)
        await at_once(port, bodies[:200], connections=CONNECTIONS)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}: accepting", flush=True)
            figures["encompass", "accept"].append(await _rate(ours.port, ours.take(COUNT)))
            figures["floor", "accept"].append(await _rate(port, bodies))
    return figures


async def _rate(port: int, requests: Sequence[bytes]) -> float:
    load = await at_once(port, requests, connections=CONNECTIONS)
    if set(load.statuses) != {202}:
        raise RuntimeError(f"not every report was accepted: {Counter(load.statuses)}")
    return len(requests) / (load.answered[-1] - load.posted[0])


@contextlib.asynccontextmanager
async def _served() -> AsyncIterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.floor", str(port)], stdout=subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def answers() -> bool:
                with contextlib.suppress(httpx.TransportError):
                    return (await client.get("/openapi.json")).status_code == 200
                return False

            await until(answers, what="the floor", within=60)
        yield port
    finally:
        process.kill()
        process.wait()


def _serve(port: int) -> None:
    clock = SystemClock()
    nothing: Any = None
    inner = frame(public_url=f"http://127.0.0.1:{port}", demo=True, database=nothing, clock=clock, templates=[], navigation=())
    intake: Any = _NoIntake()
    keys: Any = _NoKeys()
    routes = api.build(
        intake=intake,
        gathering=Gathering(intake.accept),
        corrections=nothing,
        views=nothing,
        keys=keys,
        limits=inner.limits,
        clock=clock,
    )
    app = build_app(frame=inner, version="0", api=[routes], pages=[], lifespan=nothing)
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
