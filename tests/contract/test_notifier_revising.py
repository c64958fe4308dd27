"""What a later version of a report does to a notification, on both databases: silent, told again, opened again, or taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.db import journal
from shared.events import NoticeSent, NotificationOpened, NotificationRevised
from shared.outcome import Outcome, outcomes
from tests.contract.notifier_reader import Reader, deputy, dsl, fields
from tests.contract.notifier_world import DEADLINE, DEPUTY, DSL, HEAD, MONDAY, SUNDAY_NIGHT, World, clock, minutes, world
from tests.samples import sample_report

TUESDAY = DEADLINE + timedelta(days=1)
__all__ = ["clock", "deputy", "dsl", "world"]


def child(index: int, **values: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one child's fields."""
    return lambda body: body["children"][index].update(values)


UNSEEN, SEEN = child(0, address="1 Other Road"), child(0, presence="elsewhere")


async def the_one(world: World) -> dict[str, Any]:
    return await world.one("notifier_notification")


async def answers(world: World, incident_id: str) -> list[NotificationRevised]:
    return await world.facts(NotificationRevised, incident_id)


async def test_before_the_first_message_a_correction_is_merged(world: World) -> None:
    fact = await world.opened("C1")
    await world.handle(await world.corrected(fact, 2, SEEN, "C1", "C2"))
    (answer,) = await answers(world, fact.incident_id)
    assert (answer.incident_version, len(answer.child_ids), len(answer.changed_child_ids)) == (2, 2, 2)
    assert (answer.deadline_at, answer.next_action_at) == (DEADLINE, SUNDAY_NIGHT)
    assert (await the_one(world))["incident_version"] == 2
    await world.settle()
    assert world.email.to == [DSL]
    assert await world.tell() == []


async def test_while_nobody_has_been_shown_anything_it_is_silent_and_the_link_follows(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    await world.handle(await world.corrected(fact, 2, child(0, full_name="Corrected Testwood"), "C1"))
    assert await world.tell() == []
    page = await dsl.enter()
    assert "Corrected Testwood" in page.text
    content = await dsl.read_again(page, "on-our-roll")
    assert "What changed" not in content.text
    assert world.email.to == [DSL]


async def test_a_storm_of_versions_that_show_nothing_new_sends_nothing(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    await dsl.act("on-our-roll")
    for version in range(2, 22):
        revised = await world.corrected(fact, version, child(0, address=f"{version} Other Road"))
        await world.handle(revised, revised)
    assert len(await answers(world, fact.incident_id)) == 20
    assert [answer.changed_child_ids for answer in await answers(world, fact.incident_id)] == [()] * 20
    assert await world.tell() == []
    assert ((await the_one(world))["state"], world.email.to) == ("acknowledged", [DSL])


async def test_whoever_was_shown_it_is_told_once_that_it_changed_and_sees_what(world: World, dsl: Reader, deputy: Reader) -> None:
    body = sample_report()
    fact = await world.opened("C1", body=body)
    await world.advance(MONDAY.replace(hour=6, minute=50))
    await dsl.read("on-our-roll")
    plan = (await the_one(world))["plan"]
    revised = await world.corrected(fact, 2, SEEN)
    await world.handle(revised)
    await world.handle(revised)
    (told,) = await world.tell()
    assert told.to == DSL
    assert "has changed" in told.body
    assert len(await answers(world, fact.incident_id)) == 1
    assert (await the_one(world))["plan"] == plan
    (sent,) = await world.facts(NoticeSent, fact.incident_id)
    assert (sent.kind, sent.result) == ("changed", "handed-over")
    for content in (await dsl.client.get("/message/content"), await dsl.client.get("/message/content")):
        assert "What changed since you last read this" in content.text
        assert "Was the child there?" in content.text.split("What to do")[0]
        assert "No, the child was somewhere else" in content.text
    assert "What changed" not in (await deputy.read("on-our-roll")).text
    assert (await dsl.act("on-our-roll")).status_code == 200


async def test_a_page_that_is_stale_cannot_acknowledge(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    stale = await dsl.read("on-our-roll")
    await world.handle(await world.corrected(fact, 2, UNSEEN))
    await world.handle(await world.corrected(fact, 3, SEEN))
    refused = await dsl.say(stale, "acting")
    assert refused.status_code == 200
    assert "This changed while you were reading" in refused.text
    assert (await the_one(world))["state"] == "open"
    assert (await dsl.say(refused, "acting")).headers["location"] == "/message/done"
    assert (await the_one(world))["state"] == "acknowledged"


async def test_what_she_could_not_see_changing_does_not_stop_her(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    page = await dsl.read("on-our-roll")
    await world.handle(await world.corrected(fact, 2, UNSEEN))
    assert (await dsl.say(page, "acting")).headers["location"] == "/message/done"


async def test_a_change_after_the_acknowledgement_opens_it_again_with_a_ladder_of_its_own(
    world: World, dsl: Reader, deputy: Reader, clock: ManualClock
) -> None:
    fact = await world.opened("C1")
    await world.advance(MONDAY.replace(hour=6, minute=50))
    await deputy.act("on-our-roll")
    before = await the_one(world)
    clock.move_to(MONDAY.replace(hour=10))
    await world.handle(await world.corrected(fact, 2, SEEN, deadline_at=TUESDAY))
    row = await the_one(world)
    done = before["rungs_done"]
    assert (row["state"], row["deadline_at"], row["late_at"], row["ended_at"]) == ("open", TUESDAY, None, None)
    assert row["plan"]["rungs"][:done] == before["plan"]["rungs"][:done]
    assert [rung["number"] for rung in row["plan"]["rungs"]] == list(range(1, done + 6))
    assert [rung["role"] for rung in row["plan"]["rungs"][done:]] == ["dsl", "deputy", "head", "authority", "phone"]
    (answer,) = await answers(world, fact.incident_id)
    assert (answer.changed_child_ids, answer.deadline_at, answer.next_action_at) == (fact.child_ids, TUESDAY, clock.now())
    assert await outcome(world, fact.incident_id, fact.child_ids[0]) is Outcome.WAITING
    sent = len(world.email.sent)
    await world.advance(clock.now())
    assert world.email.to[sent:] == [DSL]
    assert [message.to for message in await world.tell()] == [DEPUTY]  # and nobody that it was picked up
    await world.advance(TUESDAY)
    assert [to for to in world.email.to[sent:] if to in (DEPUTY, HEAD)] == [DEPUTY, DEPUTY, HEAD]
    assert (await the_one(world))["late_at"] == TUESDAY
    await dsl.act("on-our-roll")
    assert (await the_one(world))["state"] == "acknowledged"
    assert await outcome(world, fact.incident_id, fact.child_ids[0]) is Outcome.ACKNOWLEDGED


async def test_a_child_that_is_added_must_be_confirmed_and_opens_it_again(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    await dsl.act("on-our-roll")
    await world.handle(await world.corrected(fact, 2, UNSEEN, "C1", "C2"))
    assert (await the_one(world))["state"] == "open"
    content = await dsl.client.get("/message/content")
    assert "A child was added" in content.text
    page = await dsl.client.get("/message/children")
    assert len(fields(page)) == 2
    assert len({row["acknowledged_by"] for row in await world.rows("notifier_child")}) == 2


async def test_one_of_two_children_taken_out_ends_for_that_child_alone(world: World, dsl: Reader) -> None:
    body = sample_report()
    fact = await world.opened("C1", "C2", body=body)
    await world.settle()
    await dsl.read("on-our-roll", "on-our-roll")
    await world.handle(await world.corrected(fact, 2, lambda body: body["children"].pop(1), "C1"))
    content = await dsl.client.get("/message/content")
    assert "A child was taken out" in content.text
    assert body["children"][1]["full_name"] not in content.text
    assert [message.to for message in await world.tell()] == [DSL]
    await dsl.say(content, "acting")
    assert (await the_one(world))["state"] == "acknowledged"


async def test_when_nothing_is_left_everyone_who_was_messaged_hears_it_once_and_the_page_says_so(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.advance(DEADLINE + minutes(5))
    await dsl.read("on-our-roll")
    messaged = {message.to for message in world.email.sent if "@" in message.to}
    revised = await world.corrected(fact, 2, UNSEEN, child_ids=(), reason="withdrawn")
    await world.handle(revised)
    await world.handle(revised)
    row = await the_one(world)
    assert (row["state"], row["next_action_at"]) == ("withdrawn", None)
    assert (await world.one("notifier_child"))["withdrawn_at"] is not None
    assert {task["state"] for task in await world.rows("notifier_phone_task")} == {"not-needed"}
    told = await world.tell()
    assert {message.to for message in told} == messaged
    assert len(told) == len(messaged)
    assert all("taken back" in message.body and "/m/" not in message.body for message in told)
    for path in ("/message/content", "/message/children", "/message/done"):
        assert "was taken back" in (await dsl.client.get(path)).text
    await dsl.client.get(f"/m/{world.token(DSL, 0)}")
    assert "was taken back" in (await dsl.client.get("/message")).text
    (answer,) = await answers(world, fact.incident_id)
    assert (answer.child_ids, answer.next_action_at) == ((), None)


async def test_a_version_that_comes_before_the_routing_ends_the_same(world: World) -> None:
    routed = await world.routed("C1", "C2")
    await world.stated(routed)
    second = await world.corrected(routed, 2, SEEN)
    third = await world.corrected(routed, 3, lambda body: body["children"].pop(1), "C1")
    await world.handle(third)
    await world.handle(routed)
    await world.handle(second)
    row = await the_one(world)
    assert (row["incident_version"], row["deadline_at"], row["state"]) == (3, DEADLINE, "open")
    assert {str(child["withdrawn_at"] is None) for child in await world.rows("notifier_child")} == {"True", "False"}
    assert len(await world.facts(NotificationOpened, routed.incident_id)) == 1
    assert [answer.incident_version for answer in await answers(world, routed.incident_id)] == [3]
    await world.settle()
    assert (world.email.to, await world.tell()) == ([DSL], [])


async def test_a_child_put_back_is_a_new_one(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    await dsl.act("on-our-roll")
    await world.handle(await world.corrected(fact, 2, UNSEEN, child_ids=()))
    await world.handle(await world.corrected(fact, 3, UNSEEN, "C1"))
    row = await world.one("notifier_child")
    assert (row["withdrawn_at"], row["answer"], row["acknowledged_by"]) == (None, None, None)
    assert (await the_one(world))["state"] == "open"
    assert await outcome(world, fact.incident_id, fact.child_ids[0]) is Outcome.WAITING


async def test_a_child_that_the_setting_refused_stays_refused(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1", "C2")
    await world.settle()
    await dsl.answer("not-ours", "on-our-roll")
    await world.handle(await world.corrected(fact, 2, UNSEEN))
    (answer,) = await answers(world, fact.incident_id)
    assert len(answer.child_ids) == 1
    assert (await the_one(world))["state"] == "open"


async def test_an_adult_whom_a_correction_names_is_shown_and_told_nothing_more(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    page = await dsl.read("on-our-roll")
    await world.handle(
        await world.corrected(fact, 2, lambda body: (SEEN(body), body["adults"][1].update(full_name="Dorin Bellward-1")), "C1")
    )
    assert await world.tell() == []
    assert "cannot be shown" in (await dsl.client.get("/message/content")).text
    await dsl.say(page, "acting")
    assert (await the_one(world))["state"] == "open"


@pytest.mark.parametrize("when", ["while it is sent", "after it"])
async def test_a_change_that_meets_a_message_on_its_way_is_taken_in(world: World, when: str) -> None:
    fact = await world.routed("C1")
    await world.handle(fact)
    revised = await world.corrected(fact, 2, SEEN)

    async def meanwhile(_message: object) -> None:
        world.email.meanwhile = None
        await world.handle(revised)

    if when == "while it is sent":
        world.email.meanwhile = meanwhile
    await world.settle()
    await world.handle(revised)
    assert ((await the_one(world))["incident_version"], (await the_one(world))["rungs_done"]) == (2, 1)
    assert world.email.to == [DSL]


async def outcome(world: World, incident_id: str, child_id: str) -> Outcome:
    """What the journal says became of the child at this instant, once the router had decided the version."""
    async with world.database.reading() as reading:
        envelopes = await journal.of_incident(reading, incident_id)
    (found,) = outcomes([child_id], envelopes, world.clock.now())
    return found.destinations[0].standing.outcome
