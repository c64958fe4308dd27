"""What a person or a setting has said of a child, and a defect of ours, when a later version comes: nothing is undone, nobody is lost."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from services.router import store
from services.router.domain.decision import Decision, decide
from services.router.handlers_days import Days, Policies
from services.router.handlers_opening import taken_back
from shared.bus import inbox
from shared.bus.delivery import Delivery
from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables.directory import directory_policy
from shared.directory import Directory
from shared.events import (
    ChildHeld,
    DestinationRevised,
    Envelope,
    IncidentCorrected,
    IncidentRouted,
)
from shared.ids import new_id
from shared.report.model import Child
from shared.report.sealed import KIND
from shared.report.store import newest
from tests.accepted import renewed
from tests.router_life import corrected, family, loaded, only, settled, standing, told, where
from tests.routing import DEADLINE, NIGHT, REVIEW_DEADLINE, World, delivery, on_roll, publish, report_at
from tests.samples import sample_upn

LATER = NIGHT + timedelta(minutes=20)
PRIMARY, HIGH, NURSERY = "900001", "900002", "900003"


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await World.made(database, clock, tmp_path)


# --- people -------------------------------------------------------------------------------------------------------------


async def test_a_child_settled_later_is_a_supplement_where_others_are_told_already(world: World) -> None:
    report = family()
    await loaded(world, only(report, "C1"))
    incident_id = await told(world, report)
    world.clock.move_to(LATER)
    [first] = await settled(world, incident_id, "C3", PRIMARY)
    [other] = await settled(world, incident_id, "C2", HIGH)
    assert (first.supplement, first.send_at, first.deadline_at, other.supplement) == (True, LATER, DEADLINE, False)
    assert sorted((row.ref, row.round) for row in await world.rows("router_destination")) == [(PRIMARY, 1), (PRIMARY, 2), (HIGH, 1)]
    await corrected(world, incident_id, report | {"crime": "no"})
    assert len(await world.facts(incident_id, DestinationRevised)) == 3


async def test_what_a_person_decided_stays_and_a_contradiction_is_asked_once(world: World) -> None:
    report = only(family(), "C1")
    incident_id = await told(world, report)
    await settled(world, incident_id, "C1", HIGH)
    await corrected(world, incident_id, report | {"crime": "no"})
    assert await standing(world, incident_id) == (where(to_900002="C1"), set())
    for name in ("Tesgardo Nobody", "Tesgarda Nobody"):
        await corrected(world, incident_id, only(report, "C1", full_name=name))
        assert await standing(world, incident_id) == (where(to_900002="C1"), {("C1", "changed-after-decision")})
    assert [row.round for row in await world.rows("router_review")] == [1, 3]
    await corrected(world, incident_id, report)
    assert await standing(world, incident_id) == (where(to_900002="C1"), set())


async def test_a_person_takes_a_child_back_and_her_sibling_stays(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    ids = world.child_ids[incident_id]
    async with world.database.transaction() as tx:
        done = await store.held(tx, [incident_id])
        version = (await newest(tx, [incident_id]))[incident_id]
        policies, days = Policies(await world.directory.published(tx)), Days(tx, world.directory)
        facts = await taken_back(tx, version, done[incident_id], [ids["C1"], ids["C2"]], policies, days)
    assert sorted((fact.child_ids, fact.reason) for fact in facts) == [((), "settled"), ((ids["C3"],), "settled")]
    assert (await standing(world, incident_id))[0] == where(to_900001="C3")


# --- recalls ------------------------------------------------------------------------------------------------------------


async def test_a_recall_from_where_a_correction_had_taken_the_child_has_no_effect(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    [routed] = [fact for fact in await world.facts(incident_id, IncidentRouted) if fact.destination_ref == HIGH]
    await corrected(world, incident_id, only(report, "C1", "C3"))
    await world.delivery.deliver([await world.recall(routed, world.child_ids[incident_id]["C2"])])
    assert await standing(world, incident_id) == (where(to_900001="C1 C3"), set())


async def test_no_rule_sends_a_child_back_to_the_setting_that_said_she_is_not_theirs(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    [routed] = [fact for fact in await world.facts(incident_id, IncidentRouted) if fact.destination_ref == PRIMARY]
    await world.delivery.deliver([await world.recall(routed, world.child_ids[incident_id]["C1"])])
    expected = (where(to_900001="C3", to_900002="C2"), {("C1", "not-ours")})
    assert await standing(world, incident_id) == expected
    await corrected(world, incident_id, only(report, "C1", "C2", "C3", known_as="Tessy"))
    await corrected(world, incident_id, only(report, "C1", "C2", "C3", full_name="Tesgardo Nobody", upn=None))
    assert await standing(world, incident_id) == expected
    other = on_roll(report["children"][0], upn=sample_upn(77), forename="Tesgardo", settings=NURSERY)
    await world.load_roll([*(on_roll(child) for child in report["children"]), other])
    await corrected(world, incident_id, only(report, "C1", "C2", "C3", full_name=f"Tesgardo {other['surname']}", upn=other["upn"]))
    assert await standing(world, incident_id) == (where(to_900001="C3", to_900002="C2", to_900003="C1"), set())


# --- defects ------------------------------------------------------------------------------------------------------------


def failing(world: World, reference: str) -> Delivery:
    """Router with rules that fail of every child with that reference; the error's text must not be seen."""

    def rules(child: Child, *seen: Any, **options: Any) -> Decision:
        if child.reference == reference:
            raise KeyError(child.full_name)
        return decide(child, *seen, **options)

    return delivery(world.database, world.vault, world.directory, rules=rules)


class WithoutDays(Directory):
    """A directory that fails of a defect whenever school days are asked for."""

    async def calendars(self, *_asked: Any) -> Any:
        raise KeyError

    async def calendar(self, *_asked: Any) -> Any:
        raise KeyError


async def test_a_defect_of_the_rules_holds_one_child_and_nobody_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    report, sound = family(), report_at(NIGHT, seed=5)
    await world.load_roll([on_roll(child) for one in (report, sound) for child in one["children"]])
    envelopes = await world.accept_many([report, sound])
    await failing(world, "C1").deliver(envelopes)
    incident_id = envelopes[0].fact.incident_id
    assert await standing(world, incident_id) == (where(to_900001="C3", to_900002="C2"), {("C1", "not-decided")})
    [held] = [fact for fact in await world.facts(incident_id, ChildHeld) if fact.reason == "not-decided"]
    assert (held.owner, held.review_deadline_at) == ("team-review", REVIEW_DEADLINE)
    assert await world.delivery.next_due() is None
    await corrected(world, incident_id, only(report, "C1", "C2", "C3", known_as="Tessy"))
    assert await standing(world, incident_id) == (where(to_900001="C1 C3", to_900002="C2"), set())
    assert report["children"][0]["full_name"] not in caplog.text


async def test_a_defect_around_the_rules_holds_every_child_of_that_incident(world: World) -> None:
    report = family()
    await loaded(world, report)
    envelopes = await world.accept_many([report, report])
    broken = WithoutDays(world.vault, world.directory._bank_holidays)
    await delivery(world.database, world.vault, broken).deliver(envelopes)
    for envelope in envelopes:
        incident_id = envelope.fact.incident_id
        assert await standing(world, incident_id) == (set(), {(one, "not-decided") for one in ("C1", "C2", "C3")})
        held = await world.facts(incident_id, ChildHeld)
        assert {(fact.owner, fact.review_deadline_at) for fact in held} == {("team-review", NIGHT + timedelta(minutes=30))}
    assert await world.delivery.next_due() is None


async def test_a_report_that_cannot_be_read_back_is_held_by_the_ids_of_its_children(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    first = (await world.accept(report)).fact.incident_id
    facts = [await unreadable(world, one) for one in (incident_id, first)]
    await world.delivery.deliver(facts)
    everyone = {(one, "not-decided") for one in ("C1", "C2", "C3")}
    assert await standing(world, first) == (set(), everyone)
    assert await standing(world, incident_id) == (where(to_900001="C1 C3", to_900002="C2"), everyone)


async def unreadable(world: World, incident_id: str) -> Envelope:
    """A second version whose content nobody can read back."""
    content_id = new_id()
    async with world.database.transaction() as tx:
        last = (await newest(tx, [incident_id]))[incident_id]
        await world.vault.put(tx, incident_id, [(content_id, KIND, b"{}")])
        version = replace(last, incident_version=2, kind="corrected", content_id=content_id)
        await renewed(tx, version)
        fact = IncidentCorrected(
            incident_id=incident_id,
            incident_version=2,
            force=version.force,
            child_ids=version.child_ids,
            received_at=version.received_at,
            believed_at=version.believed_at,
        )
        [envelope] = await tx.record("ingest", [fact])
    return envelope


async def test_a_defect_at_a_later_version_takes_nothing_away(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    everywhere = where(to_900001="C1 C3", to_900002="C2")
    await failing(world, "C1").deliver([await world.correct(incident_id, only(report, "C1", "C2", "C3", known_as="Tessy"))])
    assert await standing(world, incident_id) == (everywhere, {("C1", "not-decided")})
    await corrected(world, incident_id, only(report, "C1", "C2", "C3", known_as="Tessa"))
    assert await standing(world, incident_id) == (everywhere, set())


async def test_without_a_policy_a_later_version_is_owed_and_nothing_is_lost(world: World) -> None:
    report = only(family(), "C1")
    await loaded(world, report)
    first = await world.accept(report)
    async with world.database.transaction() as tx:
        await tx.execute(delete(directory_policy))
    for _ in range(10):
        await world.delivery.deliver([first])
        world.clock.move_to(world.clock.now() + timedelta(minutes=2))
        await world.delivery.run_once()
    async with world.database.reading() as reading:
        assert await inbox.parked(reading) == []
    await publish(world.database)
    world.clock.move_to(world.clock.now() + timedelta(minutes=2))
    assert await world.delivery.run_once() == 1
    assert await standing(world, first.fact.incident_id) == (where(to_900001="C1"), set())
