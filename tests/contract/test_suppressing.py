"""What somebody decides to hold back: nothing is sent meanwhile, the telephone stands, and it is owed at the end by itself."""

from datetime import datetime, timedelta

import pytest

from services.notifier.domain.messages import Refused as ChannelRefused
from services.notifier.domain.suppression import HOURS_MAX, Kind, Reason, Suppression
from services.notifier.handlers_suppressing import end, suppress
from shared.clock import ManualClock
from shared.errors import Refused
from shared.events import IncidentRouted, NotificationLate, RungClimbed
from shared.outcome import Outcome, outcomes
from shared.scope import Scope
from tests.contract.notifier_reader import Reader, dsl
from tests.contract.notifier_world import (
    AUTHORITY_LEAD,
    DEADLINE,
    DEPUTY,
    DSL,
    HEAD,
    PHONE_DESK,
    SCHOOL,
    SUNDAY_NIGHT,
    World,
    clock,
    minutes,
    reasons,
    world,
)
from tests.contract.test_calls import desk

pytestmark = pytest.mark.sqlite_daily

__all__ = ["clock", "dsl", "world"]

CHASED = [f"{role}@{AUTHORITY_LEAD}.example" for role in ("duty", "lead")]
SIX, SEVEN = DEADLINE - minutes(120), DEADLINE - minutes(60)


async def held_back(world: World, kind: Kind, ref: str, until: datetime, reason: Reason = Reason.PLACE_UNSAFE) -> Suppression:
    lasts = round((until - world.clock.now()) / minutes(1))
    async with world.database.transaction() as tx:
        return await suppress(tx, world.directory, kind, ref, reason, "duty operator", minutes=lasts)


async def child_of(world: World, fact: IncidentRouted) -> Outcome:
    (child,) = outcomes(fact.child_ids, await world.envelopes(fact.incident_id), world.clock.now())
    return child.outcome


async def test_a_setting_that_is_held_back_is_told_of_everything_owed_when_it_ends(world: World, clock: ManualClock) -> None:
    await held_back(world, Kind.SETTING, SCHOOL, SEVEN)
    fact = await world.opened("C1")
    instant = SUNDAY_NIGHT
    while instant < SEVEN - minutes(1):
        instant += minutes(20) if SEVEN - instant > minutes(21) else minutes(1)
        await world.advance(instant)
        assert await child_of(world, fact) is Outcome.WAITING
    assert (world.email.sent, world.sms.sent) == ([], [])
    await world.advance(SEVEN)
    assert world.email.to == [DSL, DEPUTY], "both were due by then"
    assert len(world.sms.sent) == 2
    climbed = {one.rung: (one.climbed_at, one.outcome) for one in await world.facts(RungClimbed, fact.incident_id)}
    assert climbed == {1: (SUNDAY_NIGHT, "suppressed"), 2: (DEADLINE - minutes(75), "suppressed")}, "no rung waited, and it is on record"
    await world.advance(DEADLINE - minutes(1))
    assert world.email.to == [DSL, DEPUTY, HEAD, *CHASED]
    assert await world.rows("notifier_phone_task") == []


async def test_the_telephone_task_stands_before_the_deadline_though_it_outlasts_it(world: World, clock: ManualClock) -> None:
    await held_back(world, Kind.SETTING, SCHOOL, DEADLINE + minutes(90))
    fact = await world.opened("C1")
    await world.advance(DEADLINE)
    assert world.email.to == CHASED, "a chaser learns of no child"
    assert reasons(await world.rows("notifier_phone_task")) == {"not-acknowledged": PHONE_DESK}
    assert await child_of(world, fact) is Outcome.LATE
    assert len(await world.facts(NotificationLate, fact.incident_id)) == 1
    await world.advance(DEADLINE + minutes(89))
    assert world.email.to == CHASED
    await world.advance(DEADLINE + minutes(90))
    assert sorted(world.email.to) == sorted([*CHASED, DSL, DEPUTY, HEAD])


async def test_one_contact_is_held_back_the_next_does_not_wait_and_hers_goes_at_the_end(world: World, clock: ManualClock) -> None:
    await held_back(world, Kind.CONTACT, (await world.contact(DSL))["contact_id"], SIX, Reason.WRONG_RECIPIENT)
    await world.opened("C1")
    await world.settle()
    assert world.email.to == [DEPUTY]
    await world.advance(SIX - minutes(1))
    assert world.email.to == [DEPUTY]
    await world.advance(SIX)
    assert world.email.to == [DEPUTY, DSL]


async def test_who_is_held_back_after_she_was_told_has_told_nobody(world: World, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.advance(SUNDAY_NIGHT + minutes(30))
    assert world.email.to == [DSL]
    await held_back(world, Kind.CONTACT, (await world.contact(DSL))["contact_id"], SIX, Reason.WRONG_RECIPIENT)
    await world.settle()
    assert world.email.to == [DSL, DEPUTY]
    await world.advance(SIX)
    assert world.email.to == [DSL, DEPUTY], "what she has had is not sent again"


async def test_nobody_asks_on_the_telephone_for_a_contact_who_is_held_back(world: World, clock: ManualClock) -> None:
    await world.opened("C1")
    await world.advance(DEADLINE)
    (task,) = await world.rows("notifier_phone_task")
    calls, own = desk(world), Scope.authority("999")
    assert await calls.claim(own, "session-one", task["phone_task_id"])
    before = await calls.sheet(own, "session-one", task["phone_task_id"])
    contact_id = (await world.contact(DSL))["contact_id"]
    await held_back(world, Kind.CONTACT, contact_id, clock.now() + minutes(60), Reason.WRONG_RECIPIENT)
    after = await calls.sheet(own, "session-one", task["phone_task_id"])
    assert before is not None
    assert after is not None
    assert {one.contact_id for one in before.contacts} - {one.contact_id for one in after.contacts} == {contact_id}


async def test_a_channel_that_is_held_back_leaves_the_others(world: World, clock: ManualClock) -> None:
    await held_back(world, Kind.CHANNEL, "email", DEADLINE - minutes(80), Reason.PROVIDER_INCIDENT)
    await world.opened("C1")
    await world.advance(DEADLINE - minutes(81))
    assert (world.email.to, len(world.sms.to)) == ([], 1)
    await world.advance(DEADLINE - minutes(80))
    assert world.email.to == [DSL]


async def test_one_that_is_ended_before_its_time_is_owed_at_once(world: World, clock: ManualClock) -> None:
    one = await held_back(world, Kind.SETTING, SCHOOL, SEVEN)
    await world.opened("C1")
    await world.advance(SIX)
    assert world.email.to == []
    async with world.database.transaction() as tx:
        await end(tx, one.suppression_id, "duty operator")
    await world.settle()
    assert world.email.to == [DSL]
    for suppression_id in (one.suppression_id, "nothing"):
        async with world.database.transaction() as tx:
            with pytest.raises(Refused):
                await end(tx, suppression_id, "duty operator")
    row = await world.one("notifier_suppression")
    assert (row["decider"], row["reason"], row["ended_by"], row["ended_at"]) == ("duty operator", "place-unsafe", "duty operator", SIX)


async def test_what_was_acknowledged_meanwhile_is_not_sent_at_the_end(world: World, dsl: Reader) -> None:
    await world.opened("C1")
    await world.advance(DEADLINE - minutes(85))
    await held_back(world, Kind.SETTING, SCHOOL, DEADLINE - minutes(50), Reason.PROVIDER_INCIDENT)
    await world.advance(DEADLINE - minutes(60))
    await dsl.act("on-our-roll")
    await world.advance(DEADLINE)
    assert DEPUTY not in world.email.to


async def test_a_notice_to_her_waits_too(world: World, dsl: Reader) -> None:
    fact = await world.opened("C1")
    await world.advance(DEADLINE - minutes(70))
    await held_back(world, Kind.CONTACT, (await world.contact(DEPUTY))["contact_id"], SEVEN, Reason.WRONG_RECIPIENT)
    await dsl.act("on-our-roll")
    assert await world.tell() == [], "that it was picked up"
    world.clock.move_to(SEVEN)
    assert {message.to for message in await world.tell()} == {DEPUTY}
    assert await child_of(world, fact) is Outcome.ACKNOWLEDGED


async def test_what_was_refused_stays_refused(world: World, clock: ManualClock) -> None:
    """A contact whose mailbox does not exist is not waited for behind a suppression of her setting."""
    for address, channel in ((DSL, world.email), ("+447700900001", world.sms)):
        channel.answers[address] = [ChannelRefused(reason="mailbox-unknown")]
    await world.opened("C1", deadline_at=DEADLINE - timedelta(hours=2))
    await world.advance(SIX - minutes(80))
    before = list(world.email.to)
    await held_back(world, Kind.SETTING, SCHOOL, SIX)
    await world.advance(SIX)
    assert before == [DSL, DEPUTY]


@pytest.mark.parametrize("lasts", [0, -5, HOURS_MAX * 60 + 1])
async def test_nothing_is_held_back_without_an_end_within_a_day(world: World, lasts: int) -> None:
    async with world.database.transaction() as tx:
        with pytest.raises(Refused):
            await suppress(tx, world.directory, Kind.SETTING, SCHOOL, Reason.PLACE_UNSAFE, "duty operator", minutes=lasts)
    assert await world.rows("notifier_suppression") == []


@pytest.mark.parametrize(("kind", "ref"), [(Kind.SETTING, "nowhere"), (Kind.TEAM, SCHOOL), (Kind.CONTACT, "nobody"), (Kind.CHANNEL, "fax")])
async def test_nothing_is_held_back_of_what_there_is_not_or_by_nobody(world: World, kind: Kind, ref: str) -> None:
    async with world.database.transaction() as tx:
        with pytest.raises(Refused):
            await suppress(tx, world.directory, kind, ref, Reason.PLACE_UNSAFE, "duty operator", minutes=60)
        with pytest.raises(Refused):
            await suppress(tx, world.directory, Kind.SETTING, SCHOOL, Reason.PLACE_UNSAFE, "  ", minutes=60)


async def test_a_link_that_the_wrong_person_may_hold_opens_nothing_while_it_is_suppressed(world: World, dsl: Reader) -> None:
    """The link went before anybody knew; then the setting says that somebody else reads there."""
    await world.opened("C1")
    await world.advance(DEADLINE - minutes(85))
    arrival = await dsl.arrive()
    sent = len(world.sms.sent)
    await held_back(world, Kind.SETTING, SCHOOL, DEADLINE - minutes(50), Reason.WRONG_RECIPIENT)
    assert "We cannot send you a code" in (await dsl.post("/message/code", arrival)).text
    assert len(world.sms.sent) == sent
    world.clock.move_to(DEADLINE - minutes(45))
    await dsl.act("on-our-roll")
