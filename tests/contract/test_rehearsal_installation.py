"""A rehearsal of what this installation has done comes to what it did: the same destinations, instants and policies, child by child."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from services.rehearsal import installation
from services.rehearsal.lost import lost
from services.rehearsal.replay import Replay
from shared.calendar import london_date
from shared.db import journal
from shared.events import IncidentRouted, NotificationOpened
from tests.scenario.night import FRIDAY, THURSDAY, at, night, report_of

pytestmark = pytest.mark.sqlite_daily

SATURDAY = FRIDAY + timedelta(days=1)
CHRISTMAS_EVE = date(2026, 12, 24)
NIGHTS = [(THURSDAY, "23:05"), (FRIDAY, "21:00"), (SATURDAY, "02:10"), (CHRISTMAS_EVE, "22:00")]


async def test_it_comes_to_what_was_done(database_url: str, tmp_path: Path) -> None:
    reports = [
        report_of("900001", "900002", seed=seed, believed_at=at(on, wall) - timedelta(minutes=5)) for seed, (on, wall) in enumerate(NIGHTS)
    ]
    nobody = report_of("900001", seed=7, believed_at=at(FRIDAY, "12:00"))
    nobody["children"][0]["full_name"] = "Nobody Unknownby"
    async with night(database_url, tmp_path, reports=reports, start=at(THURSDAY, "23:00"), every=timedelta(hours=12)) as story:
        for (on, wall), report in zip(NIGHTS, reports, strict=True):
            await story.until(at(on, wall))
            await story.reported(report)
            if on == FRIDAY:
                await story.reported(nobody)
        parts = story.w.parts
        async with parts.database.reading() as reading:
            period = await installation.read(reading, parts.directory, THURSDAY, CHRISTMAS_EVE)
            history = await journal.of_incidents(reading, [incident.reference for incident in period.incidents])
        replay = Replay(period.area, period.policies, seed=1)
        became = [outcome for incident in period.incidents for outcome in replay.play(incident)]

        assert len(period.incidents) == len(NIGHTS) + 1
        assert {london_date(incident.received_at) for incident in period.incidents} == {on for on, _ in NIGHTS}
        facts = [envelope.fact for envelopes in history.values() for envelope in envelopes]
        done = {
            (child_id, fact.destination_ref, fact.purpose, fact.send_at, fact.deadline_at, fact.urgency, fact.policy_version)
            for fact in facts
            if isinstance(fact, IncidentRouted)
            for child_id in fact.child_ids
        }
        rehearsed = {
            (one.child_id, told.ref, told.purpose, told.send_at, told.deadline_at, told.urgency, told.policy_version)
            for one in became
            for told in one.told
        }
        assert rehearsed == done
        assert {purpose for _, _, purpose, *_ in done} == {"school-day", "holiday-live", "first-staff-day"}

        [held] = [one for one in became if one.review is not None]
        assert held.told == ()
        assert lost(period.incidents, became, at(CHRISTMAS_EVE, "23:00")) == ()
        assert any(isinstance(fact, NotificationOpened) for fact in facts)


async def test_days_without_an_incident_are_no_incident(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, reports=[]) as story:
        async with story.w.parts.database.reading() as reading:
            period = await installation.read(reading, story.w.parts.directory, FRIDAY, FRIDAY)
        assert period.incidents == ()
        assert {"900001", "900006"} <= set(period.area.places)
        assert "dsl" in period.area.places["900001"].roles
