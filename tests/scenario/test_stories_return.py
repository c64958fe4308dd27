"""The Christmas break of one school, and its first staff day: who moved, who left, and one message for all that is still theirs."""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest

from services.demo.actors import DONE, Habit, visit
from services.demo.client import Visitors
from services.router.roll import import_roll
from tests.directory_samples import AUTHORITY
from tests.samples import sample_upn
from tests.scenario.journey import arrives, newest_link, reached_at
from tests.scenario.night import Story, at, night, report_of
from tests.whole import PUBLIC_URL

pytestmark = pytest.mark.sqlite_daily

BREAK = (date(2026, 12, 21), date(2026, 12, 24), date(2026, 12, 28), date(2026, 12, 30))
RETURN, FIRST_DAY = date(2027, 1, 4), date(2027, 1, 5)
SELDOM = timedelta(days=1)
SCHOOL, OTHER, LIVE, LEAD = "900001", "900002", "testshire-out-of-hours", "testshire-safeguarding-lead"


async def a_roll_in_january(story: Story, folder: Path, **settings: str | None) -> None:
    """The authority's roll of the new term: by UPN, where each is now; None: nowhere any more."""
    parts = story.w.parts
    with (folder / "directory" / "roll.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    kept = [row | {"settings": settings.get(row["upn"], row["settings"])} for row in rows if settings.get(row["upn"], "") is not None]
    path = folder / "january.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.DictWriter(handle, list(rows[0]))
        table.writeheader()
        table.writerows(kept)
    result = await import_roll(
        path,
        authority=AUTHORITY,
        as_at_on=date(2027, 1, 3),
        agreement="ISA-1",
        database=parts.database,
        vault=parts.vault,
        clock=story.w.clock,
        progress=lambda _done, _total: None,
    )
    assert result.applied, result.refused


async def first_staff_day(story: Story, incident: str) -> dict[str, str]:
    """Where the child is told of beside the live team, with how that stands; what is history says so."""
    told = (await story.child(incident))["destinations"]
    return {one["ref"]: one["outcome"] for one in told if one["purpose"] != "holiday-live"}


async def test_the_return_from_the_christmas_break(database_url: str, tmp_path: Path) -> None:
    reports = []
    for number, on in enumerate(BREAK):
        report = report_of(SCHOOL, seed=number, believed_at=at(on, "22:00"), reference=f"BREAK-{number}")
        report["children"][0]["upn"] = sample_upn(200 + number)
        reports.append(report | ({} if number == 0 else {"conditions": []}))
    start = at(BREAK[0], "22:10")
    async with night(database_url, tmp_path, reports=reports, start=start, every=SELDOM) as story:
        incidents = []
        for on, report in zip(BREAK, reports, strict=True):
            await story.until(at(on, "22:10"))
            incidents.append(await story.reported(report))
        collecting, moved, left, newest = incidents
        assert {message.split()[3].partition("@")[2] for message in story.heard()} == {LIVE}

        await story.until(at(date(2027, 1, 3), "18:00"))
        await a_roll_in_january(story, tmp_path, **{sample_upn(201): OTHER, sample_upn(202): None})
        before = len(story.heard())
        await story.until(at(RETURN, "06:59"))
        # Before anybody at a school hears: the one who moved is the other school's, the one who left is the authority's.
        assert await first_staff_day(story, moved) == {SCHOOL: "excluded", OTHER: "waiting"}
        assert (await first_staff_day(story, left))[SCHOOL] == "excluded"
        assert set(await first_staff_day(story, left)) == {SCHOOL, LEAD}
        assert not [message for message in story.heard(since=before) if SCHOOL in message or OTHER in message]

        await story.until(at(RETURN, "07:00"))
        at_seven = sorted(message for message in story.heard(since=before) if message.startswith("Mon 07:00") and "@9" in message)
        assert at_seven == [f"Mon 07:00 {channel} dsl@{ref}" for channel in ("email", "sms") for ref in (SCHOOL, OTHER)]

        dsl = await arrives(story.w, f"dsl@{SCHOOL}")
        await dsl.enters(await dsl.asks_for_code())
        assert dsl.page.heading == "2 of 2 messages wait"
        assert not [one for one in reports if one["children"][0]["full_name"] in dsl.text]
        # The one with a condition on collecting comes first, though it is the oldest.
        for place, incident in enumerate((collecting, newest), start=1):
            await dsl.goes_on(place)
            await dsl.confirms()
            own = reports[incidents.index(incident)]["children"][0]["full_name"]
            assert own in dsl.text
            assert not [one for one in reports if one["children"][0]["full_name"] in dsl.text and one["children"][0]["full_name"] != own]
            await dsl.acts()
            assert ("More messages wait" in dsl.text) == (place == 1)
            await dsl.opens("/message/list")
        assert dsl.page.heading == "Every message has been picked up"

        await story.until(at(FIRST_DAY, "12:00"))
        for incident in (collecting, newest):
            assert await first_staff_day(story, incident) == {SCHOOL: "acknowledged"}
        # The ladder at the first school is silent from there on; the new school's runs to its end, and somebody has the call.
        school = [message for message in story.heard(since=before) if f"@{SCHOOL}" in message]
        assert school == [*[one for one in at_seven if SCHOOL in one], f"Mon 07:00 sms dsl@{SCHOOL} code"]
        assert (await first_staff_day(story, moved))[OTHER] == "late"
        assert (await first_staff_day(story, left))[LEAD] == "late"


async def test_the_demonstrations_people_go_through_the_list_too(database_url: str, tmp_path: Path) -> None:
    """Otherwise its weeks would show schools that nobody can see are late."""
    reports = [
        report_of(SCHOOL, seed=number, believed_at=at(on, "22:00"), reference=f"LIST-{number}") for number, on in enumerate(BREAK[:3])
    ]
    async with night(database_url, tmp_path, reports=reports, start=at(BREAK[0], "22:10"), every=SELDOM) as story:
        incidents = []
        for on, report in zip(BREAK, reports, strict=False):
            await story.until(at(on, "22:10"))
            incidents.append(await story.reported(report))
        await story.until(at(RETURN, "07:00"))
        dsl = f"dsl@{SCHOOL}"
        async with Visitors(story.w.app, PUBLIC_URL).browser() as browser:
            ended_at = await visit(browser, newest_link(story.w, dsl), Habit.ACTS, lambda: story.w.codes(reached_at(dsl)["sms"]))
        assert ended_at == DONE
        for incident in incidents:
            assert await first_staff_day(story, incident) == {SCHOOL: "acknowledged"}
