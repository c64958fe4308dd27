"""The public page of support in a real browser: on a phone, by keyboard, with and without scripts, and away at once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from services import composition
from services.console.pages_support import EXIT_TO
from shared.clock import ManualClock
from tests.browser.screens import assert_accessible, browser, keep_picture, meanwhile, phone
from tests.directory_samples import AUTHORITY
from tests.web import at_rest, served
from tests.whole import NIGHT, settings, whole

__all__ = ["browser", "phone"]

pytestmark = pytest.mark.browser

SITE = "http://127.0.0.1"


async def prepared(url: str, folder: Path) -> None:
    async with whole(url, folder):
        pass


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "test.db").write_bytes(sqlite_template.read_bytes())
    url = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    meanwhile(prepared(url, tmp_path))
    parts = composition.parts(settings(url, tmp_path, public_url=SITE), ManualClock(NIGHT + timedelta(minutes=1)))
    with served(composition.application(composition.process(parts), running=at_rest(parts)), lifespan="on") as address:
        yield address


@pytest.mark.parametrize("path", ["/support", f"/support?area={AUTHORITY}", f"/support?area={AUTHORITY}&when=break"])
def test_on_a_phone_and_on_a_desk(phone: Page, site: str, path: str, tmp_path: Path) -> None:
    phone.goto(site + path)
    expect(phone).to_have_title("Support")
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "phone")
    phone.set_viewport_size({"width": 1200, "height": 900})
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "desk")


def left_for(page: Page) -> list[str]:
    """Where the browser goes from here on; nothing leaves this machine."""
    gone: list[str] = []

    def leave(route: Route) -> None:
        gone.append(route.request.url)
        route.fulfill(body="Rain")

    page.route(f"{EXIT_TO}**", leave)
    return gone


def test_it_leaves_by_one_press_and_by_the_shift_key_three_times(phone: Page, site: str) -> None:
    gone = left_for(phone)
    phone.goto(f"{site}/support")
    phone.get_by_role("button", name="Exit this page").click()
    expect(phone.get_by_text("Rain")).to_be_visible()
    phone.goto(f"{site}/support")
    for _ in range(3):
        phone.keyboard.press("Shift")
    expect(phone.get_by_text("Rain")).to_be_visible()
    assert len(gone) == 2


def test_without_scripts_it_is_a_link_and_an_area_is_chosen_by_keyboard(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    gone = left_for(page)
    page.goto(f"{site}/support")
    page.get_by_label("Area").select_option(AUTHORITY)
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("0808 2000 247")).to_be_visible()
    page.get_by_role("button", name="Exit this page").click()
    expect(page.get_by_text("Rain")).to_be_visible()
    assert gone == [EXIT_TO]
    context.close()
