"""Stories in which somebody answers: acknowledged, passed on, not theirs, in the holidays, and a scanner that is nobody."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from shared.db.tables.notifier import notifier_breach, notifier_notification
from shared.db.tables.router import router_review
from tests.scenario.journey import NOT_OURS, ON_OUR_ROLL, arrives, newest_link, picked_up, visits
from tests.scenario.night import FRIDAY, MONDAY, THURSDAY, Story, at, night, report_of

pytestmark = pytest.mark.sqlite_daily

REPORT = report_of("900001")
HOURS = timedelta(hours=12)
AT_NIGHT = ["Thu 23:10 email dsl@900001", "Fri 06:30 sms dsl@900001"]
DEPUTY = ["Fri 06:45 email deputy@900001", "Fri 06:45 sms deputy@900001"]
HEAD = ["Fri 07:15 email head@900001", "Fri 07:15 sms head@900001"]


async def test_reported_at_2310_and_acknowledged_at_0740(database_url: str, tmp_path: Path) -> None:
    """The e-mail waits for nobody, the text message for the morning; she opens, confirms, reads, acts, and the ladder is silent."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT)
        assert story.heard() == AT_NIGHT[:1]
        await story.until(at(FRIDAY, "07:36"))
        dsl = await arrives(story.w, "dsl@900001")
        assert dsl.page.heading == "You have a message for Testwood Primary"
        story.meanwhile(at(FRIDAY, "07:37"))
        await dsl.enters(await dsl.asks_for_code())
        story.meanwhile(at(FRIDAY, "07:38"))
        await dsl.confirms()
        assert REPORT["children"][0]["full_name"] in dsl.text
        assert (await story.child(incident))["outcome"] == "waiting"
        story.meanwhile(at(FRIDAY, "07:40"))
        await dsl.acts()
        assert dsl.page.heading == "You are acting on this today"

        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert story.heard() == [*AT_NIGHT, *DEPUTY, *HEAD, "Fri 07:37 sms dsl@900001 code"]
        assert sorted(story.noticed()) == [f"Fri 07:40 email {role}@900001 picked-up" for role in ("deputy", "head")]
        assert await story.calls() == []
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Fri 07:40 acknowledged"]
        await every_instant_is_told(story, incident)


async def every_instant_is_told(story: Story, incident: str) -> None:
    told = await story.w.incident(incident)
    assert told["instants"] == {
        "occurred_from": REPORT["occurred_from_at"],
        "occurred_to": REPORT["occurred_to_at"],
        "reported": REPORT["reported_at"],
        "believed": "2026-11-19T23:05:00Z",
        "received": "2026-11-19T23:10:00Z",
    }
    [destination] = told["children"][0]["destinations"]
    assert {name: value for name, value in destination.items() if name.endswith("_at")} == {
        "next_action_at": None,
        "deadline_at": "2026-11-20T08:00:00Z",
        "send_at": "2026-11-19T23:10:00Z",
        "routed_at": "2026-11-19T23:10:00Z",
        "opened_at": "2026-11-19T23:10:00Z",
        "sent_at": "2026-11-19T23:10:00Z",
        "fetched_at": "2026-11-20T07:36:00Z",
        "code_entered_at": "2026-11-20T07:37:00Z",
        "viewed_at": "2026-11-20T07:38:00Z",
        "answered_at": "2026-11-20T07:38:00Z",
        "acknowledged_at": "2026-11-20T07:40:00Z",
        "late_at": None,
        "recalled_at": None,
    }


async def test_a_late_acknowledgement_ends_it(database_url: str, tmp_path: Path) -> None:
    """At 09:15 somebody acts at last, on the text message: no longer late, and nobody has to telephone."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT)
        await story.until(at(FRIDAY, "09:15"))
        passed_on = ("testshire-safeguarding-lead", "not-called")
        assert await story.calls() == [("testshire-phone-desk", "not-acknowledged", "open"), (*passed_on, "open")]
        before = story.heard()
        await picked_up(story.w, "dsl@900001", channel="sms")
        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert story.heard() == [*before, "Fri 09:15 email dsl@900001 code"]
        assert await story.calls() == [("testshire-phone-desk", "not-acknowledged", "not-needed"), (*passed_on, "not-needed")]
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Fri 08:00 late", "Fri 09:15 acknowledged"]


async def test_the_last_night_of_term(database_url: str, tmp_path: Path) -> None:
    """The team on duty hears now and acknowledges for itself; the school on its first staff day back. Two obligations, both counted."""
    last_night, staff_day, school_day = date(2026, 12, 18), date(2027, 1, 4), date(2027, 1, 5)
    report = report_of("900001", believed_at=at(last_night, "23:05"))
    async with night(database_url, tmp_path, reports=[report], start=at(last_night, "23:10"), every=timedelta(days=2)) as story:
        incident = await story.reported(report)
        duty = ["Fri 23:10 email duty@testshire-out-of-hours"]
        assert story.heard() == duty
        await story.until(at(last_night, "23:40"))
        await picked_up(story.w, "duty@testshire-out-of-hours")
        await story.w.settle()
        child = await story.child(incident)
        purposes = {one["purpose"]: one for one in child["destinations"]}
        assert (purposes["holiday-live"]["outcome"], purposes["holiday-live"]["ref"]) == ("acknowledged", "testshire-out-of-hours")
        assert purposes["holiday-live"]["deadline_at"] == "2026-12-19T08:00:00Z"
        assert (purposes["first-staff-day"]["outcome"], purposes["first-staff-day"]["ref"]) == ("waiting", "900001")
        assert purposes["first-staff-day"]["next_action_at"] == "2027-01-04T07:00:00Z"
        assert child["outcome"] == "waiting"

        await story.until(at(staff_day, "07:00") - timedelta(seconds=1))
        assert story.heard() == [*duty, "Fri 23:40 sms duty@testshire-out-of-hours code"]
        await story.until(at(staff_day, "09:00"))
        assert story.heard(since=2) == ["Mon 07:00 email dsl@900001", "Mon 07:00 sms dsl@900001"]
        await picked_up(story.w, "dsl@900001")
        await story.until(at(school_day, "12:00"))
        assert story.heard(since=4) == ["Mon 09:00 sms dsl@900001 code"]
        assert {one["outcome"] for one in (await story.child(incident))["destinations"]} == {"acknowledged"}
        assert story.outcomes(incident) == ["Fri 23:10 waiting", "Mon 09:00 acknowledged"]
        assert await story.calls() == []


async def test_the_wrong_school(database_url: str, tmp_path: Path) -> None:
    """One word recalls: every link is dead, the breach on record, the child a reviewer's again with a deadline, and no page says more."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT)
        link = newest_link(story.w, "dsl@900001")
        await story.until(at(FRIDAY, "06:31"))
        dsl = await arrives(story.w, "dsl@900001")
        await dsl.enters(await dsl.asks_for_code())
        await dsl.says({(await story.child(incident))["child_id"]: NOT_OURS})
        assert dsl.page.heading == "Thank you: the message is taken back"
        assert tells_nothing(dsl.text)
        for one in (link, newest_link(story.w, "dsl@900001", "sms")):
            stranger = await story.w.browser()
            stranger.follow_redirects = True
            answer = await stranger.get(one)
            assert answer.status_code == 404
            assert tells_nothing(answer.text)
        await dsl.opens("/message/children")
        assert dsl.page.heading == "Thank you: the message is taken back"
        assert tells_nothing(dsl.text)

        await story.w.settle()
        [breach] = await story.rows(notifier_breach)
        assert (breach["content_was_shown"], breach["opened_at"]) == (False, at(FRIDAY, "06:31"))
        child = await story.child(incident)
        assert (child["outcome"], child["reason"], child["owner"]) == ("held", NOT_OURS, "testshire-education-safeguarding")
        assert child["next_action_at"] == "2026-11-20T07:01:00Z"  # half an hour, though that is past an hour before the bell
        assert child["destinations"][0]["outcome"] == "recalled"
        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert (await story.child(incident))["owner"] == "testshire-safeguarding-lead"
        assert story.heard() == [*AT_NIGHT, "Fri 06:31 sms dsl@900001 code"]
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Fri 06:31 held"]


def tells_nothing(text: str) -> bool:
    """Whether a page names no child of the report, no other school and no team."""
    words = ("Sampleford", "Examples Nursery", "Testshire", "safeguarding", *(child["full_name"] for child in TWO["children"]))
    return not any(word in text for word in words)


TWO = report_of("900001", "900001")


async def test_a_sister_stays_where_she_is(database_url: str, tmp_path: Path) -> None:
    """One of two is not theirs: the other one's message stands, is read and acted on, and says nothing of the first."""
    async with night(database_url, tmp_path, reports=[TWO]) as story:
        incident = await story.reported(TWO)
        await story.until(at(FRIDAY, "06:31"))
        own, other = [await story.child(incident, reference) for reference in ("C1", "C2")]
        dsl = await arrives(story.w, "dsl@900001")
        await dsl.enters(await dsl.asks_for_code())
        await dsl.says({own["child_id"]: ON_OUR_ROLL, other["child_id"]: NOT_OURS})
        assert TWO["children"][0]["full_name"] in dsl.text
        assert TWO["children"][1]["full_name"] not in dsl.text
        await dsl.acts()
        assert TWO["children"][1]["full_name"] not in dsl.text
        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert story.heard() == [*AT_NIGHT, "Fri 06:31 sms dsl@900001 code"]
        assert story.outcomes(incident, "C1") == ["Thu 23:10 waiting", "Fri 06:31 acknowledged"]
        assert story.outcomes(incident, "C2") == ["Thu 23:10 waiting", "Fri 06:31 held"]
        assert [row["child_id"] for row in await story.rows(notifier_breach)] == [other["child_id"]]
        assert [row["child_id"] for row in await story.rows(router_review)] == [other["child_id"]]


async def test_seen_and_cannot_act(database_url: str, tmp_path: Path) -> None:
    """Passing it on is not acting: the deputy hears in the same minute. The DSL may still act, and that stops everything."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT)
        await story.until(at(THURSDAY, "23:30"))
        dsl = await arrives(story.w, "dsl@900001")
        await dsl.enters(await dsl.asks_for_code())
        await dsl.confirms()
        await dsl.passes_on()
        assert dsl.page.heading == "You have passed it on"
        await story.w.settle()
        heard = [AT_NIGHT[0], "Thu 23:30 email deputy@900001", "Thu 23:30 sms dsl@900001 code"]
        assert story.heard() == heard
        assert (await story.child(incident))["outcome"] == "waiting"
        assert (await story.child(incident))["next_action_at"] == "2026-11-20T07:15:00Z"  # the head's rung stands where it stood

        await story.until(at(THURSDAY, "23:50"))
        await dsl.opens("/message/content")
        await dsl.acts()
        await story.until(at(MONDAY, "12:00"), every=HOURS)
        assert story.heard() == heard
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Thu 23:50 acknowledged"]


async def test_two_schools_and_one_incident(database_url: str, tmp_path: Path) -> None:
    """One school's acknowledgement speaks for its own child alone: the other's ladder climbs to its end."""
    report = report_of("900001", "900002")
    async with night(database_url, tmp_path, reports=[report]) as story:
        incident = await story.reported(report)
        await story.until(at(THURSDAY, "23:20"))
        await picked_up(story.w, "dsl@900001")
        await story.until(at(FRIDAY, "08:00"))
        assert [line for line in story.heard() if "900001" in line] == [AT_NIGHT[0], "Thu 23:20 sms dsl@900001 code"]
        others = [line.replace("900001", "900002") for line in (*AT_NIGHT, *DEPUTY, *HEAD)]
        assert [line for line in story.heard() if "900002" in line] == others
        assert len([line for line in story.heard() if "chaser" in line]) == 2
        assert story.outcomes(incident, "C1") == ["Thu 23:10 waiting", "Thu 23:20 acknowledged"]
        assert story.outcomes(incident, "C2") == ["Thu 23:10 waiting", "Fri 08:00 late"]


async def test_a_scanner_opens_everything_and_nothing_moves(database_url: str, tmp_path: Path) -> None:
    """A mail filter fetches each link twenty times, by HEAD and by GET, follows it and looks at every page: nobody has read anything."""
    async with night(database_url, tmp_path, reports=[REPORT]) as story:
        incident = await story.reported(REPORT)
        await story.until(at(FRIDAY, "06:31"))
        before, child = await story.rows(notifier_notification), await story.child(incident)
        links = story.w.links("dsl@900001.example") + story.w.links()[-1:]
        assert len(set(links)) == 2
        for link in links:
            machine = await story.w.browser()
            machine.follow_redirects = True
            for _ in range(20):
                assert (await machine.head(link)).status_code == 200
                assert (await machine.get(link)).status_code == 200
            pages = ("children", "content", "answer", "code", "open", "done", "passed-on", "leave")
            opened = [await machine.get(f"/message/{page}") for page in pages]
            assert not any(name in one.text for one in opened for name in REPORT["children"][0]["full_name"].split())
        assert await story.rows(notifier_notification) == before
        after = await story.child(incident)
        assert after["destinations"][0]["fetched_at"] == "2026-11-20T06:31:00Z"
        told = ("outcome", "since", "next_action", "next_action_at", "owner")
        assert {name: after[name] for name in told} == {name: child[name] for name in told}

        await story.until(at(FRIDAY, "06:50"))
        assert story.heard() == [*AT_NIGHT, *DEPUTY]
        for link in links[:1]:
            dsl = await visits(story.w, "dsl@900001", link)
            await dsl.enters(await dsl.asks_for_code())
            await dsl.confirms()
            await dsl.acts()
        await story.until(at(FRIDAY, "12:00"))
        assert story.heard() == [*AT_NIGHT, *DEPUTY, "Fri 06:50 sms dsl@900001 code"]
        assert story.outcomes(incident) == ["Thu 23:10 waiting", "Fri 06:50 acknowledged"]
