"""What a force is told of its own incident: every child's outcome and every instant, and of another force's nothing."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.db import Database
from shared.errors import VaultSealed
from shared.events import ChildHeld, Fact, IncidentRouted, NotificationAcknowledged, NotificationOpened
from shared.ids import new_id
from shared.report.store import load
from shared.scope import Scope
from tests.contract.ingest_world import FORCE, NOW, World, a_world
from tests.samples import sample_body, sample_report

pytestmark = pytest.mark.sqlite_daily

DEADLINE = datetime.fromisoformat("2026-11-23T08:00:00Z")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


async def sent(world: World, **overrides: Any) -> tuple[str, list[str]]:
    """Post a sample; returns the incident's address and its children's ids."""
    address = (await world.post(sample_body(**overrides))).headers["location"]
    children = sorted(await world.rows("ingest_child"), key=lambda row: row["ordinal"])
    return address, [row["child_id"] for row in children]


async def state(world: World, *facts: Fact) -> None:
    async with world.database.transaction() as tx:
        await tx.record("router", facts)


async def readers(world: World) -> list[str]:
    return [row["data"]["reader"] for row in await world.rows("journal") if row["type"] == "incident.viewed"]


def routed(address: str, child_id: str) -> IncidentRouted:
    return IncidentRouted(
        incident_id=address.rpartition("/")[2],
        incident_version=1,
        destination_id=new_id(),
        destination_kind="setting",
        destination_ref="900001",
        purpose="school-day",
        child_ids=(child_id,),
        send_at=NOW,
        deadline_at=DEADLINE,
        urgency="ordinary",
        policy_version="1",
        routed_at=NOW,
    )


def opened(fact: IncidentRouted) -> NotificationOpened:
    return NotificationOpened(
        incident_id=fact.incident_id,
        notification_id=new_id(),
        destination_id=fact.destination_id,
        destination_kind=fact.destination_kind,
        destination_ref=fact.destination_ref,
        purpose=fact.purpose,
        child_ids=fact.child_ids,
        deadline_at=fact.deadline_at,
        next_action_at=NOW,
        policy_version="1",
        opened_at=NOW,
    )


async def test_a_child_that_was_just_received_waits_for_routing_and_then_is_lost(world: World) -> None:
    address, child_ids = await sent(world)
    seen = (await world.client.get(address)).json()
    assert [child["reference"] for child in seen["children"]] == ["C1", "C2", "C3"]
    assert [child["child_id"] for child in seen["children"]] == child_ids
    assert {(child["outcome"], child["next_action"]) for child in seen["children"]} == {("waiting", "routing")}
    assert {datetime.fromisoformat(child["next_action_at"]) for child in seen["children"]} == {NOW + timedelta(minutes=5)}
    world.clock.move_to(NOW + timedelta(minutes=5))
    assert {child["outcome"] for child in (await world.client.get(address)).json()["children"]} == {"lost"}


async def test_every_instant_is_told(world: World) -> None:
    address, _ = await sent(world)
    report, seen = sample_report(), (await world.client.get(address)).json()
    told = {name: datetime.fromisoformat(value) for name, value in seen["instants"].items()}
    assert told == {
        "occurred_from": datetime.fromisoformat(report["occurred_from_at"]),
        "occurred_to": datetime.fromisoformat(report["occurred_to_at"]),
        "reported": datetime.fromisoformat(report["reported_at"]),
        "believed": datetime.fromisoformat(report["believed_at"]),
        "received": NOW,
    }
    assert (seen["reference"], seen["version"]) == (report["reference"], 1)


async def test_each_child_has_its_own_outcome_and_destinations(world: World) -> None:
    address, (first, second, third) = await sent(world)
    to_setting = routed(address, first)
    notification = opened(to_setting)
    acknowledged = NotificationAcknowledged(
        incident_id=to_setting.incident_id,
        notification_id=notification.notification_id,
        contact_id="c",
        child_ids=(first,),
        acknowledged_at=NOW,
    )
    held = ChildHeld(
        incident_id=to_setting.incident_id,
        incident_version=1,
        child_id=second,
        review_id="r",
        reason="no-match",
        owner="team-1",
        review_deadline_at=DEADLINE,
        policy_version="1",
        held_at=NOW,
    )
    await state(world, to_setting, held, notification, acknowledged, routed(address, third))
    children = (await world.client.get(address)).json()["children"]
    assert [child["outcome"] for child in children] == ["acknowledged", "held", "waiting"]
    assert (children[1]["owner"], children[1]["reason"], children[1]["destinations"]) == ("team-1", "no-match", [])
    (told,) = children[0]["destinations"]
    assert (told["ref"], told["kind"], told["outcome"]) == ("900001", "setting", "acknowledged")
    assert datetime.fromisoformat(told["acknowledged_at"]) == NOW


@pytest.mark.parametrize(
    "report",
    [
        {"handling_flags": ["protected-identity"]},
        {"handling_flags": ["refuge"]},
        {"handling_flags": ["something-new"]},
        {"children": [{"reference": "C1"}, {"reference": "C2", "handling_flags": ["adoption"]}]},
    ],
)
async def test_a_flag_hides_where_every_child_of_the_incident_is(world: World, report: dict[str, Any]) -> None:
    address, child_ids = await sent(world, **report)
    await state(world, routed(address, child_ids[0]))
    answer = await world.client.get(address)
    (told,) = answer.json()["children"][0]["destinations"]
    assert (told["outcome"], told["ref"], told["owner"]) == ("waiting", None, None)
    assert "900001" not in answer.text


async def test_an_incident_of_another_force_does_not_exist(world: World) -> None:
    address, _ = await sent(world)
    other = await world.key("othershire")
    theirs = await world.client.get(address, headers=other)
    unknown = await world.client.get(f"/v1/incidents/{new_id()}", headers=other)
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.content == unknown.content
    assert await world.count("journal") == 1


@pytest.mark.parametrize("name", ["x", "%00", "a" * 300, "../ingest", "'--"])
async def test_what_is_no_id_is_not_there(world: World, name: str) -> None:
    assert (await world.client.get(f"/v1/incidents/{name}")).status_code == 404


async def test_looking_is_recorded_and_changes_nothing_else(world: World) -> None:
    address, _ = await sent(world)
    tables = ["ingest_incident", "ingest_child", "vault_content", "vault_key", "outbox", "inbox"]
    before = [await world.rows(table) for table in tables]
    first = await world.client.get(address)
    await world.client.head(address)
    second = await world.client.get(address)
    assert first.json() == second.json()
    assert [await world.rows(table) for table in tables] == before
    assert await readers(world) == [world.key_id]


async def test_who_asks_again_and_again_looks_once_a_minute(world: World) -> None:
    """Each key and each version is a look of its own."""
    address, _ = await sent(world)
    other = await world.key(FORCE)
    for headers in ({}, {}, other, {}):
        assert (await world.client.get(address, headers=headers)).status_code == 200
    assert len(await readers(world)) == len(set(await readers(world))) == 2
    await world.put(address, sample_body(place_kind="online", source_version=1))
    await world.client.get(address)
    assert len(await readers(world)) == 3
    world.clock.move_to(NOW + timedelta(minutes=1))
    await world.client.get(address)
    assert len(await readers(world)) == 4


async def test_outcomes_outlive_the_report(world: World) -> None:
    address, child_ids = await sent(world)
    incident_id = address.rpartition("/")[2]
    await state(world, routed(address, child_ids[0]))
    async with world.database.transaction() as tx:
        await world.vault.destroy(tx, incident_id)
    async with world.database.reading() as reading:
        with pytest.raises(VaultSealed):
            await load(world.vault, reading, incident_id, Scope.force(FORCE))
    children = (await world.client.get(address)).json()["children"]
    assert [(child["child_id"], child["reference"], child["outcome"]) for child in children] == [
        (one, None, "waiting") for one in child_ids
    ]
    assert children[0]["destinations"][0]["ref"] is None
