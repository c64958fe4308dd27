"""What services read from the directory: contacts by scope, school days by layer, and whether there is enough to start."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from services.console.handlers import import_file
from shared.calendar import DayKind
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables.directory import directory_authority, directory_policy, directory_team, directory_term
from shared.directory import BankHolidays, Directory, check_start
from shared.errors import NotFound, SettingsRefused
from shared.scope import Scope
from shared.vault import Keyring, Vault
from tests.directory_samples import imported, write_csv

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
US = Scope.service("test")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def directory(database: Database, clock: ManualClock, tmp_path: Path) -> Directory:
    """Testshire, and a neighbour with a setting but neither terms nor a policy."""
    vault = Vault(Keyring.created(date(2026, 11, 22)), clock)
    await imported(database, vault, clock, tmp_path)
    neighbours: dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]] = {
        "authorities": (("authority", "name", "nation", "force"), [("998", "Nextshire", "wales", "nextshire")]),
        "settings": (
            ("setting_id", "name", "kind", "phase", "authority", "status"),
            [(f"90002{place}", f"Nextwood {place}", "school", "primary", "998", "open") for place in range(4)],
        ),
    }
    for kind, (columns, rows) in neighbours.items():
        path = write_csv(tmp_path / "next.csv", columns, rows)
        result = await import_file(kind, path, database, vault, clock, lambda _done, _total: None)
        assert result.applied, result.refused
    return Directory(vault, BankHolidays.bundled())


async def test_contacts_come_opened_in_the_order_of_the_ladder(database: Database, directory: Directory) -> None:
    async with database.reading() as reading:
        contacts = await directory.contacts(reading, "setting", "900001", US)
        assert [contact.role for contact in contacts] == ["dsl", "deputy", "head"]
        assert (contacts[0].email, contacts[0].phone) == ("dsl@900001.example", "+447700900001")
        assert await directory.contact(reading, contacts[1].contact_id, US) == contacts[1]
        many = await directory.contacts_of(reading, "setting", ["900001", "900005", "900007"], US)
    assert many["900001"] == contacts
    assert [contact.role for contact in many["900005"]] == ["dsl", "head"]  # its deputy has not been confirmed
    assert many["900007"] == ()
    assert not {"Ringholder", "900001.example"} & set(repr(contacts).replace("@", " ").replace("'", " ").split())


@pytest.mark.parametrize(
    ("scope", "settings", "teams"),
    [
        (Scope.authority("999"), 3, 2),
        (Scope.force("testshire"), 3, 2),
        (Scope.authority("998"), 0, 0),
        (Scope.force("nextshire"), 0, 0),
        (Scope.notification("900001"), 0, 0),
    ],
)
async def test_each_scope_sees_its_own_contacts_only(
    database: Database, directory: Directory, scope: Scope, settings: int, teams: int
) -> None:
    async with database.reading() as reading:
        (someone, *_) = await directory.contacts(reading, "setting", "900001", US)
        assert len(await directory.contacts(reading, "setting", "900001", scope)) == settings
        assert len(await directory.contacts(reading, "team", "testshire-phone-desk", scope)) == teams
        if not settings:
            with pytest.raises(NotFound):
                await directory.contact(reading, someone.contact_id, scope)


async def test_a_force_sees_the_contacts_of_its_own_desk_and_the_authority_does_not(database: Database, directory: Directory) -> None:
    async with database.reading() as reading:
        assert len(await directory.contacts(reading, "team", "testshire-police-hub", Scope.force("testshire"))) == 2
        assert await directory.contacts(reading, "team", "testshire-police-hub", Scope.authority("999")) == ()


@pytest.mark.parametrize(
    ("setting_id", "on", "kind", "source"),
    [
        ("900001", date(2026, 11, 23), DayKind.SCHOOL, "authority-terms"),
        ("900001", date(2026, 12, 21), DayKind.CLOSED, "authority-terms"),
        ("900001", date(2026, 12, 25), DayKind.CLOSED, "bank-holiday"),
        ("900001", date(2027, 1, 4), DayKind.STAFF_ONLY, "override"),
        ("900002", date(2026, 12, 12), DayKind.SCHOOL, "override"),
        ("900005", date(2026, 12, 3), DayKind.CLOSED, "override"),
        ("900006", date(2026, 12, 14), DayKind.CLOSED, "own-terms"),
        ("900006", date(2026, 6, 8), DayKind.SCHOOL, "unknown"),  # the authority's terms do not speak for a setting with its own
        ("900001", date(2028, 9, 20), DayKind.SCHOOL, "unknown"),
        ("900020", date(2026, 11, 23), DayKind.SCHOOL, "unknown"),
        ("900020", date(2026, 12, 25), DayKind.CLOSED, "bank-holiday"),
    ],
)
async def test_each_layer_of_the_calendar_decides_in_its_turn(
    database: Database, directory: Directory, setting_id: str, on: date, kind: DayKind, source: str
) -> None:
    async with database.reading() as reading:
        setting = await directory.setting(reading, setting_id)
        day = (await directory.calendar(reading, setting, setting.authority)).day(on)
    assert (day.kind, day.source, day.known) == (kind, source, source != "unknown")


async def test_an_authority_has_a_calendar_without_a_setting(database: Database, directory: Directory) -> None:
    async with database.reading() as reading:
        calendar = await directory.calendar(reading, None, "999")
        assert calendar.day(date(2027, 1, 4)).kind is DayKind.SCHOOL
        with pytest.raises(NotFound):
            await directory.calendar(reading, None, "997")


async def test_most_are_closed_only_when_most_of_what_is_known_says_so(database: Database, directory: Directory) -> None:
    async with database.reading() as reading:
        assert await directory.mostly_closed(reading, "999", date(2026, 12, 21))
        assert not await directory.mostly_closed(reading, "999", date(2026, 12, 14))  # the college alone
        assert not await directory.mostly_closed(reading, "999", date(2026, 12, 3))  # one school alone
        assert not await directory.mostly_closed(reading, "998", date(2026, 12, 21))  # nothing is known there
    async with database.transaction() as tx:
        await tx.execute(delete(directory_term).where(directory_term.c.setting_id.is_(None)))
    async with database.reading() as reading:
        assert await directory.mostly_closed(reading, "999", date(2026, 12, 14))  # now the college is all that is known


async def test_what_is_not_there_is_not_found(database: Database, directory: Directory) -> None:
    async with database.reading() as reading:
        assert set(await directory.settings(reading, ["900001", "900007", "999999"])) == {"900001", "900007"}
        assert not (await directory.setting(reading, "900007")).is_open
        assert (await directory.team(reading, "testshire-police-hub")).force == "testshire"
        assert [found.authority for found in await directory.authorities(reading, force="testshire")] == ["999"]
        for asked in (
            directory.setting(reading, "999999"),
            directory.team(reading, "x"),
            directory.authority(reading, "x"),
            directory.policy(reading, "x"),
            directory.contact(reading, "x", US),
        ):
            with pytest.raises(NotFound):
                await asked


async def test_start_is_refused_while_someone_would_be_nobodys(database: Database, directory: Directory) -> None:
    async with database.reading() as reading:
        with pytest.raises(SettingsRefused, match="authority 998: neither"):
            await check_start(reading, directory, NOW)
    await _point_to_testshire(database)
    async with database.reading() as reading:
        await check_start(reading, directory, NOW)
        with pytest.raises(SettingsRefused, match="authority 999: neither"):
            await check_start(reading, directory, datetime(2025, 8, 31, 22, 59, tzinfo=UTC))
        await check_start(reading, directory, datetime(2025, 8, 31, 23, 0, tzinfo=UTC))  # midnight of 1 September in London


async def test_start_is_refused_while_a_force_has_no_policy_although_its_authority_has(database: Database, directory: Directory) -> None:
    """A child whom nobody can place is decided about by the force's policy: without one the whole report would be nobody's."""
    async with database.transaction() as tx:
        await tx.execute(delete(directory_policy).where(directory_policy.c.owner_kind == "force"))
    async with database.reading() as reading:
        with pytest.raises(SettingsRefused, match="force testshire: it has no policy") as refused:
            await check_start(reading, directory, NOW)
    assert "authority 999" not in refused.value.text


async def test_start_is_refused_for_a_team_without_an_owner(database: Database, directory: Directory) -> None:
    await _point_to_testshire(database)
    async with database.transaction() as tx:
        await tx.execute(update(directory_team).where(directory_team.c.team_id == "testshire-phone-desk").values(owner=" "))
    async with database.reading() as reading:
        with pytest.raises(SettingsRefused, match="testshire-phone-desk"):
            await check_start(reading, directory, NOW)


async def test_start_is_refused_for_a_policy_that_cannot_be_read(database: Database, directory: Directory) -> None:
    async with database.transaction() as tx:
        await tx.execute(update(directory_policy).values(document="{}"))
    async with database.reading() as reading:
        with pytest.raises(SettingsRefused, match="stored version"):
            await check_start(reading, directory, NOW)


async def test_start_is_refused_for_an_empty_directory(database: Database, clock: ManualClock) -> None:
    empty = Directory(Vault(Keyring.created(date(2026, 11, 22)), clock), BankHolidays.bundled())
    async with database.reading() as reading:
        with pytest.raises(SettingsRefused, match="no authority"):
            await check_start(reading, empty, NOW)


async def _point_to_testshire(database: Database) -> None:
    """The neighbour is policed by the same force, whose policy then decides there."""
    async with database.transaction() as tx:
        await tx.execute(update(directory_authority).values(force="testshire"))
