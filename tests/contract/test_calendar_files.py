"""Calendars in and out of the directory: shown before they count, kept out by a contradiction, the same in whatever order."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from services.commands.calendar import told
from services.console.handlers_calendars import CalendarResult, export_calendar, import_calendar
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables.directory import directory_day, directory_term
from shared.directory import BankHolidays, Directory
from shared.errors import NotFound, Refused
from shared.service import Parts
from shared.settings import Settings
from shared.tabular import FileRefused
from shared.vault import Keyring, Vault
from shared.web.frame import frame
from tests.directory_samples import imported, write_csv

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
COLUMNS = ("la_code", "scope", "school", "academic_year", "event", "start", "end", "label")
HIGH = "Sampleford High School"


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> Parts:
    """Testshire, taken in."""
    clock = ManualClock(NOW)
    vault = Vault(Keyring.created(date(2026, 11, 22)), clock)
    await imported(database, vault, clock, tmp_path / "testshire")
    return Parts(
        settings=Settings.model_construct(),
        clock=clock,
        database=database,
        vault=vault,
        directory=Directory(vault, BankHolidays.bundled()),
        frame=frame(public_url="http://localhost", demo=True, database=database, clock=clock),
    )


def row(event: str, start: str, end: str = "", *, year: str = "2027-28") -> tuple[str, ...]:
    return ("999", "school", HIGH, year, event, start, end or start, "")


async def taken(parts: Parts, path: Path, owner: str, *accept: str, apply: bool = True, as_at: date = date(2026, 11, 20)) -> CalendarResult:
    return await import_calendar(path, owner, source="the school's own site", as_at_on=as_at, accept=accept, apply=apply, parts=parts)


async def stored(parts: Parts) -> list[str]:
    """Every term and single day, without the identifiers of the rows."""
    async with parts.database.reading() as reading:
        terms = [str(tuple(found)[1:]) for found in await reading.execute(select(directory_term))]
        days = [str(tuple(found)) for found in await reading.execute(select(directory_day))]
    return sorted(terms + days)


async def test_a_difference_is_shown_in_ranges_and_stored_only_when_asked_for(parts: Parts, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "one.csv", COLUMNS, [row("inset", "2026-11-27", year="2026-27"), row("inset", "2026-11-30", year="2026-27")]
    )
    before = await stored(parts)
    shown = await taken(parts, path, "900002", apply=False)
    assert await stored(parts) == before
    assert told(shown) == [
        "2026-11-27 to 2026-11-30: school becomes staff-only",
        "0 terms, 2 single days: nothing was stored yet; --apply stores them",
    ]
    assert (await taken(parts, path, "900002")).changed == 2
    async with parts.database.reading() as reading:
        statement = select(directory_day.c.source, directory_day.c.as_at_on).where(directory_day.c.on == date(2026, 11, 27))
        assert [tuple(found) for found in await reading.execute(statement)] == [("the school's own site", date(2026, 11, 20))]
    again = await taken(parts, path, "900002")
    assert (again.changed, again.changes, again.findings) == (0, (), ())


async def test_a_contradiction_keeps_everything_out_until_its_code_is_accepted(parts: Parts, tmp_path: Path) -> None:
    rows = [row("inset", "2026-12-07", year="2026-27"), row("closure", "2026-12-07", year="2026-27")]
    path = write_csv(tmp_path / "two.csv", COLUMNS, rows)
    before = await stored(parts)
    refused = await taken(parts, path, "900002")
    assert (refused.applied, refused.open, [finding.where for finding in refused.findings]) == (False, ("two-kinds",), ["line 3"])
    assert await stored(parts) == before
    assert told(refused)[-1] == "nothing was stored: correct the file, or accept with --accept two-kinds"
    accepted = await taken(parts, path, "900002", "two-kinds")
    assert (accepted.applied, [change.after for change in accepted.changes]) == (True, ["staff-only"])


async def test_the_order_of_two_files_decides_nothing(parts: Parts, tmp_path: Path) -> None:
    first = write_csv(tmp_path / "first.csv", COLUMNS, [row("term", "2027-09-02", "2027-10-22"), row("inset", "2027-09-03")])
    second = write_csv(tmp_path / "second.csv", COLUMNS, [row("term", "2027-09-06", "2027-10-22"), row("closure", "2027-09-03")])
    older, newer = date(2026, 10, 1), date(2026, 11, 1)
    await taken(parts, first, "900002", as_at=older)
    assert (await taken(parts, second, "900002", as_at=newer)).applied
    at_the_end = await stored(parts)
    late = await taken(parts, first, "900002", as_at=older)
    assert (late.applied, late.open, len(late.findings)) == (False, ("older",), 2)
    assert await stored(parts) == at_the_end


@pytest.mark.parametrize("setting", ["900006", "900002"])
async def test_what_is_written_out_and_taken_in_again_makes_no_difference(parts: Parts, tmp_path: Path, setting: str) -> None:
    path = tmp_path / "out.ics"
    for year in (2025, 2026) if setting == "900002" else (2026,):
        path.write_bytes(await export_calendar(setting, year, parts))
        result = await taken(parts, path, setting, apply=False, as_at=date(2026, 11, 22))
        assert (result.left, result.findings) == ((), ())
        assert result.terms == 6
        # A setting that takes terms of its own loses the authority's other years, and is shown so.
        lost = {(change.before, change.after) for change in result.changes if change.after != "unknown"}
        assert lost == set()
        assert (result.changes == ()) == (setting == "900006")
        assert path.read_bytes() == await export_calendar(setting, year, parts)


async def test_an_authority_takes_terms_and_lists_the_single_days_that_it_cannot_have(parts: Parts, tmp_path: Path) -> None:
    rows = [
        ("999", "la", "", "2027-28", "term", "2027-09-02", "2027-10-22", ""),
        ("999", "la", "", "2027-28", "inset", "2027-09-03", "", ""),
    ]
    result = await taken(parts, write_csv(tmp_path / "la.csv", COLUMNS, rows), "999")
    assert (result.applied, result.terms, result.days, len(result.left)) == (True, 1, 0, 1)


async def test_what_cannot_be_read_or_is_nobodys_is_refused_in_one_line(parts: Parts, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "one.csv", COLUMNS, [row("inset", "2026-11-27")])
    with pytest.raises(NotFound, match="--for"):
        await taken(parts, path, "123456")
    with pytest.raises(FileRefused, match="no row of this authority or setting"):
        await taken(parts, path, "900001")
    with pytest.raises(FileRefused, match="cannot be read"):
        await taken(parts, tmp_path / "absent.ics", "900001")
    with pytest.raises(Refused, match="--source"):
        await import_calendar(path, "900002", source=" ", as_at_on=date(2026, 11, 1), accept=(), apply=False, parts=parts)


async def test_a_code_that_is_none_is_refused_before_anything_is_looked_at(parts: Parts, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "calendar.csv", COLUMNS, [row("INSET", "2027-09-01")])
    with pytest.raises(Refused) as refused:
        await taken(parts, path, "999", "everything")
    assert refused.value.code == "unknown-code"
    assert "two-kinds" in str(refused.value)
