"""What somebody who is signed in would try at the desks to read, choose or stop what is not hers (design sections 7.6 and 7.7)."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, select, update

from shared.db.tables.notifier import notifier_call, notifier_phone_task
from shared.db.tables.router import router_pupil, router_review, router_roll
from shared.db.tables.router_desk import router_settlement
from shared.scope import Scope
from shared.web.sessions import Role
from tests.desking import OF_FORCE, PAIR, Reviewer, posted, report_of, reviews_on
from tests.scenario.night import report_of as night_report
from tests.whole import MORNING, Whole, whole

pytestmark = pytest.mark.sqlite_daily

HELD = report_of("HELD-1", PAIR)
ROUTED = night_report("900001", seed=0)
ADULT = str(ROUTED["adults"][0]["full_name"])
OTHER_FORCE, OTHER_AUTHORITY = Scope.force("otherforce"), Scope.authority("998")


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[ROUTED]) as made:
        yield made


async def rows(w: Whole, table: Table) -> list[str]:
    async with w.parts.database.reading() as reading:
        return sorted(map(str, (await reading.execute(select(table))).mappings()))


async def owed(w: Whole) -> str:
    """The task of a call that is owed about ``ROUTED``."""
    await posted(w, ROUTED)
    await w.advance(MORNING + timedelta(hours=3))
    async with w.parts.database.reading() as reading:
        return str((await reading.execute(select(notifier_phone_task.c.phone_task_id))).scalars().first())


async def test_a_pupil_who_may_not_be_seen_is_refused_as_one_who_is_not_there(w: Whole) -> None:
    """A restricted one, and one of another area's roll: in the words of an id that was made up."""
    incident_id = await posted(w, HELD)
    reviewer = await Reviewer.at(w)
    [review_id] = reviews_on(page := await reviewer.case(incident_id))
    async with w.parts.database.transaction() as tx:
        pupils = (await tx.execute(select(router_pupil.c.pupil_id, router_pupil.c.restricted))).all()
        candidate = re.findall(r'value="pupil:([0-9a-f-]{36})"', page)[0]
        restricted = next(one.pupil_id for one in pupils if one.restricted)
    unknown = "00000000-0000-4000-8000-000000000000"
    said = [await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=f"pupil:{one}") for one in (unknown, restricted)]
    async with w.parts.database.transaction() as tx:
        await tx.execute(update(router_roll).values(authority="998"))
    said.append(await reviewer.post(f"/desk/reviews/{review_id}/confirm", choice=f"pupil:{candidate}"))
    assert [(one.status_code, "That pupil cannot be chosen." in one.text) for one in said] == [(422, True)] * 3
    for one in (unknown, restricted, candidate):
        assert (await reviewer.settle(incident_id, review_id, f"pupil:{one}")).status_code == 422
    assert await rows(w, router_settlement) == []


async def test_nobody_decides_a_case_that_another_has_or_that_is_elsewhere(w: Whole) -> None:
    incident_id = await posted(w, HELD)
    reviewer = await Reviewer.at(w)
    [review_id] = reviews_on(await reviewer.case(incident_id))
    assert (await reviewer.settle(incident_id, review_id, "excluded:over-18")).status_code == 303
    before = await rows(w, router_review), await rows(w, router_settlement)
    asked = {"choice": "excluded:over-18", "version": "1", "reason": "spelling", "name": "Samanda Samename", "year": "2018"}
    for scope, role in ((OF_FORCE, Role.LEAD), (OTHER_FORCE, Role.LEAD), (OTHER_AUTHORITY, Role.REVIEWER), (OF_FORCE, Role.OPERATOR)):
        other = await Reviewer.at(w, scope, role)
        ways = [f"/desk/reviews/{review_id}/{way}" for way in ("confirm", "settle", "undo", "search", "ask")]
        answers = [await other.claim(incident_id), *[await other.post(way, **asked, team="testshire-safeguarding-lead") for way in ways]]
        await other.post(f"/desk/cases/{incident_id}/release")
        assert {answer.status_code for answer in answers} <= {403, 404, 409}
        assert not any("Samanda" in answer.text for answer in answers)
    assert (await rows(w, router_review), await rows(w, router_settlement)) == before


async def test_a_caller_who_is_labelled_as_an_adult_is_shown_no_sheet(w: Whole) -> None:
    task_id = await owed(w)
    relative, caller = await Reviewer.at(w, role=Role.COORDINATOR, label=ADULT), await Reviewer.at(w, role=Role.COORDINATOR)
    assert (await relative.post(f"/calls/{task_id}/claim")).status_code == 403
    assert "Whom to ask for" not in await relative.get(f"/calls/{task_id}")
    assert (await caller.post(f"/calls/{task_id}/claim")).status_code == 303
    assert "Whom to ask for" in await caller.get(f"/calls/{task_id}")


async def test_a_call_is_nobody_s_elsewhere_and_not_an_operator_s(w: Whole) -> None:
    task_id = await owed(w)
    before = await rows(w, notifier_phone_task)
    for scope, role, status in ((OTHER_FORCE, Role.LEAD, 404), (OTHER_AUTHORITY, Role.COORDINATOR, 404), (OF_FORCE, Role.OPERATOR, 403)):
        other = await Reviewer.at(w, scope, role)
        assert (await other.post(f"/calls/{task_id}/claim")).status_code == status
        await other.post(f"/calls/{task_id}", outcome="no-answer")
        assert "Testwood" not in await other.get("/calls") + await other.get(f"/calls/{task_id}")
    assert await rows(w, notifier_phone_task) == before


async def test_a_caller_says_only_what_the_sheet_offers(w: Whole) -> None:
    """That no passphrase is on record is the directory's to say: it passes the call to another team."""
    task_id = await owed(w)
    caller = await Reviewer.at(w, role=Role.COORDINATOR)
    await caller.post(f"/calls/{task_id}/claim")
    before = await rows(w, notifier_phone_task)
    assert "Choose what came of the call" in (await caller.post(f"/calls/{task_id}", outcome="no-passphrase")).text
    assert (await rows(w, notifier_phone_task), await rows(w, notifier_call)) == (before, [])
