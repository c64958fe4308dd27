"""A typed report is put right by a form: by a coordinator of its force, all of it at once, in the version that was read."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from services.ingest.domain.entry import SYSTEM
from services.ingest.handlers import Accepted, Intake, received
from services.ingest.handlers_correct import Corrections
from services.ingest.handlers_entry import Entry
from services.ingest.handlers_show import Views
from services.ingest.keys_internal import internal_key
from shared.db import journal
from shared.db.tables import metadata
from shared.errors import NotAllowed
from shared.events import IncidentViewed, NotificationRevised
from shared.scope import Scope
from shared.web.sessions import Role
from tests.contract.test_entry import CHILD, REPORT, go, hidden, typed
from tests.directory_samples import FORCE
from tests.samples import sample_report
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


async def press(browser: httpx.AsyncClient, address: str, page: httpx.Response, to: str, **values: str) -> httpx.Response:
    """Press a button of a page of the correction."""
    names = ("step", "kept", "version")
    own = {"csrf": hidden_token(page), "go": to} | {name: hidden(page, name) for name in names}
    return await browser.post(address, data=own | values)


async def stands_in(w: Whole, incident_id: str) -> int:
    table = metadata.tables["ingest_incident"]
    async with w.parts.database.reading() as reading:
        return int((await reading.execute(select(table.c.incident_version).where(table.c.incident_id == incident_id))).scalar_one())


async def test_a_coordinator_puts_a_typed_report_right_and_it_is_told_as_it_is_now(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    address = f"/reports/correct/{incident_id}"
    assert address in (await browser.get(f"/reports/sent/{incident_id}")).text
    everything = await browser.get(address)
    assert CHILD["full_name"] in everything.text
    incident = await press(browser, address, everything, "page:incident")
    checked = await press(browser, address, incident, "check", reference="H-1", type="domestic-abuse", place_kind="online")
    answer = await press(browser, address, checked, "send")
    assert answer.status_code == 303
    assert "version 2" in (await browser.get(answer.headers["location"])).text
    assert await stands_in(w, incident_id) == 2
    await w.settle()
    async with w.parts.database.reading() as reading:
        facts = [envelope.fact for envelope in await journal.of_incident(reading, incident_id)]
    assert {NotificationRevised, IncidentViewed} <= {type(fact) for fact in facts}, "told anew, and that it was opened is on record"


async def test_what_is_sent_as_it_was_changes_nothing(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    address = f"/reports/correct/{incident_id}"
    answer = await press(browser, address, await browser.get(address), "send")
    assert answer.status_code == 303
    assert await stands_in(w, incident_id) == 1


async def test_a_child_who_is_removed_is_withdrawn_and_who_comes_instead_is_somebody_else(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    address = f"/reports/correct/{incident_id}"
    child = await press(browser, address, await browser.get(address), "page:child-1")
    without = await press(browser, address, child, "remove")
    another = await press(browser, address, without, "child")
    checked = await press(browser, address, another, "check", full_name="Sample Testwood")
    assert (await press(browser, address, checked, "send")).status_code == 303
    await w.settle()
    told = {one["reference"]: one["outcome"] for one in (await w.incident(incident_id))["children"]}
    assert told == {"C1": "excluded", "C2": "held"}


async def test_a_version_that_nobody_has_read_is_not_replaced(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    address = f"/reports/correct/{incident_id}"
    page = await browser.get(address)
    for version in ("2", "", "x"):
        answer = await press(browser, address, page, "send", version=version)
        assert (answer.status_code, "has changed since you opened it" in answer.text) == (422, True)
    assert await stands_in(w, incident_id) == 1


async def test_the_reference_stays(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    address = f"/reports/correct/{incident_id}"
    incident = await press(browser, address, await browser.get(address), "page:incident")
    checked = await press(browser, address, incident, "check", reference="H-2", type="domestic-abuse")
    answer = await press(browser, address, checked, "send")
    assert (answer.status_code, "The reference stays" in answer.text) == (422, True)


async def test_a_withdrawn_report_is_not_put_right(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    incident_id = await sent(w, browser)
    page = await browser.get(f"/reports/withdraw/{incident_id}")
    form = {"csrf": hidden_token(page), "version": "1", "reason": "wrong-person"}
    assert (await browser.post(f"/reports/withdraw/{incident_id}", data=form)).status_code == 303
    assert (await browser.get(f"/reports/correct/{incident_id}")).status_code == 404


@pytest.mark.parametrize(("label", "flags", "is_opened"), [("", [], True), ("MR Al Adult", [], False), ("", ["refuge"], False)])
async def test_nobody_opens_a_report_of_her_own_family_or_one_that_hides_somebody(
    w: Whole, label: str, flags: list[str], is_opened: bool
) -> None:
    parts = w.parts
    intake = Intake(database=parts.database, vault=parts.vault, retention_months=6)
    corrections = Corrections(database=parts.database, vault=parts.vault)
    views = Views(database=parts.database, vault=parts.vault, clock=parts.clock)
    entry = Entry(database=parts.database, clock=parts.clock, intake=intake, corrections=corrections, views=views)
    adults = [{"reference": "A1", "full_name": "Al Adult", "role": "suspect"}]
    body = sample_report(system=SYSTEM, reference="H-9", adults=adults, conditions=[], handling_flags=flags)
    async with parts.database.transaction() as tx:
        key_id = await internal_key(tx, FORCE, "Hand entry")
    [answer] = await intake.accept([received(json.dumps(body).encode(), force=FORCE, key_id=key_id, received_at=parts.clock.now())])
    assert isinstance(answer, Accepted)
    asked = entry.again(answer.receipt.incident_id, Scope.force(FORCE), session_id="s1", label=label)
    if is_opened:
        assert (await asked)[1] == 1
    else:
        with pytest.raises(NotAllowed):
            await asked
