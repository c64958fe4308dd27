"""What goes wrong on the ladder, on both databases: channels, crashes, contacts who may not be told, reports that cannot be opened."""

import asyncio
import itertools
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import update

from services.notifier import store
from services.notifier.domain.messages import Message, Refused, TryAgain
from services.notifier.handlers_calls import end_calls, open_call
from services.notifier.loops import LEASE
from shared.clock import ManualClock
from shared.db.tables import metadata
from shared.events import AttemptEnded, AttemptStarted, NotificationLate, PhoneTaskOpened, RungClimbed
from tests.contract.notifier_channels import Crash
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
from tests.samples import sample_report

__all__ = ["clock", "world"]


async def test_a_wrong_number_or_mailbox_moves_on_at_once(world: World, clock: ManualClock) -> None:
    clock.move_to(MONDAY.replace(hour=6, minute=40))
    world.email.answers[DSL] = [Refused(reason="mailbox-unknown")]
    await world.opened("C1")
    await world.settle()
    assert (world.email.to, world.sms.to) == ([DSL], [DSL_PHONE])  # her other channel; the next one waits for its time
    assert reasons(await world.rows("notifier_phone_task")) == {"one-channel": PHONE_DESK}


async def test_a_contact_whom_nothing_reaches_makes_the_next_rung_due_at_once(world: World, clock: ManualClock) -> None:
    clock.move_to(MONDAY.replace(hour=6, minute=40))
    world.email.answers[DSL] = [Refused(reason="mailbox-unknown")]
    world.sms.answers[DSL_PHONE] = [Refused(reason="number-unknown")]
    fact = await world.opened("C1")
    await world.settle()
    assert world.email.to == [DSL, DEPUTY]
    assert [one.outcome for one in await world.facts(RungClimbed, fact.incident_id)] == ["refused", "handed-over"]


async def test_a_channel_that_is_down_is_tried_again_after_short_gaps_and_then_given_up(world: World) -> None:
    world.email.answers[DSL] = [TryAgain(reason="timeout")] * 9
    await world.opened("C1")
    await world.advance(SUNDAY_NIGHT + minutes(30))
    assert Counter(world.email.to) == {DSL: 5, DEPUTY: 1}
    attempts = sorted(await world.rows("notifier_attempt"), key=lambda row: row["started_at"])
    gaps = [after["started_at"] - before["started_at"] for before, after in itertools.pairwise(attempts[:5])]
    assert gaps == [minutes(1)] * 4
    assert attempts[5]["started_at"] == attempts[4]["started_at"]
    assert not any(row["is_repeat"] for row in attempts)


async def test_one_that_may_have_gone_out_is_sent_again_and_says_so(world: World) -> None:
    world.email.answers[DSL] = [TryAgain(reason="timeout", ambiguous=True)]
    await world.opened("C1")
    await world.advance(SUNDAY_NIGHT + minutes(2))
    assert [message.subject.startswith("Sent again: ") for message in world.email.sent] == [False, True]


async def test_a_crash_between_sending_and_recording_is_made_good_by_another_loop(world: World, clock: ManualClock) -> None:
    fact = await world.opened("C1")
    world.email.answers[DSL] = [Crash()]
    with pytest.raises(Crash):
        await world.ladder().run_once()
    (attempt,) = await world.rows("notifier_attempt")
    assert attempt["result"] == "started"
    assert await world.settle() == 0  # the lease still stands
    clock.move_to(clock.now() + LEASE)
    await world.settle()
    first, second = sorted(await world.rows("notifier_attempt"), key=lambda row: row["round"])
    assert (first["result"], first["reason"], second["result"], second["is_repeat"]) == ("unknown", "interrupted", "handed-over", True)
    assert "Sent again" in world.email.sent[1].subject
    assert "Sent again" in world.email.sent[1].body
    assert [one.result for one in await world.facts(AttemptEnded, fact.incident_id)] == ["unknown", "handed-over"]
    assert [one.repeat for one in await world.facts(AttemptStarted, fact.incident_id)] == [False, True]
    assert [one.rung for one in await world.facts(RungClimbed, fact.incident_id)] == [1]


async def test_a_loop_that_comes_back_after_its_lease_changes_nothing(world: World, clock: ManualClock) -> None:
    """It was held up in sending; another has taken over meanwhile. What it learned too late is not recorded."""
    fact = await world.opened("C1")

    async def another_takes_over(_message: Message) -> None:
        world.email.meanwhile = None
        clock.move_to(clock.now() + LEASE)
        await asyncio.create_task(world.settle())

    world.email.meanwhile = another_takes_over
    await world.settle()
    assert sorted(row["result"] for row in await world.rows("notifier_attempt")) == ["handed-over", "unknown"]
    assert [one.rung for one in await world.facts(RungClimbed, fact.incident_id)] == [1]


async def test_messages_that_hang_hold_up_nothing_that_is_due_as_well(world: World) -> None:
    facts = [await world.routed("C1") for _ in range(60)]
    await world.handle(*facts)
    released = asyncio.Event()

    async def hangs(_message: Message) -> None:
        if len(world.email.sent) <= 12:
            await released.wait()

    world.email.meanwhile = hangs
    ladder = world.ladder(at_once=16 + 12)
    while [row["result"] for row in await world.rows("notifier_attempt")].count("handed-over") < 60 - 12:
        assert await ladder.run_once()
    assert (len(world.email.sent), released.is_set()) == (60, False)
    released.set()
    await ladder.drain()
    assert {row["result"] for row in await world.rows("notifier_attempt")} == {"handed-over"}
    assert await ladder.run_once() == 0


async def test_one_that_can_never_be_carried_out_is_a_call_and_late_at_its_deadline(world: World) -> None:
    fact = await world.opened("C1")
    table = metadata.tables["notifier_notification"]
    async with world.database.transaction() as tx:
        await tx.execute(update(table).values(policy_version="gone", next_action_at=DEADLINE - minutes(3)))
    await world.advance(DEADLINE - minutes(1))
    assert await world.facts(PhoneTaskOpened, fact.incident_id) == []
    await world.advance(DEADLINE + minutes(5))
    (task,) = await world.facts(PhoneTaskOpened, fact.incident_id)
    (late,) = await world.facts(NotificationLate, fact.incident_id)
    assert (task.reason, task.owner, task.opened_at) == ("not-carried-out", PHONE_DESK, DEADLINE)
    assert (late.owner, late.late_at, late.phone_task_id) == (PHONE_DESK, DEADLINE, task.phone_task_id)
    assert world.email.sent == []


async def test_a_notification_that_is_opened_again_owes_its_call_again(world: World) -> None:
    await world.opened("C1")
    await world.advance(DEADLINE)
    row = await world.one("notifier_notification")
    async with world.database.transaction() as tx:
        held = await store.hold(tx, row["notification_id"])
        await end_calls(tx, held)
        again = replace(held, plan=replace(held.plan, past=len(held.plan.rungs)))
        assert await open_call(tx, again, PHONE_DESK, "not-acknowledged") is not None
        assert await open_call(tx, again, PHONE_DESK, "not-acknowledged") is None
    assert sorted(one["state"] for one in await world.rows("notifier_phone_task")) == ["not-needed", "open"]


async def test_loops_at_once_send_each_message_once(world: World) -> None:
    facts = [await world.routed("C1") for _ in range(20)]
    await world.handle(*facts)
    ladders = [world.ladder() for _ in range(4)]
    await asyncio.gather(*(world.settle(ladder) for ladder in ladders))
    assert world.email.to == [DSL] * 20
    attempts = await world.rows("notifier_attempt")
    assert len({row["notification_id"] for row in attempts}) == len(attempts) == 20


async def test_only_verified_contacts_are_told(world: World) -> None:
    await world.suspend(DSL)
    await world.opened("C1")
    await world.settle()
    assert world.email.to == [DEPUTY]


async def test_a_contact_suspended_after_the_opening_is_passed_over_at_once(world: World) -> None:
    await world.opened("C1")
    await world.suspend(DSL)
    await world.settle()
    assert world.email.to == [DEPUTY]


async def test_nobody_to_tell_is_a_call_at_once(world: World) -> None:
    await world.suspend(DSL, DEPUTY, HEAD)
    await world.opened("C1")
    await world.settle()
    assert reasons(await world.rows("notifier_phone_task")) == {"no-contact": PHONE_DESK}
    assert not [address for address in world.email.to if address.endswith("@900001.example")]


async def test_a_contact_with_one_channel_has_the_link_and_somebody_rings(world: World) -> None:
    await world.opened("C1")
    await world.settle(world.ladder(email=world.email))  # a deployment without text messages
    assert world.email.to == [DSL]
    assert reasons(await world.rows("notifier_phone_task")) == {"one-channel": PHONE_DESK}


async def test_a_namesake_of_an_adult_is_not_told_until_a_person_has_decided(world: World) -> None:
    body = sample_report()
    body["adults"][0]["full_name"] = "Dorin BELLWARD"  # as the DSL of the school is called
    await world.opened("C1", body=body)
    await world.settle()
    assert world.email.to == [DEPUTY]
    assert reasons(await world.rows("notifier_phone_task")) == {"conflict-check": AUTHORITY_LEAD}


async def test_when_every_contact_is_blocked_the_authoritys_lead_has_the_call_at_once(world: World) -> None:
    await world.suspend(DEPUTY, HEAD)
    body = sample_report()
    body["adults"][0]["full_name"] = "Dorin BELLWARD"
    await world.opened("C1", body=body)
    await world.settle()
    assert world.email.to == [f"{role}@{AUTHORITY_LEAD}.example" for role in ("duty", "lead")]
    assert reasons(await world.rows("notifier_phone_task")) == {"conflict-check": AUTHORITY_LEAD, "all-blocked": AUTHORITY_LEAD}


async def test_a_report_that_cannot_be_opened_is_a_call_and_no_message(world: World) -> None:
    fact = await world.routed("C1")
    async with world.database.transaction() as tx:
        await world.vault.destroy(tx, fact.incident_id)
    await world.handle(fact)
    await world.settle()
    assert world.email.sent == []
    assert reasons(await world.rows("notifier_phone_task")) == {"unreadable": AUTHORITY_LEAD}


async def test_one_that_cannot_be_carried_out_steps_aside_and_stops_no_other(world: World) -> None:
    bad = await world.opened("C1")
    table = metadata.tables["notifier_notification"]
    async with world.database.transaction() as tx:
        await tx.execute(update(table).values(policy_version="gone"))
    await world.opened("C1")
    ladder = world.ladder()
    assert await world.settle(ladder) >= 2
    assert world.email.to == [DSL]
    assert await ladder.run_once() == 0
    assert await ladder.next_due() == SUNDAY_NIGHT + minutes(1)
    async with world.database.transaction() as tx:
        await tx.execute(update(table).values(policy_version=bad.policy_version))
    await world.advance(SUNDAY_NIGHT + minutes(1))
    assert world.email.to == [DSL, DSL]
