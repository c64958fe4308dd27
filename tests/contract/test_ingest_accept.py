"""A report is taken once, durably and whole, whoever sends it how often (design sections 1 and 2)."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from services.ingest.handlers import Accepted, Different, Intake, Repeated, received
from shared.clock import ManualClock
from shared.db import Database
from shared.db.journal import of_incident
from shared.db.tables.directory import directory_policy
from shared.directory import BankHolidays, Directory
from shared.errors import Unavailable
from shared.events import IncidentReceived
from shared.policy import parse, to_json, version
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Vault, retention_month
from tests.contract.ingest_world import FORCE, KEYRING, NOW, World, a_world, with_keyring
from tests.routing import POLICY
from tests.samples import sample_body, sample_report


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


def accept_of(world: World, **overrides: Any) -> Any:
    return received(sample_body(**overrides), force=FORCE, key_id=world.key_id, received_at=world.clock.now())


async def test_a_report_is_stored_before_it_is_answered(world: World) -> None:
    answer = await world.post(sample_body(seed=1))
    assert answer.status_code == 202
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/incidents/{receipt['incident_id']}"
    assert (receipt["version"], receipt["reference"], receipt["repeated"]) == (1, "SAMPLE-000001", False)
    assert datetime.fromisoformat(receipt["received_at"]) == NOW
    assert await world.count("ingest_child") == 3
    assert await world.count("outbox") == 1
    async with world.database.reading() as reading:
        (envelope,) = await of_incident(reading, receipt["incident_id"])
        sealed = await load(world.vault, reading, receipt["incident_id"], Scope.force(FORCE))
    fact = envelope.fact
    assert isinstance(fact, IncidentReceived)
    assert fact.child_ids == tuple(sealed.child_ids.values())
    assert list(sealed.child_ids) == ["C1", "C2", "C3"]
    assert fact.believed_at == sealed.report.believed_at
    assert sealed.report.to_canonical() == accept_of(world, seed=1).report.to_canonical()


async def test_the_report_is_sealed_for_its_retention_month(world: World) -> None:
    await world.post(sample_body())
    (key,) = await world.rows("vault_key")
    (incident,) = await world.rows("ingest_incident")
    assert (key["scope_id"], key["kek_id"]) == (incident["incident_id"], "kek-2027-05")


async def test_an_instant_of_belief_that_is_missing_falls_back(world: World) -> None:
    report = {name: value for name, value in sample_report().items() if name not in ("believed_at", "reported_at")}
    await world.post(json.dumps(report).encode())
    (fact,) = await world.rows("journal")
    assert datetime.fromisoformat(fact["data"]["believed_at"]) == NOW


async def test_the_same_report_again_gets_the_same_receipt(world: World) -> None:
    first = await world.post(sample_body())
    world.clock.move_to(NOW + timedelta(hours=3))
    otherwise_written = json.dumps(dict(reversed(sample_report().items())), indent=2).encode()
    second = await world.post(otherwise_written)
    assert second.status_code == 202
    assert second.headers["location"] == first.headers["location"]
    assert second.json() == first.json() | {"repeated": True}
    assert await world.count("ingest_incident") == await world.count("vault_content") == await world.count("journal") == 1


async def test_findings_are_given_with_the_receipt_and_again_with_the_repeat(world: World) -> None:
    body = sample_body(place_kind="castle", believed_at=None)
    first, second = await world.post(body), await world.post(body)
    codes = {(one["pointer"], one["code"]) for one in first.json()["findings"]}
    assert {("/place_kind", "unrecognised-value"), ("/believed_at", "believed-missing")} <= codes
    assert second.json()["findings"] == first.json()["findings"]


async def test_another_content_under_the_same_reference_is_a_conflict(world: World) -> None:
    first = await world.post(sample_body())
    other = await world.post(sample_body(place_kind="street"))
    assert other.status_code == 409
    assert other.headers["link"] == f'<{first.headers["location"]}>; rel="edit"'
    assert other.json()["code"] == "different-content"
    assert await world.count("ingest_incident") == await world.count("journal") == 1
    assert (await world.post(sample_body())).json()["repeated"] is True


async def test_a_reference_is_its_forces_and_its_systems_own(world: World) -> None:
    other = await world.key("othershire")
    answers = [
        await world.post(sample_body()),
        await world.post(sample_body(), **other),
        await world.post(sample_body(system="other-rms")),
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.json()["incident_id"] for answer in answers}) == 3


async def test_twenty_at_once_are_one_incident(world: World) -> None:
    answers = await asyncio.gather(*(world.post(sample_body()) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert sorted(answer.json()["repeated"] for answer in answers) == [False] + [True] * 19
    assert len({json.dumps(answer.json() | {"repeated": None}) for answer in answers}) == 1
    assert await world.count("ingest_incident") == await world.count("vault_key") == await world.count("journal") == 1


async def test_a_batch_is_one_commit_and_one_answer_each(world: World) -> None:
    """A repeat and a conflict, of an earlier report or within the batch, fail nobody else."""
    told: list[frozenset[str]] = []
    earlier = accept_of(world, seed=1)
    await world.intake.accept([earlier])
    world.database.on_recorded.append(told.append)
    batch = [
        accept_of(world, seed=2),
        accept_of(world, seed=1),
        accept_of(world, seed=1, place_kind="street"),
        accept_of(world, seed=2),
        accept_of(world, seed=2, place_kind="street"),
        accept_of(world, seed=3),
    ]
    answers = await world.intake.accept(batch)
    assert [type(answer) for answer in answers] == [Accepted, Repeated, Different, Repeated, Different, Accepted]
    assert len(told) == 1
    assert await world.count("ingest_incident") == await world.count("vault_content") == 3


async def test_batches_in_opposite_order_do_not_wait_for_each_other(world: World) -> None:
    batch = [accept_of(world, seed=seed) for seed in range(8)]
    both = await asyncio.gather(world.intake.accept(batch), world.intake.accept(batch[::-1]))
    kinds = [type(answer) for answers in both for answer in answers]
    assert (kinds.count(Accepted), kinds.count(Repeated)) == (8, 8)
    assert await world.count("ingest_incident") == 8


async def test_an_empty_batch_is_nothing(world: World) -> None:
    assert await world.intake.accept([]) == []


async def test_the_same_report_is_recognised_after_the_index_key_has_changed(world: World, database: Database) -> None:
    await world.intake.accept([accept_of(world)])
    rotated = KEYRING.with_new_index_key()
    for keyring in (rotated, rotated.without_index_key(KEYRING.current_index_key_id)):
        intake = with_keyring(database, world.clock, keyring)
        kinds = [type(answer) for answer in await intake.accept([accept_of(world), accept_of(world, place_kind="street")])]
        assert kinds == [Repeated, Different]


async def test_a_failing_keyring_takes_nothing(world: World, database: Database) -> None:
    """Without a key for the retention month nothing may be stored, not even half; the sender is told to come again (503)."""
    empty = replace(KEYRING, wrapping_keys={})
    intake = with_keyring(database, world.clock, empty)
    with pytest.raises(Unavailable, match="keyring"):
        await intake.accept([accept_of(world)])
    assert await world.count("ingest_incident") == await world.count("journal") == 0


@pytest.mark.parametrize(("months", "kept"), [(2, 2), (60, 6), (None, 6)])
async def test_a_forces_policy_keeps_its_reports_for_less_and_never_for_longer(
    world: World, database: Database, clock: ManualClock, months: int | None, kept: int
) -> None:
    policy = replace(parse(POLICY, source="test"), owner=FORCE, retention_months=months)
    async with database.transaction() as tx:
        row = {"version": version(policy), "owner_kind": "force", "owner": FORCE, "effective_from_on": policy.effective_from_on}
        await tx.execute(insert(directory_policy), row | {"document": to_json(policy), "published_at": clock.now()})
    vault = Vault(KEYRING, clock)
    intake = Intake(database=database, vault=vault, retention_months=6, directory=Directory(vault, BankHolidays.bundled()))
    [answer] = await intake.accept([accept_of(world)])
    assert isinstance(answer, Accepted)
    [key] = await world.rows("vault_key")
    assert key["kek_id"] == retention_month(NOW.date(), kept)
