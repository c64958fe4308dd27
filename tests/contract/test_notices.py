"""Messages outside the ladder, on both databases: each once, to nobody who may not be told, and nothing of what they are about."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notifier import store_notices
from services.notifier.domain.messages import Refused, TryAgain
from services.notifier.domain.notices import Kind
from services.notifier.handlers_teams import Owing
from shared.clock import ManualClock
from shared.directory import Contact
from shared.events import NOTIFIER, ROUTER, ChildHeld, Envelope, Fact, NoticeSent, PhoneTaskOpened, ReviewAsked, ReviewEscalated
from shared.ids import new_id
from shared.scope import Scope
from tests.contract.notifier_channels import Crash
from tests.contract.notifier_reader import Reader, deputy, dsl
from tests.contract.notifier_world import (
    AUTHORITY_LEAD,
    DEADLINE,
    DSL,
    DSL_PHONE,
    HEAD,
    MONDAY,
    PHONE_DESK,
    World,
    clock,
    minutes,
    world,
)
from tests.samples import personal_words, sample_report

pytestmark = pytest.mark.sqlite_daily

REVIEW_DESK = "testshire-education-safeguarding"
__all__ = ["clock", "deputy", "dsl", "world"]


async def owed(world: World, *facts: Fact) -> None:
    """The team's facts reach notifier, each in a batch of its own."""
    await world.stated(*facts)
    owing = Owing(world.directory, lambda: None)
    for fact in facts:
        envelope = Envelope(id=new_id(), source=ROUTER, time=world.clock.now(), fact=fact)
        async with world.database.transaction() as tx:
            await (owing.call if isinstance(fact, PhoneTaskOpened) else owing.review)(tx, [envelope])


async def held(world: World, owner: str, body: dict[str, Any] | None = None) -> ChildHeld:
    incident_id, child_ids = await world.report(body)
    return ChildHeld(
        incident_id=incident_id,
        incident_version=1,
        child_id=child_ids["C1"],
        review_id=new_id(),
        reason="two-pupils",
        owner=owner,
        review_deadline_at=DEADLINE,
        policy_version=await world.policy_version(),
        held_at=world.clock.now(),
    )


async def test_when_one_takes_it_everyone_else_who_was_messaged_hears_so_once(world: World, dsl: Reader, deputy: Reader) -> None:
    body = sample_report()
    fact = await world.opened("C1", body=body)
    await world.advance(DEADLINE - minutes(1))
    chased = {to for to in world.email.to if AUTHORITY_LEAD in to}
    assert chased
    content = await dsl.read("on-our-roll")
    await deputy.act("on-our-roll")
    told = await world.tell()
    assert {message.to for message in told} == {DSL, HEAD} | chased
    assert len(told) == len({DSL, HEAD} | chased)
    assert not [word for message in told for word in personal_words(body) if word in message.body]
    assert all("/m/" not in message.body for message in told)
    await dsl.say(content, "acting")
    assert await world.tell() == []
    sent = await world.facts(NoticeSent, fact.incident_id)
    assert {(one.kind, one.result) for one in sent} == {("picked-up", "handed-over")}


async def test_their_access_ends_and_hers_does_not(world: World, dsl: Reader, deputy: Reader) -> None:
    body = sample_report()
    await world.opened("C1", body=body)
    await world.advance(MONDAY.replace(hour=7, minute=30))
    await dsl.read("on-our-roll")
    asked = await dsl.asked()
    await deputy.act("on-our-roll")
    for path in ("/message/children", "/message/content"):
        page = await dsl.client.get(path)
        assert "A colleague has it" in page.text
        assert "by the deputy" in page.text
        assert body["children"][0]["full_name"] not in page.text
    assert (await dsl.post("/message/open", asked, code=world.code(DSL_PHONE))).status_code == 404
    assert body["children"][0]["full_name"] in (await deputy.client.get("/message/content")).text


async def test_a_team_hears_of_its_reviews_once_for_each_incident_and_once_more_when_one_is_escalated_to_it(world: World) -> None:
    body = sample_report()
    first = await held(world, REVIEW_DESK, body)
    again = replace(first, review_id=new_id())
    asked = ReviewAsked(
        incident_id=first.incident_id, child_id=first.child_id, review_id=first.review_id, owner=REVIEW_DESK, decider="s",
        review_deadline_at=DEADLINE, asked_at=world.clock.now(),
    )  # fmt: skip
    await owed(world, first, first, again, asked)
    told = await world.tell()
    assert [message.to for message in told] == [f"duty@{REVIEW_DESK}.example"]
    assert "https://messages.example/console" in told[0].body
    assert not [word for word in personal_words(body) if word in told[0].body]
    escalated = [
        ReviewEscalated(
            incident_id=first.incident_id, child_id=first.child_id, review_id=first.review_id, owner=owner, escalated_at=world.clock.now()
        )
        for owner in (AUTHORITY_LEAD, REVIEW_DESK)
    ]
    await owed(world, *escalated)
    assert {message.to for message in await world.tell()} == {f"duty@{team}.example" for team in (AUTHORITY_LEAD, REVIEW_DESK)}


async def test_a_team_without_anyone_on_duty_is_told_by_its_lead_and_a_team_without_anyone_stops_nothing(world: World) -> None:
    await world.suspend(f"duty@{REVIEW_DESK}.example")
    await owed(world, await held(world, REVIEW_DESK))
    assert [message.to for message in await world.tell()] == [f"lead@{REVIEW_DESK}.example"]
    await world.suspend(f"lead@{REVIEW_DESK}.example")
    await owed(world, await held(world, REVIEW_DESK))
    assert await world.tell() == []


async def test_when_whoever_is_on_duty_cannot_be_reached_the_lead_is_told(world: World) -> None:
    duty = await on_duty(world)
    world.email.answers[duty.email or ""] = [Refused(reason="no-such-mailbox")]
    world.sms.answers[duty.phone or ""] = [Refused(reason="number-unknown")]
    await owed(world, await held(world, REVIEW_DESK))
    assert [message.to for message in await world.tell()] == [duty.email]
    world.clock.move_to(MONDAY.replace(hour=6, minute=30))
    assert {message.to for message in await world.tell()} == {duty.phone, f"lead@{REVIEW_DESK}.example"}


async def test_whoever_may_be_one_of_the_adults_is_told_nothing_and_the_lead_is(world: World) -> None:
    body = sample_report()
    body["adults"][1]["full_name"] = (await on_duty(world)).name
    await owed(world, await held(world, REVIEW_DESK, body))
    assert [message.to for message in await world.tell()] == [f"lead@{REVIEW_DESK}.example"]


async def test_a_telephone_task_is_told_to_the_team_that_owes_the_call(world: World) -> None:
    fact = await world.opened("C1")
    await world.advance(DEADLINE)
    (task,) = await world.facts(PhoneTaskOpened, fact.incident_id)
    await owed(world, task)
    await owed(world, task)
    assert [message.to for message in await world.tell()] == [f"duty@{PHONE_DESK}.example"]
    assert {one.kind for one in await world.facts(NoticeSent, fact.incident_id)} == {"call-owed"}


async def test_a_call_that_is_owed_no_more_is_passed_on_to_nobody(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.advance(DEADLINE)
    (task,) = await world.facts(PhoneTaskOpened, fact.incident_id)
    await owed(world, task)
    await dsl.act("on-our-roll")
    await world.tell()
    assert [one["state"] for one in await world.rows("notifier_notice") if one["kind"] == "call-owed"] == ["failed"]


async def test_of_a_sandbox_nobody_is_told_anything(world: World) -> None:
    fact = await world.opened("C1", sandbox=True)
    assert (await world.one("notifier_notification"))["sandbox"]
    revised = await world.corrected(fact, 2, lambda body: body["children"][0].update(presence="elsewhere"), child_ids=())
    await world.handle(revised)
    assert (await world.one("notifier_notification"))["state"] == "withdrawn"
    assert await world.rows("notifier_notice") == []


async def test_a_message_that_cannot_go_is_tried_again_and_given_up_after_five_times(world: World, clock: ManualClock) -> None:
    await one_is_owed(world)
    world.email.answers[DSL] = [TryAgain(reason="busy")] * 9
    for _ in range(6):
        await world.tell()
        clock.move_to(clock.now() + timedelta(hours=1))
    row = await world.one("notifier_notice")
    assert (row["state"], row["attempts"], row["result"]) == ("failed", 5, "try-again")


async def test_a_refused_mailbox_is_followed_by_a_text_message_after_quiet_hours(world: World, clock: ManualClock) -> None:
    await one_is_owed(world)
    world.email.answers[DSL] = [Refused(reason="no-such-mailbox")]
    assert {message.to for message in await world.tell()} == {DSL}
    clock.move_to(MONDAY.replace(hour=6, minute=30))
    assert [message.to for message in await world.tell()] == [DSL_PHONE]
    assert (await world.one("notifier_notice"))["state"] == "sent"


async def test_one_that_was_broken_off_goes_again_and_says_so(world: World, clock: ManualClock) -> None:
    await one_is_owed(world)
    world.email.answers[DSL] = [Crash()]
    with pytest.raises(Crash):
        await world.tell()
    assert await world.tell() == []
    clock.move_to(clock.now() + timedelta(minutes=4))
    (again,) = await world.tell()
    assert again.body.startswith("Sent again: ")


async def one_is_owed(world: World) -> None:
    """One notice to the DSL that still holds."""
    await world.opened("C1")
    row = await world.one("notifier_notification")
    contact_id = (await world.contact(DSL))["contact_id"]
    async with world.database.transaction() as tx:
        owing = await store_notices.add(tx, Kind.CHANGED, "one", [contact_id, contact_id], notification_id=row["notification_id"])
        assert owing == 1
        assert await store_notices.add(tx, Kind.CHANGED, "one", [contact_id], notification_id=row["notification_id"]) == 0


async def on_duty(world: World) -> Contact:
    async with world.database.reading() as reading:
        people = await world.directory.contacts(reading, "team", REVIEW_DESK, Scope.service(NOTIFIER))
    return next(person for person in people if person.role == "duty")
