"""A report typed by hand, in the whole application: what is sent is one incident, and nothing typed is lost on the way."""

import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from services.ingest.domain.entry import KEPT_CHARS_MOST, TOO_LONG, Typed
from shared.db.tables import metadata
from shared.report.parse import BODY_BYTES_MAX
from shared.scope import Scope
from shared.web.sessions import Role
from tests.directory_samples import AUTHORITY, FORCE
from tests.samples import sample_report
from tests.web import hidden_token
from tests.whole import Whole, whole

pytestmark = pytest.mark.sqlite_daily

NEW = "/reports/new"
REPORT = sample_report(seed=1)
CHILD = REPORT["children"][0]
BELIEVED = {f"believed_at-{part}": value for part, value in {"day": "19", "month": "11", "year": "2026", "time": "23:05"}.items()}


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as w:
        yield w


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found
    return found[1]


async def go(browser: httpx.AsyncClient, page: httpx.Response, to: str, **values: str) -> httpx.Response:
    """Press a button of ``page``."""
    own = {"csrf": hidden_token(page), "step": hidden(page, "step"), "kept": hidden(page, "kept"), "go": to}
    return await browser.post(NEW, data=own | values)


async def typed(browser: httpx.AsyncClient, reference: str, name: str = CHILD["full_name"]) -> httpx.Response:
    """The page of all answers: one child."""
    first = await browser.get(NEW)
    child = await go(browser, first, "child", reference=reference, type="domestic-abuse", **BELIEVED)
    year, month, day = CHILD["date_of_birth"].split("-")
    born = {"date_of_birth-day": day, "date_of_birth-month": month, "date_of_birth-year": year}
    return await go(browser, child, "check", full_name=name, school_name=CHILD["school"]["name"], **born)


async def incidents(w: Whole) -> list[str]:
    table = metadata.tables["ingest_incident"]
    async with w.parts.database.reading() as reading:
        return [row.reference for row in await reading.execute(select(table).where(table.c.system == "hand"))]


async def test_what_is_typed_becomes_one_incident_and_reaches_the_school(w: Whole) -> None:
    browser = await w.signed_in(Role.REVIEWER, Scope.force(FORCE))
    check = await typed(browser, "H-1")
    assert check.status_code == 200
    assert CHILD["full_name"] in check.text
    answers = [await go(browser, check, "send") for _ in range(2)]  # a double click
    assert [one.status_code for one in answers] == [303, 303]
    assert len({one.headers["location"] for one in answers}) == 1
    assert await incidents(w) == ["H-1"]
    receipt = await browser.get(answers[0].headers["location"])
    assert "Reference H-1" in receipt.text
    assert CHILD["full_name"] not in receipt.text
    await w.settle()
    assert w.mails()


async def test_a_reference_that_says_something_else_already_is_explained_and_nothing_is_sent(w: Whole) -> None:
    browser = await w.signed_in(Role.REVIEWER, Scope.force(FORCE))
    await go(browser, await typed(browser, "H-1"), "send")
    answer = await go(browser, await typed(browser, "H-1", "Another Testerby"), "send")
    assert answer.status_code == 409
    assert "was sent before" in answer.text
    assert "Another Testerby" in answer.text
    assert await incidents(w) == ["H-1"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_an_error_leads_to_its_field_and_loses_nothing(w: Whole) -> None:
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    wrong = BELIEVED | {"believed_at-day": "29", "believed_at-month": "3", "believed_at-time": "01:30"}
    page = await go(browser, await browser.get(NEW), "child", reference="H-2", brief_circumstances="the kettle", **wrong)
    assert page.status_code == 422
    assert 'href="#believed_at-time"' in page.text
    assert "The clocks skipped this hour" in page.text
    assert "the kettle" in page.text
    empty = await go(browser, await go(browser, page, "check", reference="H-2", **BELIEVED), "send")
    assert empty.status_code == 422
    assert 'href="#go-child"' in empty.text


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_fullest_page_beside_the_fullest_form_is_still_told_of_and_nothing_typed_is_thrown_away(w: Whole) -> None:
    browser = await w.signed_in(Role.REVIEWER, Scope.force(FORCE))
    wide = "\N{WOMAN}"  # twelve bytes in a form: no character takes more
    prose = Typed(pages={}).with_page("incident", {"reference": ["H-9"]})
    for step in ("child-1", "child-2", "child-3", "child-4", "child-5"):
        prose = prose.with_page(step, {one.name: [wide * one.chars_most] for one in prose.asked(step) if one.kind in ("text", "prose")})
    room = (KEPT_CHARS_MOST - len(prose.kept())) * 3 // 4 - len(', "brief_circumstances": [""]')
    brim = prose.with_page("incident", {"reference": ["H-9"], "brief_circumstances": ["x" * (room - 3)]})
    assert KEPT_CHARS_MOST - 8 <= len(brim.kept()) <= KEPT_CHARS_MOST
    last = {one.name: wide * one.chars_most for one in brim.asked("child-6") if one.kind in ("text", "prose")}
    page = await go(browser, await browser.get(NEW), "check", step="child-6", kept=brim.kept(), **last)
    assert page.status_code == 422
    assert TOO_LONG in page.text
    assert wide * 2_000 in page.text
    assert hidden(page, "kept") == brim.kept()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_only_a_force_types_and_reads_its_own(w: Whole) -> None:
    browser = await w.signed_in(Role.LEAD, Scope.force(FORCE))
    receipt = (await go(browser, await typed(browser, "H-3"), "send")).headers["location"]
    other = await w.signed_in(Role.LEAD, Scope.force("otherforce"))
    assert (await other.get(receipt)).status_code == 404
    area = await w.signed_in(Role.COORDINATOR, Scope.authority(AUTHORITY))
    assert (await area.get(NEW)).status_code == 403


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_more_than_one_report_may_hold_is_told_of_before_it_is_refused(w: Whole) -> None:
    browser = await w.signed_in(Role.REVIEWER, Scope.force(FORCE))
    page = await go(browser, await browser.get(NEW), "child", reference="H-4", **BELIEVED)
    pages = {"incident": {"reference": ["H-4"], "brief_circumstances": ["w" * 140_000]}}
    kept = base64.urlsafe_b64encode(json.dumps(pages).encode()).decode()
    long = await go(browser, page, "check", full_name="Sample Testwood", kept=kept)
    assert long.status_code == 422
    assert TOO_LONG in long.text
    assert "Sample Testwood" in long.text
    assert (await go(browser, page, "check", full_name="S", kept="w" * BODY_BYTES_MAX)).status_code == 413
    assert await incidents(w) == []
