"""Telephone calls on both databases: a call sheet for whoever has claimed the call, and one outcome that acknowledges."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from services.console.handlers import ImportResult, import_file
from services.notifier.calls import Calls, TooManyTries
from services.notifier.domain.calls import CallOutcome, Made
from services.notifier.loops_known import Knowing
from services.notifier.loops_sending import Sending
from shared.clock import ManualClock
from shared.db.tables import metadata
from shared.directory import Passphrase
from shared.directory.passphrase import hashed
from shared.errors import NotAllowed, NotFound
from shared.events import CallMade, ChildRecalled, NotificationAcknowledged, PhoneTaskEnded, PhoneTaskOpened
from shared.scope import Scope
from tests.contract.notifier_reader import Reader, dsl
from tests.contract.notifier_world import (
    AUTHORITY_LEAD,
    DEADLINE,
    DEPUTY,
    DSL,
    HEAD,
    PHONE_DESK,
    PUBLIC,
    SCHOOL,
    SUNDAY_NIGHT,
    World,
    clock,
    minutes,
    reasons,
    world,
)
from tests.directory_samples import write_csv
from tests.samples import personal_words, sample_report

pytestmark = pytest.mark.sqlite_daily

__all__ = ["clock", "dsl", "world"]

MINE, OTHERS = "session-one", "session-two"
OWN, FORCE, ELSEWHERE = Scope.authority("999"), Scope.force("testshire"), Scope.authority("998")
SAID = "Blue heron seven"


def desk(world: World) -> Calls:
    """The desk that telephones, on the world's channels."""
    database, clock, used = world.database, world.clock, world.channels
    knowing = Knowing(database=database, directory=world.directory, vault=world.vault, channels=used)
    sending = Sending(database=database, clock=clock, channels=dict(used), public_url=PUBLIC)
    return Calls(database=database, clock=clock, directory=world.directory, knowing=knowing, sending=sending)


async def agreed(world: World, setting_id: str = SCHOOL, said: str = SAID) -> None:
    """The setting has given its passphrase."""
    table = metadata.tables["directory_setting"]
    async with world.database.transaction() as tx:
        values = {"passphrase_hint": "a bird and a number", "passphrase_hash": hashed(said, b"s" * 16)}
        await tx.execute(update(table).where(table.c.setting_id == setting_id).values(values))


async def owed(world: World, **changes: object) -> tuple[Calls, str, str]:
    """A call that is owed and claimed: the desk, the task's id and the incident's."""
    fact = await world.opened("C1", "C2", **changes)
    await world.advance(max(fact.deadline_at, world.clock.now()))
    calls = desk(world)
    (one,) = await calls.listed(OWN, MINE)
    assert await calls.claim(OWN, MINE, one.task.phone_task_id)
    return calls, one.task.phone_task_id, fact.incident_id


async def contact_id(world: World, email: str) -> str:
    return str((await world.contact(email))["contact_id"])


async def acknowledging(world: World, email: str = DSL, heard: str = "blue HERON, seven!") -> Made:
    return Made(outcome=CallOutcome.ACKNOWLEDGED, contact_id=await contact_id(world, email), heard=heard)


async def test_a_call_is_listed_for_its_own_authority_and_force_and_for_nobody_else(world: World) -> None:
    await world.opened("C1")
    await world.advance(DEADLINE)
    for scope, seen in ((OWN, 1), (FORCE, 1), (ELSEWHERE, 0), (Scope.force("otherforce"), 0)):
        assert len(await desk(world).listed(scope, MINE)) == seen
    (one,) = await desk(world).listed(OWN, MINE)
    assert (one.name, one.team, one.task.reason, one.is_claimed) == ("Testwood Primary", "Testshire phone desk", "not-acknowledged", False)
    with pytest.raises(NotFound):
        await desk(world).claim(ELSEWHERE, MINE, one.task.phone_task_id)


async def test_one_caller_has_a_call_for_half_an_hour_of_real_time(world: World, clock: ManualClock) -> None:
    calls, task_id, _ = await owed(world)
    assert not await calls.claim(OWN, OTHERS, task_id)
    assert await calls.sheet(OWN, OTHERS, task_id) is None
    assert await calls.note(OWN, OTHERS, task_id, Made(outcome=CallOutcome.NO_ANSWER)) is None
    clock.move_to(clock.now() + timedelta(minutes=31))
    assert await calls.sheet(OWN, MINE, task_id) is None
    assert await calls.claim(OWN, OTHERS, task_id)


async def test_whoever_is_labelled_as_an_adult_of_the_report_is_shown_no_sheet_and_says_nothing(world: World) -> None:
    """Not even when she had claimed the call before a correction named her."""
    calls, task_id, incident_id = await owed(world)
    name = world.reported[incident_id][0]["adults"][0]["full_name"].upper()
    with pytest.raises(NotAllowed):
        await calls.claim(OWN, MINE, task_id, name)
    with pytest.raises(NotAllowed):
        await calls.sheet(OWN, MINE, task_id, name)
    with pytest.raises(NotAllowed):
        await calls.note(OWN, MINE, task_id, Made(outcome=CallOutcome.NO_ANSWER), name)
    assert await calls.sheet(OWN, MINE, task_id, "Caller 3") is not None


async def test_the_sheet_says_whom_to_ring_and_nothing_of_a_child(world: World) -> None:
    await agreed(world)
    calls, task_id, incident_id = await owed(world)
    sheet = await calls.sheet(OWN, MINE, task_id)
    assert sheet is not None
    assert [one.role for one in sheet.contacts] == ["dsl", "deputy", "head"]
    assert (sheet.telephone, sheet.hint, sheet.has_passphrase) == ("+441632960001", "a bird and a number", True)
    shown = f"{sheet} {[vars_of(one) for one in sheet.contacts]}".lower()
    assert not [word for word in personal_words(sample_report()) if word.lower() in shown]
    assert sheet.reference not in incident_id


def vars_of(contact: object) -> str:
    return " ".join(str(getattr(contact, name)) for name in ("name", "email", "phone", "role"))


async def test_a_contact_in_conflict_is_not_on_the_sheet_and_cannot_acknowledge(world: World) -> None:
    await agreed(world)
    body = sample_report()
    body["adults"][0]["full_name"] = "Dorin BELLWARD"  # as the DSL of the school is called
    await world.opened("C1", body=body)
    await world.advance(DEADLINE)
    calls = desk(world)
    (task_id,) = {one.task.phone_task_id for one in await calls.listed(OWN, MINE) if one.task.team_id == PHONE_DESK}
    assert await calls.claim(OWN, MINE, task_id)
    sheet = await calls.sheet(OWN, MINE, task_id)
    assert sheet is not None
    assert [one.role for one in sheet.contacts] == ["deputy", "head"]
    with pytest.raises(NotFound):
        await calls.note(OWN, MINE, task_id, await acknowledging(world))


async def test_the_right_passphrase_of_a_registered_contact_acknowledges_every_child(world: World) -> None:
    await agreed(world)
    calls, task_id, incident_id = await owed(world)
    assert (await world.one("notifier_notification"))["late_at"] == DEADLINE
    noted = await calls.note(OWN, MINE, task_id, await acknowledging(world))
    assert noted is not None
    assert (noted.outcome, noted.sent) == (CallOutcome.ACKNOWLEDGED, 0)
    (fact,) = await world.facts(NotificationAcknowledged, incident_id)
    (made,) = await world.facts(CallMade, incident_id)
    (ended,) = await world.facts(PhoneTaskEnded, incident_id)
    assert (fact.way, len(fact.child_ids), fact.contact_id) == ("telephone", 2, await contact_id(world, DSL))
    assert (made.outcome, made.caller, ended.outcome, ended.phone_task_id) == ("acknowledged", MINE, "acknowledged", task_id)
    assert (await world.one("notifier_notification"))["state"] == "acknowledged"
    children = await world.rows("notifier_child")
    assert {(row["answer"], row["telephoned_at"], row["acknowledged_by"]) for row in children} == {(None, DEADLINE, fact.contact_id)}
    assert await calls.listed(OWN, MINE) == ()
    await world.advance(DEADLINE + timedelta(days=2))
    assert len(world.email.to) == len(set(world.email.to))  # the ladder has stopped


@pytest.mark.parametrize("outcome", [one for one in CallOutcome if one is not CallOutcome.ACKNOWLEDGED])
async def test_nothing_else_acknowledges(world: World, outcome: CallOutcome) -> None:
    calls, task_id, incident_id = await owed(world)
    whom = await contact_id(world, DSL) if outcome is CallOutcome.NOT_PROVEN else None
    noted = await calls.note(OWN, MINE, task_id, Made(outcome=outcome, contact_id=whom, heard=SAID))
    assert noted is not None
    assert noted.outcome is outcome
    (one,) = [one for one in await calls.listed(OWN, MINE) if one.task.phone_task_id == task_id]
    gap = {CallOutcome.WRONG_NUMBER: None}.get(outcome, world.clock.now() + minutes(5))
    assert one.task.again_at == gap
    assert await world.facts(NotificationAcknowledged, incident_id) == []
    assert (await world.one("notifier_notification"))["state"] == "open"
    assert [call.outcome for call in await world.facts(CallMade, incident_id)] == [outcome.value]


async def test_a_wrong_passphrase_settles_nothing_and_a_few_of_them_end_the_guessing(world: World, clock: ManualClock) -> None:
    await agreed(world)
    calls, task_id, _ = await owed(world)
    for _ in range(3):
        noted = await calls.note(OWN, MINE, task_id, await acknowledging(world, heard="grey heron seven"))
        assert noted is not None
        assert noted.outcome is CallOutcome.NOT_PROVEN
    with pytest.raises(TooManyTries):
        await calls.note(OWN, MINE, task_id, await acknowledging(world))
    clock.move_to(clock.now() + timedelta(minutes=61))
    assert await calls.claim(OWN, MINE, task_id)
    noted = await calls.note(OWN, MINE, task_id, await acknowledging(world))
    assert noted is not None
    assert noted.outcome is CallOutcome.ACKNOWLEDGED


async def test_without_a_passphrase_on_record_the_call_goes_to_the_authoritys_lead(world: World) -> None:
    calls, task_id, incident_id = await owed(world)
    sheet = await calls.sheet(OWN, MINE, task_id)
    assert sheet is not None
    assert not sheet.has_passphrase
    noted = await calls.note(OWN, MINE, task_id, await acknowledging(world, heard=""))
    assert noted is not None
    assert noted.outcome is CallOutcome.NOT_PROVABLE
    assert reasons(await world.rows("notifier_phone_task"))["no-passphrase"] == AUTHORITY_LEAD
    assert await world.facts(NotificationAcknowledged, incident_id) == []


async def test_one_who_had_no_message_yet_is_sent_one_while_she_is_on_the_telephone(world: World) -> None:
    await agreed(world)
    await world.opened("C1")
    await world.settle(world.ladder(email=world.email))  # one channel only, so somebody rings at once
    calls = desk(world)
    (one,) = await calls.listed(OWN, MINE)
    assert await calls.claim(OWN, MINE, one.task.phone_task_id)
    noted = await calls.note(OWN, MINE, one.task.phone_task_id, await acknowledging(world, HEAD))
    assert noted is not None
    assert (noted.outcome, noted.sent) == (CallOutcome.ACKNOWLEDGED, 2)
    assert world.email.to == [DSL, HEAD]
    assert world.token(HEAD)
    assert DEPUTY not in world.email.to


async def test_a_call_that_nobody_finishes_passes_to_the_authoritys_lead_once(world: World) -> None:
    fact = await world.opened("C1")
    await world.advance(DEADLINE + minutes(19))
    assert len(await world.facts(PhoneTaskOpened, fact.incident_id)) == 1
    await world.advance(DEADLINE + timedelta(days=2))
    first, second = await world.facts(PhoneTaskOpened, fact.incident_id)
    assert (first.owner, second.owner, second.reason, second.opened_at) == (
        PHONE_DESK,
        AUTHORITY_LEAD,
        "not-called",
        DEADLINE + minutes(20),
    )
    (one,) = await desk(world).listed(OWN, MINE)
    assert one.task.phone_task_id == second.phone_task_id


async def test_a_sandboxes_plan_is_climbed_to_the_end_and_reaches_nobody(world: World) -> None:
    fact = await world.opened("C1", sandbox=True)
    await world.advance(DEADLINE + minutes(1))
    assert (world.email.to, world.sms.to) == ([], [])
    attempts = await world.rows("notifier_attempt")
    assert {(row["result"], row["reason"]) for row in attempts} == {("handed-over", "sandbox")}
    assert len(attempts) >= 4
    assert len(await world.facts(PhoneTaskOpened, fact.incident_id)) == 1
    assert await desk(world).listed(OWN, MINE) == ()
    assert world.clock.now() > SUNDAY_NIGHT


async def test_after_the_telephone_the_link_still_opens_reads_and_recalls(world: World, dsl: Reader) -> None:
    await agreed(world)
    calls, task_id, incident_id = await owed(world)
    await calls.note(OWN, MINE, task_id, await acknowledging(world))
    page = await dsl.read("on-our-roll", "not-ours")
    assert page.status_code == 200
    answered = {row["answer"]: (row["acknowledged_at"], row["recalled_at"]) for row in await world.rows("notifier_child")}
    assert answered == {"on-our-roll": (DEADLINE, None), "not-ours": (None, DEADLINE)}
    (recalled,) = await world.facts(ChildRecalled, incident_id)
    assert recalled.reason == "not-ours"


async def test_a_passphrase_comes_from_a_file_and_stays_when_the_next_file_has_none(world: World, tmp_path: Path) -> None:
    columns = ("setting_id", "name", "kind", "phase", "authority", "status")
    row = (SCHOOL, "Testwood Primary", "school", "primary", "999", "open")

    async def imports(*rows: tuple[str, ...]) -> ImportResult:
        names = (*columns, "passphrase", "passphrase_hint")[: len(rows[0])]
        path = write_csv(tmp_path / "settings.csv", names, rows)
        return await import_file("settings", path, world.database, world.vault, world.clock, lambda _done, _total: None)

    async def stored() -> Passphrase:
        async with world.database.reading() as reading:
            return await world.directory.passphrase(reading, "setting", SCHOOL)

    assert (await imports((*row, SAID, "a bird and a number"))).changed == 1
    assert (await imports((*row, SAID, "a bird and a number"))).changed == 0
    before = await stored()
    assert (before.hint, before.matches("blue heron seven")) == ("a bird and a number", True)
    assert (await imports(row)).changed == 0
    assert await stored() == before
    refused = [(await imports((*row, *said))).refused[0] for said in (("short", ""), (SAID, "it is BLUE heron seven"))]
    assert [(one.column, one.code) for one in refused] == [("passphrase", "too-short"), ("passphrase_hint", "tells")]
    assert await stored() == before
