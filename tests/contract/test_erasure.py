"""What is erased stays erased: in a dump, in an older copy of the database, and after a crash between ledger and database."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from shared.clock import ManualClock
from shared.db import Database, journal
from shared.db.engine import sqlite_path
from shared.db.tables.vault import vault_content, vault_key
from shared.errors import EncompassError, NotFound, Refused, SettingsRefused, Unavailable, VaultSealed
from shared.events import IncidentErased, IncidentReceived
from shared.ids import new_id
from shared.vault import Vault, custody
from shared.vault.custody import Source
from shared.vault.erasure import RESTORED, RETENTION_ENDED, Erased, Erasure
from shared.vault.ledger import FileLedger
from shared.vault.sealing import open_sealed, row_identity, unwrap
from tests.backends import admin, create_app_role, worker
from tests.vault import MONTH, NOW, ON, SECRET, kept, opened

AFTER = datetime(2027, 6, 1, tzinfo=UTC)
"""``MONTH`` is May 2027."""


class Crash(BaseException):
    """The program ends here."""


class Falling(FileLedger):
    """A program that ends between the ledger and the database."""

    def add(self, scope_ids: Sequence[str], at: datetime) -> None:
        super().add(scope_ids, at)
        raise Crash


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    custody.init(tmp_path / "keyring", ON, 24)
    return Source(path=tmp_path / "keyring")


@pytest.fixture
def ledger(source: Source) -> FileLedger:
    assert source.path is not None
    return FileLedger(custody.ledger_path(source.path))


@pytest.fixture
def vault(source: Source, ledger: FileLedger, clock: ManualClock) -> Vault:
    return Vault(source.read(), clock, ledger=ledger, source=source)


async def incident(database: Database, vault: Vault) -> tuple[str, str]:
    """A received incident: its id and that of its content."""
    incident_id, [content_id] = await kept(database, vault, [SECRET])
    fact = IncidentReceived(
        incident_id=incident_id, incident_version=1, force="testshire", child_ids=(new_id(),), received_at=NOW, believed_at=NOW
    )
    async with database.transaction() as tx:
        await tx.record("ingest", [fact])
    return incident_id, content_id


async def reasons(database: Database, incident_id: str) -> list[str]:
    async with database.reading() as reading:
        facts = [one.fact for one in await journal.of_incident(reading, incident_id)]
    return [fact.reason for fact in facts if isinstance(fact, IncidentErased)]


async def opens(database: Database, vault: Vault, content_id: str) -> bool:
    try:
        return await opened(database, vault, content_id) == SECRET
    except VaultSealed:
        return False


@contextlib.asynccontextmanager
async def older_copy(database: Database, url: str, folder: Path) -> AsyncIterator[Callable[[], Database]]:
    """The database as it is now; inside, calling what is given puts the copy in use, as after a restore."""
    await database.close()
    name = f"copy_{worker()}"
    if (path := sqlite_path(url)) is not None:
        with contextlib.closing(sqlite3.connect(path)) as before, contextlib.closing(sqlite3.connect(folder / name)) as copy:
            before.backup(copy)
        address = f"sqlite+aiosqlite:///{folder / name}"
    else:
        async with admin() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{url.rpartition("/")[2]}"')
        address = f"{url.rpartition('/')[0]}/{name}"
    restored = Database.at(address, ManualClock(NOW))
    try:
        yield lambda: restored
    finally:
        await restored.close()
        if path is None:
            async with admin() as connection:
                await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_an_erased_incident_opens_for_nobody_and_says_so_in_the_journal(database: Database, vault: Vault, ledger: FileLedger) -> None:
    incident_id, content_id = await incident(database, vault)
    _, other = await incident(database, vault)
    erasure = Erasure(database, vault)
    assert await erasure.incident(incident_id, "court-order") is True
    assert await erasure.incident(incident_id, "court-order") is False
    assert not await opens(database, vault, content_id)
    assert await opens(database, vault, other)
    assert await reasons(database, incident_id) == ["court-order"]
    assert ledger.entries() == {incident_id: NOW}


async def test_what_is_unknown_or_no_code_leaves_no_trace(database: Database, vault: Vault, ledger: FileLedger) -> None:
    incident_id, content_id = await incident(database, vault)
    scope_id, _ = await kept(database, vault, [])
    erasure = Erasure(database, vault)
    for unknown in (new_id(), "Wren Testwood", scope_id):
        with pytest.raises(NotFound):
            await erasure.incident(unknown, "court-order")
    for reason in ("Asked by Wren Testwood", "", "a" * 41, "-", "Court"):
        with pytest.raises(Refused):
            await erasure.incident(incident_id, reason)
    assert ledger.entries() == {}
    assert await opens(database, vault, content_id)


async def test_an_older_copy_brings_nothing_back(
    database: Database, database_url: str, vault: Vault, clock: ManualClock, tmp_path: Path
) -> None:
    gone, stays = [await incident(database, vault) for _ in range(3)], await incident(database, vault)
    scope_id, [of_roll] = await kept(database, vault, [SECRET])
    async with older_copy(database, database_url, tmp_path) as restored:
        for incident_id, _ in gone:
            await Erasure(database, vault).incident(incident_id, "court-order")
        async with database.transaction() as tx:
            await vault.destroy(tx, scope_id)
        assert await opens(restored(), vault, of_roll), "the copy is older"
        erasure = Erasure(restored(), vault)
        assert await erasure.restore() == Erased(incidents=3, others=1)
        assert await erasure.restore() == Erased()
        for content_id in (of_roll, *(content_id for _, content_id in gone)):
            assert not await opens(restored(), vault, content_id)
        assert await opens(restored(), vault, stays[1])
        assert [await reasons(restored(), incident_id) for incident_id, _ in gone] == [[RESTORED]] * 3


async def test_a_crash_between_ledger_and_database_is_carried_out_at_the_next_start(
    database: Database, vault: Vault, ledger: FileLedger, source: Source, clock: ManualClock
) -> None:
    incident_id, content_id = await incident(database, vault)
    assert source.path is not None
    falling = Vault(source.read(), clock, ledger=Falling(custody.ledger_path(source.path)))
    with pytest.raises(Crash):
        await Erasure(database, falling).incident(incident_id, "court-order")
    assert await opens(database, vault, content_id)
    assert ledger.entries().keys() == {incident_id}
    assert await Erasure(database, vault).restore() == Erased(incidents=1)
    assert not await opens(database, vault, content_id)


async def test_without_its_ledger_nothing_is_erased_and_nothing_starts(database: Database, vault: Vault, source: Source) -> None:
    incident_id, content_id = await incident(database, vault)
    assert source.path is not None
    custody.ledger_path(source.path).unlink()
    for work in (Erasure(database, vault).incident(incident_id, "court-order"), Erasure(database, vault).restore()):
        with pytest.raises(SettingsRefused):
            await work
    assert await opens(database, vault, content_id)


@pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_a_service_that_may_not_erase_does_not_start_on_an_older_copy(database: Database, database_url: str, vault: Vault) -> None:
    incident_id, content_id = await incident(database, vault)
    assert vault.ledger is not None
    await create_app_role("encompass_test_notifier", ("notifier",))
    name = database_url.rpartition("@")[2]
    reader = Database.at(f"postgresql+asyncpg://encompass_test_notifier@{name}", ManualClock(NOW))
    assert await Erasure(reader, vault).restore() == Erased()
    vault.ledger.add([incident_id], NOW)
    with pytest.raises(SettingsRefused, match="encompass restore"):
        await Erasure(reader, vault).restore()
    await reader.close()
    assert await opens(database, vault, content_id)


async def test_a_dump_from_after_with_the_whole_keyring_opens_the_others_alone(database: Database, vault: Vault) -> None:
    """The thief has every row and every key, and needs no program of ours."""
    gone, stays = await incident(database, vault), await incident(database, vault)
    await Erasure(database, vault).incident(gone[0], "court-order")
    async with database.reading() as reading:
        contents = {row.content_id: row for row in await reading.execute(select(vault_content))}
        keys = {row.scope_id: row for row in await reading.execute(select(vault_key))}
    read = {}
    for content_id, row in contents.items():
        for wrapped in (key.wrapped for key in keys.values() if key.wrapped is not None):
            for kek_id, kek in vault.keyring.wrapping_keys.items():
                for scope_id in keys:
                    with contextlib.suppress(VaultSealed):
                        data_key = unwrap(kek_id, kek, wrapped, scope_id)
                        read[content_id] = open_sealed(data_key, row.sealed, row_identity("vault_content", content_id, row.kind))
    assert read == {stays[1]: SECRET}
    assert not any(SECRET in row.sealed for row in contents.values())


# --- the end of a month -----------------------------------------------------------------------------------------------------


async def of_month(database: Database, vault: Vault, kek_id: str) -> str:
    content_id, scope_id = new_id(), new_id()
    async with database.transaction() as tx:
        sealer = await vault.new_scope(tx, scope_id, kek_id)
        await vault.put(tx, scope_id, [(content_id, "report", SECRET)], sealer=sealer)
    return content_id


@pytest.mark.parametrize(("on", "gone"), [(date(2027, 5, 31), 0), (date(2027, 6, 1), 2), (date(2027, 7, 1), 3)])
async def test_what_has_ended_is_erased_to_the_day(database: Database, vault: Vault, ledger: FileLedger, on: date, gone: int) -> None:
    incident_id, first = await incident(database, vault)
    contents = [first, *[await of_month(database, vault, kek_id) for kek_id in (MONTH, "kek-2027-06", "kek-2027-07")]]
    told: list[tuple[int, int]] = []
    erased = await Erasure(database, vault).ended(on, lambda *done: told.append(done))
    assert erased == Erased(incidents=min(gone, 1), others=max(0, gone - 1))
    assert [await opens(database, vault, content_id) for content_id in contents] == [False] * gone + [True] * (4 - gone)
    assert await reasons(database, incident_id) == [RETENTION_ENDED] * bool(gone)
    assert len(ledger.entries()) == gone
    assert all(done <= total for done, total in told)


async def test_a_month_is_destroyed_when_it_has_ended_and_takes_nothing_any_more(
    database: Database, vault: Vault, source: Source, clock: ManualClock
) -> None:
    behind = Vault(source.read(), clock)
    _, content_id = await incident(database, vault)
    other = await of_month(database, vault, "kek-2027-06")
    erasure = Erasure(database, vault)
    for on, error in ((date(2027, 5, 31), Refused), (date(2040, 6, 1), NotFound)):
        with pytest.raises(error):
            await erasure.destroy_month(MONTH if error is Refused else "kek-2040-05", on, source, lambda *_: None)
    assert await opens(database, vault, content_id)
    erased = await erasure.destroy_month(MONTH, AFTER.date(), source, lambda *_: None)
    assert erased == Erased(incidents=1)
    assert source.read().generations(MONTH) == ()
    assert not await opens(database, behind, content_id)
    assert await opens(database, vault, other)
    with pytest.raises(Unavailable):
        async with database.transaction() as tx:
            await behind.new_scope(tx, new_id(), MONTH)
    with pytest.raises(NotFound):
        await erasure.destroy_month(MONTH, AFTER.date(), source, lambda *_: None)


async def test_destroying_a_month_goes_on_after_a_crash(database: Database, vault: Vault, source: Source, clock: ManualClock) -> None:
    contents = [(await incident(database, vault))[1] for _ in range(2)]

    class Falls(Source):
        def write(self, keyring: object) -> None:
            raise Crash

    with pytest.raises(Crash):
        await Erasure(database, vault).destroy_month(MONTH, AFTER.date(), Falls(path=source.path), lambda *_: None)
    assert source.read().generations(MONTH) == (MONTH,)
    assert await Erasure(database, vault).destroy_month(MONTH, AFTER.date(), source, lambda *_: None) == Erased()
    assert source.read().generations(MONTH) == ()
    assert not any([await opens(database, vault, content_id) for content_id in contents])


async def test_a_ledger_that_cannot_be_written_erases_nothing(database: Database, vault: Vault) -> None:
    class Full(FileLedger):
        def add(self, scope_ids: Sequence[str], at: datetime) -> None:
            raise Unavailable("full", code="ledger")

    _, content_id = await incident(database, vault)
    vault.ledger = Full(Path("nowhere"))
    with pytest.raises(EncompassError):
        await Erasure(database, vault).ended(AFTER.date(), lambda *_: None)
    assert await opens(database, vault, content_id)
