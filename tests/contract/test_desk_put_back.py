"""A child whom a reviewer had settled is taken out of the report and put back: the decision stands again, or a person is asked again."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from services.router.domain.settling import UNDO
from services.router.store_standing import stood
from shared.db.tables.directory import directory_setting
from shared.db.tables.router import router_decision
from shared.events import ChildExcluded, IncidentRouted
from tests.desking import PAIR, PLACE, Reviewer, child, facts, posted, record_at, report_of, reviews_on
from tests.whole import Whole, whole

SIBLING = child("C2", "Rolanda Rowcolumn", "2017-01-01", school={"urn": "900001"})
REPORT = report_of("BACK-1", PAIR, SIBLING)
WITHOUT = report_of("BACK-1", SIBLING)
OTHERWISE = report_of("BACK-1", PAIR | {"date_of_birth": "2018-03-05"}, SIBLING)
TEAM = "testshire-out-of-hours"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


async def settled(w: Whole, choice: str) -> str:
    """The incident, its one held child settled so; ``record`` stands for the pupil at Northtown."""
    incident_id = await posted(w, REPORT)
    reviewer = await Reviewer.at(w)
    case = await reviewer.case(incident_id)
    [review_id] = reviews_on(case)
    answer = await reviewer.settle(incident_id, review_id, record_at(case, PLACE) if choice == "record" else choice)
    assert answer.status_code == 303, answer.text
    await w.advance_by(UNDO)
    return incident_id


async def told(w: Whole, incident_id: str, *versions: dict[str, Any], first: int = 2) -> None:
    """The force corrects its report, and router decides each version before the next."""
    for number, report in enumerate(versions, first):
        body = report | {"source_version": number}
        answer = await w.client.put(f"/v1/incidents/{incident_id}", json=body, headers=await w.headers())
        assert answer.status_code in (200, 202), answer.text
        await w.advance_by(timedelta(seconds=1))


async def where(w: Whole, incident_id: str) -> tuple[str, list[str], list[str]]:
    """How the child that had been settled stands: her outcome, where she is told of, and why she is held."""
    async with w.parts.database.reading() as reading:
        of_incident = (await stood(reading, [incident_id]))[incident_id]
    [one] = [one for child_id, one in of_incident.children.items() if child_id == await settled_child(w, incident_id)]
    return one.outcome, sorted(known.ref for known in one.live), [review.reason for review in one.reviews]


async def decisions(w: Whole, incident_id: str) -> Sequence[Any]:
    async with w.parts.database.reading() as reading:
        of_it = select(router_decision).where(router_decision.c.incident_id == incident_id).order_by(router_decision.c.round)
        return (await reading.execute(of_it)).all()


async def settled_child(w: Whole, incident_id: str) -> str:
    return next(str(one.child_id) for one in await decisions(w, incident_id) if one.decided_by is not None)


CHOICES = {"record": [PLACE], "setting:900001": ["900001"], f"team:{TEAM}": [TEAM], "excluded:duplicate": []}


@pytest.mark.sqlite_daily
@pytest.mark.parametrize("choice", CHOICES)
async def test_told_alike_the_decision_stands_again(w: Whole, choice: str) -> None:
    incident_id = await settled(w, choice)
    before = await where(w, incident_id)
    assert before == ("excluded" if choice.startswith("excluded") else "matched", CHOICES[choice], [])
    await told(w, incident_id, WITHOUT)
    assert await where(w, incident_id) == ("excluded", [], [])
    await told(w, incident_id, REPORT, first=3)
    assert await where(w, incident_id) == before
    person, back = [one for one in await decisions(w, incident_id) if one.decided_by is not None]
    assert (back.decided_by, back.rule, back.pupil_id, back.incident_version) == (person.decided_by, "reviewer", person.pupil_id, 3)
    reasons = [one.reason for one in await facts(w, incident_id, ChildExcluded)]
    assert reasons == (["duplicate", "withdrawn", "duplicate"] if choice.startswith("excluded") else ["withdrawn"])
    assert (await w.outcomes(incident_id))[0] == ("excluded" if choice.startswith("excluded") else "waiting")
    await told(w, incident_id, WITHOUT, REPORT, first=4)
    assert await where(w, incident_id) == before, "and so the second time"


async def test_told_otherwise_a_person_is_asked_and_nobody_is_told_meanwhile(w: Whole) -> None:
    incident_id = await settled(w, "record")
    await told(w, incident_id, WITHOUT, OTHERWISE)
    assert await where(w, incident_id) == ("held", [], ["changed-after-decision"])
    assert (await w.outcomes(incident_id))[0] == "held"
    routed = len(await facts(w, incident_id, IncidentRouted))
    await told(w, incident_id, OTHERWISE | {"crime": "no"}, first=4)
    assert await where(w, incident_id) == ("held", [], ["changed-after-decision"]), "it is asked once"
    assert len(await facts(w, incident_id, IncidentRouted)) == routed
    reviewer = await Reviewer.at(w)
    assert len(reviews_on(await reviewer.case(incident_id))) == 1
    await told(w, incident_id, REPORT, first=5)
    assert await where(w, incident_id) == ("matched", [PLACE], [])


@pytest.mark.sqlite_daily
async def test_a_report_taken_back_as_a_whole_and_told_anew_keeps_the_decision(w: Whole) -> None:
    incident_id = await settled(w, "record")
    body = {"reason": "recorded-in-error"}
    assert (await w.client.post(f"/v1/incidents/{incident_id}/withdrawal", json=body, headers=await w.headers())).status_code < 300
    await w.settle()
    assert await where(w, incident_id) == ("excluded", [], [])
    await told(w, incident_id, REPORT, first=3)
    assert await where(w, incident_id) == ("matched", [PLACE], [])


@pytest.mark.sqlite_daily
async def test_a_flag_that_is_new_comes_before_the_decision(w: Whole) -> None:
    incident_id = await settled(w, "record")
    await told(w, incident_id, WITHOUT, report_of("BACK-1", PAIR | {"handling_flags": ["refuge"]}, SIBLING))
    outcome, live, reviews = await where(w, incident_id)
    assert (outcome, live) == ("held", [])
    assert reviews != ["changed-after-decision"]


@pytest.mark.sqlite_daily
async def test_a_place_that_has_closed_since_is_asked_about(w: Whole) -> None:
    incident_id = await settled(w, "record")
    await told(w, incident_id, WITHOUT)
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(directory_setting).where(directory_setting.c.setting_id == PLACE).values(status="closed"))
    await told(w, incident_id, REPORT, first=3)
    assert await where(w, incident_id) == ("held", [], ["changed-after-decision"])
