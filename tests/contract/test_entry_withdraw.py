"""A typed report is taken back by a form: by a coordinator of its force, for a reason, in the version that was read."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.scope import Scope
from shared.web.sessions import Role
from tests.contract.test_entry import CHILD, REPORT, go, typed
from tests.directory_samples import FORCE
from tests.web import hidden_token
from tests.whole import Whole, whole

pytestmark = pytest.mark.sqlite_daily


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as w:
        yield w


async def sent(w: Whole, browser: httpx.AsyncClient) -> str:
    """The number of a typed report that has reached the school."""
    answer = await go(browser, await typed(browser, "H-1"), "send")
    await w.settle()
    return answer.headers["location"].rpartition("/")[2]


async def test_a_coordinator_withdraws_a_typed_report_and_whoever_was_told_hears_it(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    told = {mail.to for mail in w.mails()}
    assert told
    address = f"/reports/withdraw/{incident_id}"
    assert address in (await browser.get(f"/reports/sent/{incident_id}")).text
    page = await browser.get(address)
    form = {"csrf": hidden_token(page), "version": "1"}
    empty = await browser.post(address, data=form)
    assert empty.status_code == 422
    assert 'href="#reason"' in empty.text
    answers = [await browser.post(address, data=form | {"reason": "wrong-person"}) for _ in range(2)]  # a double click
    assert [one.status_code for one in answers] == [303, 303]
    receipt = await browser.get(answers[0].headers["location"])
    assert "Report withdrawn" in receipt.text
    assert CHILD["full_name"] not in page.text + receipt.text
    before = len(w.mails())
    await w.settle()
    assert {mail.to for mail in w.mails()[before:]} == told
    assert (await w.incident(incident_id))["withdrawn_at"]


async def test_a_version_that_nobody_has_read_is_not_withdrawn(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    address = f"/reports/withdraw/{incident_id}"
    token = hidden_token(await browser.get(address))
    for version in ("2", "", "x"):
        answer = await browser.post(address, data={"csrf": token, "reason": "other", "version": version})
        assert answer.status_code == 422
        assert "has changed since" in answer.text
    assert (await w.incident(incident_id))["withdrawn_at"] is None


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_nobody_else_withdraws_it_and_nothing_that_came_another_way(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    posted = (await w.post_report(REPORT)).json()["incident_id"]
    assert (await browser.get(f"/reports/withdraw/{posted}")).status_code == 404
    other = await w.signed_in(Role.COORDINATOR, Scope.force("otherforce"))
    assert (await other.get(f"/reports/withdraw/{incident_id}")).status_code == 404
    reviewer = await w.signed_in(Role.REVIEWER, Scope.force(FORCE))
    assert (await reviewer.get(f"/reports/withdraw/{incident_id}")).status_code == 403
    assert "/reports/withdraw/" not in (await reviewer.get(f"/reports/sent/{incident_id}")).text
