"""Who is told of a child without a school: teams by area and route, other forces, successors; and of one who is not there every day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from services.router.handlers_rematch import Rematching
from services.router.loops_rematch import RematchWatch
from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables import directory as tables
from shared.events import ChildExcluded, ChildHeld, IncidentRouted, NotificationAcknowledged, NotificationOpened
from shared.policy import parse, to_json, version
from tests.routing import DEADLINE, NIGHT, POLICY, World, on_roll, report_at


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    made = await World.made(database, clock, tmp_path)
    async with database.transaction() as tx:
        away = {"authority": "elsewhere", "name": "Elsewhere", "nation": "england", "force": "farforce"}
        await tx.execute(insert(tables.directory_authority), away)
        for team, kind, force in (
            ("midwives", "health", "testforce"),
            ("visitors", "health", "testforce"),
            ("far-desk", "police", "farforce"),
        ):
            row = {"team_id": team, "name": team, "kind": kind, "force": force, "owner": f"Head of {team}"}
            await tx.execute(insert(tables.directory_team), row)
        for postcodes, authority in (("ZZ99", "testshire"), ("ZZ98", "elsewhere")):
            await tx.execute(insert(tables.directory_area), {"postcodes": postcodes, "authority": authority, "source": "test"})
        for postcodes, route, team in (("ZZ99", "midwifery", "team-lead"), ("ZZ99 1", "midwifery", "midwives")):
            row = {"postcodes": postcodes, "route": route, "team_id": team, "source": "test"}
            await tx.execute(insert(tables.directory_area_team), row)
    return made


async def publish(world: World, parts: str = "", *, keys: str = "") -> None:
    """Put another policy in force: ``keys`` at its top, ``parts`` behind its teams."""
    policy = parse(keys + POLICY + parts, source="test")
    async with world.database.transaction() as tx:
        row = {"version": version(policy), "owner_kind": "force", "owner": "testforce", "effective_from_on": policy.effective_from_on}
        later = tx.clock.now() + timedelta(seconds=1)
        await tx.execute(insert(tables.directory_policy), row | {"document": to_json(policy), "published_at": later})


def report(instant: datetime = NIGHT, **child: Any) -> dict[str, Any]:
    body = report_at(instant, handling_flags=[], place_kind="public-place")
    body["children"] = [body["children"][0] | {"handling_flags": []} | child]
    return body


async def told(world: World, body: dict[str, Any]) -> list[IncidentRouted]:
    envelope = await world.accept(body)
    await world.delivery.deliver([envelope])
    return await world.facts(envelope.fact.incident_id, IncidentRouted)


async def test_a_school_is_told_by_law_and_the_fact_says_so(world: World) -> None:
    body = report()
    await world.load_roll([on_roll(body["children"][0])])
    [fact] = await told(world, body)
    assert (fact.route, fact.legal_class) == ("school", "statutory")
    [row] = await world.rows("router_destination")
    assert (row.route, row.legal_class) == ("school", "statutory")


@pytest.mark.parametrize(("postcode", "team"), [("ZZ99 1AA", "midwives"), ("ZZ99 2AA", "team-lead")])
async def test_an_unborn_child_goes_to_the_midwives_of_the_postcode(world: World, postcode: str, team: str) -> None:
    unborn = {"reference": "C1", "unborn": {"due_on": "2027-02-01"}, "postcode": postcode}
    body = report() | {"children": [unborn]}
    [fact] = await told(world, body)
    assert (fact.destination_kind, fact.destination_ref, fact.route, fact.legal_class) == ("team", team, "midwifery", "local-agreement")
    assert fact.deadline_at == DEADLINE


async def test_a_child_on_no_roll_who_lives_with_another_force_is_handed_over_to_its_desk(world: World) -> None:
    [fact] = await told(world, report(postcode="ZZ98 1AA", school=None))
    assert (fact.destination_ref, fact.route) == ("far-desk", "other-force")
    assert fact.deadline_at == DEADLINE


async def test_two_desks_of_a_force_are_never_guessed_between(world: World) -> None:
    async with world.database.transaction() as tx:
        row = {"team_id": "far-other", "name": "Other", "kind": "police", "force": "farforce", "owner": "Head"}
        await tx.execute(insert(tables.directory_team), row)
    [fact] = await told(world, report(postcode="ZZ98 1AA", school=None))
    assert (fact.destination_ref, fact.route) == ("team-lead", "other-force")


@pytest.mark.parametrize("education", ["", "home-educated"])
async def test_a_pupil_at_no_setting_is_the_teams_that_the_register_says(world: World, education: str) -> None:
    await publish(world, '[teams.routes]\nhome-educated = "team-review"\n')
    body = report(school=None)
    await world.load_roll([on_roll(body["children"][0], settings="", education=education)])
    [fact] = await told(world, body)
    assert (fact.destination_ref, fact.route) == (("team-review", "home-educated") if education else ("team-lead", "no-setting"))


async def test_at_christmas_whoever_is_live_is_told_of_a_home_educated_child_as_well(world: World) -> None:
    """The team is away from Christmas Eve's night to the 29th: that is too long for nobody to know."""
    eve = datetime(2026, 12, 24, 22, 0, tzinfo=UTC)
    await publish(world, keys="holiday_limit_days = 3\n")
    body = report(eve, school=None)
    await world.load_roll([on_roll(body["children"][0], settings="", education="home-educated")])
    world.clock.move_to(eve)
    facts = {fact.destination_ref: fact for fact in await told(world, body)}
    assert facts["team-lead"].deadline_at == datetime(2026, 12, 29, 8, 0, tzinfo=UTC)
    assert set(facts) == {"team-lead", "team-live"}
    assert facts["team-live"].deadline_at == datetime(2026, 12, 25, 8, 0, tzinfo=UTC)


async def test_health_beside_the_school_where_the_policy_permits_it(world: World) -> None:
    await publish(
        world,
        '[routes]\nschool-nursing = "local-agreement"\nhealth-visiting = "local-agreement"\n[teams.routes]\nhealth-visiting = "visitors"\n',
    )
    body = report(date_of_birth="2024-03-04", date_of_birth_accuracy="exact")
    await world.load_roll([on_roll(body["children"][0], settings="900003")])
    body["children"][0]["school"] = {"urn": "900003"}
    facts = await told(world, body)
    assert {(fact.destination_ref, fact.route) for fact in facts} == {("900003", "school"), ("visitors", "health-visiting")}


async def test_a_school_that_became_another_is_told_under_its_new_number(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(
            update(tables.directory_setting).where(tables.directory_setting.c.setting_id == "900009").values(successor="900002")
        )
    body = report(school={"urn": "900009"})
    await world.load_roll([on_roll(body["children"][0])])
    [fact] = await told(world, body)
    assert fact.destination_ref == "900002"
    [decision] = await world.rows("router_decision")
    assert "successor" in decision.evidence


async def test_a_nursery_that_may_not_be_told_leaves_the_child_to_the_area_and_the_decision_says_why(world: World) -> None:
    await publish(world, '[routes]\nearly-years = "not-permitted"\n')
    await as_nursery(world)
    body = report(school={"urn": "900003"})
    await world.load_roll([on_roll(body["children"][0])])
    [fact] = await told(world, body)
    assert (fact.destination_ref, fact.route) == ("team-lead", "no-setting")
    [decision] = await world.rows("router_decision")
    assert "not-permitted-early-years" in decision.evidence


async def test_where_nobody_may_be_told_it_is_excluded_by_the_policy_that_says_so(world: World) -> None:
    await publish(world, '[routes]\nearly-years = "not-permitted"\nno-setting = "not-permitted"\n')
    await as_nursery(world)
    body = report(school={"urn": "900003"})
    await world.load_roll([on_roll(body["children"][0])])
    envelope = await world.accept(body)
    await world.delivery.deliver([envelope])
    [fact] = await world.facts(envelope.fact.incident_id, ChildExcluded)
    assert fact.reason == "not-permitted"
    assert fact.decider == (await world.rows("router_decision"))[0].policy_version


async def test_a_nursery_child_who_attends_on_thursdays_is_due_by_thursday_and_told_tonight(world: World) -> None:
    await as_nursery(world)
    body = report(school={"urn": "900003"})
    assert (await world.load_roll([on_roll(body["children"][0], settings="900003:thu")])).applied
    [fact] = await told(world, body)  # on a Thursday night: the setting is open tomorrow, and she is not there for a week
    assert (fact.purpose, fact.send_at) == ("school-day", NIGHT)
    assert fact.deadline_at == datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


async def test_a_weekday_that_is_none_is_refused(world: World) -> None:
    result = await world.load_roll([on_roll(report()["children"][0], settings="900003:someday")])
    assert [(row.column, row.code) for row in result.refused] == [("settings", "malformed")]


async def test_a_team_that_sent_a_child_back_is_not_told_again_by_a_correction(world: World) -> None:
    body = report(postcode="ZZ98 1AA", school=None)
    envelope = await world.accept(body)
    await world.delivery.deliver([envelope])
    incident_id = envelope.fact.incident_id
    [fact] = await world.facts(incident_id, IncidentRouted)
    await world.delivery.deliver([await world.recall(fact, fact.child_ids[0])])
    assert len(await world.facts(incident_id, ChildHeld)) == 1
    corrected = body | {"children": [body["children"][0] | {"full_name": "Somebody Else"}]}
    await world.delivery.deliver([await world.correct(incident_id, corrected)])
    assert len(await world.facts(incident_id, IncidentRouted)) == 1


async def as_nursery(world: World) -> None:
    async with world.database.transaction() as tx:
        of = tables.directory_setting
        await tx.execute(update(of).where(of.c.setting_id == "900003").values(kind="early-years", phase="nursery"))


async def close(world: World, successor: str | None) -> None:
    of = tables.directory_setting
    async with world.database.transaction() as tx:
        await tx.execute(update(of).where(of.c.setting_id == "900001").values(status="closed", successor=successor))


async def live(world: World) -> dict[str, frozenset[str]]:
    children = await world.rows("router_destination_child")
    return {
        row.ref: frozenset(one.child_id for one in children if one.destination_id == row.destination_id and one.ended_at is None)
        for row in await world.rows("router_destination")
        if row.ended_at is None
    }


def watch(world: World) -> RematchWatch:
    return RematchWatch(world.database, world.clock, Rematching(world.database, world.vault, world.directory))


async def test_a_setting_that_converts_in_the_night_hands_the_open_notification_to_what_it_became(world: World) -> None:
    body = report(school={"urn": "900001"})
    await world.load_roll([on_roll(body["children"][0])])
    [first] = await told(world, body)
    assert await watch(world).run_once() == 0
    await close(world, "900002")
    assert await watch(world).run_once() == 1
    assert await watch(world).run_once() == 0
    assert await live(world) == {"900002": frozenset(first.child_ids)}
    _, second = await world.facts(first.incident_id, IncidentRouted)
    assert (second.destination_ref, second.deadline_at) == ("900002", DEADLINE)


async def test_a_setting_that_closes_for_good_leaves_the_child_to_a_person(world: World) -> None:
    body = report(school={"urn": "900001"})
    await world.load_roll([on_roll(body["children"][0])])
    [first] = await told(world, body)
    await close(world, None)
    assert await watch(world).run_once() == 1
    assert await live(world) == {}
    [held] = await world.facts(first.incident_id, ChildHeld)
    assert held.reason == "setting-closed"


async def test_what_somebody_has_acted_on_is_not_moved(world: World) -> None:
    body = report(school={"urn": "900001"})
    await world.load_roll([on_roll(body["children"][0])])
    [first] = await told(world, body)
    about: dict[str, Any] = {"incident_id": first.incident_id, "notification_id": "n1"}
    opened = NotificationOpened(
        **about,
        destination_id=first.destination_id,
        destination_kind="setting",
        destination_ref="900001",
        purpose="school-day",
        child_ids=first.child_ids,
        deadline_at=first.deadline_at,
        next_action_at=first.deadline_at,
        policy_version=first.policy_version,
        opened_at=NIGHT,
    )
    acted = NotificationAcknowledged(**about, contact_id="c1", child_ids=first.child_ids, acknowledged_at=NIGHT)
    async with world.database.transaction() as tx:
        await tx.record("notifier", [opened, acted])
    await close(world, "900002")
    await watch(world).run_once()
    assert set(await live(world)) == {"900001"}
    assert await watch(world).run_once() == 0


@pytest.mark.parametrize(("born", "outcome"), [("2008-11-20", "matched"), ("2008-11-19", "excluded")])
async def test_whoever_turns_eighteen_overnight_was_a_child_when_the_police_came_to_believe_it(
    world: World, born: str, outcome: str
) -> None:
    body = report(school={"urn": "900002"}, date_of_birth=born, date_of_birth_accuracy="exact")
    await world.load_roll([on_roll(body["children"][0])])
    world.clock.move_to(NIGHT + timedelta(hours=2))
    await told(world, body)
    assert [row.outcome for row in await world.rows("router_decision")] == [outcome]


@pytest.mark.parametrize("accuracy", ["estimated", "year-only"])
async def test_an_estimated_birth_neither_excludes_nor_matches_by_name(world: World, accuracy: str) -> None:
    body = report(school={"urn": "900002"}, date_of_birth="2008-01-01", date_of_birth_accuracy=accuracy, upn=None)
    await world.load_roll([on_roll(body["children"][0], upn="")])
    assert await told(world, body) == []
    [decision] = await world.rows("router_decision")
    assert (decision.outcome, decision.rule) == ("held", "no-date-of-birth")
