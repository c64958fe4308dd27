"""The review desk in a real browser: forty held children of seeded traps, settled by a careful reviewer who reads the page and knows
nothing else; and each page on a phone, on a desk, by keyboard and without scripts.

Her rule: a record fits when name and date of birth agree, nothing differs, and school, postcode or UPN agrees besides. If exactly one fits
and every other record differs in something, it is that one. Otherwise, and where a record is restricted, she asks the lead's desk.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from services import composition
from services.router.roll import import_roll
from shared.clock import ManualClock
from shared.db import journal
from shared.events import IncidentRouted, ReviewAsked
from shared.report import store as reports
from shared.scope import Scope
from shared.web import sessions
from shared.web.sessions import Role
from tests.browser.screens import assert_accessible, browser, keep_picture, meanwhile, phone
from tests.desking import report_of
from tests.directory_samples import AUTHORITY, FORCE, ROLL_COLUMNS, write_csv
from tests.traps import Trap, forty
from tests.web import at_rest, served
from tests.whole import NIGHT, settings, whole

__all__ = ["browser", "phone"]

pytestmark = pytest.mark.browser

SEED = 3
EACH_REPORT = 2
SITE = "http://127.0.0.1"
READ_SECTION = """sections => sections.filter(one => !one.querySelector('[data-decided]')).map(one => ({
  review: one.dataset.review,
  restricted: one.textContent.includes('One record is restricted'),
  records: [...one.querySelectorAll('table')].map(table => Object.fromEntries(
    [...table.querySelectorAll('tbody tr')].map(row => [row.dataset.field, row.dataset.verdict])))
}))"""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where the desk is, and which traps lie behind which incidents: child's reference in the report → trap."""

    address: str
    token: str
    folder: Path
    traps: Mapping[str, Mapping[str, Trap]] = field(repr=False)


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/test.db"


async def prepared(folder: Path, traps: list[Trap]) -> tuple[str, dict[str, dict[str, Trap]]]:
    """An installation where these children are held, two to a report; a sign-in link's token for a reviewer."""
    incidents: dict[str, dict[str, Trap]] = {}
    async with whole(url(folder), folder) as w:
        rows = [row for trap in traps for row in trap.roll]
        result = await import_roll(
            write_csv(folder / "traps.csv", ROLL_COLUMNS, rows),
            authority=AUTHORITY,
            as_at_on=date(2026, 10, 1),
            agreement="ISA-1",
            database=w.parts.database,
            vault=w.parts.vault,
            clock=w.clock,
            progress=lambda _done, _total: None,
        )
        assert result.applied, result.refused
        for start in range(0, len(traps), EACH_REPORT):
            some = {f"C{place}": trap for place, trap in enumerate(traps[start : start + EACH_REPORT], start=1)}
            report = report_of(f"TRAP-{start:02d}", *({**trap.child, "reference": name} for name, trap in some.items()))
            incidents[(await w.post_report(report)).json()["incident_id"]] = some
        await w.settle()
        for incident_id in incidents:
            assert await w.outcomes(incident_id) == ["held"] * EACH_REPORT
        async with w.parts.database.transaction() as tx:
            token = await sessions.new_sign_in(tx, Role.REVIEWER, Scope.force(FORCE), w.clock.real(), label="reviewer 3")
    return token, incidents


@pytest.fixture
def traps() -> list[Trap]:
    """Those of the page's own tests: one report of a namesake and of a child whose surname has changed."""
    chosen = {trap.kind: trap for trap in forty(SEED)}
    return [chosen["namesake"], chosen["changed surname"]]


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path, traps: list[Trap]) -> Iterator[Desk]:
    (tmp_path / "test.db").write_bytes(sqlite_template.read_bytes())
    token, incidents = meanwhile(prepared(tmp_path, traps))
    parts = composition.parts(settings(url(tmp_path), tmp_path, public_url=SITE), ManualClock(NIGHT + timedelta(minutes=1)))
    with served(composition.application(composition.process(parts), running=at_rest(parts)), lifespan="on") as address:
        yield Desk(address=address, token=token, folder=tmp_path, traps=incidents)


def sign_in(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.address}/sign-in/{desk.token}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Start")).to_be_visible()


# --- the careful reviewer --------------------------------------------------------------------------------------------------


def judged(section: Mapping[str, Any]) -> int | None:
    """Which record it is, counted from 0, by the rule above; None: ask."""
    records: list[dict[str, str]] = section["records"]
    fitting = [
        number
        for number, record in enumerate(records)
        if record["Name"] == record["Date of birth"] == "agrees"
        and "differs" not in record.values()
        and "agrees" in (record["School"], record["Postcode"], record["UPN"])
    ]
    others = [record for number, record in enumerate(records) if number not in fitting]
    if section["restricted"] or len(fitting) != 1 or any("differs" not in record.values() for record in others):
        return None
    return fitting[0]


def presses(page: Page, button: Locator) -> None:
    """Press it, and go on only when the page that it leads to is there: what is read next is never the page before."""
    with page.expect_navigation():
        button.click()


def settles(page: Page, section: Mapping[str, Any]) -> None:
    """Do with one child what the rule says."""
    one, which = page.locator(f'[data-review="{section["review"]}"]'), judged(section)
    if which is not None:
        one.get_by_role("radio", name=re.compile(f"^Record {which + 1}:")).check()
        presses(page, one.get_by_role("button", name=re.compile("^Continue")))
        presses(page, page.get_by_role("button", name="Decide"))
        return
    if section["restricted"]:
        presses(page, one.get_by_role("link", name=re.compile("^Ask the lead")))
    else:
        one.get_by_role("radio", name="Ask another desk").check()
        presses(page, one.get_by_role("button", name=re.compile("^Continue")))
    page.get_by_role("radio", name="Testshire safeguarding lead").check()
    presses(page, page.get_by_role("button", name="Ask", exact=True))


def works_through(page: Page, desk: Desk) -> None:
    """Take one case after another from the list until none is left that she has not had."""
    had: set[str] = set()
    while True:
        page.goto(f"{desk.address}/desk?show=unclaimed")
        cases: list[str] = page.eval_on_selector_all("[data-case]", "all => all.map(one => one.dataset.case)")
        left = [one for one in cases if one not in had]
        if not left:
            return
        had.add(left[0])
        presses(page, page.locator(f'[data-case="{left[0]}"]').get_by_role("button"))
        while sections := page.eval_on_selector_all("[data-review]", READ_SECTION):
            settles(page, sections[0])
            if len(sections) > 1 and "/cases/" not in page.url:
                page.goto(f"{desk.address}/desk/cases/{left[0]}")


async def became(desk: Desk) -> dict[tuple[str, str], str | None]:
    """Where each child is told of once all has taken effect, None where she was asked of another desk."""
    parts = composition.parts(settings(url(desk.folder), desk.folder), ManualClock(NIGHT + timedelta(minutes=5)))
    process = composition.process(parts)
    await process.settle()
    found: dict[tuple[str, str], str | None] = {}
    async with parts.database.reading() as reading:
        for incident_id in desk.traps:
            child_ids = (await reports.load(parts.vault, reading, incident_id, Scope.service("tests"))).child_ids
            facts = [envelope.fact for envelope in await journal.of_incident(reading, incident_id)]
            told = {one: fact.destination_ref for fact in facts if isinstance(fact, IncidentRouted) for one in fact.child_ids}
            asked = {fact.child_id for fact in facts if isinstance(fact, ReviewAsked)}
            for reference, child_id in child_ids.items():
                assert (child_id in told) != (child_id in asked), "each child was settled or asked, and not both"
                found[incident_id, reference] = told.get(child_id)
    for service in process.services:
        for close in service.closers:
            await close()
    await parts.database.close()
    return found


class TestFortyTraps:
    @pytest.fixture
    def traps(self) -> list[Trap]:
        return forty(SEED)

    def test_a_careful_reviewer_settles_what_the_page_decides_and_asks_the_rest(
        self, browser: Browser, desk: Desk, capsys: pytest.CaptureFixture[str]
    ) -> None:
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        page = context.new_page()
        sign_in(page, desk)
        began = monotonic()
        works_through(page, desk)
        minutes = (monotonic() - began) / 60
        context.close()
        told = meanwhile(became(desk))
        counts: Counter[tuple[str, str]] = Counter()
        for incident_id, some in desk.traps.items():
            for reference, trap in some.items():
                where = told[incident_id, reference]
                way = "wrong" if where is not None and where != trap.truth else "asked" if where is None else "settled"
                counts[trap.kind, way] += 1
        with capsys.disabled():
            lines = [f"{sum(counts.values())} held children at the desk in {minutes:.1f} minutes"]
            lines += [
                f"  {kind:36}" + "  ".join(f"{way} {counts[kind, way]}" for way in ("settled", "asked", "wrong"))
                for kind in sorted({kind for kind, _ in counts})
            ]
            sys.stdout.write("\n" + "\n".join(lines) + "\n")
        decidable = {trap.kind for some in desk.traps.values() for trap in some.values() if trap.truth is not None}
        assert sum(counts.values()) == 40
        assert {kind: number for (kind, way), number in counts.items() if way == "wrong"} == {}
        assert {kind for kind, way in counts if way == "settled"} == decidable
        assert {kind for kind, way in counts if way == "asked"} & decidable == set()


# --- the pages -------------------------------------------------------------------------------------------------------------


def test_each_page_on_a_phone_and_on_a_desk(phone: Page, desk: Desk, tmp_path: Path) -> None:
    sign_in(phone, desk)

    def looked_at(name: str) -> None:
        for width in (360, 1200):
            phone.set_viewport_size({"width": width, "height": 800})
            assert_accessible(phone)
            assert "<" not in phone.locator("main").inner_text(), "markup that was escaped"
            keep_picture(phone, tmp_path, f"{name}-{width}")

    phone.goto(f"{desk.address}/desk")
    looked_at("list")
    phone.get_by_role("button", name=re.compile("^Claim")).click()
    expect(phone.get_by_role("heading", name="2 children to decide about")).to_be_visible()
    assert phone.locator("input:checked").count() == 0, "nothing is chosen before the reviewer chooses"
    looked_at("case")
    address = phone.url
    phone.get_by_role("button", name=re.compile("^Continue")).first.click()
    expect(phone.get_by_role("alert")).to_contain_text("Choose what is right")
    looked_at("faults")
    ways = ("Search the roll", "A setting, without a record on the roll", "A team", "Ask another desk", "Nobody is told")
    for way in ways:
        phone.goto(address)
        phone.get_by_role("radio", name=way).first.check()
        phone.get_by_role("button", name=re.compile("^Continue")).first.click()
        looked_at(way.split(",")[0].lower().replace(" ", "-"))
    phone.goto(address)
    record = phone.get_by_role("radio", name=re.compile("^Record 1"))
    record.check()
    phone.locator("[data-review]").filter(has=record).get_by_role("button", name=re.compile("^Continue")).click()
    expect(phone.get_by_role("heading", name="Check before you decide")).to_be_visible()
    looked_at("confirm")
    phone.get_by_role("button", name="Decide").click()
    looked_at("decided")


def test_settling_and_taking_back_by_keyboard_without_scripts(browser: Browser, desk: Desk) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    sign_in(page, desk)
    page.get_by_role("link", name="Review desk").first.click()

    def pressed(place: Page | Locator, name: str | re.Pattern[str]) -> None:
        place.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")

    pressed(page, re.compile("^Claim"))
    record = page.get_by_role("radio", name=re.compile("^Record 1"))
    record.focus()
    page.keyboard.press("Space")
    pressed(page.locator("[data-review]").filter(has=record), re.compile("^Continue"))
    pressed(page, "Decide")
    pressed(page, re.compile("^Take it back"))
    expect(page.get_by_role("radio", name=re.compile("^Record 1")).first).to_be_visible()
    expect(page.get_by_text("Until then nobody is told")).to_have_count(0)
    context.close()
