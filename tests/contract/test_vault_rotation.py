"""Exchanging wrapping keys: whatever step is the last before a crash, everything opens, and carried out again it comes to its end."""

import asyncio
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, text

from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables.vault import vault_key
from shared.errors import NotFound, SettingsRefused, Unavailable, VaultSealed
from shared.ids import new_id
from shared.vault import custody
from shared.vault.custody import Source
from shared.vault.keyring import Keyring, retention_month
from shared.vault.rotation import Rotation
from shared.vault.store import Vault
from tests.vault import MONTH, NOW, ON, READER, SECRET, kept, opened

OTHER_MONTH = retention_month(ON, 7)


class Crash(BaseException):
    """The program ends here."""


@dataclass
class Falling:
    """The keyring's file, and a program that ends at its ``last``-th step: before, or right after, anything becomes durable."""

    source: Source
    last: int
    steps: int = 0

    def step(self, *_done: int) -> None:
        self.steps += 1
        if self.steps == self.last:
            raise Crash

    def write(self, keyring: Keyring) -> None:
        self.step()
        self.source.write(keyring)
        self.step()


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NOW)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    custody.init(tmp_path / "keyring", ON, 12)
    return Source(path=tmp_path / "keyring")


@pytest.fixture
def vault(source: Source, clock: Clock) -> Vault:
    return Vault(source.read(), clock, source=source)


async def kek_ids(database: Database) -> set[str]:
    async with database.reading() as reading:
        return set((await reading.execute(select(vault_key.c.kek_id).where(vault_key.c.wrapped.is_not(None)))).scalars())


async def rotated(database: Database, clock: Clock, source: Source, last: int = 0) -> int:
    """A rotation by a process of its own; returns how many steps it took. Raises Crash at step ``last``."""
    falling = Falling(source, last)
    with source.changing() as keyring:
        rotation = Rotation(database=database, vault=Vault(keyring, clock), source=falling, told=falling.step)  # type: ignore[arg-type]
        await rotation.rotate(MONTH)
    return falling.steps


async def test_a_rotation_may_end_at_any_step_and_loses_nothing(database: Database, clock: Clock, source: Source, vault: Vault) -> None:
    scope_id, [first] = await kept(database, vault, [b"first"])
    expected, last = {first: b"first"}, 0
    while True:
        last += 1
        before = source.read()
        try:
            await rotated(database, clock, source, last)
        except Crash:
            # Whoever goes on: a new process, or one that has been running all the time and seals meanwhile.
            for process in (vault, Vault(source.read(), clock, source=source)):
                _, [content_id] = await kept(database, process, [b"%d" % last])
                expected[content_id] = b"%d" % last
                async with database.reading() as reading:
                    assert await process.get_many(reading, expected, READER) == expected
            await rotated(database, clock, source)
            assert len(source.read().generations(MONTH)) == 1
            assert source.read().newest(MONTH) != before.newest(MONTH)
            assert await kek_ids(database) == {source.read().newest(MONTH)}
            continue
        break
    assert last > 6, "there were steps to end at"
    assert await opened(database, vault, first) == b"first", "a process that has been running all the time"
    assert await opened(database, Vault(source.read(), clock), first) == b"first"
    async with database.transaction() as tx:
        await vault.destroy(tx, scope_id)
    with pytest.raises(VaultSealed):
        await opened(database, vault, first)


async def test_a_keyring_from_before_opens_nothing_after_and_other_months_are_left_alone(
    database: Database, clock: Clock, source: Source, vault: Vault
) -> None:
    _, [content_id] = await kept(database, vault, [b"x"])
    before = source.read()
    await rotated(database, clock, source)
    with pytest.raises(VaultSealed):
        await opened(database, Vault(before, clock), content_id)
    after = source.read()
    assert {held: key for held, key in after.wrapping_keys.items() if held != f"{MONTH}-2"} == {
        held: key for held, key in before.wrapping_keys.items() if held != MONTH
    }


async def test_nothing_is_sealed_under_a_key_that_is_gone(database: Database, clock: Clock, source: Source, vault: Vault) -> None:
    """A process on another machine may still hold the old keyring: what it sealed would never open. The database says no."""
    behind = Vault(source.read(), clock)
    await rotated(database, clock, source)
    with pytest.raises(Unavailable) as refused:
        async with database.transaction() as tx:
            await behind.new_scope(tx, new_id(), MONTH)
    assert refused.value.code == "keyring-behind"
    async with database.transaction() as tx:
        await behind.new_scope(tx, new_id(), OTHER_MONTH)
        await vault.new_scope(tx, new_id(), MONTH)


@pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_what_is_being_sealed_when_a_rotation_ends_is_waited_for(database: Database, clock: Clock, source: Source) -> None:
    """A process that sealed under the old key and has not committed yet. On SQLite there is one writer anyhow."""
    behind, scope_id, content_id = Vault(source.read(), clock), new_id(), new_id()
    async with database.transaction() as tx:
        sealer = await behind.new_scope(tx, scope_id, MONTH)
        await behind.put(tx, scope_id, [(content_id, "report", SECRET)], sealer=sealer)
        rotating = asyncio.create_task(rotated(database, clock, source), context=Context())
        while len(source.read().generations(MONTH)) == 1:  # noqa: ASYNC110  the file is what tells
            await asyncio.sleep(0)
        await tx.execute(text("SELECT pg_sleep(0.3)"))  # the rotation goes on as far as it can
        assert not rotating.done()
    await rotating
    assert source.read().generations(MONTH) == (f"{MONTH}-2",)
    assert await opened(database, Vault(source.read(), clock), content_id) == SECRET


async def test_a_destroyed_key_is_not_looked_for_on_every_read(database: Database, clock: ManualClock, source: Source) -> None:
    reads = []

    class Counted(Source):
        def read(self) -> Keyring:
            reads.append(1)
            return source.read()

    vault = Vault(source.read(), clock)
    _, [content_id] = await kept(database, vault, [b"x"])
    source.write(source.read().without(MONTH))
    without = Vault(source.read(), clock, source=Counted(path=source.path))
    for _ in range(5):
        with pytest.raises(VaultSealed):
            await opened(database, without, content_id)
    assert len(reads) == 1


async def test_a_month_that_is_not_held_and_a_keyring_behind_a_command_are_refused(
    database: Database, clock: Clock, source: Source
) -> None:
    with source.changing() as keyring, pytest.raises(SettingsRefused), source.changing():
        pass
    rotation = Rotation(database=database, vault=Vault(keyring, clock), source=source, told=lambda *_: None)
    with pytest.raises(NotFound):
        await rotation.rotate("kek-2040-01")
    with pytest.raises(SettingsRefused), Source(command=("cat", str(source.path))).changing():
        pass
