"""What a recipient can do, over HTTP on both databases: the way in, whose child it is, what happened, who acts."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.notifier.domain.messages import Refused, TryAgain
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables import metadata
from shared.events import (
    ChildAnswered,
    ChildRecalled,
    CodeEntered,
    ContentViewed,
    LinkFetched,
    NotificationAcknowledged,
    NotificationPassedOn,
)
from tests.contract.notifier_world import (
    DEADLINE,
    DEPUTY,
    DSL,
    DSL_PHONE,
    HEAD,
    MONDAY,
    PHONE_DESK,
    SUNDAY_NIGHT,
    World,
    a_world,
    minutes,
    reasons,
)
from tests.samples import personal_words, sample_report
from tests.web import browser_like, hidden_token

BEFORE_CONTENT = ("encompass", "police", "abuse", "safeguarding", "incident")
MORNING = MONDAY.replace(hour=7, minute=30)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SUNDAY_NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await a_world(database, clock, tmp_path / "directory")


@dataclass
class Reader:
    """Someone with a browser and one message."""

    world: World
    client: httpx.AsyncClient
    address: str
    phone: str

    async def arrive(self) -> httpx.Response:
        moved = await self.client.get(f"/m/{self.world.token(self.address)}")
        assert (moved.status_code, moved.headers["location"]) == (303, "/message")
        return await self.client.get("/message")

    async def post(self, path: str, page: httpx.Response, **values: str) -> httpx.Response:
        return await self.client.post(path, data={"csrf": hidden_token(page), **values})

    async def asked(self) -> httpx.Response:
        """The page that asks for the code, which has been sent."""
        sent = await self.post("/message/code", await self.arrive())
        assert sent.headers.get("location") == "/message/code", sent.text
        return await self.client.get("/message/code")

    async def enter(self) -> httpx.Response:
        """The first page of the visit."""
        opened = await self.post("/message/open", await self.asked(), code=self.world.code(self.phone))
        assert opened.headers.get("location") == "/message/children", opened.text
        return await self.client.get("/message/children")

    async def answer(self, *answers: str) -> httpx.Response:
        """Enter, and answer for each child in the page's order."""
        page = await self.enter()
        values = dict(zip(fields(page), answers, strict=True))
        return await self.post("/message/children", page, **values)

    async def read(self, *answers: str) -> httpx.Response:
        answered = await self.answer(*answers)
        assert answered.headers.get("location") == "/message/content", answered.text
        return await self.client.get("/message/content")

    async def act(self, *answers: str) -> httpx.Response:
        done = await self.post("/message/answer", await self.read(*answers), answer="acting")
        assert done.headers["location"] == "/message/done"
        return await self.client.get("/message/done")


def fields(page: httpx.Response) -> list[str]:
    return list(dict.fromkeys(re.findall(r'name="(answer-[0-9a-f-]{36})"', page.text)))


@pytest.fixture
async def dsl(world: World, clock: ManualClock) -> AsyncIterator[Reader]:
    async with browser_like(world.app()) as client:
        yield Reader(world, client, DSL, DSL_PHONE)


@pytest.fixture
async def deputy(world: World, clock: ManualClock) -> AsyncIterator[Reader]:
    async with browser_like(world.app()) as client:
        yield Reader(world, client, DEPUTY, "+447700900002")


async def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    """Every notifier table and the outbox, but not the journal."""
    names = [name for name in metadata.tables if name.startswith("notifier_")]
    return {name: sorted(await world.rows(name), key=str) for name in [*names, "outbox"]}


async def test_looking_changes_nothing(world: World, dsl: Reader, clock: ManualClock) -> None:
    """Scanners open every link, follow redirects and run scripts: whatever they do with GET and HEAD, only *fetched* is recorded."""
    fact = await world.opened("C1")
    await world.settle()
    before = await everything(world)
    token = world.token(DSL)
    for _ in range(3):
        for path in (f"/m/{token}", "/message", "/message/code", "/message/children", "/message/content", "/message/done"):
            await dsl.client.get(path)
            await dsl.client.head(path)
    assert await everything(world) == before
    assert len(await world.facts(LinkFetched, fact.incident_id)) == 1
    clock.move_to(clock.now() + minutes(1))
    await dsl.client.get(f"/m/{token}")
    assert len(await world.facts(LinkFetched, fact.incident_id)) == 2


async def test_looking_while_visiting_records_views_and_changes_nothing(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    await dsl.read("on-our-roll")
    before = await everything(world)
    for path in ("/message/children", "/message/content", "/message/done", "/message/passed-on"):
        await dsl.client.get(path)
        await dsl.client.head(path)
    assert await everything(world) == before
    assert len(await world.facts(ContentViewed, fact.incident_id)) == 1


async def test_before_the_content_nothing_says_what_it_is_about(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.settle()
    pages = [await dsl.arrive(), await dsl.asked(), await dsl.enter(), await dsl.client.get("/m/" + "x" * 43)]
    for page in pages:
        assert not [word for word in BEFORE_CONTENT if word in page.text.lower()], page.url
        assert page.headers["cache-control"] == "no-store"
    assert "You have a message for Testwood Primary" in pages[0].text
    assert "ends in •••01" in pages[0].text
    assert "/m/" not in str(pages[0].url)


async def test_links_that_open_nothing_look_alike(world: World, dsl: Reader, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.settle()
    unknown = await dsl.client.get("/m/" + "y" * 43)
    unknown = await dsl.client.get("/message") if unknown.status_code == 303 else unknown
    clock.move_to(DEADLINE + timedelta(hours=72))
    expired = await dsl.arrive()
    assert (expired.status_code, expired.text) == (404, unknown.text)
    await dsl.client.get("/m/short")
    dsl.client.cookies.clear()
    assert (await dsl.client.get("/message")).text == unknown.text


async def test_the_code_goes_over_the_other_channel(world: World, dsl: Reader, clock: ManualClock) -> None:
    clock.move_to(MORNING)
    await world.opened("C1")
    await world.settle()
    by_mail, by_phone = world.token(DSL), world.token(DSL_PHONE)
    await dsl.asked()
    assert world.code(DSL_PHONE)
    assert (await dsl.client.get(f"/m/{by_phone}")).status_code == 303
    page = await dsl.client.get("/message")
    assert "d•••@9•••.example" in page.text
    await dsl.post("/message/code", page)
    assert world.email.sent[-1].subject == "Your code"
    assert by_mail != by_phone


async def test_a_visit_begins_with_link_and_code(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    page = await dsl.enter()
    assert "You are: <strong>Dorin Bellward-1</strong>, lead" in page.text
    (entered,) = await world.facts(CodeEntered, fact.incident_id)
    assert entered.child_ids == fact.child_ids
    stored = str(await everything(world))
    assert world.token(DSL) not in stored
    assert world.code(DSL_PHONE) not in stored


async def test_five_wrong_tries_end_a_code_and_five_codes_an_hour(world: World, dsl: Reader, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.settle()
    page = await dsl.asked()
    right = world.code(DSL_PHONE)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        assert "The code is not right" in (await dsl.post("/message/open", page, code=wrong)).text
    assert "tried too often" in (await dsl.post("/message/open", page, code=right)).text
    for _ in range(4):
        await dsl.asked()
    assert "several codes" in (await dsl.post("/message/code", await dsl.arrive())).text
    assert (await dsl.post("/message/open", page, code=world.code(DSL_PHONE))).status_code == 303
    clock.move_to(clock.now() + timedelta(hours=1))
    await dsl.asked()


async def test_a_code_runs_out_and_is_used_once(world: World, dsl: Reader, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.settle()
    page = await dsl.asked()
    code = world.code(DSL_PHONE)
    assert (await dsl.post("/message/open", page, code=f" {code[:3]} {code[3:]} ")).status_code == 303
    assert "has been used" in (await dsl.post("/message/open", page, code=code)).text
    clock.move_to(clock.now() + minutes(1))
    page = await dsl.asked()
    clock.move_to(clock.now() + minutes(15))
    assert "has run out" in (await dsl.post("/message/open", page, code=world.code(DSL_PHONE))).text
    assert "Enter the 6 digits" in (await dsl.post("/message/open", page, code="12a456")).text


async def test_a_number_that_takes_no_code_becomes_a_call(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.settle()
    page = await dsl.arrive()
    world.sms.answers[DSL_PHONE] = [TryAgain(reason="timeout"), Refused(reason="number-unknown")]
    assert "could not be sent" in (await dsl.post("/message/code", page)).text
    assert await world.rows("notifier_phone_task") == []
    assert "Somebody will telephone" in (await dsl.post("/message/code", page)).text
    assert reasons(await world.rows("notifier_phone_task")) == {"one-channel": PHONE_DESK}


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
    assert content.index("conditions in force") < content.index("What to do and what not to do") < content.index("What happened")


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


async def outbox(world: World) -> list[str]:
    """The types of the facts that wait for the bus."""
    journal, pointers = metadata.tables["journal"], metadata.tables["outbox"]
    async with world.database.reading() as reading:
        rows = await reading.execute(select(journal.c.type).join(pointers, pointers.c.fact_id == journal.c.fact_id))
        return list(rows.scalars())


async def test_when_one_child_is_not_theirs_the_others_go_on(world: World, dsl: Reader) -> None:
    await world.opened("C1", "C2")
    await world.settle()
    done = await dsl.act("not-ours", "on-our-roll")
    assert "A child who is not yours" in done.text
    assert (await world.one("notifier_notification"))["state"] == "acknowledged"
    assert sorted(str(row["recalled_at"] is None) for row in await world.rows("notifier_child")) == ["False", "True"]
    assert (await dsl.arrive()).status_code == 200


async def test_the_way_out_for_somebody_else(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.settle()
    left = await dsl.post("/message/leave", await dsl.enter())
    assert left.headers["location"] == "/message/closed"
    for path in ("/message/children", "/message/content", "/message/done"):
        assert (await dsl.client.get(path)).status_code == 401


async def test_a_contact_who_is_suspended_is_shown_nothing_more(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.settle()
    await dsl.read("on-our-roll")
    await world.suspend(DSL)
    assert (await dsl.client.get("/message/content")).status_code == 401
    assert (await dsl.arrive()).status_code == 404


async def test_one_notifications_visit_shows_nothing_of_another(world: World, dsl: Reader, deputy: Reader) -> None:
    await world.opened("C1", body=sample_report(seed=1))
    await world.settle()
    await dsl.enter()
    other = sample_report(seed=2)
    await world.opened("C1", body=other)
    await world.settle()
    page = await dsl.client.get("/message/children")
    assert not [word for word in personal_words(other) if word in page.text]


async def test_an_erased_report_is_not_shown_and_does_not_fail(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.settle()
    await dsl.read("on-our-roll")
    async with world.database.transaction() as tx:
        await world.vault.destroy(tx, fact.incident_id)
    page = await dsl.client.get("/message/content")
    assert page.status_code == 200
    assert "cannot be shown" in page.text


async def test_forms_of_another_visit_are_refused(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.settle()
    page = await dsl.enter()
    for path in ("/message/children", "/message/answer", "/message/leave", "/message/code", "/message/open"):
        refused = await dsl.client.post(path, data={"csrf": "0" * 64, fields(page)[0]: "not-ours", "answer": "acting"})
        assert refused.status_code == 403
    assert (await world.one("notifier_child"))["answer"] is None
