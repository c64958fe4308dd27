"""Settling at the desk over both databases: what is told, taking back, and what comes between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.router.domain.settling import UNDO
from shared.events import ChildExcluded, DestinationRevised, IncidentRouted, ReviewEscalated, ReviewSettled
from shared.web.sessions import Role
from tests.desking import OF_FORCE, PAIR, PLACE, Reviewer, child, facts, posted, record_at, report_of, reviews_on
from tests.whole import MORNING, Whole, whole

SIBLING = child("C2", "Rolanda Rowcolumn", "2017-01-01", school={"urn": "900001"})
REPORT = report_of("SETTLE-1", PAIR)
ENDED = "settled, superseded or never there"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


async def at_case(w: Whole, report: dict[str, Any] = REPORT) -> tuple[Reviewer, str, str, str]:
    """A reviewer in a claimed case of one held child: she, the incident, the review, the record at Northtown."""
    incident_id = await posted(w, report)
    reviewer = await Reviewer.at(w)
    case = await reviewer.case(incident_id)
    [review_id] = reviews_on(case)
    return reviewer, incident_id, review_id, record_at(case, PLACE)


async def put(w: Whole, incident_id: str, report: dict[str, Any], version: int) -> None:
    """The force corrects its report."""
    answer = await w.client.put(f"/v1/incidents/{incident_id}", json=report | {"source_version": version}, headers=await w.headers())
    assert answer.status_code in (200, 202), answer.text


async def test_who_is_told_is_said_before_and_nobody_is_told_while_it_can_be_taken_back(w: Whole) -> None:
    reviewer, incident_id, review_id, choice = await at_case(w)
    page = (await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=choice)).text
    assert "Northtown, 900004" in page
    assert "must acknowledge by 8am on Friday 20 November 2026" in page
    assert await w.outcomes(incident_id) == ["held"]
    assert (await reviewer.settle(incident_id, review_id, choice)).status_code == 303
    assert (await reviewer.settle(incident_id, review_id, choice)).status_code == 409
    assert "Until then nobody is told" in await reviewer.get(f"/desk/cases/{incident_id}")
    await w.advance_by(UNDO - timedelta(seconds=1))
    assert (await facts(w, incident_id, IncidentRouted), await w.outcomes(incident_id)) == ([], ["held"])
    assert (await reviewer.post(f"/desk/reviews/{review_id}/undo", incident=incident_id)).status_code == 303
    await w.advance_by(UNDO)
    assert await facts(w, incident_id, ReviewSettled) == []
    assert (await reviewer.settle(incident_id, review_id, choice)).status_code == 303
    await w.advance_by(UNDO)
    [settled], [routed] = await facts(w, incident_id, ReviewSettled), await facts(w, incident_id, IncidentRouted)
    assert (settled.settlement, routed.destination_ref, routed.supplement) == ("pupil", PLACE, False)
    assert await w.outcomes(incident_id) == ["waiting"]
    assert w.mails(f"dsl@{PLACE}.example")
    assert (await reviewer.post(f"/desk/reviews/{review_id}/undo", incident=incident_id)).status_code == 409
    await w.advance(MORNING)
    assert await facts(w, incident_id, ReviewEscalated) == []


async def test_taking_back_and_taking_effect_at_once_end_in_one_of_them(w: Whole) -> None:
    reviewer, incident_id, review_id, choice = await at_case(w)
    await reviewer.settle(incident_id, review_id, choice)
    w.clock.move_to(w.clock.now() + UNDO - timedelta(microseconds=1))
    undone, _ = await asyncio.gather(reviewer.post(f"/desk/reviews/{review_id}/undo", incident=incident_id), w.settle())
    assert (undone.status_code, await facts(w, incident_id, IncidentRouted)) == (303, [])
    await reviewer.settle(incident_id, review_id, choice)
    w.clock.move_to(w.clock.now() + UNDO)
    undone, _ = await asyncio.gather(reviewer.post(f"/desk/reviews/{review_id}/undo", incident=incident_id), w.settle())
    assert undone.status_code == 409, "from the instant on it is too late, whether or not the loop has been"
    await w.settle()
    assert len(await facts(w, incident_id, IncidentRouted)) == 1


async def test_a_child_settled_later_is_a_supplement_where_a_sibling_was_told_of(w: Whole) -> None:
    incident_id = await posted(w, report_of("SETTLE-2", PAIR, SIBLING))
    reviewer = await Reviewer.at(w)
    case = await reviewer.case(incident_id)
    assert "Rolanda" not in case, "who is not held is nobody's business here"
    [review_id] = reviews_on(case)
    found = await reviewer.post(f"/desk/reviews/{review_id}/places", place="testwood")
    assert 'value="setting:900001"' in found.text
    await reviewer.settle(incident_id, review_id, "setting:900001")
    await w.advance_by(UNDO)
    first, second = await facts(w, incident_id, IncidentRouted)
    assert (first.supplement, second.supplement, second.destination_ref) == (False, True, "900001")
    assert len(second.child_ids) == 1
    assert await w.outcomes(incident_id) == ["waiting", "waiting"]


@pytest.mark.parametrize(("changed", "outcome"), [(False, "waiting"), (True, "held")], ids=["another-part", "the-child"])
async def test_a_correction_that_touches_the_child_lets_a_waiting_settlement_fall(w: Whole, changed: bool, outcome: str) -> None:
    reviewer, incident_id, review_id, choice = await at_case(w)
    await reviewer.settle(incident_id, review_id, choice)
    again = report_of("SETTLE-1", PAIR | ({"date_of_birth": "2018-03-05"} if changed else {}), crime="no")
    await put(w, incident_id, again, 2)
    await w.settle()
    await w.advance_by(UNDO)
    assert await w.outcomes(incident_id) == [outcome]
    assert len(await facts(w, incident_id, IncidentRouted)) == (0 if changed else 1)


async def test_what_was_shown_before_a_correction_cannot_be_decided_after_it(w: Whole) -> None:
    reviewer, incident_id, review_id, choice = await at_case(w)
    await put(w, incident_id, report_of("SETTLE-1", PAIR, crime="no"), 2)
    await w.settle()
    answer = await reviewer.settle(incident_id, review_id, choice)
    assert (answer.status_code, "corrected while you were deciding" in answer.text) == (409, True)
    assert (await reviewer.settle(incident_id, review_id, choice, version=2)).status_code == 303


async def test_a_withdrawal_supersedes_what_waits(w: Whole) -> None:
    reviewer, incident_id, review_id, choice = await at_case(w)
    await reviewer.settle(incident_id, review_id, choice)
    await put(w, incident_id, report_of("SETTLE-1", SIBLING), 2)
    await w.settle()
    await w.advance_by(UNDO)
    [settled] = await facts(w, incident_id, ReviewSettled)
    assert settled.settlement == "superseded"
    assert [one.destination_ref for one in await facts(w, incident_id, IncidentRouted)] == ["900001"]
    assert (await reviewer.settle(incident_id, review_id, choice, version=2)).status_code == 404, ENDED


async def test_settling_and_correcting_at_once_end_alike(w: Whole) -> None:
    """Past its deadline a settlement takes effect at once, in the same transaction: the correction comes before it or after it."""
    reviewer, incident_id, review_id, choice = await at_case(w)
    await w.advance(MORNING)
    reviewer = await Reviewer.at(w)
    case = await reviewer.case(incident_id)
    page = await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=choice)
    assert "cannot be taken back" in page.text
    assert "Past its deadline" in case
    await put(w, incident_id, report_of("SETTLE-1", SIBLING), 2)
    answer, _ = await asyncio.gather(reviewer.settle(incident_id, review_id, choice), w.settle())
    await w.settle()
    assert answer.status_code in (303, 404, 409)
    [settled] = await facts(w, incident_id, ReviewSettled)
    assert settled.settlement == ("pupil" if answer.status_code == 303 else "superseded")
    told = [one for one in await facts(w, incident_id, IncidentRouted) if one.destination_ref == PLACE]
    taken = [one for one in await facts(w, incident_id, DestinationRevised) if one.child_ids == ()]
    assert len(told) == len(taken) == (1 if answer.status_code == 303 else 0)
    assert (await w.incident(incident_id))["children"][0]["outcome"] != "lost"


async def test_nobody_is_told_for_a_reason_of_the_list_and_by_a_recorded_decider(w: Whole) -> None:
    reviewer, incident_id, review_id, _ = await at_case(w)
    for refused in ("excluded:because", "setting:999999", "team:nobody", "pupil:nobody", "setting:900007", ""):
        answer = await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=refused)
        assert (answer.status_code, "There is a problem" in answer.text) == (422, True), refused
    page = (await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice="excluded:duplicate")).text
    assert "Nobody is told" in page
    await reviewer.settle(incident_id, review_id, "excluded:duplicate")
    await w.advance_by(UNDO)
    [excluded], [settled] = await facts(w, incident_id, ChildExcluded), await facts(w, incident_id, ReviewSettled)
    assert (excluded.reason, excluded.decider) == ("duplicate", settled.decider)
    assert await w.outcomes(incident_id) == ["excluded"]


async def test_a_team_is_told(w: Whole) -> None:
    reviewer, incident_id, review_id, _ = await at_case(w)
    assert "Testshire out-of-hours desk" in await reviewer.get(f"/desk/reviews/{review_id}/team")
    await reviewer.settle(incident_id, review_id, "team:testshire-out-of-hours")
    await w.advance_by(UNDO)
    [routed] = await facts(w, incident_id, IncidentRouted)
    assert (routed.destination_kind, routed.destination_ref) == ("team", "testshire-out-of-hours")
    assert await w.outcomes(incident_id) == ["waiting"]


async def test_only_whoever_has_claimed_it_settles_and_only_who_decided_takes_back(w: Whole) -> None:
    reviewer, incident_id, review_id, choice = await at_case(w)
    other = await Reviewer.at(w, OF_FORCE, Role.LEAD)
    assert (await other.settle(incident_id, review_id, choice)).status_code == 409
    await reviewer.settle(incident_id, review_id, choice)
    assert (await other.post(f"/desk/reviews/{review_id}/undo", incident=incident_id)).status_code == 404
    await w.advance_by(UNDO)
    assert await w.outcomes(incident_id) == ["waiting"]
