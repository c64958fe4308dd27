"""A recipient's way in over HTTP, on both databases: looking changes nothing, link and code, nothing says what it is about."""

from datetime import timedelta

import pytest

from services.notifier.domain.messages import Refused, TryAgain
from shared.clock import ManualClock
from shared.events import (
    CodeEntered,
    ContentViewed,
    LinkFetched,
)
from tests.contract.notifier_reader import Reader, deputy, dsl, everything, fields
from tests.contract.notifier_world import (
    DEADLINE,
    DSL,
    DSL_PHONE,
    MONDAY,
    PHONE_DESK,
    World,
    clock,
    minutes,
    reasons,
    world,
)
from tests.samples import personal_words, sample_report

pytestmark = pytest.mark.sqlite_daily

BEFORE_CONTENT = ("encompass", "police", "abuse", "safeguarding", "incident")
MORNING = MONDAY.replace(hour=7, minute=30)
__all__ = ["clock", "deputy", "dsl", "world"]


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
    clock.move_to(DEADLINE + timedelta(hours=80))
    await dsl.act("on-our-roll")
    clock.move_to(DEADLINE + timedelta(hours=152))
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


async def test_a_contact_who_has_moved_to_another_setting_is_shown_nothing_more(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.settle()
    await dsl.read("on-our-roll")
    await world.change_contacts(DSL, setting_id="900002")
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


async def test_forms_of_another_visit_are_refused(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.settle()
    page = await dsl.enter()
    for path in ("/message/children", "/message/answer", "/message/leave", "/message/code", "/message/open"):
        refused = await dsl.client.post(path, data={"csrf": "0" * 64, fields(page)[0]: "not-ours", "answer": "acting"})
        assert refused.status_code == 403
    assert (await world.one("notifier_child"))["answer"] is None
