"""Stories in which nobody answers: the ladder climbs, moves on, and ends in the hands of somebody with a name."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from services.console.handlers import import_file
from shared.db.tables.journal import inbox, journal
from shared.db.tables.notifier import notifier_attempt, notifier_notification
from tests.directory_samples import CONTACT_COLUMNS, contact_rows, write_csv
from tests.scenario.night import FRIDAY, MONDAY, THURSDAY, Story, at, night, report_of

pytestmark = pytest.mark.sqlite_daily

REPORT = report_of("900001")
HOURS = timedelta(hours=12)
PHONE_DESK, LEAD = "testshire-phone-desk", "testshire-safeguarding-lead"
LADDER = [
    "Thu 23:10 email dsl@900001",
    "Fri 06:30 sms dsl@900001",
    "Fri 06:45 email deputy@900001",
    "Fri 06:45 sms deputy@900001",
    "Fri 07:15 email head@900001",
    "Fri 07:15 sms head@900001",
    f"Fri 07:40 email duty@{LEAD} chaser",
    f"Fri 07:40 email lead@{LEAD} chaser",
]
"""Text messages wait for the end of the quiet hours; a chaser goes over one channel and names no child."""


async def test_never_acknowledged(database_url: str, tmp_path: Path) -> None:
    """DSL, deputy, head, the authority, then a telephone in a named team's hand: late has an owner, and stays one outcome."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT)
        await story.until(at(FRIDAY, "08:00") - timedelta(seconds=1))
        assert story.heard() == LADDER
        assert story.outcomes(incident) == ["Thu 23:10 waiting"]

        await story.until(at(FRIDAY, "08:00"))
        assert await story.calls() == [(PHONE_DESK, "not-acknowledged", "open")]
        assert story.noticed() == [f"Fri 08:00 email duty@{PHONE_DESK} desk"]
        child = await story.child(incident)
        assert (child["outcome"], child["owner"], child["next_action"]) == ("late", PHONE_DESK, "telephone-call")
        assert (child["destinations"][0]["late_at"], child["reason"]) == ("2026-11-20T08:00:00Z", "nobody-answered")

        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert story.heard() == LADDER
        assert await story.calls() == [(PHONE_DESK, "not-acknowledged", "open"), (LEAD, "not-called", "open")]
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Fri 08:00 late"]
        brought_up = [row["data"]["climbed_at"] for row in await story.rows(journal) if row["type"] == "rung.climbed"][6:]
        assert brought_up == [f"2026-11-{day}T09:00:00.000000Z" for day in (21, 22, 23)]


async def test_a_wrong_address_and_a_wrong_number_move_the_rung_on_at_once(database_url: str, tmp_path: Path) -> None:
    """Nobody waits for the morning behind a mailbox that does not exist: the deputy hears in the same minute."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        await reaches(story, tmp_path, "dsl", email="dsl@900001.invalid", phone="01632 960999")
        incident = await story.reported(REPORT)
        assert story.heard() == ["Thu 23:10 email deputy@900001"]

        await story.until(at(FRIDAY, "08:00"))
        assert story.heard() == [
            "Thu 23:10 email deputy@900001",
            "Fri 06:30 sms deputy@900001",
            *LADDER[4:],
        ]
        refused = [(row["rung"], row["channel"], row["reason"]) for row in await story.rows(notifier_attempt) if row["result"] == "refused"]
        assert sorted(refused) == [(1, "email", "mailbox-unknown"), (1, "sms", "mailbox-unknown")]
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Fri 08:00 late"]
        assert (PHONE_DESK, "one-channel", "open") in await story.calls()


async def test_a_whole_school_out_of_reach_is_a_telephone_task_at_once(database_url: str, tmp_path: Path) -> None:
    """Everybody's address is wrong: the authority hears, and a team has the call, in the night and not at the deadline."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        for role in ("dsl", "deputy", "head"):
            await reaches(story, tmp_path, role, email=f"{role}@900001.invalid", phone="01632 960999")
        incident = await story.reported(REPORT)
        assert story.heard() == [f"Thu 23:10 email {role}@{LEAD} chaser" for role in ("duty", "lead")]
        assert await story.calls() == [(PHONE_DESK, reason, "open") for reason in ("not-acknowledged", "one-channel")]
        child = await story.child(incident)
        assert (child["outcome"], child["owner"]) == ("waiting", PHONE_DESK)


async def test_the_same_report_again_and_again(database_url: str, tmp_path: Path) -> None:
    """A sender that retries gets its receipt again: one incident, one message, however often and however fast."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT)
        again = [await story.w.post_report(REPORT) for _ in range(2)]
        again += await asyncio.gather(*(story.w.post_report(REPORT) for _ in range(6)))
        assert [(one.status_code, one.json()["incident_id"], one.json()["repeated"]) for one in again] == [(202, incident, True)] * 8
        await story.w.settle()
        assert len(await story.rows(notifier_notification)) == 1
        await story.until(at(FRIDAY, "06:00"))
        assert story.heard() == LADDER[:1]


async def test_the_same_report_eight_times_at_once(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        answers = await asyncio.gather(*(story.w.post_report(REPORT) for _ in range(8)))
        assert {one.status_code for one in answers} == {202}
        assert sorted(one.json()["repeated"] for one in answers) == [False, *[True] * 7]
        assert len({one.json()["incident_id"] for one in answers}) == 1
        await story.w.settle()
        assert story.heard() == LADDER[:1]


async def test_friday_night_is_due_on_monday_morning(database_url: str, tmp_path: Path) -> None:
    """The DSL hears at once and has the weekend; the ladder stands on Monday, when somebody is at school."""
    report = report_of("900001", believed_at=at(FRIDAY, "23:05"))
    async with night(database_url, tmp_path, reports=[report], start=at(FRIDAY, "23:10"), every=HOURS) as story:
        incident = await story.reported(report)
        child = await story.child(incident)
        assert child["deadline_at"] == "2026-11-23T08:00:00Z"
        await story.until(at(MONDAY, "08:00"))
        days = {"Thu 23:10": "Fri 23:10", "Fri 06:30": "Sat 06:30"}
        expected = [days.get(line[:9], "Mon" + line[3:9]) + line[9:] for line in LADDER]
        assert story.heard() == expected
        assert story.outcomes(incident) == ["Fri 23:10 waiting", "Mon 08:00 late"]


async def test_a_child_that_nobody_can_place_is_held_until_somebody_with_a_name_has_it(database_url: str, tmp_path: Path) -> None:
    """Not on the roll: a team has until an hour before the deadline, then the review is the authority's lead's. Nobody is messaged."""
    async with night(database_url, tmp_path, reports=[]) as story:
        incident = await story.reported(REPORT)
        child = await story.child(incident)
        team = "testshire-education-safeguarding"
        assert (child["outcome"], child["reason"], child["owner"]) == ("held", "not-on-roll", team)
        assert child["next_action_at"] == "2026-11-20T07:00:00Z"
        await story.until(at(FRIDAY, "07:00") - timedelta(seconds=1))
        assert (await story.child(incident))["owner"] == team
        await story.until(at(FRIDAY, "07:00"))
        child = await story.child(incident)
        assert (child["outcome"], child["owner"]) == ("held", LEAD)
        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert (await story.child(incident))["owner"] == LEAD
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Thu 23:10 held"]
        assert story.heard() == []


async def test_late_on_arrival(database_url: str, tmp_path: Path) -> None:
    """Believed on Thursday, posted after Friday's bell: the deadline has not moved, so everybody hears at once and a team telephones."""
    report = report_of("900001", believed_at=at(THURSDAY, "23:05"))
    async with night(database_url, tmp_path, reports=[report], start=at(FRIDAY, "09:20")) as story:
        incident = await story.reported(report)
        assert sorted(story.heard()) == sorted("Fri 09:20" + line[9:] for line in LADDER)
        assert await story.calls() == [(PHONE_DESK, "not-acknowledged", "open")]
        child = await story.child(incident)
        destination = child["destinations"][0]
        assert (child["outcome"], child["owner"]) == ("late", PHONE_DESK)
        assert (destination["urgency"], destination["deadline_at"]) == ("late-on-arrival", "2026-11-20T08:00:00Z")
        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert len(story.heard()) == len(LADDER)
        assert story.outcomes(incident)[-1] == "Fri 09:20 late"


async def test_the_watch_finds_a_planted_loss(database_url: str, tmp_path: Path) -> None:
    """Router believes that it has handled a report, and has not: the sender's own count finds it, or these stories prove nothing."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT, settled=False)
        fact_id = next(row["fact_id"] for row in await story.rows(journal) if row["type"] == "incident.received")
        row = {"service": "router", "fact_id": fact_id, "type": "incident.received", "state": "done", "attempts": 1}
        async with story.w.parts.database.transaction() as tx:
            await tx.execute(insert(inbox), row | {"received_at": tx.clock.now()})
        with pytest.raises(AssertionError, match="is lost at"):
            await story.until(at(FRIDAY, "08:00"))
        story.watch.reports.clear()
        assert await story.w.outcomes(incident) == ["lost"]


async def reaches(story: Story, folder: Path, role: str, **details: Any) -> None:
    """The directory has other details for that contact of Testwood Primary, and somebody has vouched for them."""
    rows = [dict(zip(CONTACT_COLUMNS, row, strict=True)) for row in contact_rows()]
    row = next(row for row in rows if (row["setting_id"], row["role"]) == ("900001", role)) | {"verified_on": "2026-11-01"} | details
    path = folder / f"contacts-{role}.csv"
    write_csv(path, list(row), [list(row.values())])
    parts = story.w.parts
    result = await import_file("contacts", path, parts.database, parts.vault, parts.clock, lambda _done, _total: None)
    assert result.applied, result.refused
