"""Nothing personal of a report is outside its seal (design rules 7.1 and 7.2)."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables import metadata
from tests.contract.ingest_world import NOW, World, a_world
from tests.samples import personal_words, sample_body, sample_report

PUBLIC = frozenset({"system", "reference", "ethnicity", "type", "crime", "place_kind", "disability", "presence", "role", "relation"})
"""The sender's identity, and members whose values are codes: words of the house, not of a person."""
CODES = frozenset(
    {"behaviours", "codes", "kind", "tool", "grade", "date_of_birth_accuracy", "handling_flags", "lives_with", "sex", "child"}
)
INSTANTS = frozenset({"occurred_from_at", "occurred_to_at", "reported_at", "believed_at"})
"""What the incident's fact carries on purpose."""
LINES = b"\n".join([sample_body(reference="line"), sample_body(reference=["Samandra Testerby"]), sample_body()[:-9], sample_body()])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


def texts(value: Any, name: str = "") -> Iterator[str]:
    """Every text of the report that is neither code, reference nor told on purpose."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from texts(inner, member)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, name)
    elif isinstance(value, str) and len(value) >= 4 and name not in PUBLIC | CODES | INSTANTS:
        yield value


async def dump(world: World) -> str:
    """Every column of every table, sealed bytes as they are."""
    cells = [
        cell.decode("latin-1") if isinstance(cell, bytes) else str(cell)
        for table in metadata.tables
        for row in await world.rows(table)
        for cell in row.values()
    ]
    return "\n".join(cells)


async def everything(world: World) -> tuple[str, str]:
    """Accept, repeat, conflict, refuse, correct, withdraw, and look, with bodies of which every optional part is odd; logs and answers."""
    odd: dict[str, Any] = {
        "place_kind": "at Fictonwold's",
        "Nowhere Row member": "a purple word",
        "police_action": {"codes": ["Samiro"], "text": 7},
    }
    with structlog.testing.capture_logs() as logged:
        first = await world.post(sample_body())
        answers = [
            first,
            await world.post(sample_body()),
            await world.post(sample_body(place_kind="street")),
            await world.post(sample_body(reference="other", **odd)),
            await world.post(sample_body(reference=["Samandra Testerby"])),
            await world.post(sample_body()[:-9]),
            await world.put(first.headers["location"], sample_body(source_version=2, **odd)),
            await world.put(first.headers["location"], sample_body(source_version="Samandra Testerby")),
            await world.put(first.headers["location"], sample_body(source_version=3, reference="Fictonwold")),
            await world.withdraw(first.headers["location"], "Samandra Testerby"),
            await world.client.post("/v1/incidents:batch", content=LINES, headers={"Content-Type": "application/x-ndjson"}),
            await world.client.get(first.headers["location"]),
        ]
        world.clock.move_to(NOW + timedelta(minutes=10))
        answers.append(await world.client.get(first.headers["location"]))
    assert [answer.status_code for answer in answers] == [202, 202, 409, 202, 422, 400, 202, 428, 422, 422, 200, 200, 200]
    return str(logged), "\n".join(f"{answer.headers}{answer.text}" for answer in answers)


async def test_the_tables_hold_nothing_of_the_report_outside_the_seal(world: World) -> None:
    await everything(world)
    dumped = await dump(world)
    assert "SAMPLE-000000" in dumped, "the dump would find what is there"
    searched = {*texts(sample_report()), *personal_words(sample_report()), "Fictonwold", "Nowhere Row", "purple word"}
    assert len(searched) > 40
    assert not [text for text in searched if text in dumped]


async def test_neither_logs_nor_answers_hold_anything_of_the_report(world: World) -> None:
    logged, answered = await everything(world)
    searched = {*texts(sample_report()), *personal_words(sample_report()), "Fictonwold", "Nowhere Row", "purple word", "Samandra", "Samiro"}
    assert "incident.received" in logged
    assert not [text for text in searched if text in logged or text in answered]
    assert "SAMPLE-000000" not in logged
