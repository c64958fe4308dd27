"""Stories of time: a holiday that nobody had expected, an hour that comes twice, and a belief that is told half a day later."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services import composition
from services.console.handlers_closing import close
from services.router.roll import import_roll
from shared.directory import BankHolidays, Directory
from shared.directory.bank_holidays import DIVISIONS
from tests.directory_samples import AUTHORITY
from tests.scenario.night import FRIDAY, MONDAY, THURSDAY, Story, at, night, report_of, watched
from tests.whole import ROLL_AS_AT_ON

pytestmark = pytest.mark.sqlite_daily

CHANGE = date(2026, 10, 25)
TUESDAY = date(2026, 11, 24)


async def started_with(story: Story, bank_holiday_on: date) -> Story:
    """The same database and clock under a process that was started with a newer list of bank holidays."""
    known = BankHolidays.bundled()
    newer = BankHolidays(by_nation={nation: known.dates(nation) | {bank_holiday_on} for nation in DIVISIONS})
    parts = replace(story.w.parts, directory=Directory(story.w.parts.vault, newer))
    process = composition.process(parts)
    made = replace(story.w, parts=parts, process=process, app=composition.application(process, drive=False))
    again = watched(replace(made, client=await made.browser()))
    again.watch.reports |= story.watch.reports
    return again


async def deadlines(story: Story, incident: str) -> list[str]:
    return [one["deadline_at"] for one in (await story.child(incident))["destinations"]]


async def test_a_bank_holiday_at_short_notice_moves_what_is_decided_from_then_on(database_url: str, tmp_path: Path) -> None:
    """Tomorrow becomes a holiday in the night. What was told before keeps its deadline and its plan: early, never late (D2)."""
    before, after = report_of("900001"), report_of("900001", seed=1, believed_at=at(THURSDAY, "23:25"))
    async with night(database_url, tmp_path, reports=[before, after]) as told:
        frozen = await told.reported(before)
        story = await started_with(told, FRIDAY)
        await story.until(at(THURSDAY, "23:30"))
        moved = await story.reported(after)
        assert await deadlines(story, frozen) == ["2026-11-20T08:00:00Z"]
        assert await deadlines(story, moved) == ["2026-11-23T08:00:00Z"]

        await story.until(at(FRIDAY, "08:00"))
        assert (await story.child(frozen))["outcome"] == "late"
        assert (await story.child(moved))["outcome"] == "waiting"
        await story.until(at(MONDAY, "08:00"), every=timedelta(hours=12))
        assert story.outcomes(frozen)[-1] == "Fri 08:00 late"
        assert story.outcomes(moved) == ["Thu 23:30 waiting", "Mon 08:00 late"]


async def test_the_hour_that_comes_twice(database_url: str, tmp_path: Path) -> None:
    """Half past one, and half past one again: an hour lies between the two reports, and both are owed by the same morning."""

    def half_past_one(offset: str, seed: int) -> dict[str, Any]:
        return report_of("900001", seed=seed, believed_at=at(CHANGE, "00:30")) | {"believed_at": f"2026-10-25T01:30:00{offset}"}

    summer, winter = half_past_one("+01:00", 0), half_past_one("+00:00", 1)
    start = datetime(2026, 10, 25, 0, 35, tzinfo=UTC)
    async with night(database_url, tmp_path, reports=[summer, winter], start=start) as story:
        first = await story.reported(summer)
        await story.until(start + timedelta(hours=1))
        second = await story.reported(winter)
        assert story.outcomes(first) == story.outcomes(second) == ["Sun 01:35 waiting"]
        for incident in (first, second):
            told = {one["purpose"]: one["deadline_at"] for one in (await story.child(incident))["destinations"]}
            assert told == {"holiday-live": "2026-10-25T08:00:00Z", "first-staff-day": "2026-11-02T08:00:00Z"}
        await story.until(at(CHANGE, "08:00"))
        assert story.outcomes(first) == story.outcomes(second) == ["Sun 01:35 waiting", "Sun 08:00 late"]


async def test_mondays_belief_is_told_on_tuesday_at_ten(database_url: str, tmp_path: Path) -> None:
    """The deadline was Tuesday at eight and stays there: everybody hears at once, and a named team has the call at once."""
    report = report_of("900001", believed_at=at(MONDAY, "22:00"))
    async with night(database_url, tmp_path, reports=[report], start=at(TUESDAY, "10:00")) as story:
        incident = await story.reported(report)
        child = await story.child(incident)
        (destination,) = child["destinations"]
        assert (destination["deadline_at"], destination["urgency"]) == ("2026-11-24T08:00:00Z", "late-on-arrival")
        assert (child["outcome"], child["owner"], child["next_action"]) == ("late", "testshire-phone-desk", "telephone-call")
        assert {message[:9] for message in story.heard()} == {"Tue 10:00"}
        assert {message.rpartition(" ")[2] for message in story.heard()} >= {f"{role}@900001" for role in ("dsl", "deputy", "head")}
        assert await story.calls() == [("testshire-phone-desk", "not-acknowledged", "open")]


async def test_snow_is_declared_at_half_past_six(database_url: str, tmp_path: Path) -> None:
    """What was told in the night keeps its plan and its call. What comes after is due by Monday, and told at once."""
    before, after = report_of("900001"), report_of("900001", seed=1, believed_at=at(FRIDAY, "06:40"))
    async with night(database_url, tmp_path, reports=[before, after]) as story:
        in_the_night = await story.reported(before)
        await story.until(at(FRIDAY, "06:30"))
        closed = await close("900001", FRIDAY, FRIDAY, "snow", story.w.parts, apply=True)
        assert closed.changed == 1
        await story.until(at(FRIDAY, "06:45"))
        in_the_snow = await story.reported(after)
        assert await deadlines(story, in_the_night) == ["2026-11-20T08:00:00Z"]
        assert await deadlines(story, in_the_snow) == ["2026-11-23T08:00:00Z"]
        assert "Fri 06:45" in {message[:9] for message in story.heard()}
        await story.until(at(FRIDAY, "08:00"))
        assert (await story.child(in_the_night))["outcome"] == "late"
        assert (await story.child(in_the_snow))["outcome"] == "waiting"


async def on_thursdays_alone(story: Story, folder: Path) -> None:
    """The authority gives a roll in which every child of the nursery is there on Thursdays alone."""
    table = (folder / "directory" / "roll.csv").read_text(encoding="utf-8")
    (folder / "weekly.csv").write_text(table.replace("900003", "900003:thu"), encoding="utf-8")
    parts = story.w.parts
    result = await import_roll(
        folder / "weekly.csv",
        authority=AUTHORITY,
        as_at_on=ROLL_AS_AT_ON,
        agreement="ISA-1",
        database=parts.database,
        vault=parts.vault,
        clock=parts.clock,
        progress=lambda _done, _total: None,
    )
    assert result.applied


async def test_a_nursery_child_who_attends_on_thursdays(database_url: str, tmp_path: Path) -> None:
    """Tuesday's night is due by Thursday's morning, and the nursery hears of it tonight."""
    report = report_of("900003", believed_at=at(TUESDAY, "22:00"))
    async with night(database_url, tmp_path, reports=[report], start=at(TUESDAY, "22:05")) as story:
        await on_thursdays_alone(story, tmp_path)
        incident = await story.reported(report)
        assert await deadlines(story, incident) == ["2026-11-26T08:00:00Z"]
        assert "Tue 22:05" in {message[:9] for message in story.heard()}
