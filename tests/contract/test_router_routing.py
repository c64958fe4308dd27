"""Router decides: every child of a received report has one outcome, once, whatever is repeated or runs beside it."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, inspect, text

from services.router import build
from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables.directory import directory_policy
from shared.events import ChildExcluded, ChildHeld, Envelope, IncidentDecided, IncidentReceived, IncidentRouted, subscribed
from shared.service import Parts
from shared.settings import Settings
from shared.web.frame import frame
from tests.backends import create_app_role, postgres_admin, sqlalchemy_url, with_database
from tests.routing import (
    DEADLINE,
    HOLIDAY_NIGHT,
    NIGHT,
    POLICY_VERSION,
    REVIEW_DEADLINE,
    World,
    delivery,
    on_roll,
    publish,
    report_at,
)
from tests.samples import personal_words


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await World.made(database, clock, tmp_path)


def outcomes(facts: list[Any]) -> dict[str, list[str]]:
    """What was said of each child."""
    said: dict[str, list[str]] = {}
    for fact in (one for one in facts if not isinstance(one, IncidentDecided)):
        for child_id in fact.child_ids if isinstance(fact, IncidentRouted) else (fact.child_id,):
            said.setdefault(child_id, []).append(fact.TYPE)
    return said


async def routed_all(world: World, envelopes: tuple[Envelope, ...]) -> None:
    await world.delivery.deliver(envelopes)
    assert await world.rows("router_incident", incident_version=0) == []


def test_it_handles_what_it_subscribes_to(world: World) -> None:
    parts = Parts(
        settings=Settings.model_construct(),
        clock=world.clock,
        database=world.database,
        vault=world.vault,
        directory=world.directory,
        frame=frame(public_url="http://localhost", demo=True, database=world.database, clock=world.clock),
    )
    service = build(parts)
    assert set(service.handlers) == set(subscribed("router"))
    assert {loop.name for loop in service.loops} >= {"router.review-watch", "router.roll-remains", "router.token-rotation"}


async def test_a_child_on_the_roll_is_routed_and_the_others_are_held(world: World) -> None:
    report = report_at(NIGHT)
    await world.load_roll([on_roll(report["children"][0])])
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    first, second, third = envelope.fact.child_ids  # type: ignore[attr-defined]

    [routed] = await world.facts(envelope.fact.incident_id, IncidentRouted)
    assert (routed.destination_kind, routed.destination_ref, routed.purpose) == ("setting", "900001", "school-day")
    assert (routed.child_ids, routed.send_at, routed.deadline_at, routed.urgency) == ((first,), NIGHT, DEADLINE, "ordinary")
    assert routed.policy_version == POLICY_VERSION
    held = await world.facts(envelope.fact.incident_id, ChildHeld)
    assert [(fact.child_id, fact.reason) for fact in held] == [(second, "not-on-roll"), (third, "no-date-of-birth")]
    assert {(fact.owner, fact.review_deadline_at, fact.policy_version) for fact in held} == {
        ("team-review", REVIEW_DEADLINE, POLICY_VERSION)
    }

    decisions = {row.child_id: row for row in await world.rows("router_decision")}
    assert [decisions[one].outcome for one in (first, second, third)] == ["matched", "held", "held"]
    assert decisions[first].rule == "upn"
    assert "upn-agrees" in decisions[first].evidence
    reviews = {row.child_id: row for row in await world.rows("router_review")}
    assert reviews[second].authority == "testshire"  # of the school named by its URN
    assert reviews[third].authority is None
    assert {(row.state, row.owner, row.escalates_to, row.next_action_at) for row in reviews.values()} == {
        ("open", "team-review", "team-lead", REVIEW_DEADLINE)
    }


async def test_siblings_at_one_setting_are_one_destination_and_two_registrations_are_two(world: World) -> None:
    report = report_at(NIGHT)
    one, other, _ = report["children"]
    report["children"] = [one, other | {"school": one["school"], "date_of_birth": "2020-02-02"}]
    pupils = [on_roll(report["children"][0], settings="900001;900002"), on_roll(report["children"][1])]
    await world.load_roll(pupils)
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    by_setting = {fact.destination_ref: fact.child_ids for fact in await world.facts(envelope.fact.incident_id, IncidentRouted)}
    first, second = envelope.fact.child_ids  # type: ignore[attr-defined]
    assert by_setting == {"900001": (first, second), "900002": (first,)}
    children = await world.rows("router_destination_child")
    assert sorted(row.child_id for row in children) == sorted([first, first, second])


async def test_over_eighteen_is_excluded_by_the_policy(world: World) -> None:
    report = report_at(NIGHT)
    report["children"] = [report["children"][0] | {"date_of_birth": "2008-11-19"}]
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    [fact] = await world.facts(envelope.fact.incident_id, ChildExcluded)
    assert (fact.reason, fact.decider) == ("over-18", POLICY_VERSION)


async def test_while_settings_are_closed_for_long_the_live_team_is_told_now(world: World) -> None:
    world.clock.move_to(HOLIDAY_NIGHT)
    report = report_at(HOLIDAY_NIGHT)
    report["children"].append(report["children"][0] | {"reference": "C4", "upn": None, "full_name": "Tesgardo Nobody"})
    await world.load_roll([on_roll(child) for child in report["children"][:2]])
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    routed = await world.facts(envelope.fact.incident_id, IncidentRouted)
    first, second, third, fourth = envelope.fact.child_ids  # type: ignore[attr-defined]
    live = [fact for fact in routed if fact.purpose == "holiday-live"]
    back = [fact for fact in routed if fact.purpose == "first-staff-day"]
    assert [(fact.destination_kind, fact.destination_ref, fact.child_ids) for fact in live] == [("team", "team-live", (first, second))]
    assert live[0].deadline_at == datetime(2026, 12, 19, 8, tzinfo=UTC)
    assert sorted(fact.destination_ref for fact in back) == ["900001", "900002"]
    assert {fact.send_at for fact in back} == {datetime(2027, 1, 4, 7, tzinfo=UTC)}
    # A held child of an area in holiday must be settled before the live team's deadline; one of no known area before Monday's school.
    held = {fact.child_id: fact.review_deadline_at for fact in await world.facts(envelope.fact.incident_id, ChildHeld)}
    assert held == {third: datetime(2026, 12, 21, 7, tzinfo=UTC), fourth: datetime(2026, 12, 19, 7, tzinfo=UTC)}


async def test_a_repeat_has_no_effect(world: World) -> None:
    report = report_at(NIGHT)
    await world.load_roll([on_roll(report["children"][0])])
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope, envelope])
    await world.delivery.deliver([envelope])
    async with world.database.transaction() as tx:  # past the inbox, as after its retention
        await world.delivery._handlers[IncidentReceived.TYPE](tx, [envelope, envelope])
    said = outcomes(await world.facts(envelope.fact.incident_id))
    assert {len(one) for one in said.values()} == {1}
    assert len(await world.rows("router_decision")) == 3
    assert [fact.incident_version for fact in await world.facts(envelope.fact.incident_id, IncidentDecided)] == [1]


async def test_two_processes_at_once_have_one_effect(world: World) -> None:
    reports = [report_at(NIGHT, seed=seed) for seed in range(4)]
    await world.load_roll([on_roll(child) for report in reports for child in report["children"]])
    envelopes = await world.accept_many(reports)
    handlers = [delivery(world.database, world.vault, world.directory)._handlers[IncidentReceived.TYPE] for _ in range(2)]

    async def process(number: int) -> None:
        async with world.database.transaction() as tx:
            await handlers[number](tx, envelopes[:: 1 if number else -1])

    await asyncio.gather(process(0), process(1))
    for envelope in envelopes:
        said = outcomes(await world.facts(envelope.fact.incident_id))
        assert set(said) == set(envelope.fact.child_ids)  # type: ignore[attr-defined]
        assert {len(one) for one in said.values()} == {1}


async def test_a_batch_costs_as_many_statements_as_one_incident(world: World) -> None:
    reports = [report_at(NIGHT, seed=seed) for seed in range(13)]
    await world.load_roll([on_roll(child) for report in reports[::2] for child in report["children"]])
    envelopes = await world.accept_many(reports)
    with world.statements() as statements:
        await world.delivery.deliver(envelopes[:1])
        one = len(statements)
        statements.clear()
        await world.delivery.deliver(envelopes[1:])
        twelve = len(statements)
    print(f"statements: {one} for one incident, {twelve} for twelve")  # noqa: T201
    # Calendars of settings and authorities are read when they are first needed: not for every child.
    assert twelve <= one + 4
    assert one <= 40


async def test_its_own_role_may_do_all_that_it_does(world: World, database_url: str) -> None:
    url = database_url
    if world.database.kind == "postgresql":
        await create_app_role("encompass_test_router", ("router",))
        url = sqlalchemy_url(with_database(postgres_admin(), url.rpartition("/")[2], user="encompass_test_router"))
    else:
        await world.database.close()
    report = report_at(NIGHT)
    own = Database.at(url, world.clock)
    alone = World(**vars(world) | {"database": own, "delivery": delivery(own, world.vault, world.directory)})
    for as_at_on in (date(2026, 11, 1), date(2026, 11, 2)):
        await alone.load_roll([on_roll(report["children"][0])], as_at_on=as_at_on)
    envelope = await world.accept(report)
    await alone.delivery.deliver([envelope])
    assert len(outcomes(await alone.facts(envelope.fact.incident_id))) == 3
    await own.close()


async def test_before_its_report_is_there_a_fact_is_owed(world: World) -> None:
    envelope = await world.accept(report_at(NIGHT))
    fact = IncidentReceived(
        incident_id="no-such-incident",
        incident_version=1,
        force="testforce",
        child_ids=(),
        received_at=NIGHT,
        believed_at=NIGHT,
    )
    early = Envelope(id="early", source="ingest", time=NIGHT, fact=fact)
    await world.delivery.deliver([early, envelope])
    assert len(outcomes(await world.facts(envelope.fact.incident_id))) == 3
    assert [row.incident_id for row in await world.rows("router_incident")] == [envelope.fact.incident_id]


async def test_without_a_policy_nothing_is_decided_and_the_fact_is_owed(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(delete(directory_policy))
    envelope = await world.accept(report_at(NIGHT))
    await world.delivery.deliver([envelope])
    assert await world.rows("router_incident") == []
    await publish(world.database)
    world.clock.move_to(NIGHT + timedelta(hours=1))
    assert await world.delivery.run_once() == 1
    assert len(outcomes(await world.facts(envelope.fact.incident_id))) == 3


async def test_the_tables_and_the_journal_name_nobody(world: World) -> None:
    reports = [report_at(NIGHT, seed=seed) for seed in range(3)]
    await world.load_roll([on_roll(child, known_as="Tessy") for report in reports for child in report["children"]])
    await routed_all(world, await world.accept_many(reports))
    dump = await dumped(world.database)
    words = {word for report in reports for word in personal_words(report)} | {"Tessy"}
    upns = {child["upn"] for report in reports for child in report["children"] if "upn" in child}
    assert [word for word in words | upns if word.casefold() in dump] == []
    assert "900001" in dump  # the search finds what is there


async def dumped(database: Database) -> str:
    """Every value of router's tables and the journal's, as text: bytes as they are and in hexadecimal."""
    texts: list[str] = []
    async with database.reading() as reading:
        names = await reading._connection.run_sync(lambda connection: inspect(connection).get_table_names())
        for name in names:
            if name.startswith(("router_", "journal", "outbox", "inbox", "vault_")):
                for row in await reading.execute(text(f'SELECT * FROM "{name}"')):  # noqa: S608
                    texts += [value.decode("latin-1") + value.hex() if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(texts).casefold()
