"""What comes after the first decision: a setting answers that a child is not its own, and reviews that nobody settles."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.router.loops import ReviewWatch
from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.events import ChildHeld, ChildRecalled, Envelope, IncidentRouted, ReviewEscalated
from tests.routing import NIGHT, POLICY_VERSION, REVIEW_DEADLINE, World, on_roll, report_at


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await World.made(database, clock, tmp_path)


async def routed(world: World) -> tuple[Envelope, IncidentRouted]:
    """An incident of one child at two settings, and the fact for the first of them."""
    report = report_at(NIGHT)
    report["children"] = report["children"][:1]
    await world.load_roll([on_roll(report["children"][0], settings="900001;900002")])
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    fact = (await world.facts(envelope.fact.incident_id, IncidentRouted))[0]
    return envelope, fact


@pytest.mark.parametrize("reason", ["not-ours", "has-left"])
async def test_a_recalled_child_goes_back_to_a_person_in_a_new_round(world: World, reason: str) -> None:
    envelope, fact = await routed(world)
    [child_id] = fact.child_ids
    world.clock.move_to(NIGHT + timedelta(minutes=40))
    await world.delivery.deliver([await world.recall(fact, child_id, reason=reason)])

    [held] = await world.facts(envelope.fact.incident_id, ChildHeld)
    assert (held.child_id, held.reason, held.owner, held.policy_version) == (child_id, reason, "team-review", POLICY_VERSION)
    assert held.review_deadline_at == REVIEW_DEADLINE
    [review] = await world.rows("router_review")
    assert (review.review_id, review.round, review.reason, review.authority, review.state) == (
        held.review_id,
        2,
        reason,
        "testshire",
        "open",
    )
    last = next(row for row in await world.rows("router_decision") if row.round == 2)
    assert (last.outcome, last.rule, last.evidence) == ("held", "recall", [reason, f"destination-{fact.destination_id}"])
    assert len(await world.rows("router_destination")) == 2  # the other setting keeps its own


async def test_a_recall_after_the_deadline_leaves_the_least_time_that_a_person_needs(world: World) -> None:
    _, fact = await routed(world)
    answered_at = NIGHT + timedelta(hours=11)
    world.clock.move_to(answered_at)
    await world.delivery.deliver([await world.recall(fact, fact.child_ids[0])])
    [review] = await world.rows("router_review")
    assert review.deadline_at == answered_at + timedelta(minutes=30)


async def test_a_recall_told_twice_is_one(world: World) -> None:
    envelope, fact = await routed(world)
    first = await world.recall(fact, fact.child_ids[0])
    again = await world.recall(fact, fact.child_ids[0])  # another fact, the same answer
    await world.delivery.deliver([first, again])
    await world.delivery.deliver([first])
    async with world.database.transaction() as tx:
        await world.delivery._handlers[ChildRecalled.TYPE](tx, [again])
    assert len(await world.facts(envelope.fact.incident_id, ChildHeld)) == 1


async def test_each_destination_recalled_is_a_round_of_its_own(world: World) -> None:
    envelope, fact = await routed(world)
    other = (await world.facts(envelope.fact.incident_id, IncidentRouted))[1]
    await world.delivery.deliver([await world.recall(one, fact.child_ids[0]) for one in (fact, other)])
    assert sorted(row.round for row in await world.rows("router_review")) == [2, 3]


async def test_a_recall_of_what_is_not_routed_yet_is_owed(world: World) -> None:
    _, fact = await routed(world)
    await world.delivery.deliver([await world.recall(fact, fact.child_ids[0], incident_id="unknown")])
    await world.delivery.deliver([await world.recall(fact, "unknown-child")])
    assert await world.rows("router_review") == []
    assert await world.delivery.next_due() is not None


async def test_a_review_escalates_at_its_deadline_and_once(world: World) -> None:
    envelope = await world.accept(report_at(NIGHT))
    await world.delivery.deliver([envelope])
    watch = ReviewWatch(world.database, world.clock)
    assert await watch.next_due() == REVIEW_DEADLINE
    world.clock.move_to(REVIEW_DEADLINE - timedelta(seconds=1))
    assert await watch.run_once() == 0

    world.clock.move_to(REVIEW_DEADLINE)
    assert [await watch.run_once(), await watch.run_once(), await watch.next_due()] == [3, 0, None]
    escalated = await world.facts(envelope.fact.incident_id, ReviewEscalated)
    assert {fact.child_id for fact in escalated} == set(envelope.fact.child_ids)  # type: ignore[attr-defined]
    assert {(fact.owner, fact.escalated_at) for fact in escalated} == {("team-lead", REVIEW_DEADLINE)}
    reviews = await world.rows("router_review")
    assert {(row.state, row.owner, row.next_action_at, row.escalated_at) for row in reviews} == {
        ("escalated", "team-lead", None, REVIEW_DEADLINE)
    }
