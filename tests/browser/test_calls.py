"""The desk that telephones in a real browser: a call taken, written down and acknowledged, on a phone and on a desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from services import composition
from shared.clock import ManualClock
from shared.db.tables.directory import directory_setting
from shared.directory.passphrase import hashed
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role
from tests.browser.screens import assert_accessible, browser, keep_picture, meanwhile, phone
from tests.directory_samples import FORCE
from tests.samples import sample_report
from tests.web import at_rest, served
from tests.whole import MORNING, settings, whole

__all__ = ["browser", "phone"]

pytestmark = pytest.mark.browser

REPORT = sample_report(seed=1)
SITE = "http://127.0.0.1"


async def prepared(url: str, folder: Path) -> str:
    """A morning on which nobody has answered; a coordinator's sign-in link's token."""
    async with whole(url, folder, reports=[REPORT]) as w:
        await w.post_report(REPORT)
        await w.advance(MORNING)
        async with w.parts.database.transaction() as tx:
            values = {"passphrase_hint": "a bird and a number", "passphrase_hash": hashed("Blue heron seven", b"s" * 16)}
            await tx.execute(update(directory_setting).values(values))
            return await sessions.new_sign_in(tx, Role.COORDINATOR, Scope.force(FORCE), w.clock.real())


@pytest.fixture
def token(sqlite_template: Path, tmp_path: Path) -> str:
    (tmp_path / "test.db").write_bytes(sqlite_template.read_bytes())
    return meanwhile(prepared(f"sqlite+aiosqlite:///{tmp_path}/test.db", tmp_path))


@pytest.fixture
def site(token: str, tmp_path: Path) -> Iterator[str]:
    parts = composition.parts(settings(f"sqlite+aiosqlite:///{tmp_path}/test.db", tmp_path, public_url=SITE), ManualClock(MORNING))
    with served(composition.application(composition.process(parts), running=at_rest(parts)), lifespan="on") as address:
        yield address


def looked_at(page: Page, folder: Path, name: str) -> None:
    for size, width in (("phone", 360), ("desk", 1200)):
        page.set_viewport_size({"width": width, "height": 800})
        assert_accessible(page)
        keep_picture(page, folder, f"{name}-{size}")
    page.set_viewport_size({"width": 360, "height": 800})


def test_a_call_is_taken_written_down_and_acknowledged(phone: Page, site: str, token: str, tmp_path: Path) -> None:
    phone.goto(f"{site}/sign-in/{token}")
    phone.get_by_role("button", name="Sign in").click()
    phone.goto(f"{site}/calls")
    looked_at(phone, tmp_path, "calls")
    phone.get_by_role("button", name="Take this call to Testwood Primary").click()
    expect(phone.get_by_role("heading", name="Testwood Primary")).to_be_visible()
    looked_at(phone, tmp_path, "sheet")
    phone.get_by_label("No answer").check()
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("Written down. Ring again at 8:05am")).to_be_visible()
    phone.get_by_label("A registered contact will act on it today").check()
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_role("link", name="Choose who it was")).to_be_visible()
    phone.locator("input[name=contact]").first.check()
    phone.get_by_label("The passphrase, as you heard it").fill("green heron seven")
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_role("link", name="That is not the passphrase")).to_be_visible()
    looked_at(phone, tmp_path, "wrong")
    phone.get_by_label("A registered contact will act on it today").check()
    phone.locator("input[name=contact]").first.check()
    phone.get_by_label("The passphrase, as you heard it").fill("blue heron, SEVEN")
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("Acknowledged. Nobody needs to ring them")).to_be_visible()
