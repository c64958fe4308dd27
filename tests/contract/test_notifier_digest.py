"""A first staff day at one setting: each person has one message for everything, and each child is confirmed for itself."""

import asyncio
from datetime import timedelta

import pytest

from services.notifier.domain.messages import Refused
from shared.events import DestinationRevised, IncidentRouted, NotificationAcknowledged
from tests.contract.notifier_reader import Reader, deputy, dsl, fields
from tests.contract.notifier_world import DEADLINE, DEPUTY, DSL, DSL_PHONE, HEAD, MONDAY, SUNDAY_NIGHT, World, clock, minutes, world
from tests.samples import sample_report

__all__ = ["clock", "deputy", "dsl", "world"]

SEVEN = MONDAY + timedelta(hours=7)


async def christmas(world: World, *, count: int = 3, collecting: int | None = None) -> list[IncidentRouted]:
    """So many incidents of a holiday, opened before the first staff day, the oldest first. One has a condition on collecting."""
    facts = []
    for number in range(count):
        body = sample_report(seed=number)
        if number != collecting:
            body |= {"conditions": []}
        fact = await world.routed("C1", body=body, purpose="first-staff-day", send_at=SEVEN)
        await world.handle(fact)
        facts.append(fact)
        world.clock.move_to(world.clock.now() + minutes(1))
    return facts


async def at_seven(world: World, **options: int) -> list[IncidentRouted]:
    facts = await christmas(world, **options)
    await world.advance(SEVEN)
    return facts


async def states(world: World) -> dict[str, str]:
    return {row["incident_id"]: row["state"] for row in await world.rows("notifier_notification")}


async def test_one_message_for_all_of_them(world: World) -> None:
    await at_seven(world)
    assert (world.email.to, world.sms.to) == ([DSL], [DSL_PHONE])
    attempts = [row for row in await world.rows("notifier_attempt") if row["channel"] == "email"]
    assert sorted(row["result"] for row in attempts) == ["handed-over"] * 3
    [carrier] = [row for row in attempts if row["carried_by"] is None]
    assert {row["carried_by"] for row in attempts} == {None, carrier["attempt_id"]}
    await world.advance(DEADLINE)
    # The ladder of each runs on, and tells each person once.
    assert sorted(one for one in world.email.to if "900001" in one) == sorted([DSL, DEPUTY, HEAD])
    assert len(await world.rows("notifier_phone_task")) == 3


async def test_each_is_confirmed_and_answered_for_itself_in_the_lists_order(world: World, dsl: Reader) -> None:
    facts = await at_seven(world, collecting=0)
    opened = await dsl.post("/message/open", await dsl.asked(), code=world.code(DSL_PHONE))
    assert opened.headers["location"] == "/message/list"
    page = await dsl.client.get("/message/list")
    assert "3 of 3 messages wait" in page.text
    assert not [child["full_name"] for body, _ in world.reported.values() for child in body["children"] if child["full_name"] in page.text]
    by_incident = {row["incident_id"]: row["notification_id"] for row in await world.rows("notifier_notification")}
    expected = [by_incident[fact.incident_id] for fact in (facts[0], facts[2], facts[1])]
    for left, which in enumerate(reversed(expected), start=1):
        listed = await dsl.client.get("/message/list")
        assert sorted(expected, key=listed.text.index) == expected
        gone_on = await dsl.post("/message/next", listed, which=which)
        assert gone_on.headers["location"] == "/message/children"
        asked = await dsl.client.get("/message/children")
        content = await dsl.read_again(asked, *["on-our-roll"] * len(fields(asked)))
        done = await dsl.say(content, "acting")
        assert done.headers["location"] == "/message/done"
        assert sum(state == "acknowledged" for state in (await states(world)).values()) == left
        told = "More messages wait" in (await dsl.client.get("/message/done")).text
        assert told == (left < 3)
    assert "Every message has been picked up" in (await dsl.client.get("/message/list")).text
    assert all([len(await world.facts(NotificationAcknowledged, fact.incident_id)) == 1 for fact in facts])
    await world.advance(DEADLINE + minutes(60))
    assert (world.email.to, await world.tell()) == ([DSL], [])


async def test_a_colleague_finds_what_is_left_and_hears_the_end_once(world: World, dsl: Reader, deputy: Reader) -> None:
    """The DSL acts on one of two and goes; the deputy, told of both by one message, is led past that one to the other."""
    facts = await at_seven(world, count=2)
    await world.advance(SEVEN + minutes(20))
    assert world.email.to == [DSL, DEPUTY]
    await dsl.post("/message/open", await dsl.asked(), code=world.code(DSL_PHONE))
    asked = await dsl.client.get("/message/children")
    await dsl.say(await dsl.read_again(asked, "on-our-roll"), "acting")
    assert await world.tell() == []  # for the deputy not everything has been picked up
    page = await deputy.arrive()
    assert "More messages wait behind this one" in page.text or "Please read it before" in page.text
    opened = await deputy.post("/message/open", await deputy.asked(), code=world.code(deputy.phone))
    assert opened.headers["location"] == "/message/list"
    listed = await deputy.client.get("/message/list")
    assert "1 of 2 messages waits" in listed.text
    assert listed.text.count('name="which"') == 1
    state = await states(world)
    [open_one] = [row["notification_id"] for row in await world.rows("notifier_notification") if row["state"] == "open"]
    await deputy.post("/message/next", listed, which=open_one)
    await deputy.say(await deputy.read_again(await deputy.client.get("/message/children"), "on-our-roll"), "acting")
    assert set((await states(world)).values()) == {"acknowledged"} != set(state.values())
    assert len(facts) == 2


async def test_a_message_that_is_refused_carries_nobody(world: World) -> None:
    """The DSL's mailbox refuses: every notification knows it, and the next in line hears at once, by one message."""
    world.email.answers[DSL] = [Refused(reason="bad-address")] * 9
    world.sms.answers[DSL_PHONE] = [Refused(reason="bad-number")] * 9
    await at_seven(world)
    results = {row["result"] for row in await world.rows("notifier_attempt") if row["rung"] == 1}
    assert results == {"refused"}
    assert world.email.to.count(DEPUTY) == 1
    assert len([row for row in await world.rows("notifier_attempt") if row["rung"] == 2 and row["channel"] == "email"]) == 3


async def test_when_the_one_that_was_sent_is_taken_back_the_others_are_sent(world: World) -> None:
    """Its links are dead, so what it stood for goes out by itself: one message for all that is left."""
    facts = await at_seven(world)
    carried = {row["notification_id"] for row in await world.rows("notifier_attempt") if row["carried_by"] is not None}
    rows = {row["notification_id"]: row for row in await world.rows("notifier_notification")}
    [sent] = [row for notification_id, row in rows.items() if notification_id not in carried]
    [fact] = [one for one in facts if one.incident_id == sent["incident_id"]]
    gone = DestinationRevised(
        incident_id=fact.incident_id,
        incident_version=1,
        destination_id=fact.destination_id,
        child_ids=(),
        reason="settled",
        send_at=SEVEN,
        deadline_at=DEADLINE,
        urgency="ordinary",
        revised_at=world.clock.now(),
    )
    await world.handle(gone)
    await world.advance(SEVEN + minutes(5))
    assert (world.email.to, world.sms.to) == ([DSL, DSL], [DSL_PHONE, DSL_PHONE])


async def test_what_comes_later_that_day_has_a_message_of_its_own(world: World) -> None:
    await at_seven(world, count=2)
    world.clock.move_to(SEVEN + minutes(5))
    await world.opened("C1", body=sample_report(seed=7), purpose="first-staff-day")
    await world.settle()
    assert world.email.to.count(DSL) == 2


async def test_outside_a_first_staff_day_nothing_is_gathered(world: World) -> None:
    for seed in range(2):
        await world.opened("C1", body=sample_report(seed=seed))
    await world.settle()
    assert world.email.to == [DSL, DSL]


@pytest.mark.parametrize("loops", [2, 3])
async def test_several_processes_send_one_message(world: World, loops: int) -> None:
    await christmas(world, count=6)
    world.clock.move_to(SEVEN)
    ladders = [world.ladder(at_once=2) for _ in range(loops)]
    for _ in range(12):
        await asyncio.gather(*(ladder.run_once() for ladder in ladders))
    await asyncio.gather(*(ladder.drain() for ladder in ladders))
    await world.settle()
    assert (world.email.to, world.sms.to) == ([DSL], [DSL_PHONE])
    assert {row["result"] for row in await world.rows("notifier_attempt")} == {"handed-over"}
    assert world.clock.now() > SUNDAY_NIGHT
