"""The August incident of a child leaving Year 6: at the place that was offered, else the authority's; never at the old school alone."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from services.router.handlers_rematch import Rematching
from services.router.loops_rematch import RematchWatch
from services.router.roll_admissions import import_admissions
from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables import directory as tables
from shared.events import IncidentRouted
from shared.ids import new_id
from tests.routing import NIGHT, World, on_roll, report_at

AUGUST = datetime(2027, 8, 10, 21, 0, tzinfo=UTC)
OLD, NEW = "900001", "900002"
ROLL = {"as_at_on": date(2027, 6, 15)}


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    made = await World.made(database, clock, tmp_path)
    clock.move_to(AUGUST)
    async with database.transaction() as tx:
        for first_on, last_on in ((date(2027, 6, 7), date(2027, 7, 21)), (date(2027, 9, 2), date(2027, 10, 22))):
            term = {"term_id": new_id(), "authority": "testshire", "first_on": first_on, "last_on": last_on}
            await tx.execute(insert(tables.directory_term), term | {"label": "Term", "source": "test", "as_at_on": first_on})
    return made


def report(**child: Any) -> dict[str, Any]:
    body = report_at(AUGUST)
    body["children"] = [body["children"][0] | {"date_of_birth": "2016-03-04", "date_of_birth_accuracy": "exact"} | child]
    return body


async def offers(world: World, *rows: tuple[str, str, str], **options: Any) -> Any:
    path = world.path / "places.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(("upn", "setting_id", "from_on"))
        table.writerows(rows)
    return await import_admissions(path, authority="testshire", database=world.database, vault=world.vault, **options)


async def routed(world: World, body: dict[str, Any], **roll: Any) -> dict[str, tuple[str, datetime]]:
    """Who is told of her, with purpose and deadline."""
    await world.load_roll([on_roll(body["children"][0])], **ROLL | roll)
    envelope = await world.accept(body)
    await world.delivery.deliver([envelope])
    facts = await world.facts(envelope.fact.incident_id, IncidentRouted)
    return {fact.destination_ref: (fact.purpose, fact.deadline_at) for fact in facts}


async def test_with_an_offered_place_it_is_the_new_school(world: World) -> None:
    body = report()
    assert (await offers(world, (body["children"][0]["upn"], NEW, "2027-09-02"))).applied
    told = await routed(world, body)
    assert set(told) == {"team-live", NEW}
    assert told[NEW] == ("first-staff-day", datetime(2027, 9, 2, 7, tzinfo=UTC))


async def test_on_the_first_staff_day_an_old_roll_brings_her_back_to_nobody(world: World) -> None:
    body = report()
    await offers(world, (body["children"][0]["upn"], NEW, "2027-09-02"))
    assert NEW in await routed(world, body)
    world.clock.move_to(datetime(2027, 9, 2, 5, tzinfo=UTC))
    assert await RematchWatch(world.database, world.clock, Rematching(world.database, world.vault, world.directory)).run_once() == 1
    live = {row.ref for row in await world.rows("router_destination") if row.ended_at is None}
    assert live == {"team-live", NEW}


async def test_without_one_she_is_the_authoritys_and_never_only_at_the_old_school(world: World) -> None:
    told = await routed(world, report())
    assert told == {
        "team-live": ("holiday-live", datetime(2027, 8, 11, 7, tzinfo=UTC)),
        "team-lead": ("school-day", datetime(2027, 8, 11, 7, tzinfo=UTC)),
    }


@pytest.mark.parametrize("place", [("900009", "2027-09-02"), (NEW, "2026-09-02")])
async def test_a_place_at_a_closed_setting_or_of_another_year_is_none(world: World, place: tuple[str, str]) -> None:
    body = report()
    await offers(world, (body["children"][0]["upn"], *place))
    assert set(await routed(world, body)) == {"team-live", "team-lead"}


async def test_one_who_stays_is_told_of_where_she_is(world: World) -> None:
    assert set(await routed(world, report(date_of_birth="2018-03-04"))) == {"team-live", OLD}


async def test_an_import_replaces_what_was_given_before_and_keeps_no_upn(world: World) -> None:
    upn = report()["children"][0]["upn"]
    await offers(world, (upn, NEW, "2027-09-02"))
    refused = (await offers(world, (upn, "900777", "2027-09-02"), ("X", NEW, "2027-09-02"), (upn, NEW, "soon"))).refused
    assert [(row.line, row.column, row.code) for row in refused] == [
        (2, "setting_id", "unknown"),
        (3, "upn", "check-letter"),
        (4, "from_on", "malformed"),
    ]
    [kept] = await world.rows("router_offer")
    assert (kept.setting_id, upn in str(kept)) == (NEW, False)
    await offers(world, (upn, OLD, "2027-09-02"))
    assert [row.setting_id for row in await world.rows("router_offer")] == [OLD]


async def test_a_roll_of_the_new_year_brings_her_to_the_new_school_and_the_team_keeps_her(world: World) -> None:
    body = report()
    assert set(await routed(world, body)) == {"team-live", "team-lead"}
    watch = RematchWatch(world.database, world.clock, Rematching(world.database, world.vault, world.directory))
    assert await watch.run_once() == 0
    world.clock.move_to(datetime(2027, 9, 10, 20, 0, tzinfo=UTC))
    await world.load_roll([on_roll(body["children"][0], settings=OLD)], as_at_on=date(2027, 7, 1))
    assert await watch.run_once() == 1  # still last year's
    assert {row.ref for row in await world.rows("router_destination")} == {"team-live", "team-lead"}
    await world.load_roll([on_roll(body["children"][0], settings=NEW)], as_at_on=date(2027, 9, 9))
    assert await watch.run_once() == 1
    assert await watch.run_once() == 0
    live = {row.ref: row.urgency for row in await world.rows("router_destination") if row.ended_at is None}
    assert set(live) == {"team-live", "team-lead", NEW}
    assert live[NEW] == "late-on-arrival"
