"""Typing a report in a real browser, without scripts: on a phone and on a desk, by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from services import composition
from shared.calendar import london_date
from shared.clock import ManualClock
from shared.scope import Scope
from shared.vault import custody
from shared.web import sessions
from shared.web.sessions import Role
from tests.browser.screens import assert_accessible, browser, keep_picture, meanwhile
from tests.directory_samples import FORCE
from tests.web import at_rest, served
from tests.whole import KEYRING, NIGHT, settings

__all__ = ["browser"]

pytestmark = pytest.mark.browser

SITE = "http://127.0.0.1"


async def signed(url: str, folder: Path) -> str:
    """A coordinator's sign-in link's token."""
    custody.init(folder / KEYRING, london_date(NIGHT))
    parts = composition.parts(settings(url, folder, public_url=SITE), ManualClock(NIGHT))
    async with parts.database.transaction() as tx:
        token = await sessions.new_sign_in(tx, Role.COORDINATOR, Scope.force(FORCE), parts.clock.real())
    await parts.database.close()
    return token


@pytest.fixture
def page(sqlite_template: Path, tmp_path: Path, browser: Browser) -> Iterator[Page]:
    (tmp_path / "test.db").write_bytes(sqlite_template.read_bytes())
    url = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    token = meanwhile(signed(url, tmp_path))
    parts = composition.parts(settings(url, tmp_path, public_url=SITE), ManualClock(NIGHT))
    with served(composition.application(composition.process(parts), running=at_rest(parts)), lifespan="on") as address:
        context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
        page = context.new_page()
        page.goto(f"{address}/sign-in/{token}")
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{address}/reports/new")
        yield page
        context.close()


def looked_at(page: Page, folder: Path, name: str) -> None:
    for width in (1200, 360):
        page.set_viewport_size({"width": width, "height": 800})
        keep_picture(page, folder, f"{name}-{width}")
    assert_accessible(page)


def test_a_report_is_typed_sent_put_right_and_withdrawn_on_a_phone_by_keyboard(page: Page, tmp_path: Path) -> None:
    looked_at(page, tmp_path, "incident")
    page.get_by_role("button", name="Save and add an adult").press("Enter")
    page.get_by_label("Full name").fill("Tesmina Testerby")
    page.get_by_role("button", name="Save and add a child").press("Enter")
    page.get_by_role("button", name="Save and check the answers").press("Enter")
    looked_at(page, tmp_path, "errors")
    page.get_by_role("link", name="Enter the child’s full name").press("Enter")
    expect(page.get_by_label("Full name")).to_be_focused()
    page.keyboard.type("Samiro Testerby")
    page.get_by_role("button", name="Save and check the answers").press("Enter")
    looked_at(page, tmp_path, "check")
    page.get_by_role("button", name="Send the report").press("Enter")
    expect(page.get_by_role("heading", name="Report received")).to_be_visible()
    assert "Testerby" not in page.url + page.content()
    looked_at(page, tmp_path, "sent")
    page.get_by_role("link", name="Correct this report").press("Enter")
    looked_at(page, tmp_path, "correct")
    page.get_by_role("button", name="Change child 1").press("Enter")
    page.get_by_label("Known as").fill("Sam Testerby")
    page.get_by_role("button", name="Save and check the answers").press("Enter")
    page.get_by_role("button", name="Send the correction").press("Enter")
    expect(page.get_by_text("version 2")).to_be_visible()
    page.get_by_role("link", name="Withdraw this report").press("Enter")
    page.get_by_role("button", name="Withdraw the report").press("Enter")
    looked_at(page, tmp_path, "withdraw-errors")
    page.get_by_role("link", name="Say why the report is withdrawn").press("Enter")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Withdraw the report").press("Enter")
    expect(page.get_by_role("heading", name="Report withdrawn")).to_be_visible()
    assert "Testerby" not in page.url + page.content()
    looked_at(page, tmp_path, "withdrawn")
