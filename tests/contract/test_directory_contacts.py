"""Contacts in the directory: sealed, quoted nowhere, and sent nothing until someone vouches for them."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables.directory import directory_contact
from shared.db.tables.vault import vault_key
from shared.directory import BankHolidays, Contact, Directory
from shared.scope import Scope
from shared.vault import Keyring, Vault
from tests.directory_samples import CONTACT_COLUMNS, STAFF_NAMES, contact_rows, imported
from tests.import_desk import Desk

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
US = Scope.service("test")


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


async def the(desk: Desk, directory: Directory, reference: str) -> Contact:
    async with desk.database.reading() as reading:
        contact_id = (
            await reading.execute(select(directory_contact.c.contact_id).where(directory_contact.c.reference == reference))
        ).scalar_one()
        return await directory.contact(reading, contact_id, US)


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
