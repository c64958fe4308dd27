"""``make demo`` in a real browser, 360 and 1200 pixels wide: a night, a morning and an escalation, from its own pages alone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens import assert_accessible, browser, keep_picture, phone

__all__ = ["browser", "phone"]

pytestmark = pytest.mark.browser

TOP = Path(__file__).resolve().parents[2]
EVENING = "2026-11-19T21:00"
"""A Thursday in term."""


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a demonstration that begins on an evening in term."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENCOMPASS_")}
    command = [sys.executable, "-m", "services", "demo", "--port", "0", "--at", EVENING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=TOP) as process:
        assert process.stdout is not None
        found = next((address for line in process.stdout if (address := re.search(r"Look at (\S+)/demo", line))), None)
        assert found, "the demonstration did not say where to look"
        yield found[1]
        process.terminate()


def look(page: Page, folder: Path, name: str) -> None:
    """Both widths, each looked at by axe."""
    for width in (1200, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert_accessible(page)
        keep_picture(page, folder, f"{name}-{width}")


def test_a_night_a_morning_and_an_escalation(phone: Page, site: str, tmp_path: Path) -> None:
    phone.goto(f"{site}/demo")
    expect(phone.get_by_text("Every name and message here is invented")).to_be_visible()
    look(phone, tmp_path, "index")
    phone.goto(f"{site}/demo/police")
    phone.get_by_role("button", name="Post it").click()
    expect(phone.get_by_role("heading", name="Answer: 202")).to_be_visible()
    look(phone, tmp_path, "police")
    open_and_act(phone, site, tmp_path)
    phone.goto(f"{site}/demo/clock")
    phone.get_by_role("button", name="The next school morning").click()
    expect(phone.get_by_text("Rung 2 of a ladder was carried out")).to_be_visible()
    look(phone, tmp_path, "clock")
    phone.get_by_role("button", name="After the next bell").click()
    expect(phone.get_by_text("The deadline passed")).to_be_visible()
    phone.goto(f"{site}/demo")
    phone.get_by_role("button", name="Coordinator of the authority").click()
    phone.get_by_role("button", name="Sign in").click()
    phone.goto(f"{site}/console")
    expect(phone.get_by_text("Late: somebody must telephone")).to_be_visible()
    look(phone, tmp_path, "console")


def open_and_act(page: Page, site: str, folder: Path) -> None:
    """Open the newest e-mail, take the code from the phone, answer and act."""
    page.goto(f"{site}/demo/mailbox")
    look(page, folder, "mailbox")
    page.locator("article a").first.click()
    page.get_by_role("button", name="Send me a code").click()
    other = page.context.new_page()
    other.goto(f"{site}/demo/phone")
    look(other, folder, "phone")
    code = other.locator(".site-code").first.inner_text()
    other.close()
    page.locator("input#code").fill(code)
    page.get_by_role("button", name="Open the message").click()
    for one in page.locator("input[value=on-our-roll]").all():
        one.check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="I am acting on this today").click()
    expect(page.get_by_text("acting", exact=False).first).to_be_visible()
