"""A school's whole way in a real browser, 360 pixels wide: from the link to *I am acting on this today*, by touch and by keyboard alone,
with and without scripts, axe over every page."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from shared.clock import ManualClock
from shared.db import Database
from shared.directory import BankHolidays, Directory
from shared.events import IncidentRouted
from shared.vault import Vault
from tests.browser.screens import PHONE, assert_accessible, browser, keep_picture, meanwhile, phone
from tests.contract.notifier_world import DSL, DSL_PHONE, KEYRING, MONDAY, World, a_world
from tests.samples import sample_report
from tests.web import served

__all__ = ["browser", "phone"]

pytestmark = pytest.mark.browser

MORNING = MONDAY.replace(hour=6, minute=50)
REPORT = sample_report(seed=4)
FIRST, SECOND = (child["full_name"] for child in REPORT["children"][:2])
TABS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the pages are, and the world whose channels hold links and codes."""

    address: str
    world: World
    url: str
    fact: IncidentRouted

    @property
    def link(self) -> str:
        return f"{self.address}/m/{self.world.token(DSL, 0)}"

    @property
    def code(self) -> str:
        return self.world.code(DSL_PHONE)


async def told(url: str, folder: Path) -> tuple[World, IncidentRouted]:
    """A school that has been told of two children; the channels hold its messages."""
    clock = ManualClock(MORNING)
    database = Database.at(url, clock)
    world = await a_world(database, clock, folder / "directory")
    fact = await world.opened("C1", "C2", body=REPORT)
    await world.settle()
    await database.close()
    return world, fact


async def corrected(site: Site) -> None:
    """The report is told anew: one child was somewhere else, the other is not in it any more."""
    database = Database.at(site.url, site.world.clock)
    world = replace(site.world, database=database)

    def change(body: dict[str, Any]) -> None:
        body["children"].pop(1)
        body["children"][0].update(presence="elsewhere")
        body["conditions"].clear()

    await world.handle(await world.corrected(site.fact, 2, change, "C1"))
    await database.close()


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    url = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    (tmp_path / "test.db").write_bytes(sqlite_template.read_bytes())
    before, fact = meanwhile(told(url, tmp_path))
    vault = Vault(KEYRING, before.clock)
    world = World(
        database=Database.at(url, before.clock),
        clock=before.clock,
        vault=vault,
        directory=Directory(vault, BankHolidays.bundled()),
        email=before.email,
        sms=before.sms,
        reported=before.reported,
        journaled=before.journaled,
    )
    with served(world.app("http://127.0.0.1"), database=world.database) as address:
        yield Site(address=address, world=world, url=url, fact=fact)


def enter(page: Page, site: Site) -> None:
    """Link, code, and the first page of the visit."""
    page.goto(site.link)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").fill(site.code)
    page.get_by_role("button", name="Open the message").click()
    expect(page.get_by_role("heading", name="Are these children yours?")).to_be_visible()


def choose(page: Page, name: str, answer: str) -> None:
    page.get_by_role("group", name=name).get_by_label(answer, exact=True).check()


def test_the_whole_way_on_a_phone(phone: Page, site: Site, tmp_path: Path) -> None:
    def looked_at(name: str) -> None:
        assert_accessible(phone)
        keep_picture(phone, tmp_path, name)

    phone.goto(site.link)
    assert phone.url == f"{site.address}/message"
    looked_at("1-arrival")
    phone.get_by_role("button", name="Send me a code").click()
    looked_at("2-code")
    phone.get_by_role("button", name="Open the message").click()
    expect(phone.get_by_role("link", name="Enter the 6 digits of the code")).to_be_visible()
    looked_at("3-code-missing")
    phone.get_by_label("Code").fill(site.code)
    phone.get_by_role("button", name="Open the message").click()
    looked_at("4-children")
    choose(phone, FIRST, "Yes, on our roll")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("group", name=FIRST).get_by_label("Yes, on our roll")).to_be_checked()
    looked_at("5-children-missing")
    choose(phone, SECOND, "No, not ours")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", name=FIRST)).to_be_visible()
    expect(phone.get_by_text(SECOND)).to_have_count(0)
    looked_at("6-content")
    phone.get_by_role("button", name="I am acting on this today").click()
    expect(phone.get_by_role("heading", name="You are acting on this today")).to_be_visible()
    looked_at("7-done")
    phone.get_by_role("link", name="Read the message again").click()
    looked_at("8-again")
    phone.get_by_role("button", name="Not you, or finished? Close the message").click()
    looked_at("9-closed")
    phone.goto(site.link)
    expect(phone.get_by_text("by you")).to_be_visible()
    looked_at("10-picked-up")


def test_a_child_that_is_not_theirs_and_a_link_that_has_ended(phone: Page, site: Site, tmp_path: Path) -> None:
    enter(phone, site)
    choose(phone, FIRST, "No, not ours")
    choose(phone, SECOND, "No, has left")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", name="Thank you: the message is taken back")).to_be_visible()
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "recalled")
    phone.goto(site.link)
    expect(phone.get_by_role("heading", name="This link has ended")).to_be_visible()
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "ended")


def test_a_report_that_changes_while_it_is_read(phone: Page, site: Site, tmp_path: Path) -> None:
    enter(phone, site)
    for name in (FIRST, SECOND):
        choose(phone, name, "Yes, on our roll")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", name=FIRST)).to_be_visible()
    meanwhile(corrected(site))
    phone.get_by_role("button", name="I am acting on this today").click()
    expect(phone.get_by_role("link", name="This changed while you were reading: read it again, then answer")).to_be_visible()
    changes = phone.get_by_role("region", name="What changed since you last read this")
    expect(changes.get_by_text(f"{FIRST}: Who must not collect")).to_be_visible()
    expect(changes.get_by_text("A child was taken out")).to_be_visible()
    expect(phone.get_by_text(SECOND)).to_have_count(0)
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "changed")
    phone.get_by_role("button", name="I am acting on this today").click()
    expect(phone.get_by_role("heading", name="You are acting on this today")).to_be_visible()


def test_passing_it_on(phone: Page, site: Site, tmp_path: Path) -> None:
    enter(phone, site)
    choose(phone, FIRST, "Yes, on our roll")
    choose(phone, SECOND, "Yes, on our roll")
    phone.get_by_role("button", name="Continue").click()
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "two-children")
    phone.get_by_role("button", name="Seen, cannot act: pass it on").click()
    expect(phone.get_by_role("heading", name="You have passed it on")).to_be_visible()
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "passed-on")


def test_on_paper_each_child_has_its_conditions_on_its_own_page(phone: Page, site: Site, tmp_path: Path) -> None:
    enter(phone, site)
    for name in (FIRST, SECOND):
        choose(phone, name, "Yes, on our roll")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", name="Read this first")).to_have_count(1)
    expect(phone.get_by_text("At home").filter(visible=True)).to_have_count(1)
    phone.emulate_media(media="print")
    keep_picture(phone, tmp_path, "paper")
    for name in (FIRST, SECOND):
        sheet = phone.get_by_role("region", name=name)
        expect(sheet.get_by_role("heading", name="Read this first")).to_be_visible()
        expect(sheet.get_by_text("At home")).to_be_visible()
    expect(phone.get_by_role("heading", name="Read this first")).to_have_count(2)
    expect(phone.get_by_role("button")).to_have_count(0)


def test_without_a_visit_every_page_says_what_to_do(phone: Page, site: Site, tmp_path: Path) -> None:
    phone.goto(f"{site.address}/message/content")
    expect(phone.get_by_role("heading", name="You need to open the message again")).to_be_visible()
    assert_accessible(phone)
    keep_picture(phone, tmp_path, "visit-ended")


@pytest.mark.parametrize("scripts", [True, False])
def test_by_keyboard_alone(browser: Browser, site: Site, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.link)
    press(page, page.get_by_role("button", name="Send me a code"), "Enter")
    page.wait_for_url("**/message/code")
    code = site.code
    reach(page, page.get_by_label("Code"))
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/message/children")
    for name in (FIRST, SECOND):
        press(page, page.get_by_role("group", name=name).get_by_label("Yes, on our roll"), "Space")
    press(page, page.get_by_role("button", name="Continue"), "Enter")
    page.wait_for_url("**/message/content")
    press(page, page.get_by_role("button", name="I am acting on this today"), "Enter")
    page.wait_for_url("**/message/done")
    expect(page.get_by_role("heading", name="You are acting on this today")).to_be_visible()
    context.close()


def press(page: Page, target: Locator, key: str) -> None:
    reach(page, target)
    page.keyboard.press(key)


def reach(page: Page, target: Locator) -> None:
    """Go on with the tabulator until the target has the focus."""
    handle = target.element_handle()
    for _ in range(TABS_MAX):
        if page.evaluate_handle("document.activeElement").evaluate("(focused, wanted) => focused === wanted", handle):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not reach it")
