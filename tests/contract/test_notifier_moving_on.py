"""The next rung is due at once when the one before it reached nobody who can act, and a child with nobody to tell has a named owner."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from services.notifier.channels.returned import UNREAD, MaildirBox
from services.notifier.domain.messages import Refused
from services.notifier.domain.returned import Returned
from services.notifier.domain.rungs import Return
from services.notifier.loops import AT_ONCE
from services.notifier.loops_returned import MovingOn, take_back
from shared.clock import ManualClock
from shared.events import AttemptReturned, NotificationAcknowledged, RungClimbed
from shared.outcome import Outcome, outcomes
from tests.contract.notifier_reader import Reader, dsl
from tests.contract.notifier_world import (
    AUTHORITY_LEAD,
    DEADLINE,
    DEPUTY,
    DSL,
    HEAD,
    PHONE_DESK,
    SUNDAY_NIGHT,
    World,
    clock,
    minutes,
    world,
)
from tests.domain.test_returned import report
from tests.samples import sample_report

pytestmark = pytest.mark.sqlite_daily

__all__ = ["clock", "dsl", "world"]

MIDNIGHT = SUNDAY_NIGHT + minutes(50)


async def came_back(world: World, address: str, what: Return, channel: str = "email") -> None:
    """What was handed over last to that address came back."""
    sent = [message for message in world.channels[channel].sent if message.to == address]
    async with world.database.transaction() as tx:
        await take_back(tx, Returned(attempt_id=sent[-1].attempt_id, what=what))


@pytest.mark.parametrize("what", list(Return))
async def test_what_comes_back_makes_the_next_rung_due_at_once(world: World, clock: ManualClock, what: Return) -> None:
    fact = await world.opened("C1")
    await world.advance(MIDNIGHT)
    assert world.email.to == [DSL], "the text message waits for the morning"
    await came_back(world, DSL, what)
    await world.settle()
    assert world.email.to == [DSL, DEPUTY]
    (fact_of_it,) = await world.facts(AttemptReturned, fact.incident_id)
    assert (fact_of_it.kind, fact_of_it.rung, fact_of_it.channel, fact_of_it.returned_at) == (what.value, 1, "email", MIDNIGHT)
    await came_back(world, DSL, what)
    assert len(await world.facts(AttemptReturned, fact.incident_id)) == 1, "the same mail twice is one return"


async def test_everybody_bounces_and_the_telephone_rings_in_the_night(world: World, clock: ManualClock) -> None:
    fact = await world.opened("C1")
    await world.advance(MIDNIGHT)
    for address in (DSL, DEPUTY, HEAD):
        await came_back(world, address, Return.BOUNCED)
        await world.settle()
    (task, *_) = await world.rows("notifier_phone_task")
    assert task["state"] == "open"
    assert {one.climbed_at for one in (await world.facts(RungClimbed, fact.incident_id))[1:]} == {MIDNIGHT}


async def test_a_bounce_of_one_way_leaves_the_other_and_needs_a_call(world: World, clock: ManualClock) -> None:
    """In the morning the text message has gone too: she may have read that, but no code can reach her any more."""
    await world.opened("C1")
    await world.advance(DEADLINE - minutes(80))
    await came_back(world, DSL, Return.BOUNCED)
    await world.settle()
    assert world.email.to == [DSL], "she has the text message: nobody else is told before their time"
    assert {task["reason"] for task in await world.rows("notifier_phone_task")} == {"one-channel"}


async def test_who_is_out_of_the_office_has_not_been_reached_by_any_way(world: World, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.advance(DEADLINE - minutes(80))
    await came_back(world, DSL, Return.OUT_OF_OFFICE)
    await world.settle()
    assert world.email.to == [DSL, DEPUTY]


async def test_who_is_suspended_after_she_was_told_has_told_nobody(world: World, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.advance(MIDNIGHT)
    moving_on = MovingOn(database=world.database, clock=clock)
    assert await moving_on.run_once() == 0
    await world.suspend(DSL)
    again = MovingOn(database=world.database, clock=clock)
    assert await again.run_once() == 1
    await world.settle()
    assert world.email.to == [DSL, DEPUTY]
    assert await MovingOn(database=world.database, clock=clock).run_once() == 0


async def test_after_an_acknowledgement_a_bounce_is_written_down_and_moves_nothing(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.advance(DEADLINE - minutes(80))
    await dsl.act("on-our-roll")
    await came_back(world, DSL, Return.BOUNCED)
    await world.advance(DEADLINE)
    assert DEPUTY not in world.email.to
    assert len(await world.facts(AttemptReturned, fact.incident_id)) == 1
    assert len(await world.facts(NotificationAcknowledged, fact.incident_id)) == 1


async def test_a_mailbox_is_read_once_and_what_is_not_understood_is_put_aside(world: World, clock: ManualClock, tmp_path: Path) -> None:
    await world.opened("C1")
    await world.settle()
    box, (attempt, *_) = MaildirBox(tmp_path), await world.rows("notifier_attempt")
    moving_on = MovingOn(database=world.database, clock=clock, mailbox=box)
    assert await moving_on.run_once() == 0, "a folder that is not there yet has nothing in it"
    (tmp_path / "new").mkdir()
    mails = {"1": report(message_id=f"<{attempt['attempt_id']}@sender.example>"), "2": report(), "3": b"Subject: Lunch?\r\n\r\nNoon."}
    for name, content in mails.items():
        (tmp_path / "new" / name).write_bytes(content)
    (tmp_path / "new" / "4").symlink_to(tmp_path / "elsewhere")
    assert await moving_on.run_once() == 3
    assert sorted(path.name for path in (tmp_path / UNREAD).iterdir()) == ["2", "3"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["4"]
    await world.settle()
    assert world.email.to == [DSL, DEPUTY]


# --- nobody to tell -------------------------------------------------------------------------------------------------------------------

SEEDS = [*range(8), *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(8, 200))]


@pytest.mark.parametrize("seed", SEEDS)
async def test_whoever_is_on_the_list_of_contacts_a_child_has_a_named_owner(world: World, clock: ManualClock, seed: int) -> None:
    """Contacts that are verified, unverified, suspended, refused, away or an adult of the report, over whatever ways there are.

    Whom nobody can be told of at the opening has a telephone task there and then; whoever is told and does not answer, by the deadline.
    """
    dice = random.Random(seed)
    for address in (DSL, DEPUTY, HEAD):
        await world.change_contacts(address, state=dice.choice(["verified", "verified", "unverified", "suspended"]))
        for channel in world.channels.values():
            if dice.random() < 0.4:
                channel.answers[address] = [Refused(reason="mailbox-unknown")] * 9
    for number in range(1, 4):
        if dice.random() < 0.4:
            world.sms.answers[f"+44770090000{number}"] = [Refused(reason="mailbox-unknown")] * 9
    ways = dice.choice([world.channels, {"email": world.email}, {"sms": world.sms}])
    ladder = world.ladder(at_once=AT_ONCE, **ways)
    body = sample_report()
    if dice.random() < 0.4:
        body["adults"][0]["full_name"] = "Dorin BELLWARD"  # as the DSL of the school is called
    fact = await world.opened("C1", body=body)
    await world.settle(ladder)
    notification = await world.one("notifier_notification")
    people = {(await world.contact(address))["contact_id"] for address in (DSL, DEPUTY, HEAD)}
    reached = {row["contact_id"] for row in await world.rows("notifier_attempt") if row["result"] == "handed-over"} & people
    waits_for_morning = "sms" in ways and notification["rungs_done"] < len(notification["plan"]["rungs"])
    assert reached or waits_for_morning or await owners(world), "nobody was told, and nobody has it"
    while dice.random() < 0.7 and (sent := [one for one in world.email.sent if one.to in (DSL, DEPUTY, HEAD)]):
        await came_back(world, dice.choice(sent).to, dice.choice(list(Return)))
        await world.settle(ladder)
    for instant in (SUNDAY_NIGHT + timedelta(hours=hours) for hours in range(1, 11)):
        await world.advance(instant, ladder)
        (child,) = outcomes(fact.child_ids, await world.envelopes(fact.incident_id), clock.now())
        assert child.outcome is (Outcome.WAITING if instant < DEADLINE else Outcome.LATE), (instant, child)
        assert instant < DEADLINE or child.standing.owner in {PHONE_DESK, AUTHORITY_LEAD} & await owners(world)


async def owners(world: World) -> set[str]:
    """The teams that owe a call, each of which has somebody who answers for it."""
    owing = {row["team_id"] for row in await world.rows("notifier_phone_task") if row["state"] == "open"}
    return {row["team_id"] for row in await world.rows("directory_team") if row["team_id"] in owing and row["owner"]}
