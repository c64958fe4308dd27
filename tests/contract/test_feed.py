"""The ordered feed: every change of a child's outcome once, in one order, and none that a reader could pass by."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import insert, select, text

from services.ingest.loops_feed import Feeding
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables.journal import journal as journal_table
from shared.errors import DatabaseRefused
from shared.events import IncidentViewed, to_data
from tests import facts
from tests.contract.feed_world import FeedWorld, a_feed_world
from tests.samples import sample_body
from tests.waiting import until

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
on_postgresql = pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=pytest.mark.postgres)])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(facts.RECEIVED)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[FeedWorld]:
    async with a_feed_world(database, clock) as world:
        yield world


async def told_of(world: FeedWorld, incident_id: str, child_ids: list[str]) -> None:
    """The first child is told of and acknowledged, the second held, the third excluded."""
    first, second, third = child_ids
    await world.state(facts.routed(incident_id, "a", first), facts.held(incident_id, second), facts.excluded(incident_id, third))
    await world.settle()
    await world.state(facts.opened(incident_id, "a", first), facts.acknowledged(incident_id, "a", first))
    await world.settle()


async def test_every_change_is_told_once_and_in_order(world: FeedWorld) -> None:
    incident_id, child_ids = await world.sent(seed=1)
    await world.settle()
    await told_of(world, incident_id, child_ids)
    page = await world.read()
    first, second, third = child_ids
    assert [(entry["child_id"], entry["outcome"]) for entry in page["entries"]] == [
        *((child_id, "waiting") for child_id in child_ids),
        *((first, "waiting"), (second, "held"), (third, "excluded")),
        (first, "acknowledged"),
    ]
    assert [entry["cursor"] for entry in page["entries"]] == [str(at) for at in range(1, 8)]
    last = page["entries"][-1]
    assert (last["reference"], last["child_reference"]) == ("SAMPLE-000001", "C1")
    assert last["acknowledged_at"] is not None
    assert last["late_at"] is None


@on_sqlite
async def test_what_changes_nothing_is_not_told(world: FeedWorld) -> None:
    incident_id, _ = await world.sent()
    await world.settle()
    cursor = (await world.read())["cursor"]
    await world.state(IncidentViewed(incident_id=incident_id, reader="k", viewed_at=facts.RECEIVED))
    await world.settle()
    page = await world.read(cursor)
    assert (page["entries"], page["cursor"], page["more"]) == ([], cursor, False)


@on_sqlite
async def test_pages_join_without_a_gap_or_a_repeat(world: FeedWorld) -> None:
    for seed in range(3):
        await world.sent(seed=seed)
    await world.settle()
    cursors, cursor, more = [], "0", True
    while more:
        page = await world.read(cursor, limit=2)
        cursors += [entry["cursor"] for entry in page["entries"]]
        cursor, more = page["cursor"], page["more"]
    assert cursors == [entry["cursor"] for entry in (await world.read())["entries"]]
    assert len(cursors) == 9


@on_sqlite
async def test_time_alone_is_told_as_well(world: FeedWorld, clock: ManualClock) -> None:
    await world.sent()
    await world.settle()
    cursor = (await world.read())["cursor"]
    clock.move_to(facts.RECEIVED + timedelta(minutes=6))
    await world.settle()
    assert [entry["outcome"] for entry in (await world.read(cursor))["entries"]] == ["lost"] * 3


@on_sqlite
async def test_a_force_reads_its_own_and_a_sandbox_its_own(world: FeedWorld) -> None:
    await world.sent(seed=1)
    sandbox = await world.sandbox_key()
    body = sample_body(seed=2)
    tried_out = (await world.world.post(body, **sandbox)).json()["incident_id"]
    await world.settle()
    assert {entry["reference"] for entry in (await world.read())["entries"]} == {"SAMPLE-000001"}
    assert {entry["incident_id"] for entry in (await world.read(headers=sandbox))["entries"]} == {tried_out}
    assert (await world.read(headers=await world.world.key("otherforce")))["entries"] == []


@on_sqlite
async def test_a_flag_that_hides_hides_the_owner_at_a_destination(world: FeedWorld) -> None:
    incident_id, (first, second, _) = await world.sent(seed=1, handling_flags=["refuge"])
    await world.state(facts.routed(incident_id, "a", first), facts.opened(incident_id, "a", first), facts.late(incident_id, "a"))
    await world.state(facts.held(incident_id, second))
    await world.settle()
    owners = {entry["child_id"]: entry["owner"] for entry in (await world.read())["entries"]}
    assert (owners[first], owners[second]) == (None, "desk")


async def test_what_was_erased_keeps_its_outcome_and_loses_its_references(world: FeedWorld) -> None:
    incident_id, _ = await world.sent(seed=1)
    await world.sent(seed=2)
    await world.settle()
    async with world.world.database.transaction() as tx:
        await world.world.vault.destroy(tx, incident_id)
    entries = (await world.read())["entries"]
    erased = [entry for entry in entries if entry["incident_id"] == incident_id]
    assert [(entry["reference"], entry["child_reference"], entry["outcome"]) for entry in erased] == [(None, None, "waiting")] * 3
    assert all(entry["child_reference"] for entry in entries if entry["incident_id"] != incident_id)


@on_sqlite
async def test_a_cursor_that_was_never_given_is_refused(world: FeedWorld) -> None:
    async def asked(after: str) -> httpx.Response:
        return await world.client.get("/v1/outcomes", params={"after": after})

    assert (await asked("1")).json()["code"] == "cursor-unknown"
    assert (await asked("x")).status_code == 422


async def test_several_writers_tell_each_change_once(world: FeedWorld, database: Database, clock: ManualClock) -> None:
    for seed in range(4):
        await world.sent(seed=seed)
    others = [Feeding(database, clock) for _ in range(3)]
    for _ in range(5):
        await asyncio.gather(*(one.run_once() for one in others))
    await world.settle()
    positions = [row["position"] for row in await world.world.rows("ingest_feed")]
    assert sorted(positions) == list(range(1, 13))


@on_postgresql
async def test_a_slow_transaction_is_not_passed_by(world: FeedWorld, database: Database) -> None:
    """The slow one has the lower row number and commits last: who reads behind the highest number that she saw skips it."""
    slow, quick = (await world.sent(seed=1)), (await world.sent(seed=2))
    await world.settle()
    cursor = (await world.read())["cursor"]
    written, may_commit = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        async with database.transaction() as tx:
            await tx.record("router", [facts.held(slow[0], slow[1][0])])
            written.set()
            await may_commit.wait()

    task = asyncio.create_task(slowly())
    await written.wait()
    await world.state(facts.held(quick[0], quick[1][0]))
    naive_place = await _highest_seen(database)
    await world.feeding.run_once()
    assert (await world.read(cursor))["entries"] == []  # the quick one waits for the slow one before it

    may_commit.set()
    await task
    await world.settle()
    async with database.reading() as reading:
        behind = await reading.execute(select(journal_table.c.incident_id).where(journal_table.c.seq > naive_place))
        assert slow[0] not in behind.scalars().all()  # a reader by row number alone would never have seen it
    held = [entry["child_id"] for entry in (await world.read(cursor))["entries"]]
    assert sorted(held) == sorted([slow[1][0], quick[1][0]])


async def _highest_seen(database: Database) -> int:
    async with database.reading() as reading:
        return int((await reading.execute(text("SELECT max(seq) FROM journal"))).scalar_one())


@on_postgresql
async def test_many_writers_and_a_reader_at_once(world: FeedWorld, database: Database) -> None:
    """Whoever asks behind her last cursor, while facts are written and the feed is, sees each change once and in order."""
    incidents = [await world.sent(seed=seed) for seed in range(8)]
    seen: list[str] = []
    done = asyncio.Event()

    async def write(incident: str, child_ids: list[str]) -> None:
        for child_id in child_ids:
            await world.state(facts.held(incident, child_id))

    async def follow() -> None:
        cursor = "0"
        while True:
            last_round = done.is_set()
            page = await world.read(cursor, limit=3)
            seen.extend(entry["cursor"] for entry in page["entries"])
            cursor = page["cursor"]
            if last_round and not page["entries"]:
                return

    async def feed() -> None:
        while not done.is_set():
            await world.feeding.run_once()
        await world.settle()

    reader, feeder = asyncio.create_task(follow()), asyncio.create_task(feed())
    await asyncio.gather(*(write(*incident) for incident in incidents))
    done.set()
    await feeder
    await reader
    rest = await world.read(seen[-1] if seen else "0")
    seen.extend(entry["cursor"] for entry in rest["entries"])
    assert seen == [str(at) for at in range(1, len(seen) + 1)]
    rows = await world.world.rows("ingest_feed")
    assert len(seen) == len(rows)
    assert {row["child_id"] for row in rows if row["outcome"] == "held"} == {child for _, children in incidents for child in children}


@on_postgresql
async def test_a_dump_restored_on_another_server_is_read_to_its_end_and_on(world: FeedWorld, database: Database) -> None:
    """Its transactions have numbers that this server has not reached."""
    first, second = (await world.sent(seed=1)), (await world.sent(seed=2))
    await world.settle()
    cursor = (await world.read())["cursor"]
    fact = facts.held(first[0], first[1][0])
    async with database.transaction() as tx:
        row = {"fact_id": "f", "service": "router", "type": fact.TYPE, "version": 1, "incident_id": first[0], "subject": first[0]}
        of_old = row | {"recorded_at": facts.RECEIVED, "data": to_data(fact), "txid": 10**12 + 1}
        await tx.execute(insert(journal_table), of_old)
        await tx.execute(text("UPDATE ingest_feed_place SET txid = 1000000000000"))
    await world.state(facts.held(second[0], second[1][0]))

    async def both_are_told() -> bool:
        await world.feeding.run_once()
        return len((await world.read(cursor))["entries"]) == 2

    await until(both_are_told, what="what was restored, and what came after it")
    assert {entry["child_id"] for entry in (await world.read(cursor))["entries"]} == {first[1][0], second[1][0]}
    for _ in range(5):
        await world.feeding.run_once()
    assert await both_are_told()  # what is read again is not told again


async def test_the_journal_stays_insert_only_with_its_new_column(world: FeedWorld, database: Database) -> None:
    await world.sent()
    for statement in ("UPDATE journal SET txid = 1", "DELETE FROM journal"):
        with pytest.raises(DatabaseRefused):
            async with database.transaction() as tx:
                await tx.execute(text(statement))


async def test_reading_on_costs_the_same_however_long_the_journal_is(world: FeedWorld, database: Database, database_kind: str) -> None:
    await world.sent()
    async with database.reading() as reading:
        plans = [
            "SELECT seq FROM journal WHERE (txid, seq) > (5, 5) AND txid < 9 ORDER BY txid, seq LIMIT 9",
            "SELECT incident_id FROM ingest_outcome WHERE due_at <= '2026-11-20T08:00:00.000000Z' ORDER BY due_at LIMIT 9",
            "SELECT position FROM ingest_feed WHERE force = 'f' AND sandbox = false AND position > 5 ORDER BY position LIMIT 9",
        ]
        if database_kind == "postgresql":
            for way in ("seqscan", "bitmapscan", "sort"):  # on so few rows anything is cheap
                await reading.execute(text(f"SET LOCAL enable_{way} = off"))
        for plan in plans:
            prefix = "EXPLAIN" if database_kind == "postgresql" else "EXPLAIN QUERY PLAN"
            said = " ".join(str(row) for row in await reading.execute(text(f"{prefix} {plan}")))
            assert "ix_" in said, said
            assert "Sort" not in said, said
            assert "TEMP B-TREE" not in said, said
