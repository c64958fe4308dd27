"""A later version of a report: router brings every child up to it, moves only who comes out elsewhere, and says so to who is told."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables import router as tables
from shared.events import (
    ChildExcluded,
    ChildHeld,
    DestinationRevised,
    Envelope,
    IncidentDecided,
    IncidentRouted,
    ReviewSettled,
)
from tests.router_life import corrected, decided_by_person, family, loaded, only, standing, told, where
from tests.routing import DEADLINE, NIGHT, POLICY_VERSION, REVIEW_DEADLINE, World, on_roll, report_at
from tests.samples import sample_upn

LATER = NIGHT + timedelta(minutes=20)
FRIDAY_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
PRIMARY, HIGH, NURSERY = "900001", "900002", "900003"
LACK = "not-on-roll"


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await World.made(database, clock, tmp_path)


# --- orders -------------------------------------------------------------------------------------------------------------


async def test_three_versions_in_every_order_come_to_the_same_end(world: World) -> None:
    """Decided one by one or all at once; late and repeated facts have no effect."""
    report = family()
    await loaded(world, report)
    elsewhere = only(report, "C1", "C3", full_name="Tesgardo Nobody", school={"urn": HIGH})
    back = only(report, "C2", "C1", "C3", full_name="Samira Unknown")
    ends = []
    for decided_before, order in itertools.product(([], [1, 2]), itertools.permutations((1, 2, 3))):
        facts: dict[int, Envelope] = {1: await world.accept(report)}
        incident_id = facts[1].fact.incident_id
        for number, body in ((1, None), (2, elsewhere), (3, back)):
            if body is not None:
                facts[number] = await world.correct(incident_id, body)
            if number in decided_before:
                await world.delivery.deliver([facts[number]])
        for number in (*order, *order):
            await world.delivery.deliver([facts[number]])
        ends.append(await standing(world, incident_id))
        last = [fact.incident_version for fact in await world.facts(incident_id, IncidentDecided)]
        assert last == sorted({*decided_before, 3})
    assert all(end == (where(to_900001="C1 C3"), {("C2", LACK)}) for end in ends)
    assert len(ends) == 12


async def test_a_batch_of_corrections_costs_as_many_statements_as_one(world: World) -> None:
    reports = [report_at(NIGHT, seed=seed) for seed in range(7)]
    await world.load_roll([on_roll(child) for report in reports for child in report["children"]])
    envelopes = await world.accept_many(reports)
    await world.delivery.deliver(envelopes)
    incidents = [envelope.fact.incident_id for envelope in envelopes]
    anew = [
        await world.correct(incident_id, only(report, "C1", "C2", full_name="Tesgardo Nobody", upn=None))
        for incident_id, report in zip(incidents, reports, strict=True)
    ]
    with world.statements() as statements:
        await world.delivery.deliver(anew[:1])
        one = len(statements)
        statements.clear()
        await world.delivery.deliver(anew[1:])
        six = len(statements)
    print(f"statements: {one} for one correction, {six} for six")  # noqa: T201
    assert six <= one + 4
    assert one <= 45


# --- what changes, and what does not ------------------------------------------------------------------------------------


async def test_a_silent_change_moves_nobody_although_the_roll_has_changed(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    before = await standing(world, incident_id)
    await loaded(world, report, settings=NURSERY)
    world.clock.move_to(LATER)
    await corrected(world, incident_id, report | {"behaviours": ["threats"], "place_kind": "public-place"})
    assert await standing(world, incident_id) == before
    assert {row.incident_version for row in await world.rows("router_decision")} == {1}
    revised = await world.facts(incident_id, DestinationRevised)
    routed = {fact.destination_id: fact.child_ids for fact in await world.facts(incident_id, IncidentRouted)}
    assert {fact.destination_id: fact.child_ids for fact in revised} == routed
    assert {(fact.incident_version, fact.reason, fact.send_at, fact.deadline_at) for fact in revised} == {(2, "corrected", LATER, DEADLINE)}
    assert {row.revised_version for row in await world.rows("router_destination")} == {2}


async def test_a_deadline_stays_and_a_change_is_told_again_by_its_own(world: World) -> None:
    report = only(family(), "C1")
    await loaded(world, report)
    incident_id = await told(world, report)
    world.clock.move_to(FRIDAY_NOON)
    await corrected(world, incident_id, report | {"crime": "no"})
    [revised] = await world.facts(incident_id, DestinationRevised)
    assert (revised.send_at, revised.deadline_at, revised.urgency) == (FRIDAY_NOON, MONDAY, "ordinary")
    [row] = await world.rows("router_destination")
    assert (row.deadline_at, row.urgency) == (DEADLINE, "ordinary")


async def test_a_child_added_at_a_setting_that_is_told_already_joins_there(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, only(report, "C1"))
    world.clock.move_to(FRIDAY_NOON)
    await corrected(world, incident_id, report)
    assert await standing(world, incident_id) == (where(to_900001="C1 C3", to_900002="C2"), set())
    assert [fact.destination_ref for fact in await world.facts(incident_id, IncidentRouted)] == [PRIMARY, HIGH]
    [revised] = await world.facts(incident_id, DestinationRevised)
    ids = world.child_ids[incident_id]
    assert revised.child_ids == (ids["C1"], ids["C3"])
    # The child is owed as if she were alone: her school day has begun before the force told of her.
    assert (revised.deadline_at, revised.urgency) == (DEADLINE, "late-on-arrival")


async def test_a_child_taken_out_and_put_back(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    ids = world.child_ids[incident_id]
    await corrected(world, incident_id, only(report, "C3"))
    assert await standing(world, incident_id) == (where(to_900001="C3"), set())
    excluded = await world.facts(incident_id, ChildExcluded)
    assert {(fact.child_id, fact.reason, fact.decider) for fact in excluded} == {
        (ids["C1"], "withdrawn", "testforce"),
        (ids["C2"], "withdrawn", "testforce"),
    }
    assert sorted(fact.child_ids for fact in await world.facts(incident_id, DestinationRevised)) == [(), (ids["C3"],)]

    await corrected(world, incident_id, report)
    assert await standing(world, incident_id) == (where(to_900001="C1 C3", to_900002="C2"), set())
    first, second, again = await world.facts(incident_id, IncidentRouted)
    assert (again.destination_ref, again.child_ids, again.supplement) == (HIGH, (ids["C2"],), True)
    assert [first.supplement, second.supplement] == [False, False]
    assert len(await world.facts(incident_id, ChildExcluded)) == 2


async def test_another_identity_is_another_school(world: World) -> None:
    report = family()
    await loaded(world, report, settings=f"{PRIMARY};{NURSERY}")
    other = on_roll(report["children"][0], upn=sample_upn(77), forename="Tesgardo", settings=f"{NURSERY};{HIGH}")
    await world.load_roll([*(on_roll(child) for child in report["children"][1:]), on_roll(report["children"][0]), other])
    incident_id = await told(world, report)
    assert await standing(world, incident_id) == (where(to_900001="C1 C3", to_900002="C2"), set())
    name = "Tesgardo " + report["children"][0]["full_name"].partition(" ")[2]
    await corrected(world, incident_id, only(report, "C1", "C2", "C3", full_name=name, upn=sample_upn(77), school={"urn": HIGH}))
    assert await standing(world, incident_id) == (where(to_900001="C3", to_900002="C1 C2", to_900003="C1"), set())
    rounds = Counter(row.round for row in await world.rows("router_decision") if row.child_id == world.child_ids[incident_id]["C1"])
    assert rounds == {1: 1, 2: 1}


async def test_a_correction_that_finds_a_held_child_ends_her_review(world: World) -> None:
    report = only(family(), "C1")
    await loaded(world, report)
    incident_id = await told(world, only(report, "C1", full_name="Tesgardo Nobody", upn=None))
    [review] = await world.rows("router_review")
    async with world.database.transaction() as tx:
        claim = {"claimed_by": "a-session", "claimed_until_at": LATER}
        await tx.execute(update(tables.router_review).values(claim))
    await corrected(world, incident_id, report)
    assert await standing(world, incident_id) == (where(to_900001="C1"), set())
    [ended] = await world.facts(incident_id, ReviewSettled)
    assert (ended.review_id, ended.settlement, ended.decider) == (review.review_id, "superseded", POLICY_VERSION)
    [row] = await world.rows("router_review")
    assert (row.state, row.settlement, row.settled_by, row.next_action_at, row.claimed_by) == (
        "settled",
        "superseded",
        POLICY_VERSION,
        None,
        None,
    )


async def test_still_held_for_the_same_reason_is_the_same_review_and_for_another_a_new_one(world: World) -> None:
    report = only(family(), "C1")
    incident_id = await told(world, report)
    await corrected(world, incident_id, only(report, "C1", full_name="Tesgardo Nobody"))
    assert await standing(world, incident_id) == (set(), {("C1", LACK)})
    assert len(await world.rows("router_review")) == 1
    world.clock.move_to(REVIEW_DEADLINE - timedelta(minutes=5))
    await corrected(world, incident_id, only(report, "C1", full_name=None))
    assert await standing(world, incident_id) == (set(), {("C1", "no-name")})
    [held] = [fact for fact in await world.facts(incident_id, ChildHeld) if fact.reason == "no-name"]
    assert held.review_deadline_at == REVIEW_DEADLINE  # no version buys time


@pytest.mark.parametrize("by_person", [False, True])
async def test_a_new_flag_takes_the_child_back_whoever_decided(world: World, by_person: bool) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    if by_person:
        async with world.database.transaction() as tx:
            await decided_by_person(tx, incident_id, world.child_ids[incident_id]["C1"])
    flagged = only(report, "C1", "C2", "C3", handling_flags=["refuge"])
    await corrected(world, incident_id, flagged)
    assert await standing(world, incident_id) == (where(to_900001="C3", to_900002="C2"), {("C1", "refuge")})
    await corrected(world, incident_id, report)
    assert await standing(world, incident_id) == (where(to_900001="C1 C3", to_900002="C2"), set())


async def test_two_children_are_never_one_pupil_whichever_came_first(world: World) -> None:
    report = only(family(), "C1")
    await loaded(world, report)
    incident_id = await told(world, report)
    twice = report | {"children": [*report["children"], report["children"][0] | {"reference": "C9"}]}
    await corrected(world, incident_id, twice)
    assert await standing(world, incident_id) == (set(), {("C1", "twin"), ("C9", "twin")})
    await corrected(world, incident_id, report)
    assert await standing(world, incident_id) == (where(to_900001="C1"), set())


# --- withdrawn ----------------------------------------------------------------------------------------------------------


async def test_a_report_taken_back_and_told_again(world: World) -> None:
    report = family()
    await loaded(world, only(report, "C1", "C3"))
    incident_id = await told(world, report)
    await world.delivery.deliver([await world.withdraw(incident_id)])
    assert await standing(world, incident_id) == (set(), set())
    ids = world.child_ids[incident_id]
    assert {fact.child_id for fact in await world.facts(incident_id, ChildExcluded)} == set(ids.values())
    assert [(fact.reason, fact.child_ids) for fact in await world.facts(incident_id, DestinationRevised)] == [("withdrawn", ())]
    assert [fact.decider for fact in await world.facts(incident_id, ReviewSettled)] == ["testforce"]
    assert all(row.ended_at is not None for row in await world.rows("router_destination"))

    await world.delivery.deliver([await world.withdraw(incident_id, "another")])
    assert len(await world.facts(incident_id, ChildExcluded)) == 3
    await corrected(world, incident_id, report)
    assert await standing(world, incident_id) == (where(to_900001="C1 C3"), {("C2", LACK)})
    assert [fact.incident_version for fact in await world.facts(incident_id, IncidentDecided)] == [1, 2, 3, 4]


async def test_taken_back_before_it_was_ever_decided(world: World) -> None:
    first = await world.accept(family())
    last = await world.withdraw(first.fact.incident_id)
    await world.delivery.deliver([first])
    await world.delivery.deliver([last])
    assert [type(fact) for fact in await world.facts(first.fact.incident_id)] == [IncidentDecided]


async def test_an_erased_report_is_decided_no_further(world: World) -> None:
    report = family()
    await loaded(world, report)
    incident_id = await told(world, report)
    other = await world.accept(report)
    before = await standing(world, incident_id)
    fact = await world.correct(incident_id, only(report, "C2"))
    async with world.database.transaction() as tx:
        await world.vault.destroy(tx, incident_id)
    await world.delivery.deliver([fact, other])
    assert await standing(world, incident_id) == before
    assert [one.incident_version for one in await world.facts(incident_id, IncidentDecided)] == [1, 2]
    assert len(await world.facts(other.fact.incident_id, IncidentRouted)) == 2
    assert await world.delivery.next_due() is None
    await world.delivery.deliver([await world.withdraw(incident_id)])
    assert await standing(world, incident_id) == (set(), set())


async def test_what_is_sent_for_trying_out_is_decided_alike_and_says_so(world: World) -> None:
    report = family()
    await loaded(world, only(report, "C1"))
    incident_id = await told(world, report, sandbox=True)
    await corrected(world, incident_id, only(report, "C1", "C2", "C3", full_name="Tesgardo Nobody", upn=None))
    assert {fact.sandbox for fact in await world.facts(incident_id, IncidentRouted)} == {True}
    assert {fact.sandbox for fact in await world.facts(incident_id, ChildHeld)} == {True}
    assert {row.sandbox for row in await world.rows("router_review")} == {True}
