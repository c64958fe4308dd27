"""A real browser for tests: one Chromium for each test process, a phone-sized window, and axe over every page."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.parts import Parts

Result = TypeVar("Result")

PHONE = {"width": 360, "height": 740}
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: An answer that is a refusal, which the tests look at themselves; a feature that this version of Chromium does not have to switch off.
HARMLESS = ("Failed to load resource", "Unrecognized feature")


@pytest.fixture(scope="module")
def browser(parts: Parts) -> Iterator[Browser]:
    """Chromium. Opened for each module and no longer: its own event loop must not outlive the tests that want it."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=parts.chromium, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page 360 pixels wide. What the browser complains about on its console fails the test, a breach of our own policy included."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, has_touch=True, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(harmless in message.text for harmless in HARMLESS):
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints, "; ".join(complaints)


def assert_accessible(page: Page) -> None:
    """axe finds nothing, WCAG 2.2 AA and its own best practices; and nothing sticks out sideways."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1], f"the page is {widths[0]} pixels wide in a window of {widths[1]}"


def keep_picture(page: Page, folder: Path, name: str) -> Path:
    """A picture of the whole page, for a person to look at."""
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


def meanwhile(work: Coroutine[Any, Any, Result]) -> Result:
    """Run async work beside the browser: its loop holds this thread, so the work gets another."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
