"""Importing the directory: whole or not at all, twice is once, and what replaces what."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from services.console.handlers import import_file
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables import metadata
from shared.db.tables.directory import directory_import, directory_setting, directory_term
from shared.directory import BankHolidays, Directory
from shared.errors import Refused
from shared.tabular import FileRefused
from shared.vault import Keyring, Vault
from tests.directory_samples import KINDS, imported, policy_toml, small_directory, write_csv
from tests.import_desk import Desk

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SETTING_COLUMNS = ("setting_id", "name", "kind", "phase", "authority", "status")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def vault(clock: ManualClock) -> Vault:
    return Vault(Keyring.created(date(2026, 11, 22)), clock)


@pytest.fixture
def directory(vault: Vault) -> Directory:
    return Directory(vault, BankHolidays.bundled())


@pytest.fixture
def desk(database: Database, vault: Vault, clock: ManualClock, tmp_path: Path) -> Desk:
    return Desk(database, vault, clock, tmp_path)


@pytest.fixture
async def paths(desk: Desk) -> dict[str, Path]:
    """Testshire, taken in."""
    return await imported(desk.database, desk.vault, desk.clock, desk.folder / "testshire")


async def test_every_file_is_taken_whole_and_progress_reaches_its_end(desk: Desk) -> None:
    paths = small_directory(desk.folder)
    for kind in KINDS:
        rows = paths[kind].read_text(encoding="utf-8").count("\n") - 1
        result = await desk.takes(kind, paths[kind])
        assert (result.applied, result.taken, result.changed, result.refused) == (True, rows, rows, ())
        assert desk.seen[-1] == (rows, rows)
    async with desk.database.reading() as reading:
        noted = (await reading.execute(select(directory_import.c.kind, directory_import.c.rows_taken))).all()
    assert {row.kind for row in noted} == set(KINDS)


async def test_the_same_files_again_change_nothing(desk: Desk, paths: dict[str, Path]) -> None:
    async with desk.database.reading() as reading:
        before = [(await reading.execute(select(table))).all() for table in metadata.sorted_tables if table is not directory_import]
    for kind, path in [(kind, paths[kind]) for kind in KINDS] + [
        ("policies", paths["policy-force"]),
        ("policies", paths["policy-authority"]),
    ]:
        result = await desk.takes(kind, path)
        assert (result.applied, result.changed) == (True, 0)
    async with desk.database.reading() as reading:
        after = [(await reading.execute(select(table))).all() for table in metadata.sorted_tables if table is not directory_import]
    assert list(map(sorted, map(str, before))) == list(map(sorted, map(str, after)))


async def test_one_refused_row_keeps_everything_out(desk: Desk, paths: dict[str, Path]) -> None:
    before = await desk.everything()
    rows = [
        ("900001", "Renamed Primary", "school", "primary", "999", "open"),
        ("900002", "Sampleford High School", "castle", "secondary", "999", "open"),
        ("900010", "New Primary", "school", "primary", "998", "open"),
        ("900001", "Testwood Primary", "school", "primary", "999", "open"),
    ]
    result = await desk.takes_rows("settings", SETTING_COLUMNS, rows)
    assert (result.applied, result.taken, result.changed) == (False, 0, 0)
    assert [(row.line, row.column, row.code) for row in result.refused] == [
        (3, "kind", "unknown-code"),
        (4, "authority", "unknown"),
        (5, "", "duplicate"),
    ]
    assert await desk.everything() == before
    partly = await desk.takes_rows("settings", SETTING_COLUMNS, rows, accept_partial=True)
    assert (partly.applied, partly.taken, partly.changed, len(partly.refused)) == (True, 1, 1, 3)


async def test_a_failure_in_the_middle_leaves_all_as_before(desk: Desk, paths: dict[str, Path]) -> None:
    before = await desk.everything()
    rows = [(f"91{number:04d}", f"Primary {number}", "school", "primary", "999", "open") for number in range(600)]

    def fails_at_the_end(done: int, total: int) -> None:
        assert done < total

    path = write_csv(desk.folder / "many.csv", SETTING_COLUMNS, rows)
    with pytest.raises(AssertionError):
        await import_file("settings", path, desk.database, desk.vault, desk.clock, fails_at_the_end)
    assert await desk.everything() == before


async def test_windows_1252_and_a_byte_order_mark_are_read(desk: Desk, paths: dict[str, Path]) -> None:
    columns = ("URN", "Name", "KIND", "Phase", "Authority", "Status", "something else")
    for setting_id, name, encoding in (("900021", "Ysgol Bryn Tŷ Gwyn", "utf-8-sig"), ("900022", "École Saint-Émile", "cp1252")):
        result = await desk.takes_rows(
            "settings", columns, [(setting_id, name, "school", "primary", "999", "Open", "x")], encoding=encoding
        )
        assert result.applied
        async with desk.database.reading() as reading:
            stored = (
                await reading.execute(select(directory_setting.c.name).where(directory_setting.c.setting_id == setting_id))
            ).scalar_one()
        assert stored == name


async def test_a_file_that_cannot_be_the_right_one_is_refused_by_name_of_what_it_lacks(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="missing: nation, force"):
        await desk.takes_rows("authorities", ("authority", "name"), [("999", "Testshire")])
    with pytest.raises(FileRefused, match="no rows"):
        await desk.takes_rows("authorities", ("authority", "name", "nation", "force"), [])
    with pytest.raises(FileRefused, match="cannot be read"):
        await desk.takes("authorities", desk.folder / "absent.csv")
    with pytest.raises(Refused, match="one of authorities"):
        await desk.takes("ponies", desk.folder / "absent.csv")


async def test_terms_of_a_year_replace_each_other_whole(desk: Desk, paths: dict[str, Path]) -> None:
    columns = ("authority", "setting_id", "first_on", "last_on", "label", "source", "as_at_on")
    row = ("999", "", "2026-09-03", "2026-12-18", "Autumn", "corrected", "2026-06-01")
    assert (await desk.takes_rows("terms", columns, [row])).changed == 1
    async with desk.database.reading() as reading:
        own = directory_term.c.setting_id.is_(None)
        stored = sorted((await reading.execute(select(directory_term.c.first_on).where(own))).scalars())
    assert stored[-1] == date(2026, 9, 3)
    assert len(stored) == 7  # the six of the year before stay
    overlapping = [row, ("999", "", "2026-12-18", "2027-02-12", "Spring", "corrected", "2026-06-01")]
    elsewhere = [("999", "900001", "2026-12-18", "2026-09-01", "Wrong", "x", "2026-06-01")]
    assert [row.code for row in (await desk.takes_rows("terms", columns, overlapping)).refused] == ["overlap"]
    assert [row.code for row in (await desk.takes_rows("terms", columns, elsewhere)).refused] == ["order"]


async def test_an_override_is_taken_away_by_as_usual(desk: Desk, paths: dict[str, Path]) -> None:
    columns = ("setting_id", "on", "kind", "source")
    for changed in (1, 0):
        result = await desk.takes_rows("days", columns, [("900005", "2026-12-03", "as-usual", "the boiler works again")])
        assert (result.applied, result.changed) == (True, changed)
    async with desk.database.reading() as reading:
        assert (await reading.execute(select(func.count()).select_from(text("directory_day")))).scalar_one() == 2


async def test_a_policy_is_refused_without_its_teams_or_owner(desk: Desk, paths: dict[str, Path]) -> None:
    path = desk.folder / "policy.toml"
    path.write_text(policy_toml("authority", "998", review="nobody-here"), encoding="utf-8")
    refused = (await desk.takes("policies", path)).refused
    assert {(row.column, row.code) for row in refused} == {("owner", "unknown"), ("teams.review", "unknown")}
    path.write_text("owner_kind = 'authority'", encoding="utf-8")
    assert {row.code for row in (await desk.takes("policies", path)).refused} == {"policy"}


async def test_policies_are_versions_and_the_latest_published_decides(desk: Desk, directory: Directory, paths: dict[str, Path]) -> None:
    on = date(2026, 11, 22)
    async with desk.database.reading() as reading:
        first = await directory.deciding(reading, "testshire", "999", on)
        assert (await directory.deciding(reading, "testshire", "997", on)).policy.owner == "testshire"
    desk.clock.move_to(datetime(2026, 11, 23, tzinfo=UTC))
    path = desk.folder / "policy.toml"
    path.write_text(policy_toml("authority", "999", name="Testshire, corrected"), encoding="utf-8")
    assert (await desk.takes("policies", path)).changed == 1
    async with desk.database.reading() as reading:
        second = await directory.deciding(reading, "testshire", "999", on)
        assert (second.policy.name, first.policy.name) == ("Testshire, corrected", "Testshire")
        assert await directory.policy(reading, first.version) == first.policy
        assert len(await directory.policies(reading)) == 3
    assert [row.code for row in (await desk.takes("policies", paths["policy-authority"])).refused] == ["replaced"]


async def test_a_holiday_contact_is_a_settings_and_stays_one_until_a_row_says_otherwise(desk: Desk, paths: dict[str, Path]) -> None:
    columns = ("reference", "setting_id", "team_id", "role", "name", "email", "verified_on", "holiday")

    def row(holiday: str, *, team: str = "") -> tuple[str, ...]:
        place = ("", team) if team else ("900001", "")
        return ("H-1", *place, "head", "Velo Registerman", "velo@900001.example", "2025-09-01", holiday)

    for said, is_one in (("yes", True), ("", True), ("no", False)):
        assert (await desk.takes_rows("contacts", columns, [row(said)])).applied
        async with desk.database.reading() as reading:
            table = metadata.tables["directory_contact"]
            assert (await reading.execute(select(table.c.holiday).where(table.c.reference == "H-1"))).scalar_one() == is_one
    [refused] = (await desk.takes_rows("contacts", columns, [row("yes", team="testshire-out-of-hours")])).refused
    assert (refused.column, refused.code) == ("holiday", "not-a-setting")


async def test_areas_say_which_authority_postcodes_lie_in(desk: Desk, paths: dict[str, Path]) -> None:
    columns = ("postcodes", "authority", "source")
    rows = [("ZZ99", "999", "test"), ("zz99  2", "999", "test"), ("ZZ99 2B", "999", "test"), ("ZZ98", "000", "test")]
    result = await desk.takes_rows("areas", columns, rows, accept_partial=True)
    assert [(row.column, row.code) for row in result.refused] == [("postcodes", "malformed"), ("authority", "unknown")]
    async with desk.database.reading() as reading:
        table = metadata.tables["directory_area"]
        assert sorted((await reading.execute(select(table.c.postcodes))).scalars()) == ["ZZ99", "ZZ99 2"]
