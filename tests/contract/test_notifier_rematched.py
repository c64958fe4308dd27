"""A child leaves a destination without a new version of the report: a person, or the roll of the morning, has decided otherwise."""

from dataclasses import replace

from shared.db import journal
from shared.events import DestinationRevised, NotificationRevised
from shared.outcome import Outcome, outcomes
from tests.contract.notifier_world import SUNDAY_NIGHT, World, clock, minutes, world

__all__ = ["clock", "world"]


async def test_a_child_is_taken_away_without_a_new_version(world: World) -> None:
    """A person or the roll has decided otherwise, of the version that is shown already: whoever is left is told of, and she is not."""
    fact = await world.opened("C1", "C2")
    stays, goes = fact.child_ids
    revised = DestinationRevised(
        incident_id=fact.incident_id,
        incident_version=1,
        destination_id=fact.destination_id,
        child_ids=(stays,),
        reason="rematched",
        send_at=fact.send_at,
        deadline_at=fact.deadline_at,
        urgency="ordinary",
        revised_at=SUNDAY_NIGHT,
    )
    await world.handle(revised)
    await world.handle(revised)  # late, and again
    withdrawn = {row["child_id"]: row["withdrawn_at"] is not None for row in await world.rows("notifier_child")}
    assert withdrawn == {stays: False, goes: True}
    assert len(await world.facts(NotificationRevised, fact.incident_id)) == 1
    await world.handle(replace(revised, child_ids=(), revised_at=SUNDAY_NIGHT + minutes(1)))
    assert (await world.one("notifier_notification"))["state"] == "withdrawn"
    await world.settle()
    assert world.email.sent == []
    async with world.database.reading() as reading:
        told = outcomes(fact.child_ids, await journal.of_incident(reading, fact.incident_id), world.clock.now())
    assert {one.destinations[0].standing.outcome for one in told} == {Outcome.EXCLUDED}
