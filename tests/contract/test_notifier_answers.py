"""What a recipient reads and says, over HTTP on both databases: whose child it is, what happened, who acts."""

import itertools
import re
from datetime import timedelta
from pathlib import Path

import pytest

from shared.clock import ManualClock
from shared.events import (
    ChildAnswered,
    ChildRecalled,
    NotificationAcknowledged,
    NotificationPassedOn,
)
from tests.contract.notifier_reader import Reader, deputy, dsl, fields, outbox
from tests.contract.notifier_world import (
    DEADLINE,
    DEPUTY,
    DSL,
    HEAD,
    MONDAY,
    SUNDAY_NIGHT,
    World,
    clock,
    minutes,
    world,
)
from tests.directory_samples import CONTACT_COLUMNS, contact_rows
from tests.import_desk import Desk
from tests.samples import sample_report

pytestmark = pytest.mark.sqlite_daily

MORNING = MONDAY.replace(hour=7, minute=30)
__all__ = ["clock", "deputy", "dsl", "world"]


async def test_content_only_for_confirmed_children_and_nothing_of_a_sibling_on_a_sheet(world: World, dsl: Reader) -> None:
    body = sample_report()
    names = {child["reference"]: child["full_name"] for child in body["children"]}
    await world.opened("C1", "C2", body=body)
    await world.settle()
    page = await dsl.enter()
    assert (await dsl.client.get("/message/content")).headers["location"] == "/message/children"
    by_name = sorted(("C1", "C2"), key=lambda reference: page.text.index(names[reference]))
    answers = ["on-our-roll" if reference == "C1" else "not-ours" for reference in by_name]
    values = dict(zip(fields(page), answers, strict=True))
    await dsl.post("/message/children", page, **values)
    content = (await dsl.client.get("/message/content")).text
    assert names["C1"] in content
    assert "Must not collect" in content or "must not collect" in content
    elsewhere = {
        names["C2"],
        names["C3"],
        *(child["address"] for child in body["children"]),
        *(child["postcode"] for child in body["children"]),
    }
    assert not [word for word in elsewhere if word in content]
    assert content.index("Read this first") < content.index("What to do and what not to do") < content.index("What happened")


async def test_whoever_turns_out_to_be_an_adult_of_the_report_can_neither_read_on_nor_act(
    world: World, dsl: Reader, tmp_path: Path
) -> None:
    """A contact's name may be corrected while her visit is open: the answer of the report's own suspect must not stop the ladder."""
    body = sample_report()
    fact = await world.opened("C1", body=body)
    await world.settle()
    content = await dsl.read("on-our-roll")
    row = dict(zip(CONTACT_COLUMNS, next(row for row in contact_rows() if DSL in row), strict=True))
    renamed = row | {"name": next(adult["full_name"] for adult in body["adults"] if adult["role"] == "suspect")}
    desk = Desk(world.database, world.vault, world.clock, tmp_path)
    assert (await desk.takes_contact(*renamed.values())).changed == 1
    assert (await world.contact(DSL))["state"] == "verified"
    for answer in ("acting", "pass-on"):
        await dsl.post("/message/answer", content, answer=answer)
    assert await world.facts(NotificationAcknowledged, fact.incident_id) == []
    assert await world.facts(NotificationPassedOn, fact.incident_id) == []
    assert (await world.one("notifier_notification"))["state"] == "open"


async def test_every_child_needs_an_answer(world: World, dsl: Reader) -> None:
    await world.opened("C1", "C2")
    await world.settle()
    page = await dsl.enter()
    first, _second = fields(page)
    again = await dsl.post("/message/children", page, **{first: "on-our-roll"})
    assert "Error: " in again.text
    assert "Say whether child 2 is yours" in again.text
    assert re.search(rf'id="{first}"[^>]*checked', again.text)
    assert {row["answer"] for row in await world.rows("notifier_child")} == {None}


async def test_acting_on_it_stops_the_ladder_and_is_on_record(world: World, dsl: Reader, clock: ManualClock) -> None:
    fact = await world.opened("C1")
    await world.advance(MORNING)
    done = await dsl.act("on-our-roll")
    assert "You are acting on this today" in done.text
    (acknowledged,) = await world.facts(NotificationAcknowledged, fact.incident_id)
    dsl_id = (await world.contact(DSL))["contact_id"]
    assert (acknowledged.contact_id, acknowledged.child_ids, acknowledged.acknowledged_at) == (dsl_id, fact.child_ids, MORNING)
    assert (await world.one("notifier_notification"))["state"] == "acknowledged"
    sent = len(world.email.sent)
    await world.advance(DEADLINE + timedelta(days=2))
    assert len(world.email.sent) == sent
    assert await world.rows("notifier_phone_task") == []


async def test_a_late_one_that_is_picked_up_needs_no_call_any_more(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.advance(DEADLINE + minutes(5))
    await dsl.act("on-our-roll")
    assert [task["state"] for task in await world.rows("notifier_phone_task")] == ["not-needed"]


async def test_who_comes_later_sees_who_has_picked_it_up(world: World, dsl: Reader, deputy: Reader, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.advance(MORNING)
    await deputy.act("on-our-roll")
    page = await dsl.arrive()
    assert "Picked up at 7:30am on Monday 23 November 2026 by the deputy" in page.text
    assert "Send me a code" not in page.text
    again = await deputy.arrive()
    assert "by you" in again.text
    assert "What happened" in (await deputy.read("on-our-roll")).text


async def test_a_colleague_in_the_middle_of_reading_learns_of_it(world: World, dsl: Reader, deputy: Reader) -> None:
    await world.opened("C1")
    await world.advance(MORNING)
    content = await dsl.read("on-our-roll")
    await deputy.act("on-our-roll")
    await dsl.post("/message/answer", content, answer="acting")
    later = await dsl.client.get("/message/content")
    assert "by the deputy" in later.text
    assert "What happened" not in later.text
    assert {row["acknowledged_by"] for row in await world.rows("notifier_child")} == {(await world.contact(DEPUTY))["contact_id"]}


async def test_passing_on_tells_the_next_one_at_once(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    passed = await dsl.post("/message/answer", await dsl.read("on-our-roll"), answer="pass-on")
    assert passed.headers["location"] == "/message/passed-on"
    await world.settle()
    assert [message.to for message in world.email.sent] == [DSL, DEPUTY]
    (fact_passed_on,) = await world.facts(NotificationPassedOn, fact.incident_id)
    assert fact_passed_on.next_action_at == SUNDAY_NIGHT
    assert (await world.one("notifier_notification"))["state"] == "open"
    await world.advance(DEADLINE)
    assert [message.to for message in world.email.sent][:3] == [DSL, DEPUTY, HEAD]


async def test_an_acknowledgement_while_a_message_is_on_its_way_wins(world: World, dsl: Reader, clock: ManualClock) -> None:
    clock.move_to(MONDAY.replace(hour=6))
    await world.opened("C1")
    await world.settle()
    content = await dsl.read("on-our-roll")

    async def she_acts(_message: object) -> None:
        world.email.meanwhile = None
        await dsl.post("/message/answer", content, answer="acting")

    world.email.meanwhile = she_acts
    await world.advance(DEADLINE + minutes(10))
    assert [message.to for message in world.email.sent] == [DSL, DEPUTY]
    row = await world.one("notifier_notification")
    assert (row["state"], row["rungs_done"], row["next_action_at"]) == ("acknowledged", 1, None)


@pytest.mark.parametrize("answer", ["not-ours", "has-left"])
@pytest.mark.parametrize("read_first", [False, True])
async def test_a_child_that_is_not_theirs_is_recalled_at_once(world: World, dsl: Reader, answer: str, read_first: bool) -> None:
    fact = await world.opened("C1")
    await world.settle()
    if read_first:
        await dsl.read("on-our-roll")
        page = await dsl.client.get("/message/children")
        answered = await dsl.post("/message/children", page, **{fields(page)[0]: answer})
    else:
        answered = await dsl.answer(answer)
    assert answered.headers["location"] == "/message/done"
    done = await dsl.client.get("/message/done")
    assert "taken back" in done.text
    (recalled,) = await world.facts(ChildRecalled, fact.incident_id)
    assert (recalled.child_id, recalled.destination_id, recalled.reason) == (*fact.child_ids, fact.destination_id, answer)
    assert (await world.facts(ChildAnswered, fact.incident_id))[-1].answer == answer
    breach = await world.one("notifier_breach")
    assert breach["content_was_shown"] is read_first
    assert (await world.one("notifier_notification"))["state"] == "recalled"
    for path in ("/message/content", "/message/children"):
        assert (await dsl.client.get(path)).headers["location"] == "/message/done"
    assert (await dsl.arrive()).status_code == 404
    sent = len(world.email.sent)
    await world.advance(DEADLINE + minutes(1))
    assert len(world.email.sent) == sent
    assert await outbox(world) == [ChildRecalled.TYPE]


async def test_when_one_child_is_not_theirs_the_others_go_on(world: World, dsl: Reader) -> None:
    await world.opened("C1", "C2")
    await world.settle()
    done = await dsl.act("not-ours", "on-our-roll")
    assert "A child who is not yours" in done.text
    assert (await world.one("notifier_notification"))["state"] == "acknowledged"
    assert sorted(str(row["recalled_at"] is None) for row in await world.rows("notifier_child")) == ["False", "True"]
    assert (await dsl.arrive()).status_code == 200


async def test_an_erased_report_is_not_shown_and_does_not_fail(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    await dsl.read("on-our-roll")
    async with world.database.transaction() as tx:
        await world.vault.destroy(tx, fact.incident_id)
    page = await dsl.client.get("/message/content")
    assert page.status_code == 200
    assert "cannot be shown" in page.text


@pytest.mark.parametrize("order", sorted(itertools.permutations(["fetch", "ask", "confirm", "view", "pass on"]))[::17])
async def test_nothing_but_acting_stops_the_ladder(world: World, dsl: Reader, clock: ManualClock, order: tuple[str, ...]) -> None:
    """Whatever a reader and her mail program do, in whatever order: without *I am acting on this today* a team telephones."""
    clock.move_to(MONDAY.replace(hour=6, minute=40))
    await world.opened("C1")
    await world.settle()
    page = await dsl.enter()
    for what in order:
        if what == "fetch":
            await dsl.client.get(f"/m/{world.token(DSL, 0)}")
        elif what == "ask":
            await dsl.post("/message/code", await dsl.client.get("/message"))
        elif what == "confirm":
            await dsl.post("/message/children", page, **{fields(page)[0]: "on-our-roll"})
        elif what == "view":
            await dsl.client.get("/message/content")
        else:
            await dsl.post("/message/answer", page, answer="pass-on")
        await world.settle()
    await world.advance(DEADLINE)
    assert {task["reason"] for task in await world.rows("notifier_phone_task")} == {"not-acknowledged"}
    row = await world.one("notifier_notification")
    assert (row["state"], row["late_at"]) == ("open", DEADLINE)
    page = await dsl.enter()
    await dsl.post("/message/children", page, **{fields(page)[0]: "on-our-roll"})
    await dsl.post("/message/answer", page, answer="acting")
    assert (await world.one("notifier_notification"))["state"] == "acknowledged"
