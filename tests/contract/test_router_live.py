"""Who is told at once in the holidays, with a real directory: where the child lives, who is on duty, whom the setting has named."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables import directory as tables
from shared.events import Envelope, IncidentRouted
from shared.ids import new_id
from shared.policy import parse, to_json, version
from tests.routing import HOLIDAY_NIGHT, NIGHT, POLICY, World, on_roll, report_at

FARSHIRE = """
owner_kind = "authority"
owner = "farshire"
name = "Farshire"
effective_from_on = 2026-01-01
margin_minutes = 45
[teams]
review = "team-review"
live = "team-far"
phone = "team-phone"
authority_lead = "team-far-lead"
[[duty]]
team = "team-far-day"
days = ["mon", "tue", "wed", "thu", "fri"]
start = "09:00"
end = "17:00"
[[duty]]
team = "team-far-night"
"""
FAR_VERSION = version(parse(FARSHIRE, source="test"))


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    made = await World.made(database, clock, tmp_path)
    clock.move_to(HOLIDAY_NIGHT)
    return made


async def publishes(world: World, document: str) -> None:
    policy = parse(document, source="test")
    row: dict[str, Any] = {"version": version(policy), "owner_kind": policy.owner_kind.value, "owner": policy.owner}
    row |= {"effective_from_on": policy.effective_from_on, "document": to_json(policy), "published_at": world.clock.now()}
    async with world.database.transaction() as tx:
        await tx.execute(insert(tables.directory_policy), row)


async def areas(world: World, **authorities: str) -> None:
    rows = [{"postcodes": one.replace("_", " "), "authority": authority, "source": "test"} for one, authority in authorities.items()]
    async with world.database.transaction() as tx:
        await tx.execute(insert(tables.directory_area), rows)


async def holiday_contact(world: World, setting_id: str, *, state: str = "verified", holiday: bool = True) -> None:
    row: dict[str, Any] = {
        "contact_id": new_id(),
        "reference": new_id(),
        "setting_id": setting_id,
        "role": "head",
        "ordinal": 1,
        "state": state,
    }
    row |= {"verified_at": NIGHT, "has_email": True, "has_phone": True, "scope_id": "s", "sealed": b"", "holiday": holiday}
    async with world.database.transaction() as tx:
        await tx.execute(insert(tables.directory_contact), row)


async def told_at_once(world: World, *, roll: dict[str, str] | None = None, **child: Any) -> list[IncidentRouted]:
    """Who is told now of one child at Testwood Primary, and that the school itself is owed what it always was."""
    report = report_at(world.clock.now())
    report["children"] = [report["children"][0] | child]
    await world.load_roll([on_roll(report["children"][0], **roll or {})])
    envelope: Envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    routed = await world.facts(envelope.fact.incident_id, IncidentRouted)
    own = [(fact.destination_ref, fact.policy_version) for fact in routed if fact.purpose == "first-staff-day"]
    assert [ref for ref, _ in own] == ["900001"]
    assert own[0][1] != FAR_VERSION  # wherever the child lives, the setting is chased by its own authority
    return [fact for fact in routed if fact.purpose == "holiday-live"]


async def test_the_team_on_duty_where_the_child_lives(world: World) -> None:
    await publishes(world, FARSHIRE)
    await areas(world, ZZ99="testshire", ZZ99_1AA="farshire")
    [live] = await told_at_once(world, postcode="ZZ99 1AA")
    assert (live.destination_kind, live.destination_ref, live.policy_version) == ("team", "team-far-night", FAR_VERSION)
    assert live.deadline_at == datetime(2026, 12, 19, 7, 45, tzinfo=UTC)


async def test_the_roll_says_where_a_child_lives_of_whom_the_report_does_not(world: World) -> None:
    await publishes(world, FARSHIRE)
    [live] = await told_at_once(world, postcode=None, roll={"home_authority": "farshire", "postcode": ""})
    assert live.destination_ref == "team-far-night"


@pytest.mark.parametrize("postcode", ["ZZ98 9AA", None])
async def test_where_nobody_knows_it_is_the_settings_authority(world: World, postcode: str | None) -> None:
    await publishes(world, FARSHIRE)
    await areas(world, ZZ99="farshire")
    [live] = await told_at_once(world, postcode=postcode, roll={"postcode": ""})
    assert live.destination_ref == "team-live"


async def test_an_authority_without_a_policy_leaves_it_to_the_settings(world: World) -> None:
    await areas(world, ZZ99="farshire")
    [live] = await told_at_once(world, postcode="ZZ99 1AA")
    assert live.destination_ref == "team-live"


PLANNED = POLICY.replace('"Test policy"', '"Planned"')


@pytest.mark.parametrize(
    ("plan", "has_contact", "told"),
    [
        ("setting-contact", True, [("setting", "900001")]),
        ("setting-contact", False, [("team", "team-live")]),
        ("both", True, [("setting", "900001"), ("team", "team-live")]),
        ("both", False, [("team", "team-live")]),
        ("live-team", True, [("team", "team-live")]),
    ],
)
async def test_the_plan_chooses_and_nobody_is_never_told(world: World, plan: str, has_contact: bool, told: list[tuple[str, str]]) -> None:
    await publishes(world, f'{PLANNED}\n[holiday]\nplan = "{plan}"\n')
    await holiday_contact(world, "900001", holiday=has_contact)
    await holiday_contact(world, "900001", state="unverified")
    live = await told_at_once(world)
    assert sorted((fact.destination_kind, fact.destination_ref) for fact in live) == told
    assert {fact.deadline_at for fact in live} == {datetime(2026, 12, 19, 8, tzinfo=UTC)}


async def test_a_weekend_is_live_where_the_policy_says_so(world: World) -> None:
    world.clock.move_to(datetime(2027, 1, 15, 23, 10, tzinfo=UTC))  # a Friday in term
    await publishes(world, f"{PLANNED}\n[weekend]\nlive_team = true\n")
    report = report_at(world.clock.now())
    report["children"] = report["children"][:1]
    await world.load_roll([on_roll(report["children"][0])])
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    routed = {fact.purpose: fact for fact in await world.facts(envelope.fact.incident_id, IncidentRouted)}
    assert set(routed) == {"holiday-live", "school-day"}
    assert (routed["holiday-live"].destination_ref, routed["school-day"].send_at) == ("team-live", world.clock.now())
