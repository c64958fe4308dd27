"""Before a setting's first staff day its children are looked for on the roll again, and nobody is lost."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.router import store_roll
from services.router.handlers_rematch import Rematching
from services.router.loops_rematch import RematchWatch
from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.events import ChildHeld, DestinationRevised, IncidentRouted
from tests.routing import HOLIDAY_NIGHT, NIGHT, World, on_roll, report_at
from tests.samples import sample_upn

SIX, SEVEN = datetime(2027, 1, 4, 6, tzinfo=UTC), datetime(2027, 1, 4, 7, tzinfo=UTC)
OLD, NEW = "900001", "900002"


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    made = await World.made(database, clock, tmp_path)
    clock.move_to(HOLIDAY_NIGHT)
    return made


def watch(world: World) -> RematchWatch:
    return RematchWatch(world.database, world.clock, Rematching(world.database, world.vault, world.directory))


def family(number: int = 1) -> dict[str, Any]:
    """A report of the first so many children, all of them at the old school, each with a UPN of her own."""
    report = report_at(HOLIDAY_NIGHT)
    first, second, _ = report["children"]
    others = [second | {"school": first["school"], "upn": sample_upn(99), "date_of_birth_accuracy": "exact"}]
    report["children"] = [first, *others][:number]
    return report


async def told(world: World, report: Mapping[str, Any], *pupils: Mapping[str, str]) -> str:
    """The incident, routed on the roll of December."""
    await world.load_roll(list(pupils))
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    return str(envelope.fact.incident_id)


async def live(world: World, incident_id: str, purpose: str | None = None) -> dict[str, set[str]]:
    """Who is told of whom now, by the setting or team."""
    rows = {row.destination_id: row for row in await world.rows("router_destination", incident_id=incident_id)}
    found: dict[str, set[str]] = {}
    for row in await world.rows("router_destination_child"):
        if row.destination_id in rows and row.ended_at is None and purpose in (None, rows[row.destination_id].purpose):
            found.setdefault(rows[row.destination_id].ref, set()).add(row.child_id)
    return found


async def on_the_morning(world: World, *pupils: Mapping[str, str]) -> None:
    """A new roll, and six o'clock on the first staff day."""
    loop = watch(world)
    assert await loop.next_due() == SIX
    assert await loop.run_once() == 0
    world.clock.move_to(SIX - timedelta(hours=1))
    if pupils:
        await world.load_roll(list(pupils), as_at_on=date(2027, 1, 3))
    world.clock.move_to(SIX)
    assert await loop.run_once() == 1
    assert await loop.run_once() == 0
    assert await loop.next_due() is None


async def test_one_who_is_still_there_is_told_of_as_planned(world: World) -> None:
    report = family()
    incident = await told(world, report, on_roll(report["children"][0]))
    before = await live(world, incident)
    await on_the_morning(world, on_roll(report["children"][0]))
    assert await live(world, incident) == before
    assert await world.facts(incident, DestinationRevised) == []


async def test_one_who_has_moved_is_told_of_at_the_new_school_alone(world: World) -> None:
    report = family()
    incident = await told(world, report, on_roll(report["children"][0]))
    [child] = world.child_ids[incident].values()
    await on_the_morning(world, on_roll(report["children"][0], settings=NEW))
    assert await live(world, incident) == {"team-live": {child}, NEW: {child}}
    [revised] = await world.facts(incident, DestinationRevised)
    assert (revised.child_ids, revised.reason) == ((), "rematched")
    routed = (await world.facts(incident, IncidentRouted))[-1]
    assert (routed.destination_ref, routed.child_ids) == (NEW, (child,))
    assert routed.send_at <= SEVEN
    decision = max(await world.rows("router_decision"), key=lambda row: row.round)
    assert (decision.outcome, decision.rule, "rematched" in decision.evidence) == ("matched", "upn", True)


async def test_a_sister_who_stays_stays(world: World) -> None:
    report = family(2)
    pupils = [on_roll(child) for child in report["children"]]
    incident = await told(world, report, *pupils)
    first, second = (world.child_ids[incident][reference] for reference in ("C1", "C2"))
    assert (await live(world, incident, "first-staff-day")) == {OLD: {first, second}}
    await on_the_morning(world, pupils[0] | {"settings": NEW}, pupils[1])
    assert (await live(world, incident, "first-staff-day")) == {OLD: {second}, NEW: {first}}


async def test_one_who_is_on_no_roll_any_more_is_the_authoritys(world: World) -> None:
    report = family()
    incident = await told(world, report, on_roll(report["children"][0]))
    [child] = world.child_ids[incident].values()
    somebody = on_roll(report["children"][0], upn="", forename="Another", surname="Pupil")
    await on_the_morning(world, somebody)
    assert await live(world, incident) == {"team-live": {child}, "team-lead": {child}}
    routed = (await world.facts(incident, IncidentRouted))[-1]
    assert (routed.destination_kind, routed.purpose) == ("team", "school-day")


async def test_where_the_roll_does_not_say_a_person_decides_before_the_bell(world: World) -> None:
    """Without a UPN the match rested on the school's name: elsewhere on the roll, she may be another child of that name."""
    report = family()
    report["children"][0]["upn"] = None
    pupil = on_roll(report["children"][0], upn="")
    incident = await told(world, report, pupil)
    [child] = world.child_ids[incident].values()
    await on_the_morning(world, pupil | {"settings": NEW})
    assert await live(world, incident) == {"team-live": {child}}
    [held] = await world.facts(incident, ChildHeld)
    assert (held.reason, held.review_deadline_at) == ("school-disagrees", SEVEN)


async def test_without_a_roll_nobody_is_taken_away(world: World) -> None:
    """A setting of an authority that gives no roll any more: no roll can say that a child has left it."""
    report = family()
    incident = await told(world, report, on_roll(report["children"][0]))
    before = await live(world, incident)
    [roll] = await world.rows("router_roll", state="live")
    async with world.database.transaction() as tx:
        assert await store_roll.end(tx, roll.roll_id)
    await on_the_morning(world)
    assert await live(world, incident) == before


async def test_what_is_told_within_the_hour_was_looked_for_just_now(world: World) -> None:
    world.clock.move_to(SIX + timedelta(minutes=20))
    report = report_at(world.clock.now() - timedelta(days=9)) | {"children": family()["children"]}
    incident = await told(world, report, on_roll(report["children"][0]))
    assert (await live(world, incident))[OLD]
    assert await watch(world).next_due() is None
