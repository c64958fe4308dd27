"""Importing the directory: whole or not at all, twice is once, and refusals say where and why but never what."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from services.console.handlers import ImportResult, import_file
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables import metadata
from shared.db.tables.directory import directory_contact, directory_import, directory_setting, directory_term
from shared.db.tables.vault import vault_key
from shared.directory import BankHolidays, Contact, Directory
from shared.errors import Refused
from shared.scope import Scope
from shared.tabular import FileRefused
from shared.vault import Keyring, Vault
from tests.directory_samples import CONTACT_COLUMNS, KINDS, STAFF_NAMES, contact_rows, imported, policy_toml, small_directory, write_csv

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
US = Scope.service("test")
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


class Desk:
    """Someone who imports files."""

    def __init__(self, database: Database, vault: Vault, clock: ManualClock, folder: Path) -> None:
        self.database, self.vault, self.clock, self.folder = database, vault, clock, folder
        self.seen: list[tuple[int, int]] = []

    async def takes(self, kind: str, path: Path, *, accept_partial: bool = False) -> ImportResult:
        def progress(done: int, total: int) -> None:
            self.seen.append((done, total))

        return await import_file(kind, path, self.database, self.vault, self.clock, progress, accept_partial=accept_partial)

    async def takes_rows(
        self, kind: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, accept_partial: bool = False, encoding: str = "utf-8"
    ) -> ImportResult:
        path = write_csv(self.folder / f"again-{kind}.csv", columns, rows, encoding=encoding)
        return await self.takes(kind, path, accept_partial=accept_partial)

    async def takes_contact(self, *row: object, columns: Sequence[str] = CONTACT_COLUMNS) -> ImportResult:
        return await self.takes_rows("contacts", columns, [row])

    async def everything(self) -> str:
        """Every value of every table, as a stolen dump would show it."""
        async with self.database.reading() as reading:
            tables = [(await reading.execute(select(table))).all() for table in metadata.sorted_tables]
        return "\n".join(repr(sorted(map(str, rows))) for rows in tables)


@pytest.fixture
def desk(database: Database, vault: Vault, clock: ManualClock, tmp_path: Path) -> Desk:
    return Desk(database, vault, clock, tmp_path)


@pytest.fixture
async def paths(desk: Desk) -> dict[str, Path]:
    """Testshire, taken in."""
    return await imported(desk.database, desk.vault, desk.clock, desk.folder / "testshire")


async def the(desk: Desk, directory: Directory, reference: str) -> Contact:
    async with desk.database.reading() as reading:
        contact_id = (
            await reading.execute(select(directory_contact.c.contact_id).where(directory_contact.c.reference == reference))
        ).scalar_one()
        return await directory.contact(reading, contact_id, US)


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


async def test_refusals_never_quote_what_was_there(desk: Desk, paths: dict[str, Path]) -> None:
    secret = "Wren Secretname"
    rows = [
        ("T-9001", "900001", "", "dsl", 1, secret, f"{secret} at school", "07700 900500", ""),
        ("T-9002", "900001", "", "dsl", 1, secret, "wren@secretname.example", "07700", ""),
        ("T-9003", "123456", "", "dsl", 1, secret, "wren@secretname.example", "", ""),
        ("T-9004", "900001", "", "dsl", 1, secret, "", "", ""),
        (secret, "900001", "", "dsl", 1, secret, "wren@secretname.example", "", ""),
        ("T-9006", "900001", "", secret, 1, secret, "wren@secretname.example", "", ""),
        ("T-9007", "900001", "testshire-phone-desk", "dsl", 1, secret, "wren@secretname.example", "", ""),
        ("T-9008", "900001", "", "dsl", 1, secret, "wren@secretname.example", "", "2026-11-23"),
        ("T-9009", "900001", "", "dsl", 1, f"{secret}\nTwo", "wren@secretname.example", "", ""),
        ("T-9010", "", "no-such-team", "duty", 1, secret, "wren@secretname.example", "", ""),
    ]
    result = await desk.takes_rows("contacts", CONTACT_COLUMNS, rows)
    assert not result.applied
    assert [(row.column, row.code) for row in result.refused] == [
        ("email", "malformed"),
        ("phone", "malformed"),
        ("setting_id", "unknown"),
        ("email", "no-channel"),
        ("reference", "malformed"),
        ("role", "unknown-code"),
        ("setting_id", "one-destination"),
        ("verified_on", "future"),
        ("name", "control-character"),
        ("team_id", "unknown"),
    ]
    assert not {"wren", "secretname"} & set(str(result).casefold().replace("@", " ").split())


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


async def test_a_stolen_database_names_no_contact(desk: Desk, paths: dict[str, Path]) -> None:
    dump = await desk.everything()
    for row in contact_rows():
        name, email, phone = map(str, row[5:8])
        assert name not in dump
        assert email not in dump
        assert not phone or phone.replace(" ", "")[1:] not in dump
    assert not any(part in dump for name in STAFF_NAMES for part in name.split())
    assert "Testwood Primary" in dump  # the search would find what is there in the clear


async def test_new_or_changed_details_receive_nothing_until_vouched_for(desk: Desk, directory: Directory, paths: dict[str, Path]) -> None:
    reach = ("T-0001", "900001", "", "dsl", 1, "Keya Ringholder", "new@900001.example", "07700 900601")
    assert (await the(desk, directory, "T-0001")).state == "verified"
    for verified_on in ("", "2025-09-01", "2025-09-01"):  # an old date does not vouch for a new address, however often it is sent
        await desk.takes_contact(*reach, verified_on)
        assert (await the(desk, directory, "T-0001")).state == "unverified"
        async with desk.database.reading() as reading:
            assert "T-0001" not in {contact.reference for contact in await directory.contacts(reading, "setting", "900001", US)}
            every = await directory.contacts(reading, "setting", "900001", US, include_unverified=True)
            assert "T-0001" in {contact.reference for contact in every}
    await desk.takes_contact(*reach, "2026-11-20")
    assert (await the(desk, directory, "T-0001")).state == "verified"
    await desk.takes_contact(*reach, "")
    assert (await the(desk, directory, "T-0001")).state == "verified"
    await desk.takes_contact("T-0001", "900002", *reach[2:], "")
    assert (await the(desk, directory, "T-0001")).state == "unverified"


async def test_a_changed_name_alone_is_taken_without_a_new_confirmation(desk: Desk, directory: Directory, paths: dict[str, Path]) -> None:
    before = await the(desk, directory, "T-0002")
    result = await desk.takes_contact("T-0002", "900001", "", "deputy", 1, "Paxa Newname", before.email, before.phone, "")
    after = await the(desk, directory, "T-0002")
    assert result.changed == 1
    assert (after.contact_id, after.name, after.state) == (before.contact_id, "Paxa Newname", "verified")


async def test_a_suspended_contact_stays_so_until_a_row_says_active(desk: Desk, directory: Directory, paths: dict[str, Path]) -> None:
    before = await the(desk, directory, "T-0003")
    row = ("T-0003", "900001", "", "head", 1, before.name, before.email, before.phone)
    columns = (*CONTACT_COLUMNS, "status")
    for verified_on, status, expected in (
        ("", "suspended", "suspended"),
        ("2026-11-20", "", "suspended"),
        ("", "active", "unverified"),
        ("2026-11-20", "active", "verified"),
    ):
        await desk.takes_contact(*row, verified_on, status, columns=columns)
        assert (await the(desk, directory, "T-0003")).state == expected


async def test_an_import_in_a_later_month_seals_anew_and_destroys_the_old_key(
    desk: Desk, directory: Directory, paths: dict[str, Path]
) -> None:
    before = await the(desk, directory, "T-0004")
    desk.clock.move_to(datetime(2026, 12, 10, tzinfo=UTC))
    await desk.takes_contact("T-0001", "900001", "", "dsl", 1, "Keya Ringholder", "new@900001.example", "", "")
    assert await the(desk, directory, "T-0004") == before
    async with desk.database.reading() as reading:
        keys = (await reading.execute(select(vault_key.c.scope_id, vault_key.c.kek_id, vault_key.c.wrapped))).all()
    live = {row.scope_id: row.kek_id for row in keys if row.wrapped is not None}
    assert live["directory:authority:999:2026-12"] == "kek-2028-12"
    assert "directory:authority:999:2026-11" in {row.scope_id for row in keys} - live.keys()


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
