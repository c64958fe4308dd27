"""The review desk over both databases: who sees what, claims, what is shown, searching, asking; settling is in ``test_desk_settling``."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from services.router.store_reviews import CASES_EACH_PAGE
from shared.db.tables.router import router_review
from shared.events import ReviewAsked, ReviewClaimed, ReviewEscalated, ReviewViewed, RollSearched
from shared.scope import Scope
from shared.web.sessions import Role
from tests.desking import OF_FORCE, PAIR, Reviewer, child, facts, posted, report_of, reviews_on
from tests.directory_samples import AUTHORITY
from tests.whole import MORNING, Whole, whole

pytestmark = pytest.mark.sqlite_daily

ADDRESS = "12 Nowhere Row"
HELD = report_of("HELD-1", PAIR | {"address": ADDRESS, "postcode": "ZZ99 8BB"})
RESTRICTED = child("C1", "Pupilo Tabularis", "2017-07-23")
LEAD = "testshire-safeguarding-lead"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


async def test_the_list_names_nobody_and_the_case_only_whoever_has_claimed_it(w: Whole) -> None:
    incident_id = await posted(w, HELD)
    reviewer, other = await Reviewer.at(w, label="reviewer 3"), await Reviewer.at(w)
    page = await reviewer.get("/desk")
    assert all(word in page for word in ("HELD-1", "7am on Friday 20 November 2026", "Testshire police hub", "Several pupils"))
    assert "Samename" not in page
    unclaimed = await other.get(f"/desk/cases/{incident_id}")
    assert "You do not have this case" in unclaimed
    assert "Samename" not in unclaimed
    case = await reviewer.case(incident_id)
    assert case.count("Record ") == 4  # each of two once in its table and once to choose
    assert all(word in case for word in ("Samanda Samename", "Northtown, 900004", "Southtown, 900005"))
    assert "checked" not in case
    assert not any(word in case for word in (ADDRESS, "ZZ99"))
    assert "Claimed by reviewer 3 until" in await other.get("/desk")
    [claimed], [viewed] = await facts(w, incident_id, ReviewClaimed), await facts(w, incident_id, ReviewViewed)
    assert (claimed.reader, viewed.candidates) == (viewed.reader, 2)


async def test_what_disagrees_comes_first(w: Whole) -> None:
    incident_id = await posted(w, report_of("HELD-2", PAIR | {"upn": "", "school": {"name": "Testwood Primary"}, "postcode": "ZZ99 1AA"}))
    case = await (await Reviewer.at(w)).case(incident_id)
    verdicts = [part.split('data-verdict="')[1].split('"')[0] for part in case.split("data-field=")[1:6]]
    assert verdicts == sorted(verdicts, key=("differs", "not known", "agrees").index)
    assert verdicts[0] == "differs"


async def test_of_two_who_claim_at_once_one_has_it_until_it_falls_free(w: Whole) -> None:
    incident_id = await posted(w, HELD)
    one, two = await Reviewer.at(w), await Reviewer.at(w)
    answers = await asyncio.gather(one.claim(incident_id), two.claim(incident_id))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    winner, loser = (one, two) if answers[0].status_code == 303 else (two, one)
    assert "Another reviewer has this case" in answers[1 if winner is one else 0].text
    w.clock.move_to(w.clock.now() + timedelta(minutes=19))
    assert "Samename" in await winner.get(f"/desk/cases/{incident_id}")
    w.clock.move_to(w.clock.now() + timedelta(minutes=19))
    assert (await loser.claim(incident_id)).status_code == 409  # working has renewed it
    w.clock.move_to(w.clock.now() + timedelta(minutes=2))
    assert (await loser.claim(incident_id)).status_code == 303
    assert "You do not have this case" in await winner.get(f"/desk/cases/{incident_id}")
    assert (await loser.post(f"/desk/cases/{incident_id}/release")).status_code == 303
    assert (await winner.claim(incident_id)).status_code == 303


async def test_anothers_case_is_not_there(w: Whole) -> None:
    incident_id = await posted(w, HELD)
    reviewer = await Reviewer.at(w)
    [review_id] = reviews_on(await reviewer.case(incident_id))
    for scope in (Scope.force("otherforce"), Scope.authority("998")):
        stranger = await Reviewer.at(w, scope, Role.LEAD)
        assert "Nobody is held" in await stranger.get("/desk")
        assert (await stranger.claim(incident_id)).status_code == 404
        for path in (f"/desk/cases/{incident_id}", f"/desk/reviews/{review_id}/team"):
            answer = await stranger.browser.get(path)
            assert (answer.status_code, "Samename" in answer.text) == (404, False)
        for step in ("confirm", "settle", "search", "ask", "places"):
            answer = await stranger.post(f"/desk/reviews/{review_id}/{step}", choice="team:testshire-police-hub", version="1", place="Test")
            assert (answer.status_code, "Samename" in answer.text) in ((404, False), (422, False)), step
    assert (await (await Reviewer.at(w, role=Role.COORDINATOR)).browser.get("/desk")).status_code == 403


async def test_escalated_first_and_a_page_at_a_time_and_never_a_sandbox(w: Whole) -> None:
    for number in range(CASES_EACH_PAGE + 1):
        assert (await w.post_report(report_of(f"R-{number:02d}", PAIR))).status_code == 202
    await w.settle()
    reviewer = await Reviewer.at(w)
    pages = [await reviewer.get(f"/desk?page={number}") for number in (1, 2)]
    assert [page.count("data-case=") for page in pages] == [CASES_EACH_PAGE, 1]
    assert (await reviewer.get("/desk?show=mine")).count("data-case=") == 0
    await w.advance(MORNING)
    late = await posted(w, report_of("LATER", PAIR))
    reviewer = await Reviewer.at(w)
    assert "Escalated" in await reviewer.get("/desk")
    assert late not in await reviewer.get("/desk")
    assert late in await reviewer.get("/desk?page=2")
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(router_review).where(router_review.c.incident_id == late).values(sandbox=True))
    assert late not in await reviewer.get("/desk?page=2")
    assert (await reviewer.claim(late)).status_code == 404


async def test_a_restricted_record_is_nobodys_to_see_and_a_leads_to_settle(w: Whole) -> None:
    incident_id = await posted(w, report_of("HELD-3", RESTRICTED))
    reviewer = await Reviewer.at(w)
    case = await reviewer.case(incident_id)
    assert "One record is restricted" in case
    [review_id] = reviews_on(case)
    assert "pupil:" not in case
    team = f"team:{LEAD}"
    assert (await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=team)).status_code == 403
    assert (await reviewer.settle(incident_id, review_id, team)).status_code == 403
    await reviewer.post(f"/desk/cases/{incident_id}/release")
    lead = await Reviewer.at(w, role=Role.LEAD)
    assert "pupil:" not in await lead.case(incident_id)
    assert (await lead.settle(incident_id, review_id, team)).status_code == 303


async def test_a_search_that_meets_a_restricted_record_of_that_child_makes_the_case_a_leads(w: Whole) -> None:
    born = {"date_of_birth": RESTRICTED["date_of_birth"]}
    incident_id = await posted(w, report_of("HELD-5", child("C1", "Another Nameson", born["date_of_birth"])))
    reviewer = await Reviewer.at(w)
    [review_id] = reviews_on(await reviewer.case(incident_id))
    team = f"team:{LEAD}"
    assert (await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=team)).status_code == 200
    found = await reviewer.post(f"/desk/reviews/{review_id}/search", name=RESTRICTED["full_name"], year="2017", reason="other-name")
    assert "One record is restricted" in found.text
    assert "data-field=" not in found.text
    assert (await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=team)).status_code == 403
    assert (await reviewer.settle(incident_id, review_id, team)).status_code == 403


async def test_a_search_needs_a_reason_is_limited_and_recorded(w: Whole) -> None:
    incident_id = await posted(w, report_of("HELD-4", child("C1", "Samanda Somename", "2018-03-04")))
    reviewer = await Reviewer.at(w)
    [review_id] = reviews_on(await reviewer.case(incident_id))
    path = f"/desk/reviews/{review_id}/search"
    alone = await reviewer.post(path, name="Samanda Samename", reason="spelling")
    assert (alone.status_code, "A name alone finds nobody" in alone.text) == (422, True)
    unreasoned = await reviewer.post(path, name="Samanda Samename", year="2018")
    assert (unreasoned.status_code, "Choose why you search" in unreasoned.text) == (422, True)
    found = await reviewer.post(path, name="Samanda Samename", year="2018", reason="spelling")
    assert found.text.count("data-field=") == 10
    assert [(one.reason, one.found) for one in await facts(w, incident_id, RollSearched)] == [("spelling", 2)]
    restricted = await reviewer.post(path, name=RESTRICTED["full_name"], year="2017", reason="other-name")
    assert "restricted" not in restricted.text  # it is not this child: a search is no way to learn of others
    assert "data-field=" not in restricted.text
    answers = [await reviewer.post(path, name="No Body", year="2018", reason="spelling") for _ in range(9)]
    assert [answer.status_code for answer in answers] == [200] * 8 + [422]
    assert "searched too often" in answers[-1].text
    w.clock.move_to(w.clock.now() + timedelta(minutes=1))
    assert (await reviewer.post(path, name="No Body", year="2018", reason="spelling")).status_code == 200


async def test_another_desk_that_is_asked_has_a_deadline_of_its_own_and_escalates(w: Whole) -> None:
    incident_id = await posted(w, HELD)
    reviewer, lead = await Reviewer.at(w), await Reviewer.at(w, Scope.authority(AUTHORITY), Role.LEAD)
    assert "Nobody is held" in await lead.get("/desk")
    [review_id] = reviews_on(await reviewer.case(incident_id))
    assert (await reviewer.post(f"/desk/reviews/{review_id}/ask", team="nobody")).status_code == 422
    await w.advance_by(timedelta(hours=1))
    assert (await reviewer.claim(incident_id)).status_code == 303
    assert (await reviewer.post(f"/desk/reviews/{review_id}/ask", team=LEAD)).status_code == 303
    [asked] = await facts(w, incident_id, ReviewAsked)
    assert (asked.owner, asked.review_deadline_at > w.clock.now()) == (LEAD, True)
    assert "Testshire safeguarding lead" in await lead.get("/desk")
    assert (await lead.claim(incident_id)).status_code == 303  # asking let it go
    await w.advance(asked.review_deadline_at)
    [escalated] = await facts(w, incident_id, ReviewEscalated)
    assert escalated.owner == "testshire-police-hub"
    assert await w.outcomes(incident_id) == ["held"]


async def test_whoever_is_labelled_as_an_adult_of_the_report_cannot_claim_it(w: Whole) -> None:
    incident_id = await posted(w, HELD)
    relative = await Reviewer.at(w, OF_FORCE, label="SAMVELA Grownup")
    answer = await relative.claim(incident_id)
    assert (answer.status_code, "adult" in answer.text) == (403, False)


async def test_a_correction_that_names_her_ends_what_she_has_claimed(w: Whole) -> None:
    incident_id = await posted(w, HELD)
    relative = await Reviewer.at(w, OF_FORCE, label="NEWCOMER, Mrs Samolda")
    [review_id] = reviews_on(await relative.case(incident_id))
    adults = [*HELD["adults"], {"reference": "A2", "full_name": "Samolda Newcomer", "role": "suspect"}]
    whole = {**await w.headers(), "If-Match": "*"}
    assert (await w.client.put(f"/v1/incidents/{incident_id}", json=HELD | {"adults": adults}, headers=whole)).status_code == 202
    await w.settle()
    seen = [await relative.browser.get(f"/desk/{path}") for path in (f"cases/{incident_id}", f"reviews/{review_id}/search")]
    asked = await relative.post(f"/desk/reviews/{review_id}/search", name="Samanda Samename", year="2018", reason="spelling")
    settled = await relative.settle(incident_id, review_id, f"team:{LEAD}", 2)
    assert [answer.status_code for answer in (*seen, asked, settled)] == [403] * 4
    assert not any("Samanda" in answer.text for answer in (*seen, asked))
