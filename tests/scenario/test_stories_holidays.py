"""Stories of holidays: the last night of term, Christmas Eve, and a Monday on which the staff are back and the pupils are not."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.scenario.night import Story, at, night, report_of

pytestmark = pytest.mark.sqlite_daily

LAST_DAY, CHRISTMAS_EVE, CHRISTMAS_DAY = date(2026, 12, 18), date(2026, 12, 24), date(2026, 12, 25)
SUNDAY, INSET, FIRST_DAY = date(2027, 1, 3), date(2027, 1, 4), date(2027, 1, 5)
SELDOM = timedelta(hours=12)
LIVE, SETTING = "testshire-out-of-hours", "900001"


async def owed(story: Story, incident: str) -> dict[str, tuple[str, str]]:
    """To whom the child is owed, and by when: purpose → (ref, deadline)."""
    return {one["purpose"]: (one["ref"], one["deadline_at"]) for one in (await story.child(incident))["destinations"]}


def told_at(story: Story, place: str) -> set[str]:
    """The wall times at which somebody there heard of it."""
    return {message[:9] for message in story.heard() if message.split()[3].endswith(f"@{place}")}


async def test_the_last_night_of_term(database_url: str, tmp_path: Path) -> None:
    """Ten minutes before midnight the term is over: a team hears now and answers by the morning, the school on its first staff day."""
    report = report_of(SETTING, believed_at=at(LAST_DAY, "23:50"))
    async with night(database_url, tmp_path, reports=[report], start=at(LAST_DAY, "23:52")) as story:
        incident = await story.reported(report)
        assert await owed(story, incident) == {
            "holiday-live": (LIVE, "2026-12-19T08:00:00Z"),
            "first-staff-day": (SETTING, "2027-01-05T08:00:00Z"),
        }
        assert told_at(story, LIVE) == {"Fri 23:52"}
        assert told_at(story, SETTING) == set()
        await story.until(at(INSET, "06:59"), every=SELDOM)
        assert told_at(story, SETTING) == set()
        await story.until(at(INSET, "07:00"))
        assert told_at(story, SETTING) == {"Mon 07:00"}


async def test_christmas_eve(database_url: str, tmp_path: Path) -> None:
    """Nobody is at any school on Christmas Day, and somebody answers for the child by eight that morning."""
    report = report_of(SETTING, believed_at=at(CHRISTMAS_EVE, "22:00"))
    async with night(database_url, tmp_path, reports=[report], start=at(CHRISTMAS_EVE, "22:10")) as story:
        incident = await story.reported(report)
        assert (await owed(story, incident))["holiday-live"] == (LIVE, "2026-12-25T08:00:00Z")
        assert told_at(story, LIVE) == {"Thu 22:10"}
        await story.until(at(CHRISTMAS_DAY, "08:00"))
        child = await story.child(incident)
        assert (child["outcome"], child["owner"], child["next_action"]) == ("late", "testshire-phone-desk", "telephone-call")


async def test_inset_monday(database_url: str, tmp_path: Path) -> None:
    """On Sunday evening two days without pupils are left: the school hears at once and has until Tuesday's bell. It is still the holiday: a
    team answers for the child by Monday morning."""
    report = report_of(SETTING, believed_at=at(SUNDAY, "19:00"))
    async with night(database_url, tmp_path, reports=[report], start=at(SUNDAY, "19:05")) as story:
        incident = await story.reported(report)
        assert await owed(story, incident) == {
            "holiday-live": (LIVE, "2027-01-04T08:00:00Z"),
            "school-day": (SETTING, "2027-01-05T08:00:00Z"),
        }
        assert told_at(story, SETTING) == told_at(story, LIVE) == {"Sun 19:05"}
        await story.until(at(FIRST_DAY, "06:44"), every=SELDOM)
        assert {message.split()[3] for message in story.heard() if SETTING in message} == {f"dsl@{SETTING}"}
        await story.until(at(FIRST_DAY, "06:45"))
        assert "Tue 06:45 email deputy@900001" in story.heard()
