"""Where to find support: imported whole, shown to anybody by area and period, and nothing kept of whoever looks."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.console.handlers import ImportResult, import_file
from tests.directory_samples import AUTHORITY, write_csv
from tests.whole import Whole, whole

COLUMNS = ("support_id", "kind", "name", "area", "source", "as_at_on", "phone", "holiday", "closed", "audience", "withdrawn", "how")
HAVEN = ("haven", "specialist", "Testshire Haven", AUTHORITY, "test", "2026-11-01", "01632 960555", "dates", "2026-12-25", "", "", "")
POSTERS = ("posters", "campaign", "Posters for the staff room", AUTHORITY, "test", "2026-11-01", "", "", "", "staff", "", "Ask the desk")
GONE = ("galop", "lgbt", "Galop", "all", "test", "2026-11-01", "", "", "", "", "yes", "x")


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


async def taken(w: Whole, folder: Path, *rows: tuple[str, ...]) -> ImportResult:
    path = write_csv(folder / "support.csv", COLUMNS, rows)
    return await import_file("support", path, w.parts.database, w.parts.vault, w.clock, lambda *_: None)


async def test_anybody_sees_what_there_is_and_nothing_is_kept_of_her(w: Whole) -> None:
    answer = await w.client.get("/support")
    assert answer.status_code == 200
    assert "0800 1111" in answer.text
    for one in ("National Domestic Abuse Helpline (England)", "Live Fear Free (Wales)"):  # she has not said where she is
        assert one in answer.text
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert "<title>Support</title>" in answer.text
    assert "MARAC" not in answer.text


async def test_an_area_has_its_nations_and_its_own_and_the_installation_has_the_last_word(w: Whole, tmp_path: Path) -> None:
    result = await taken(w, tmp_path, HAVEN, POSTERS, GONE)
    assert (result.applied, result.changed) == (True, 3)
    page = (await w.client.get(f"/support?area={AUTHORITY}")).text
    assert "National Domestic Abuse Helpline" in page
    assert 'href="tel:01632960555"' in page
    assert "Galop" not in page
    assert "Posters" not in page
    assert "Not known whether it is open" not in page  # today its hours say that
    later = (await w.client.get(f"/support?area={AUTHORITY}&when=break")).text
    assert "Closed on some of these days: Friday 25 December 2026" in later
    assert "Not known whether it is open" in later
    assert (await taken(w, tmp_path, HAVEN)).changed == 0


@pytest.mark.parametrize("area", ["nowhere", "<script>", "x" * 5000])
async def test_an_area_that_is_none_is_said_and_never_repeated(w: Whole, area: str) -> None:
    answer = await w.client.get("/support", params={"area": area})
    assert answer.status_code == 200
    assert "That area is not in the list" in answer.text
    assert area not in answer.text


async def test_one_wrong_row_keeps_all_of_it_out(w: Whole, tmp_path: Path) -> None:
    elsewhere = (*HAVEN[:3], "farshire-unknown", *HAVEN[4:])
    result = await taken(w, tmp_path, POSTERS, elsewhere)
    assert (result.applied, [(row.line, row.column, row.code) for row in result.refused]) == (False, [(3, "area", "unknown")])
    assert "Testshire Haven" not in (await w.client.get(f"/support?area={AUTHORITY}")).text


async def test_in_the_holidays_the_page_of_today_says_what_is_closed_and_what_nobody_knows(w: Whole, tmp_path: Path) -> None:
    shut = ("shut", "specialist", "Testshire Advice", AUTHORITY, "test", "2026-11-01", "01632 960556", "closed", "", "", "", "")
    await taken(w, tmp_path, HAVEN, shut)
    in_term = (await w.client.get(f"/support?area={AUTHORITY}")).text
    assert "<strong>Closed" not in in_term
    w.clock.move_to(datetime(2026, 12, 28, 12, 0, tzinfo=UTC))
    page = (await w.client.get(f"/support?area={AUTHORITY}")).text
    assert "<strong>Closed</strong>" in page
    assert "Not known whether it is open" in page
    assert page.index("Testshire Haven") < page.index("Testshire Advice")
    assert "3 January 2027" in page
