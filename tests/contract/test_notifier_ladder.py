"""The ladder on both databases: who is told when, what a crash leaves, and that only an answer or the end of the plan stops it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.clock import ManualClock
from shared.events import NotificationLate, NotificationOpened, PhoneTaskOpened, RungClimbed
from tests.contract.notifier_world import (
    AUTHORITY_LEAD,
    DEADLINE,
    DEPUTY,
    DSL,
    DSL_PHONE,
    HEAD,
    MONDAY,
    PHONE_DESK,
    SUNDAY_NIGHT,
    World,
    clock,
    minutes,
    reasons,
    world,
)
from tests.samples import personal_words, sample_report

__all__ = ["clock", "world"]


async def test_a_routed_destination_opens_one_notification_however_often_it_is_told(world: World) -> None:
    fact = await world.routed("C1", "C2")
    other = await world.routed("C1")
    await world.handle(fact, fact, other)
    await world.handle(other, fact)
    assert {row["destination_id"] for row in await world.rows("notifier_notification")} == {fact.destination_id, other.destination_id}
    (opened,) = await world.facts(NotificationOpened, fact.incident_id)
    assert (opened.child_ids, opened.next_action_at, opened.deadline_at) == (fact.child_ids, SUNDAY_NIGHT, DEADLINE)
    assert len(await world.rows("notifier_child")) == 3


async def test_rung_after_rung_up_to_the_telephone_and_then_late_with_an_owner(world: World) -> None:
    fact = await world.opened("C1")
    await world.advance(DEADLINE + minutes(1))
    climbed = await world.facts(RungClimbed, fact.incident_id)
    by_plan = {1: SUNDAY_NIGHT, 2: DEADLINE - minutes(75), 3: DEADLINE - minutes(45), 4: DEADLINE - minutes(20), 5: DEADLINE}
    first = {one.rung: one for one in reversed(climbed)}
    assert {rung: one.climbed_at for rung, one in first.items()} == by_plan
    assert [first[rung].next_action_at for rung in (1, 2, 3, 4)] == [by_plan[rung] for rung in (2, 3, 4, 5)]
    assert first[5].next_action_at is None
    chased = [f"{role}@{AUTHORITY_LEAD}.example" for role in ("duty", "lead")]
    assert world.email.to == [DSL, DEPUTY, HEAD, *chased]
    (late,) = await world.facts(NotificationLate, fact.incident_id)
    (task,) = await world.facts(PhoneTaskOpened, fact.incident_id)
    assert (late.owner, late.phone_task_id, late.late_at) == (PHONE_DESK, task.phone_task_id, DEADLINE)
    assert (task.reason, task.owner) == ("not-acknowledged", PHONE_DESK)


async def test_a_call_that_nobody_makes_is_brought_up_every_morning(world: World) -> None:
    fact = await world.opened("C1")
    await world.advance(MONDAY + timedelta(days=3))
    climbed = await world.facts(RungClimbed, fact.incident_id)
    assert [one.climbed_at for one in climbed[-2:]] == [MONDAY + timedelta(days=days, hours=9) for days in (1, 2)]
    assert {one.outcome for one in climbed[-2:]} == {"phone-task-open"}
    assert (await world.one("notifier_notification"))["next_action_at"] == MONDAY + timedelta(days=3, hours=9)
    assert len(await world.facts(NotificationLate, fact.incident_id)) == 1


async def test_text_messages_wait_for_the_end_of_quiet_hours_and_e_mail_does_not(world: World) -> None:
    await world.opened("C1")
    await world.settle()
    assert (world.email.to, world.sms.to) == ([DSL], [])
    await world.advance(MONDAY.replace(hour=6, minute=30))
    assert world.sms.to == [DSL_PHONE]
    await world.advance(MONDAY.replace(hour=6, minute=45))
    assert (world.email.to, len(world.sms.to)) == ([DSL, DEPUTY], 2)


async def test_when_quiet_hours_outlast_the_deadline_a_text_message_goes_at_once(world: World) -> None:
    await world.opened("C1", deadline_at=MONDAY.replace(hour=6))
    await world.settle()
    assert world.sms.to == [DSL_PHONE]


@pytest.mark.parametrize("urgency", ["urgent", "late-on-arrival"])
async def test_an_urgent_one_tells_everybody_at_once_the_telephone_too(world: World, clock: ManualClock, urgency: str) -> None:
    deadline_at = SUNDAY_NIGHT - minutes(15) if urgency == "late-on-arrival" else DEADLINE
    fact = await world.opened("C1", urgency=urgency, deadline_at=deadline_at)
    await world.settle()
    assert {DSL, DEPUTY, HEAD} < set(world.email.to)
    assert reasons(await world.rows("notifier_phone_task")) == {"not-acknowledged": PHONE_DESK}
    assert bool(await world.facts(NotificationLate, fact.incident_id)) == (urgency == "late-on-arrival")


async def test_a_first_staff_days_notification_waits_for_its_morning(world: World) -> None:
    send_at = MONDAY + timedelta(days=7, hours=7)
    await world.opened("C1", purpose="first-staff-day", send_at=send_at, deadline_at=send_at + timedelta(hours=1))
    await world.advance(send_at - minutes(1))
    assert world.email.sent == []
    await world.advance(send_at)
    assert DSL in world.email.to


async def test_a_team_has_a_ladder_of_its_own(world: World) -> None:
    team = "testshire-out-of-hours"
    await world.opened("C1", destination_kind="team", destination_ref=team, purpose="holiday-live")
    await world.advance(DEADLINE)
    assert world.email.to == [f"duty@{team}.example", f"lead@{team}.example"]
    assert reasons(await world.rows("notifier_phone_task")) == {"not-acknowledged": PHONE_DESK}


async def test_messages_say_nothing_and_chasers_have_no_link(world: World) -> None:
    body = sample_report()
    await world.opened(body=body)
    await world.advance(DEADLINE)
    texts = [f"{message.subject} {message.body}" for message in (*world.email.sent, *world.sms.sent)]
    forbidden = {"encompass", "police", "abuse", "safeguarding lead", "child", "pupil", *(word.lower() for word in personal_words(body))}
    assert not [word for text in texts for word in forbidden if word in text.lower()]
    chasers = [message for message in world.email.sent if AUTHORITY_LEAD in message.to]
    assert chasers
    assert all("/m/" not in message.body and "+441632960001" in message.body for message in chasers)
    assert "before 08:00 on Monday 23 November" in world.email.sent[0].body


async def test_the_plan_is_frozen_with_the_policy_that_made_it(world: World) -> None:
    fact = await world.opened("C1")
    before = await world.one("notifier_notification")
    await world.handle(replace(fact, deadline_at=DEADLINE + timedelta(hours=1)))
    assert await world.one("notifier_notification") == before
    assert before["policy_version"] == fact.policy_version


async def test_nothing_is_due_before_its_time(world: World) -> None:
    ladder = world.ladder()
    assert await ladder.next_due() is None
    await world.opened("C1")
    await world.settle(ladder)
    assert await ladder.next_due() == MONDAY.replace(hour=6, minute=30)
