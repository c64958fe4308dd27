"""The frame in a real browser, 360 pixels wide: the layout's pages and the whole way in and out."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shared.clock import SystemClock
from shared.db import Database
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role
from tests.browser.screens import assert_accessible, browser, keep_picture, meanwhile, phone
from tests.web import served, tiny_app, tiny_frame

__all__ = ["browser", "phone"]

pytestmark = pytest.mark.browser


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    copy = tmp_path / "test.db"
    copy.write_bytes(sqlite_template.read_bytes())
    return f"sqlite+aiosqlite:///{copy}"


@pytest.fixture
def site(sqlite_url: str) -> Iterator[str]:
    clock = SystemClock()
    database = Database.at(sqlite_url, clock)
    frame = tiny_frame(database, clock, public_url="http://127.0.0.1", demo=True)
    with served(tiny_app(frame), database=database) as address:
        yield address


def new_link(url: str, role: Role) -> str:
    """A sign-in made by another process, as the command line does it."""

    async def made() -> str:
        clock = SystemClock()
        database = Database.at(url, clock)
        async with database.transaction() as tx:
            token = await sessions.new_sign_in(tx, role, Scope.force("99"), clock.real(), timedelta(hours=1))
        await database.close()
        return token

    return meanwhile(made())


@pytest.mark.parametrize("path", ["/visit", "/visit?error=1", "/sign-in", "/signed-out", "/nowhere", "/failures/unforeseen"])
def test_public_pages_on_a_phone(phone: Page, site: str, path: str, tmp_path: Path) -> None:
    phone.goto(site + path)
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "public")


def test_the_error_summary_takes_the_focus(phone: Page, site: str) -> None:
    phone.goto(site + "/visit?error=1")
    expect(phone.locator(".govuk-error-summary")).to_be_focused()  # GOV.UK's script runs under our policy
    phone.get_by_role("link", name="Enter the code from the text message").click()
    expect(phone.get_by_label("Code")).to_be_focused()


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.REVIEWER])
def test_the_way_in_and_out_on_a_phone(phone: Page, site: str, sqlite_url: str, role: Role, tmp_path: Path) -> None:
    token = new_link(sqlite_url, role)
    phone.goto(f"{site}/sign-in/{token}")
    expect(phone).to_have_url(f"{site}/sign-in")
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "sign-in")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone).to_have_url(f"{site}/")
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "home")
    phone.get_by_role("button", name="Menu").click()
    expect(phone.get_by_role("link", name="Directory").first).to_be_visible()
    phone.get_by_role("link", name="Reviews").first.click()
    assert_accessible(phone)
    phone.goto(site + "/")
    phone.get_by_role("button", name="Sign out").click()
    expect(phone).to_have_url(f"{site}/signed-out")
    assert_accessible(phone)
    phone.goto(site + "/")
    expect(phone.get_by_role("heading", name="You need a sign-in link")).to_be_visible()


def test_arriving_from_a_message_on_another_site(phone: Page, site: str, sqlite_url: str) -> None:
    """A browser keeps Strict cookies back along the redirect after a click elsewhere: the link's own cookie must not be one."""
    elsewhere = site.replace("127.0.0.1", "localhost")
    phone.goto(f"{elsewhere}/visit")
    token = new_link(sqlite_url, Role.OPERATOR)
    phone.evaluate("address => { location.href = address }", f"{site}/sign-in/{token}")
    expect(phone.get_by_role("button", name="Sign in")).to_be_visible()
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("heading", name="Start")).to_be_visible()


def test_without_scripts_everything_works(browser: object, site: str, sqlite_url: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{site}/sign-in/{new_link(sqlite_url, Role.COORDINATOR)}")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("link", name="Directory").first.is_visible()
    page.get_by_role("button", name="Sign out").click()
    assert page.url == f"{site}/signed-out"
    context.close()
