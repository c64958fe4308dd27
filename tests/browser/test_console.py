"""Console's pages in a real browser, 360 pixels wide and on a desk, with and without scripts."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from services import composition
from shared.clock import ManualClock
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role
from tests.browser.screens import assert_accessible, browser, keep_picture, meanwhile, phone
from tests.facts import DEADLINE, FORCE, escalated, held, late, opened, received, routed
from tests.samples import sample_report
from tests.web import at_rest, served
from tests.whole import NIGHT, settings, whole

__all__ = ["browser", "phone"]

pytestmark = pytest.mark.browser

REPORT = sample_report(seed=1)
SITE = "http://127.0.0.1"
PAGES = {
    "/console": Role.COORDINATOR,
    "/console/reviews": Role.REVIEWER,
    "/console/parked": Role.OPERATOR,
    "/console/readiness": Role.COORDINATOR,
    "/console/calendar?of=900001&year=2026": Role.COORDINATOR,
}


async def prepared(url: str, folder: Path) -> dict[Role, str]:
    """An installation in which there is something to see on every page; a sign-in link's token for each role."""
    async with whole(url, folder, reports=[REPORT]) as w:
        incident_id = (await w.post_report(REPORT)).json()["incident_id"]
        await w.settle()
        await w.park(incident_id)
        soon = DEADLINE - timedelta(hours=8, minutes=50)
        told = [routed("2", "900002", "a", "b", deadline_at=soon), opened("2", "900002", "a", "b", deadline_at=soon)]
        passed_on = [held("3", "c", owner="testshire-police-hub"), escalated("3", "c", "testshire-safeguarding-lead")]
        async with w.parts.database.transaction() as tx:
            await tx.record("notifier", [received("2", "a", "b"), *told, late("2", "900002", owner="testshire-phone-desk")])
            await tx.record("router", [received("3", "c"), *passed_on])
            return {role: await sessions.new_sign_in(tx, role, Scope.force(FORCE), w.clock.real()) for role in Role}


@pytest.fixture
def links(sqlite_template: Path, tmp_path: Path) -> dict[Role, str]:
    (tmp_path / "test.db").write_bytes(sqlite_template.read_bytes())
    return meanwhile(prepared(_url(tmp_path), tmp_path))


@pytest.fixture
def site(links: dict[Role, str], tmp_path: Path) -> Iterator[str]:
    parts = composition.parts(settings(_url(tmp_path), tmp_path, public_url=SITE), ManualClock(NIGHT + timedelta(minutes=1)))
    with served(composition.application(composition.process(parts), running=at_rest(parts)), lifespan="on") as address:
        yield address


def _url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/test.db"


def sign_in(page: Page, site: str, token: str) -> None:
    page.goto(f"{site}/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Start")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_each_page_on_a_phone_and_on_a_desk(phone: Page, site: str, links: dict[Role, str], path: str, tmp_path: Path) -> None:
    sign_in(phone, site, links[PAGES[path]])
    phone.goto(site + path)
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "phone")
    phone.set_viewport_size({"width": 1200, "height": 900})
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "desk")


def test_trying_again_by_keyboard_without_scripts(browser: Browser, site: str, links: dict[Role, str]) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    sign_in(page, site, links[Role.OPERATOR])
    page.get_by_role("link", name="Parked facts").first.click()
    page.get_by_role("button", name="Try again incident.received of router").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("It will be tried again within seconds")).to_be_visible()
    expect(page.get_by_text("Nothing is parked.")).to_be_visible()
    context.close()
