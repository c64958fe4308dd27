"""The vault's data keys: destroyed, they never come back; rotated, they open what they did; rolled back, nobody has used them."""

import asyncio
from contextvars import Context

import pytest
from sqlalchemy import select, update

from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables.vault import vault_key
from shared.errors import DatabaseRefused, DatabaseUnavailable, VaultSealed
from shared.ids import new_id
from shared.vault.keyring import Keyring
from shared.vault.store import Vault
from tests.vault import MONTH, NOW, ON, READER, SECRET, kept, opened


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NOW)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.created(ON, 12)


@pytest.fixture
def vault(keyring: Keyring, clock: Clock) -> Vault:
    return Vault(keyring, clock)


async def test_a_destroyed_scope_never_opens_again_and_says_when(database: Database, vault: Vault) -> None:
    scope_id, [content_id] = await kept(database, vault, [SECRET])
    assert await opened(database, vault, content_id) == SECRET
    async with database.transaction() as tx:
        assert await vault.destroy(tx, scope_id) is True
        assert await vault.destroy(tx, scope_id) is False
    with pytest.raises(VaultSealed):
        await opened(database, vault, content_id)
    async with database.reading() as reading:
        row = (await reading.execute(select(vault_key))).one()
    assert (row.wrapped, row.destroyed_at, row.kek_id) == (None, NOW, MONTH)


async def test_nothing_is_sealed_for_a_destroyed_scope_and_it_is_not_made_again(database: Database, vault: Vault) -> None:
    scope_id, _ = await kept(database, vault, [])
    async with database.transaction() as tx:
        await vault.destroy(tx, scope_id)
    async with database.transaction() as tx:
        with pytest.raises(VaultSealed):
            await vault.put(tx, scope_id, [(new_id(), "report", SECRET)])
        with pytest.raises(VaultSealed):
            await vault.opener(tx, scope_id)
    with pytest.raises(DatabaseRefused):
        async with database.transaction() as tx:
            await vault.new_scope(tx, scope_id, MONTH)


async def test_destroying_leaves_other_scopes_alone(database: Database, vault: Vault) -> None:
    scope_id, [gone] = await kept(database, vault, [b"gone"])
    _, [stays] = await kept(database, vault, [b"stays"])
    async with database.transaction() as tx:
        await vault.destroy(tx, scope_id)
    assert await opened(database, vault, stays) == b"stays"
    async with database.reading() as reading:
        with pytest.raises(VaultSealed):
            await vault.get_many(reading, [gone, stays], READER)


async def test_a_destruction_that_is_rolled_back_did_not_happen(database: Database, vault: Vault) -> None:
    scope_id, [content_id] = await kept(database, vault, [SECRET])

    async def destroy_and_fail() -> None:
        async with database.transaction() as tx:
            await vault.destroy(tx, scope_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await destroy_and_fail()
    assert await opened(database, vault, content_id) == SECRET


async def test_a_scope_that_was_rolled_back_leaves_no_key_behind(database: Database, vault: Vault, keyring: Keyring, clock: Clock) -> None:
    """Tried again, perhaps by another process, the scope gets another key; the first attempt's must be used by nobody."""
    scope_id, content_id = new_id(), new_id()

    async def make_and_fail() -> None:
        async with database.transaction() as tx:
            await vault.new_scope(tx, scope_id, MONTH)
            await vault.seal_for(tx, scope_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await make_and_fail()
    other_process = Vault(keyring, clock)
    async with database.transaction() as tx:
        await other_process.new_scope(tx, scope_id, MONTH)
    async with database.transaction() as tx:
        await vault.put(tx, scope_id, [(content_id, "report", SECRET)])
    assert await opened(database, other_process, content_id) == SECRET


@pytest.mark.parametrize("change", [{"wrapped": None}, {"destroyed_at": NOW}])
async def test_a_key_is_wrapped_or_destroyed_and_never_both_or_neither(database: Database, vault: Vault, change: dict[str, object]) -> None:
    await kept(database, vault, [])
    with pytest.raises(DatabaseRefused):
        async with database.transaction() as tx:
            await tx.execute(update(vault_key).values(**change))


@pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_a_key_that_is_sealing_is_not_destroyed_meanwhile(database: Database, vault: Vault) -> None:
    """On SQLite there is one writer anyhow."""
    scope_id, _ = await kept(database, vault, [])

    async def lock_to_destroy() -> None:
        async with database.transaction() as tx:
            await tx.execute(select(vault_key).where(vault_key.c.scope_id == scope_id).with_for_update(key_share=True, nowait=True))

    await lock_to_destroy()
    async with database.transaction() as tx:
        await vault.seal_for(tx, scope_id)
        with pytest.raises(DatabaseUnavailable):
            await asyncio.create_task(lock_to_destroy(), context=Context())  # as another request would
    await lock_to_destroy()


# --- rotation -----------------------------------------------------------------------------------------------------------


async def test_rewrapping_ends_with_everything_open_under_the_new_key_alone(
    database: Database, vault: Vault, keyring: Keyring, clock: Clock
) -> None:
    expected = {}
    for number in range(5):
        _, [content_id] = await kept(database, vault, [b"%d" % number])
        expected[content_id] = b"%d" % number
    destroyed, [gone] = await kept(database, vault, [b"gone"])
    async with database.transaction() as tx:
        await vault.destroy(tx, destroyed)

    rotated = keyring.with_new_wrapping_key(MONTH)
    during = Vault(rotated, clock)
    counts: list[int] = []
    while not counts or counts[-1]:
        async with database.transaction() as tx:
            counts.append(await during.rewrap(tx, MONTH, rotated.newest(MONTH), limit=2))
        async with database.reading() as reading:
            assert await during.get_many(reading, expected, READER) == expected
    assert counts == [2, 2, 1, 0]

    after = Vault(rotated.without_older(MONTH), clock)
    async with database.reading() as reading:
        assert await after.get_many(reading, expected, READER) == expected
        with pytest.raises(VaultSealed):
            await after.get(reading, gone, READER)
        with pytest.raises(VaultSealed):
            await vault.get_many(reading, expected, READER)


async def test_a_new_scope_takes_the_newest_key_of_its_month(database: Database, keyring: Keyring, clock: Clock) -> None:
    rotated = keyring.with_new_wrapping_key(MONTH)
    await kept(database, Vault(rotated, clock), [SECRET])
    async with database.reading() as reading:
        assert (await reading.execute(select(vault_key.c.kek_id))).scalar_one() == f"{MONTH}-2"
