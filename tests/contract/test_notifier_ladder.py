"""The ladder on both databases: who is told when, what a crash leaves, and that only an answer or the end of the plan stops it."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from services.notifier.domain.plan import Plan
from shared.clock import ManualClock
from shared.events import NotificationLate, NotificationOpened, PhoneTaskOpened, RungClimbed
from shared.policy import LadderKind, QuietHours, Role, Rung
from tests.contract.notifier_policies import policy_with
from tests.contract.notifier_world import (
    AUTHORITY_LEAD,
    DEADLINE,
    DEPUTY,
    DSL,
    DSL_PHONE,
    HEAD,
    MONDAY,
    PHONE_DESK,
    SCHOOL,
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
    late = [one.reason for one in await world.facts(NotificationLate, fact.incident_id)]
    assert late == (["late-on-arrival"] if urgency == "late-on-arrival" else [])


TEN = MONDAY.replace(hour=10)
TUESDAY = DEADLINE + timedelta(days=1)


async def test_in_session_the_telephone_does_not_wait_for_the_deadline(world: World, clock: ManualClock) -> None:
    """It comes at ten; the child is at school. The call is due at eleven, though there is time until tomorrow."""
    clock.move_to(TEN)
    fact = await world.opened("C1", deadline_at=TUESDAY)
    await world.advance(TEN + minutes(59))
    assert world.email.to[:3] == [DSL, DEPUTY, HEAD]
    assert DSL_PHONE in world.sms.to
    assert await world.rows("notifier_phone_task") == []
    await world.advance(TEN + minutes(61))
    task = await world.one("notifier_phone_task")
    assert (task["reason"], task["team_id"], task["due_at"]) == ("not-acknowledged", PHONE_DESK, TEN + minutes(60))
    climbed = {one.rung: one.climbed_at for one in await world.facts(RungClimbed, fact.incident_id)}
    assert climbed == {rung: TEN + minutes(wait) for rung, wait in enumerate((0, 10, 20, 30, 60), 1)}
    await world.advance(TEN + minutes(90))
    assert reasons(await world.rows("notifier_phone_task")) == {"not-acknowledged": PHONE_DESK, "not-called": AUTHORITY_LEAD}
    assert await world.facts(NotificationLate, fact.incident_id) == []
    await world.advance(TUESDAY)
    (late,) = await world.facts(NotificationLate, fact.incident_id)
    assert late.late_at == TUESDAY, "the deadline itself has stayed"


async def test_in_session_a_text_message_goes_in_quiet_hours_too(world: World, clock: ManualClock) -> None:
    quiet = await policy_with(world, quiet_hours=QuietHours(start=time(9, 0), end=time(12, 0)))
    clock.move_to(TEN)
    await world.opened("C1", deadline_at=TUESDAY, policy_version=quiet)
    await world.settle()
    assert (world.email.to, world.sms.to) == ([DSL], [DSL_PHONE])


@pytest.mark.parametrize(
    ("opened_at", "ref", "hurried"),
    [
        (MONDAY.replace(hour=8), SCHOOL, True),
        (MONDAY.replace(hour=7, minute=59), SCHOOL, False),
        (MONDAY.replace(hour=15, minute=29), SCHOOL, True),
        (MONDAY.replace(hour=15, minute=30), SCHOOL, False),
        (MONDAY + timedelta(days=5, hours=10), SCHOOL, False),
        (MONDAY + timedelta(days=19, hours=10), "900002", True),  # a Saturday of school
        (MONDAY + timedelta(days=10, hours=10), "900005", False),  # closed on that day alone
        (MONDAY + timedelta(days=42, hours=10), SCHOOL, False),  # staff are there, no pupils
    ],
)
async def test_whether_a_setting_is_in_session_is_its_own_calendars_to_say(
    world: World, clock: ManualClock, opened_at: datetime, ref: str, hurried: bool
) -> None:
    clock.move_to(opened_at)
    await world.opened("C1", destination_ref=ref, deadline_at=opened_at + timedelta(days=3))
    plan = Plan.from_data((await world.one("notifier_notification"))["plan"])
    assert plan.in_session is hurried
    assert (plan.rungs[-1].due_at == opened_at + minutes(60)) is hurried


async def test_each_kind_of_destination_has_its_own_ladder(world: World) -> None:
    """A nursery's ladder is another than a school's, and the rungs of both stand as far apart as the policy says."""
    nursery_ladder = (Rung(role=Role.HEAD, minutes_before_deadline=60), Rung(role=Role.PHONE, minutes_before_deadline=30))
    version = await policy_with(world, rung_minutes=35, ladders={LadderKind.EARLY_YEARS: nursery_ladder})
    for ref in (SCHOOL, "900003"):
        await world.opened("C1", destination_ref=ref, policy_version=version)
    plans = {row["destination_ref"]: Plan.from_data(row["plan"]) for row in await world.rows("notifier_notification")}
    nursery, school = ([(rung.role, DEADLINE - rung.due_at) for rung in plans[ref].rungs] for ref in ("900003", SCHOOL))
    whole = DEADLINE - SUNDAY_NIGHT
    assert nursery == [("head", whole), ("phone", minutes(30))]
    assert school == [
        ("dsl", whole),
        *((role, minutes(75)) for role in ("deputy", "head")),
        ("authority", minutes(20)),
        ("phone", minutes(20)),
    ]


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
