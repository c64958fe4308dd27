"""A supervisor releases or withholds, within a limit that escalates; nobody is told before, and what nobody is told of has a decider."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.router.domain.settling import UNDO
from shared.events import ChildExcluded, ChildHeld, IncidentRouted, ReviewEscalated
from shared.web.sessions import Role
from tests.desking import Reviewer, child, facts, posted, report_of, reviews_on
from tests.whole import Whole, whole

RELEASED = child("C1", "Samanda Samename", "2018-03-04", school={"name": "St Example's Primary"})
BODY = report_of("RELEASE-1", RELEASED, behaviours=["child-to-parent"])


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


async def test_it_waits_for_a_supervisor_and_passes_on_after_the_limit(w: Whole) -> None:
    incident_id = await posted(w, BODY)
    [held] = await facts(w, incident_id, ChildHeld)
    assert held.reason == "release-child-to-parent"
    assert held.review_deadline_at - held.held_at <= timedelta(minutes=60)
    await w.advance_by(timedelta(minutes=59))
    assert await facts(w, incident_id, ReviewEscalated) == []
    await w.advance_by(timedelta(minutes=2))
    [escalated] = await facts(w, incident_id, ReviewEscalated)
    assert escalated.owner != held.owner
    assert await facts(w, incident_id, IncidentRouted) == []


async def test_a_reviewer_sees_why_and_only_a_lead_can_release(w: Whole) -> None:
    incident_id = await posted(w, BODY)
    reviewer = await Reviewer.at(w)
    page = await reviewer.case(incident_id)
    assert "A supervisor must release it: a child is said to have harmed a parent" in page
    assert "You cannot settle this child" in page
    [review_id] = reviews_on(page)
    assert (await reviewer.settle(incident_id, review_id, "setting:900004")).status_code == 403
    await reviewer.post(f"/desk/cases/{incident_id}/release")
    lead = await Reviewer.at(w, role=Role.LEAD)
    await lead.case(incident_id)
    assert (await lead.settle(incident_id, review_id, "setting:900004")).status_code == 303
    await w.advance_by(UNDO)
    [routed] = await facts(w, incident_id, IncidentRouted)
    assert (routed.destination_ref, routed.route, routed.legal_class) == ("900004", "school", "statutory")


async def test_what_is_withheld_is_a_decision_with_its_reason_and_decider(w: Whole) -> None:
    incident_id = await posted(w, BODY)
    lead = await Reviewer.at(w, role=Role.LEAD)
    [review_id] = reviews_on(await lead.case(incident_id))
    assert (await lead.settle(incident_id, review_id, "excluded:withheld")).status_code == 303
    await w.advance_by(UNDO)
    [excluded] = await facts(w, incident_id, ChildExcluded)
    assert (excluded.reason, bool(excluded.decider)) == ("withheld", True)
    [seen] = (await w.client.get(f"/v1/incidents/{incident_id}", headers=await w.headers())).json()["children"]
    assert (seen["outcome"], seen["reason"], seen["owner"]) == ("excluded", "withheld", excluded.decider)


async def test_a_correction_that_brings_a_reason_takes_the_child_back_and_one_that_takes_it_away_lets_her_go(w: Whole) -> None:
    plain = report_of("RELEASE-2", child("C1", "Rolanda Rowcolumn", "2017-01-01", school={"urn": "900001"}), behaviours=["physical"])
    incident_id = await posted(w, plain)
    assert await w.outcomes(incident_id) == ["waiting"]
    for number, behaviours, outcome in ((2, ["child-to-parent"], "held"), (3, ["physical"], "waiting")):
        body = plain | {"behaviours": behaviours, "source_version": number}
        answer = await w.client.put(f"/v1/incidents/{incident_id}", json=body, headers=await w.headers())
        assert answer.status_code in (200, 202), answer.text
        await w.settle()
        assert await w.outcomes(incident_id) == [outcome]
    [held] = await facts(w, incident_id, ChildHeld)
    assert held.reason == "release-child-to-parent"
