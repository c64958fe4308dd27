"""Notifications that fall due together are carried out together, and one that cannot be carried out fails alone; on both databases."""

import pytest
from sqlalchemy import event, update

from services.notifier.domain.messages import Message
from shared.db.tables import metadata
from shared.events import AttemptEnded, AttemptStarted, RungClimbed
from tests.contract.notifier_world import DSL, World, clock, world

__all__ = ["clock", "world"]

STATEMENTS_MAX = 80
"""For a hundred notifications; one by one they would be more than two thousand."""


class Statements:
    """Those that either pool was given."""

    def __init__(self, world: World) -> None:
        self.said: list[str] = []
        engines = world.database._engines
        for engine in {engines.writer.sync_engine, engines.reader.sync_engine}:
            event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.said.append(statement)


async def _due(world: World, count: int) -> list[str]:
    """So many notifications are due now; their incidents."""
    facts = [await world.routed("C1") for _ in range(count)]
    await world.handle(*facts)
    return [fact.incident_id for fact in facts]


async def test_a_hundred_that_are_due_cost_few_statements(world: World) -> None:
    incidents = await _due(world, 100)
    statements = Statements(world)
    await world.settle()
    assert len(statements.said) <= STATEMENTS_MAX, statements.said
    assert (world.email.to, world.sms.sent) == ([DSL] * 100, [])  # it is night: nobody's telephone rings
    for incident_id in incidents[:3]:
        assert [one.channel for one in await world.facts(AttemptStarted, incident_id)] == ["email"]
        assert {one.result for one in await world.facts(AttemptEnded, incident_id)} == {"handed-over"}
        assert [one.rung for one in await world.facts(RungClimbed, incident_id)] == [1]
    rows = await world.rows("notifier_notification")
    assert {(row["rungs_done"], row["leased_until_at"]) for row in rows} == {(1, None)}


async def test_one_whose_policy_is_gone_fails_alone(world: World) -> None:
    incidents = await _due(world, 9)
    table = metadata.tables["notifier_notification"]
    async with world.database.transaction() as tx:
        await tx.execute(update(table).where(table.c.incident_id == incidents[4]).values(policy_version="gone"))
    await world.settle()
    told = [await world.facts(RungClimbed, incident_id) for incident_id in incidents]
    assert [len(facts) for facts in told] == [1, 1, 1, 1, 0, 1, 1, 1, 1]
    assert len(world.email.sent) == 8


async def test_the_end_of_one_that_fails_is_not_the_others(world: World) -> None:
    """Nobody can read its plan any more when its message has gone, so nothing more is written for it."""
    incidents = await _due(world, 6)
    table = metadata.tables["notifier_notification"]

    async def spoils(_message: Message) -> None:
        world.email.meanwhile = None
        async with world.database.transaction() as tx:
            await tx.execute(update(table).where(table.c.incident_id == incidents[2]).values(plan={"rungs": []}))

    world.email.meanwhile = spoils
    ladder = world.ladder()
    with pytest.raises(KeyError):
        await world.settle(ladder)
    await ladder.drain()
    told = [await world.facts(RungClimbed, incident_id) for incident_id in incidents]
    assert [len(facts) for facts in told] == [1, 1, 0, 1, 1, 1]
