"""A key for trying out: its reports go the same way under the same names, and never meet a real one."""

from collections.abc import AsyncIterator

import pytest

from shared.clock import ManualClock
from shared.db import Database
from shared.report.store import newest
from tests.contract.ingest_world import FORCE, NOW, World, a_world
from tests.samples import sample_body


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


async def test_a_trial_and_a_report_of_the_same_name_are_two_incidents(world: World) -> None:
    sandbox = await world.key(FORCE, sandbox=True)
    trial = await world.post(sample_body(place_kind="online"), **sandbox)
    real = await world.post(sample_body())
    assert (trial.status_code, real.status_code) == (202, 202)
    assert trial.headers["location"] != real.headers["location"]
    assert (await world.post(sample_body(place_kind="online"), **sandbox)).json()["repeated"] is True
    assert (await world.post(sample_body())).json()["repeated"] is True


async def test_each_key_sees_and_changes_its_own_kind_only(world: World) -> None:
    sandbox = await world.key(FORCE, sandbox=True)
    trial = (await world.post(sample_body(), **sandbox)).headers["location"]
    real = (await world.post(sample_body())).headers["location"]
    later = sample_body(source_version=2, place_kind="online")
    for address, own, other in ((trial, sandbox, {}), (real, {}, sandbox)):
        assert (await world.client.get(address, headers=other)).status_code == 404
        assert (await world.put(address, later, **other)).status_code == 404
        assert (await world.withdraw(address, **other)).status_code == 404
        assert (await world.client.get(address, headers=own)).status_code == 200
        assert (await world.put(address, later, **own)).status_code == 202
        assert (await world.withdraw(address, **own)).status_code == 202


async def test_every_row_and_fact_of_a_trial_says_so(world: World) -> None:
    sandbox = await world.key(FORCE, sandbox=True)
    trial = await world.post(sample_body(), **sandbox)
    await world.put(trial.headers["location"], sample_body(source_version=2, place_kind="online"), **sandbox)
    await world.withdraw(trial.headers["location"], **sandbox)
    lines = sample_body(seed=1)
    await world.client.post("/v1/incidents:batch", content=lines, headers={"Content-Type": "application/x-ndjson"} | sandbox)
    facts = await world.rows("journal")
    assert [row["type"] for row in facts] == ["incident.received", "incident.corrected", "incident.withdrawn", "incident.received"]
    assert all(row["data"]["sandbox"] for row in facts)
    rows = [*await world.rows("ingest_incident"), *await world.rows("ingest_version")]
    assert len(rows) == 6
    assert all(row["sandbox"] for row in rows)
    async with world.database.reading() as reading:
        assert (await newest(reading, [trial.json()["incident_id"]]))[trial.json()["incident_id"]].sandbox
