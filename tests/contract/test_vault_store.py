"""The vault's contents in a database: they open for their own row under their own key, and the rows tell nothing."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables.vault import vault_content, vault_key
from shared.errors import DatabaseRefused, Misuse, NotFound, VaultSealed
from shared.ids import new_id
from shared.vault.keyring import Keyring, retention_month
from shared.vault.sealing import row_identity
from shared.vault.store import GET_MANY_LIMIT, Vault
from tests.backends import postgres_admin, sqlalchemy_url, with_database
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


@pytest.fixture
async def thief(database_url: str, database_kind: str, clock: Clock) -> AsyncIterator[Database]:
    """Someone who has taken the database itself: may change what the application's own role may not."""
    name = database_url.rpartition("/")[2]
    stolen = Database.at(database_url if database_kind == "sqlite" else sqlalchemy_url(with_database(postgres_admin(), name)), clock)
    yield stolen
    await stolen.close()


async def changed(thief: Database, content_id: str, **values: object) -> None:
    async with thief.transaction() as tx:
        await tx.execute(update(vault_content).where(vault_content.c.content_id == content_id).values(**values))


async def test_what_was_put_is_got(database: Database, vault: Vault) -> None:
    plaintexts = [SECRET, b"", bytes(range(256)) * 1000]
    _, content_ids = await kept(database, vault, plaintexts)
    for content_id, plaintext in zip(content_ids, plaintexts, strict=True):
        assert await opened(database, vault, content_id) == plaintext


async def test_another_process_with_the_same_keyring_opens_it(database: Database, vault: Vault, keyring: Keyring, clock: Clock) -> None:
    _, [content_id] = await kept(database, vault, [SECRET])
    assert await opened(database, Vault(Keyring.parsed(keyring.serialised()), clock), content_id) == SECRET


async def test_contents_of_several_scopes_are_got_together(database: Database, vault: Vault) -> None:
    expected: dict[str, bytes] = {}
    for number in range(3):
        plaintexts = [f"{number}a".encode(), f"{number}b".encode()]
        _, content_ids = await kept(database, vault, plaintexts)
        expected |= dict(zip(content_ids, plaintexts, strict=True))
    async with database.reading() as reading:
        assert await vault.get_many(reading, expected, READER) == expected
        assert await vault.get_many(reading, [], READER) == {}


async def test_content_added_later_has_the_key_of_its_scope(database: Database, vault: Vault) -> None:
    scope_id, [first] = await kept(database, vault, [b"first"])
    second = new_id()
    async with database.transaction() as tx:
        await vault.put(tx, scope_id, [(second, "report", b"second")])
        await vault.put(tx, scope_id, [])
    assert [await opened(database, vault, content_id) for content_id in (first, second)] == [b"first", b"second"]


async def test_rows_that_seal_for_themselves_open_under_their_scope(database: Database, vault: Vault) -> None:
    scope_id, _ = await kept(database, vault, [])
    other_id, _ = await kept(database, vault, [])
    identity = row_identity("router_pupil", "p1")
    async with database.transaction() as tx:
        sealer = await vault.seal_for(tx, scope_id)
    sealed = sealer(identity, SECRET)
    async with database.reading() as reading:
        opener = await vault.opener(reading, scope_id)
        openers = await vault.openers(reading, [scope_id, other_id])
    assert opener(identity, sealed) == openers[scope_id](identity, sealed) == SECRET
    with pytest.raises(VaultSealed):
        opener(row_identity("router_pupil", "p2"), sealed)
    with pytest.raises(VaultSealed):
        openers[other_id](identity, sealed)


async def test_nothing_in_the_rows_tells_the_content_or_the_key(database: Database, vault: Vault, keyring: Keyring) -> None:
    scope_id, _ = await kept(database, vault, [SECRET])
    async with database.reading() as reading:
        data_key = (await vault.opener(reading, scope_id)).data_key
        rows = [*(await reading.execute(select(vault_key))).all(), *(await reading.execute(select(vault_content))).all()]
    stored = b"".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
    assert len(rows) == 2
    for secret in (SECRET, b"Testwood", b"2018", data_key, keyring.wrapping_key(MONTH)):
        assert secret not in stored
    assert repr(data_key)[2:-1] not in repr(await _sealer(database, vault, scope_id))


async def _sealer(database: Database, vault: Vault, scope_id: str) -> object:
    async with database.transaction() as tx:
        return await vault.seal_for(tx, scope_id)


@pytest.mark.parametrize("across", ["rows", "scopes"])
async def test_exchanged_content_does_not_open(database: Database, thief: Database, vault: Vault, across: str) -> None:
    _, [one, other] = await kept(database, vault, [b"one", b"other"])
    if across == "scopes":
        _, [other] = await kept(database, vault, [b"other"])
    async with database.transaction() as tx:
        sealed = {row.content_id: row.sealed for row in (await tx.execute(select(vault_content))).all()}
    await changed(thief, one, sealed=sealed[other])
    await changed(thief, other, sealed=sealed[one])
    for content_id in (one, other):
        with pytest.raises(VaultSealed):
            await opened(database, vault, content_id)


async def test_changed_content_does_not_open(database: Database, thief: Database, vault: Vault) -> None:
    _, [content_id] = await kept(database, vault, [SECRET])
    await changed(thief, content_id, sealed=b"\x01" + bytes(60))
    with pytest.raises(VaultSealed):
        await opened(database, vault, content_id)


async def test_the_kind_is_bound_into_the_seal(database: Database, thief: Database, vault: Vault) -> None:
    _, [content_id] = await kept(database, vault, [SECRET], kind="report")
    await changed(thief, content_id, kind="other")
    with pytest.raises(VaultSealed):
        await opened(database, vault, content_id)


async def test_a_wrapped_key_copied_to_another_scope_does_not_open(database: Database, vault: Vault) -> None:
    scope_id, [content_id] = await kept(database, vault, [SECRET])
    other_id, _ = await kept(database, vault, [])
    async with database.transaction() as tx:
        wrapped = (await tx.execute(select(vault_key.c.wrapped).where(vault_key.c.scope_id == other_id))).scalar_one()
        await tx.execute(update(vault_key).where(vault_key.c.scope_id == scope_id).values(wrapped=wrapped))
    with pytest.raises(VaultSealed):
        await opened(database, vault, content_id)


async def test_another_keyring_of_the_same_months_opens_nothing(database: Database, vault: Vault, clock: Clock) -> None:
    _, [content_id] = await kept(database, vault, [SECRET])
    with pytest.raises(VaultSealed):
        await opened(database, Vault(Keyring.created(ON, 12), clock), content_id)


async def test_a_destroyed_month_opens_nothing(database: Database, vault: Vault, keyring: Keyring, clock: Clock) -> None:
    _, [content_id] = await kept(database, vault, [SECRET])
    with pytest.raises(VaultSealed):
        await opened(database, Vault(keyring.without(MONTH), clock), content_id)


# --- unknown, and misused -----------------------------------------------------------------------------------------------


async def test_what_is_not_there_is_not_found(database: Database, vault: Vault) -> None:
    _, [content_id] = await kept(database, vault, [SECRET])
    async with database.transaction() as tx:
        with pytest.raises(NotFound):
            await vault.get(tx, new_id(), READER)
        with pytest.raises(NotFound):
            await vault.get_many(tx, [content_id, new_id()], READER)
        with pytest.raises(NotFound):
            await vault.opener(tx, new_id())
        with pytest.raises(NotFound):
            await vault.put(tx, new_id(), [(new_id(), "report", SECRET)])
        with pytest.raises(NotFound):
            await vault.destroy(tx, new_id())


async def test_a_month_that_the_keyring_does_not_cover_is_refused(database: Database, vault: Vault) -> None:
    async with database.transaction() as tx:
        with pytest.raises(VaultSealed):
            await vault.new_scope(tx, new_id(), retention_month(ON, 13))


async def test_misuse_is_told_before_it_does_harm(database: Database, vault: Vault) -> None:
    scope_id, _ = await kept(database, vault, [])
    other_id, _ = await kept(database, vault, [])
    async with database.transaction() as tx:
        sealer = await vault.seal_for(tx, other_id)
        with pytest.raises(Misuse):
            await vault.put(tx, scope_id, [(new_id(), "report", SECRET)], sealer=sealer)
        with pytest.raises(Misuse):
            await vault.rewrap(tx, MONTH, MONTH, 10)
        with pytest.raises(Misuse):
            await vault.get_many(tx, [new_id() for _ in range(GET_MANY_LIMIT + 1)], READER)


async def test_content_is_written_once(database: Database, vault: Vault) -> None:
    scope_id, [content_id] = await kept(database, vault, [SECRET])
    with pytest.raises(DatabaseRefused) as raised:
        async with database.transaction() as tx:
            await vault.put(tx, scope_id, [(content_id, "report", b"other")])
    assert "Testwood" not in str(raised.value)
    assert await opened(database, vault, content_id) == SECRET
