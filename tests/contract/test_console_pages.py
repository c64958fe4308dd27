"""What staff see of delivery, reviews, parked facts and readiness, over both databases: their own part, and nothing personal."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from services.console import store_outcomes
from shared.db.tables import metadata
from shared.events import Fact
from shared.outcome import Outcome
from shared.scope import Scope
from shared.web.sessions import Role
from tests.directory_samples import AUTHORITY, FORCE
from tests.facts import DEADLINE, escalated, held, late, opened, received, routed
from tests.samples import personal_words, sample_report
from tests.web import hidden_token
from tests.whole import NIGHT, Whole, whole

pytestmark = pytest.mark.sqlite_daily

REPORT = sample_report(seed=1)
OF_FORCE = Scope.force(FORCE)
OF_AUTHORITY = Scope.authority(AUTHORITY)
ELSEWHERE = (Scope.force("otherforce"), Scope.authority("998"))


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as everything:
        yield everything


async def record(w: Whole, service: str, facts: Sequence[Fact]) -> None:
    async with w.parts.database.transaction() as tx:
        await tx.record(service, facts)


def unanswered(incident: str, ref: str, deadline_at: datetime = DEADLINE) -> list[Fact]:
    """An incident of one child whose setting has not answered in time."""
    told = (routed(incident, ref, "a", deadline_at=deadline_at), opened(incident, ref, "a", deadline_at=deadline_at))
    return [received(incident, "a"), *told, late(incident, ref, owner="testshire-phone-desk")]


def counts(page: httpx.Response) -> dict[str, int]:
    """The outcomes that any child is in."""
    assert page.status_code == 200
    rows = re.findall(r'<th scope="row"[^>]*>(\w+) .*?</th>\s*<td[^>]*>(\d+)</td>', page.text)
    assert len(rows) == len(Outcome)
    return {name: int(children) for name, children in rows if int(children)}


@pytest.mark.parametrize("scope", [OF_FORCE, OF_AUTHORITY], ids=["force", "authority"])
async def test_what_is_sent_for_trying_out_pushes_nobody_off_the_board(w: Whole, scope: Scope) -> None:
    await record(w, "router", unanswered("real", "900001"))
    for number in range(3):
        _, *others = unanswered(f"trial-{number}", "900001")
        first = replace(received(f"trial-{number}", "a"), sandbox=True)
        await record(w, "router", [first, *others, escalated(f"trial-{number}", "a", "testshire-safeguarding-lead")])
    async with w.parts.database.reading() as reading:
        found, there_were_more = await store_outcomes.incidents(reading, scope, w.clock.now(), 1)
    assert ([one[0].fact.incident_id for one in found], there_were_more) == (["real"], False)


@pytest.mark.parametrize("scope", [OF_FORCE, OF_AUTHORITY], ids=["force", "authority"])
async def test_delivery_counts_the_readers_own_children(w: Whole, scope: Scope) -> None:
    coordinator = await w.signed_in(Role.COORDINATOR, scope)
    assert counts(await coordinator.get("/console")) == {}
    await record(w, "notifier", [*unanswered("1", "900001"), *unanswered("2", "900002", DEADLINE - timedelta(hours=1))])
    page = await coordinator.get("/console")
    assert counts(page) == {"Late": 2}
    assert page.text.index("Sampleford High School") < page.text.index("Testwood Primary")
    assert "8am on Friday 20 November 2026" in page.text
    assert "Testshire phone desk" in page.text
    for other in ELSEWHERE:
        elsewhere = await (await w.signed_in(Role.COORDINATOR, other)).get("/console")
        assert (counts(elsewhere), "Testwood" in elsewhere.text) == ({}, False)


async def test_delivery_warns_when_nobody_has_something(w: Whole) -> None:
    coordinator = await w.signed_in(Role.COORDINATOR, OF_FORCE)
    await record(w, "ingest", [received("1", "a")])
    assert "Tell whoever runs this service now" not in (await coordinator.get("/console")).text
    w.clock.move_to(NIGHT + timedelta(minutes=30))
    page = await coordinator.get("/console")
    assert counts(page) == {"Lost": 1}
    assert "Tell whoever runs this service now" in page.text


async def test_delivery_looks_back_fourteen_days(w: Whole) -> None:
    await record(w, "notifier", unanswered("1", "900001"))
    for days, seen in ((13, {"Late": 1}), (14, {})):
        w.clock.move_to(NIGHT + timedelta(days=days))
        assert counts(await (await w.signed_in(Role.OPERATOR, OF_FORCE)).get("/console")) == seen


@pytest.mark.parametrize("scope", [OF_FORCE, OF_AUTHORITY], ids=["force", "authority"])
async def test_no_more_incidents_are_read_than_said_and_the_newest_first(w: Whole, scope: Scope) -> None:
    for incident in ("1", "2", "3"):
        twice = [routed(incident, "900001", "a"), routed(incident, "900002", "a")]
        await record(w, "router", [received(incident, "a"), *twice, *unanswered(incident, "900003")[1:]])
    async with w.parts.database.reading() as reading:
        for most, newest, more in ((2, ["2", "3"], True), (3, ["1", "2", "3"], False)):
            found, there_were_more = await store_outcomes.incidents(reading, scope, w.clock.now(), most)
            assert [envelopes[0].fact.incident_id for envelopes in found] == newest
            assert {len(envelopes) for envelopes in found} == {6}
            assert there_were_more is more


async def test_reviews_say_why_by_when_and_whose(w: Whole) -> None:
    reviewer = await w.signed_in(Role.REVIEWER, OF_FORCE)
    assert "Nobody is held" in (await reviewer.get("/console/reviews")).text
    await record(w, "router", [received("1", "a"), held("1", "a", owner="testshire-police-hub")])
    passed_on = [held("2", "b", owner="testshire-police-hub"), escalated("2", "b", "testshire-safeguarding-lead")]
    await record(w, "router", [received("2", "b"), *passed_on])
    page = (await reviewer.get("/console/reviews")).text
    assert page.count("7am on Friday 20 November 2026") == 2
    assert page.count("A twin or another pupil") == 2
    assert (page.count("Testshire police hub"), page.count("Testshire safeguarding lead")) == (1, 1)
    assert "Escalated to this team" in page
    assert 'href="/desk">review desk' in page
    of_authority = (await (await w.signed_in(Role.COORDINATOR, OF_AUTHORITY)).get("/console/reviews")).text
    assert ("Testshire police hub" in of_authority, "Testshire safeguarding lead" in of_authority) == (False, True)
    for other in ELSEWHERE:
        assert "Nobody is held" in (await (await w.signed_in(Role.REVIEWER, other)).get("/console/reviews")).text


async def test_a_parked_fact_is_tried_again_at_an_operators_word(w: Whole) -> None:
    incident_id = (await w.post_report(REPORT)).json()["incident_id"]
    await w.settle()
    fact_id = await w.park(incident_id)
    operator = await w.signed_in(Role.OPERATOR, OF_FORCE)
    page = await operator.get("/console/parked")
    assert all(shown in page.text for shown in (fact_id, "incident.received", "router", "Misuse handlers.py:1"))
    form = {"csrf": hidden_token(page), "service": "router", "fact": fact_id}
    answer = await operator.post("/console/parked", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/parked?again=yes")
    page = await operator.get(answer.headers["location"])
    assert (fact_id in page.text, "tried again within seconds" in page.text) == (False, True)
    assert (await operator.post("/console/parked", data=form)).status_code == 404
    before = await w.outcomes(incident_id)
    assert await w.settle() > 0
    assert await w.outcomes(incident_id) == before
    assert "Nothing is parked" in (await operator.get("/console/parked")).text


async def test_readiness_lists_what_would_fail(w: Whole) -> None:
    coordinator = await w.signed_in(Role.COORDINATOR, OF_AUTHORITY)
    page = (await coordinator.get("/console/readiness")).text
    assert "<strong>Tiny Trials Pre-school</strong>: 1 verified contact</li>" in page
    assert "<strong>Little Examples Nursery</strong>: 3 verified contacts, 1 of them with one channel only" in page
    assert not any(well in page for well in ("Testwood Primary", "Oldtest Junior School", "Sampleford High School"))
    assert "Every calendar reaches at least 60 days ahead" in page
    assert "Every team that a policy names has somebody who can be messaged" in page
    await suspend_team(w, "testshire-phone-desk")
    assert "<strong>Testshire phone desk</strong>: no verified contact" in (await coordinator.get("/console/readiness")).text
    w.clock.move_to(datetime(2027, 6, 10, 12, 0, tzinfo=UTC))
    page = (await (await w.signed_in(Role.OPERATOR, OF_FORCE)).get("/console/readiness")).text
    assert "<strong>Testshire</strong>: its term dates end on Wednesday 21 July 2027" in page
    assert "list</strong>: none has been written: if this service stops, nobody can see what is owed" in page
    assert "<strong>Testshire College</strong>: its term dates end on Friday 25 June 2027" in page
    for other in ELSEWHERE:
        page = (await (await w.signed_in(Role.COORDINATOR, other)).get("/console/readiness")).text
        assert page.count("<li><strong>") == 0


async def suspend_team(w: Whole, team_id: str) -> None:
    table = metadata.tables["directory_contact"]
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(table).where(table.c.team_id == team_id).values(state="suspended"))


async def test_no_page_shows_anything_personal(w: Whole) -> None:
    incident_id = (await w.post_report(REPORT)).json()["incident_id"]
    await w.settle()
    await w.park(incident_id)
    words = personal_words(REPORT) | {REPORT["reference"], "@", "07700"}
    for role, path in (
        (Role.COORDINATOR, "/console"),
        (Role.COORDINATOR, "/console/reviews"),
        (Role.COORDINATOR, "/console/readiness"),
        (Role.OPERATOR, "/console/parked"),
    ):
        page = (await (await w.signed_in(role, OF_FORCE)).get(path)).text
        assert [word for word in words if word in page] == []


async def test_the_wall_calendar_is_the_readers_own(w: Whole) -> None:
    coordinator = await w.signed_in(Role.COORDINATOR, OF_AUTHORITY)
    whole_area = await coordinator.get("/console/calendar")
    assert "Testshire, 2026 to 2027" in whole_area.text
    assert "November 2026" in whole_area.text
    assert "by the authority&#39;s terms, as at" in whole_area.text
    assert "Testwood Primary, 2025 to 2026" in (await coordinator.get("/console/calendar?of=900001&year=2025")).text
    for scope in ELSEWHERE:
        stranger = await w.signed_in(Role.COORDINATOR, scope)
        assert (await stranger.get("/console/calendar?of=900001")).status_code == 404
        assert (await stranger.get(f"/console/calendar?of={AUTHORITY}")).status_code == 404
    for wrong in ("of=nowhere", "of=900001&year=1066"):
        assert (await coordinator.get(f"/console/calendar?{wrong}")).status_code == 404
