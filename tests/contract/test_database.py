"""The two ways into the database keep their promises on both databases."""

import asyncio
import contextlib
import contextvars
from datetime import datetime

import pytest
from sqlalchemy import Executable, select, text

from shared.clock import Clock
from shared.db import Database, assert_outside_transaction, migrate
from shared.db.journal import of_incident
from shared.db.tables.journal import outbox
from shared.errors import DatabaseRefused, EncompassError, Misuse
from shared.events import ChildExcluded, IncidentReceived
from shared.ids import new_id
from tests.backends import postgres_admin, sqlalchemy_url, with_database

NOT_POSSIBLE = text("INSERT INTO outbox (fact_id) VALUES ('x')")


def received(clock: Clock) -> IncidentReceived:
    return IncidentReceived(
        incident_id=new_id(), incident_version=1, force="testshire", child_ids=(new_id(),), received_at=clock.now(), believed_at=clock.now()
    )


async def test_a_fact_and_its_pointer_are_in_the_commit(database: Database, clock: Clock) -> None:
    fact = received(clock)
    told: list[frozenset[str]] = []
    database.on_recorded.append(told.append)
    async with database.transaction() as tx:
        (envelope,) = await tx.record("ingest", [fact])
        assert told == []
    assert told == [frozenset({"ingest"})]
    async with database.reading() as reading:
        assert await of_incident(reading, fact.incident_id) == (envelope,)
        assert list((await reading.execute(select(outbox.c.fact_id))).scalars()) == [envelope.id]


async def test_a_fact_without_subscribers_has_no_pointer(database: Database, clock: Clock) -> None:
    fact = ChildExcluded(
        incident_id=new_id(), incident_version=1, child_id=new_id(), reason="over-18", decider="policy", excluded_at=clock.now()
    )
    async with database.transaction() as tx:
        await tx.record("router", [fact])
    async with database.reading() as reading:
        assert list(await reading.execute(select(outbox))) == []


async def test_an_error_inside_leaves_nothing_behind(database: Database, clock: Clock) -> None:
    fact = received(clock)

    async def work() -> None:
        async with database.transaction() as tx:
            await tx.record("ingest", [fact])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    async with database.reading() as reading:
        assert await of_incident(reading, fact.incident_id) == ()


@pytest.mark.parametrize("statement", ["UPDATE journal SET service = 'x'", "DELETE FROM journal"])
async def test_the_journal_cannot_be_changed(database: Database, clock: Clock, statement: str) -> None:
    async with database.transaction() as tx:
        await tx.record("ingest", [received(clock)])
    with pytest.raises(DatabaseRefused):
        async with database.transaction() as tx:
            await tx.execute(text(statement))


async def test_a_reading_cannot_write(database: Database) -> None:
    with pytest.raises(EncompassError):
        async with database.reading() as reading:
            await reading.execute(text("DELETE FROM outbox"))


async def test_neither_stands_inside_the_other_and_nothing_is_sent_inside_one(database: Database) -> None:
    async with database.reading():
        with pytest.raises(Misuse):
            async with database.transaction():
                pass
    async with database.transaction():
        with pytest.raises(Misuse):
            assert_outside_transaction()
    assert_outside_transaction()


async def test_an_error_never_quotes_a_value(database: Database, clock: Clock) -> None:
    async with database.transaction() as tx:
        (envelope,) = await tx.record("ingest", [received(clock)])
    with pytest.raises(DatabaseRefused) as refused:
        async with database.transaction() as tx:
            await tx.execute(
                text("INSERT INTO outbox (fact_id, service, due_at) VALUES (:fact_id, 'ingest', :due)"),
                {"fact_id": envelope.id, "due": None},
            )
    assert envelope.id not in f"{refused.value!r}{refused.value}{refused.value.__cause__!r}"


async def test_migrations_from_empty_leave_no_drift(database_url: str, database_kind: str) -> None:
    if database_kind == "postgresql":
        database_url = sqlalchemy_url(with_database(postgres_admin(), database_url.rpartition("/")[2]))
    await migrate.check(database_url)
    assert await migrate.drift(database_url) == []


async def test_a_failure_that_was_ignored_commits_nothing(database: Database, clock: Clock) -> None:
    """PostgreSQL answers the commit of a failed transaction by a silent rollback: the fact would be gone and nobody told."""
    fact = received(clock)

    async def work() -> None:
        async with database.transaction() as tx:
            await tx.record("ingest", [fact])
            with contextlib.suppress(DatabaseRefused):
                await tx.execute(NOT_POSSIBLE)

    with pytest.raises(Misuse):
        await work()
    async with database.reading() as reading:
        assert await of_incident(reading, fact.incident_id) == ()


async def test_a_failure_inside_an_attempt_is_undone_alone(database: Database, clock: Clock) -> None:
    kept, undone = received(clock), received(clock)
    async with database.transaction() as tx:
        await tx.record("ingest", [kept])
        with contextlib.suppress(DatabaseRefused):
            async with tx.attempt():
                await tx.record("ingest", [undone])
                await tx.execute(NOT_POSSIBLE)
    async with database.reading() as reading:
        assert len(await of_incident(reading, kept.incident_id)) == 1
        assert await of_incident(reading, undone.incident_id) == ()


async def test_a_reading_sees_one_instant(database: Database, database_url: str, clock: Clock) -> None:
    other, fact = Database.at(database_url, clock), received(clock)

    async def state() -> None:
        async with other.transaction() as tx:
            await tx.record("ingest", [fact])

    beside = contextvars.copy_context()
    async with database.reading() as reading:
        assert await of_incident(reading, fact.incident_id) == ()
        await asyncio.get_running_loop().create_task(state(), context=beside)
        assert await of_incident(reading, fact.incident_id) == ()
    async with database.reading() as reading:
        assert len(await of_incident(reading, fact.incident_id)) == 1
    await other.close()


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(text("SELECT peregrine FROM nowhere"), id="no such table"),
        pytest.param(select(outbox).where(outbox.c.service == "Peregrine\ud800"), id="half a character"),
        pytest.param(select(outbox).where(outbox.c.attempts == 2**70), id="a number too large"),
        pytest.param(select(outbox).where(outbox.c.due_at == datetime(2026, 11, 22)), id="no time zone"),  # noqa: DTZ001
    ],
)
async def test_a_defect_of_ours_is_no_outage_and_quotes_nothing(database: Database, statement: Executable) -> None:
    with pytest.raises(DatabaseRefused) as refused:
        async with database.transaction() as tx:
            await tx.execute(statement)
    assert "eregrine" not in f"{refused.value!r}{refused.value}{refused.value.__cause__!r}"
