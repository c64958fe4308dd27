"""Exchanging an index key: at every moment every pupil is found, and in the end nothing is left under the old key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.ingest import store as incidents
from services.ingest.domain.sameness import same_body_hash
from services.ingest.handlers import Repeated, received
from services.ingest.loops import HashRotation
from services.router import loops_tokens, store_roll, store_tokens
from services.router.handlers_find import candidates
from services.router.loops_tokens import RollRemains, TokenRotation
from services.router.store_tokens import Roll
from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.report.model import Child, Report
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Keyring, Vault
from shared.vault.custody import Source
from tests.contract.ingest_world import FORCE, KEYRING, a_world, with_keyring
from tests.routing import NIGHT, World, on_roll, report_at
from tests.samples import sample_body, sample_upn
from tests.vault import ON

FILLING = 2 * loops_tokens.PUPILS_AT_ONCE + 50
ROW = {
    "upn": "",
    "forename": "Samandra",
    "date_of_birth": "2018-03-04",
    "known_as": "",
    "postcode": "",
    "settings": "900001",
    "restricted": "",
}


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await World.made(database, clock, tmp_path)


def filling(number: int = FILLING) -> list[dict[str, str]]:
    return [ROW | {"surname": f"Testerby{one}"} for one in range(number)]


async def children_on_roll(world: World) -> dict[str, Child]:
    """The children of a report, spread over the rolls of two authorities, among others."""
    body = report_at(NIGHT)
    body["children"] = [child | {"upn": sample_upn(number)} for number, child in enumerate(body["children"][:2])]
    own = [on_roll(child) for child in body["children"]]
    await world.load_roll([own[0], *filling()])
    await world.load_roll([own[1] | {"settings": "900004"}], authority="farshire")
    return {child.reference: child for child in Report.model_validate(body).children}


async def found(world: World, vault: Vault, children: Mapping[str, Child]) -> dict[str, int]:
    async with world.database.transaction() as tx:
        return {reference: len(pupils) for reference, pupils in (await candidates(tx, vault, children)).items()}


def processes(world: World, source: Source) -> list[Vault]:
    """One that has just started, and one that started before the rotation."""
    return [Vault(source.read(), world.clock, source=source), Vault(world.vault.keyring, world.clock, source=source)]


def kept_at(folder: Path, keyring: Keyring) -> Source:
    keyring.write(folder / "keyring")
    return Source(path=folder / "keyring")


@pytest.mark.parametrize("restarted", [False, True])
async def test_every_child_is_found_at_every_step_and_no_old_token_stays(world: World, tmp_path: Path, restarted: bool) -> None:
    children = await children_on_roll(world)
    rotated = world.vault.keyring.with_new_index_key()
    source = kept_at(tmp_path, rotated)
    loop = TokenRotation(world.database, processes(world, source)[0])
    before, steps, done = len(await world.rows("router_pupil_token")), 0, 1
    while done:
        for process in processes(world, source):
            assert await found(world, process, children) == dict.fromkeys(children, 1), f"step {steps}"
        done = await loop.run_once()
        steps += 1
        if restarted:
            loop = TokenRotation(world.database, Vault(rotated, world.clock))
    assert steps > 6
    tokens = await world.rows("router_pupil_token")
    assert ({row.key_id for row in tokens}, len(tokens)) == ({"index-2"}, before)
    assert {row.index_key_id for row in await world.rows("router_roll")} == {"index-2"}
    without = Vault(rotated.without_index_key("index-1"), world.clock)
    assert await found(world, without, children) == dict.fromkeys(children, 1)


async def test_an_old_key_is_needed_until_the_last_token_is_gone(world: World) -> None:
    await children_on_roll(world)
    vault = Vault(world.vault.keyring.with_new_index_key(), world.clock)
    loop = TokenRotation(world.database, vault)
    under: list[set[str]] = []
    while not under or "index-1" in under[-1]:
        await loop.run_once()
        under.append({row.key_id for row in await world.rows("router_pupil_token")})
        async with world.database.reading() as reading:
            assert await store_tokens.needs_index_key(reading, "index-1") is ("index-1" in under[-1])
    assert under[-1] == {"index-2"}
    assert await loop.run_once() == 0


async def test_a_process_with_an_older_keyring_takes_nothing_back(world: World) -> None:
    """Three keys, two processes at it at once: the newest key wins, and every child is found all the time."""
    children = await children_on_roll(world)
    second = world.vault.keyring.with_new_index_key()
    third = second.with_new_index_key()
    newer, older = Vault(third, world.clock), Vault(second, world.clock)
    loops = [TokenRotation(world.database, vault) for vault in (older, newer, older)]
    done = 1
    while done:
        done = sum([await loop.run_once() for loop in loops])
        assert await found(world, newer, children) == dict.fromkeys(children, 1)
    assert {row.index_key_id for row in await world.rows("router_roll")} == {"index-3"}
    assert {row.key_id for row in await world.rows("router_pupil_token")} == {"index-3"}


async def test_a_roll_that_another_process_has_taken_further_is_not_touched(world: World) -> None:
    """Between the look and the transaction: writing on under a key that is old by now would let the roll name it again."""
    await world.load_roll(filling(2))
    [roll] = await world.rows("router_roll")
    seen = Roll(roll_id=roll.roll_id, index_key_id=roll.index_key_id)
    async with world.database.transaction() as tx:
        assert await store_tokens.hold(tx, seen)
        await store_tokens.switch(tx, roll.roll_id, "index-2")
        assert not await store_tokens.hold(tx, seen)


async def test_a_roll_that_is_replaced_in_the_middle_of_it_is_left_alone(world: World) -> None:
    await children_on_roll(world)
    rotated = world.vault.keyring.with_new_index_key()
    loop = TokenRotation(world.database, Vault(rotated, world.clock))
    await loop.run_once()
    world.vault.keyring = rotated
    await world.load_roll(filling(3))
    while await loop.run_once():
        pass
    assert {row.key_id for row in await world.rows("router_pupil_token")} == {"index-2"}
    assert len(await world.rows("router_pupil")) == 4


async def test_a_roll_that_cannot_be_opened_stops_no_other(world: World) -> None:
    children = await children_on_roll(world)
    rotated = Keyring.created(ON, 24).with_new_index_key()
    stranger = Keyring(
        wrapping_keys=rotated.wrapping_keys, index_keys=world.vault.keyring.with_new_index_key().index_keys, current_index_key_id="index-2"
    )
    loop = TokenRotation(world.database, Vault(stranger, world.clock))
    while await loop.run_once():
        pass
    assert {row.key_id for row in await world.rows("router_pupil_token")} == {"index-1"}
    assert await found(world, world.vault, children) == dict.fromkeys(children, 1)


async def test_with_one_index_key_there_is_nothing_to_do(world: World) -> None:
    await children_on_roll(world)
    assert await TokenRotation(world.database, world.vault).run_once() == 0


async def test_what_a_crash_left_of_a_superseded_roll_is_destroyed(world: World) -> None:
    """The import is committed, and the process ends before it destroys the key."""
    await world.load_roll(filling(2))
    [roll] = await world.rows("router_roll")
    async with world.database.transaction() as tx:
        await store_roll.supersede(tx, "testshire", roll.as_at_on)
    remains = RollRemains(world.database, world.vault)
    assert (await remains.run_once(), await remains.run_once()) == (1, 0)
    async with world.database.reading() as reading:
        assert await world.vault.is_erased(reading, roll.roll_id)


async def test_an_erased_roll_leaves_no_token(world: World) -> None:
    children = await children_on_roll(world)
    for roll in await world.rows("router_roll"):
        async with world.database.transaction() as tx:
            await world.vault.destroy(tx, roll.roll_id)
    remains = RollRemains(world.database, world.vault)
    while await remains.run_once():
        pass
    assert [await world.rows(table) for table in ("router_pupil_token", "router_pupil")] == [[], []]
    assert await found(world, world.vault, children) == dict.fromkeys(children, 0)


# --- ingest's hashes ----------------------------------------------------------------------------------------------------


async def needs(database: Database, key_id: str) -> bool:
    async with database.reading() as reading:
        return await incidents.needs_index_key(reading, key_id)


async def test_repeats_are_known_before_during_and_after(database: Database, clock: ManualClock) -> None:
    async with a_world(database, clock) as world:
        bodies: list[Any] = [sample_body(seed=seed) for seed in range(3)]
        for body in bodies:
            await world.post(body)
        rotated = KEYRING.with_new_index_key()
        loop = HashRotation(database, Vault(rotated, clock))
        assert await needs(database, "index-1")
        while await loop.run_once():
            pass
        assert not await needs(database, "index-1")
        assert {row["hash_key_id"] for row in await world.rows("ingest_incident")} == {"index-2"}
        lone = rotated.without_index_key("index-1")
        for body in bodies:
            [answer] = await with_keyring(database, clock, lone).accept(
                [received(body, force=FORCE, key_id=world.key_id, received_at=clock.now())]
            )
            assert isinstance(answer, Repeated)
        for row in await world.rows("ingest_incident"):
            async with database.reading() as reading:
                sealed = await load(world.vault, reading, row["incident_id"], Scope.force(FORCE))
            assert row["body_hash"] == same_body_hash(sealed.report, lone.current_index_key)


async def test_the_hash_of_an_erased_report_keeps_no_key(database: Database, clock: ManualClock) -> None:
    async with a_world(database, clock) as world:
        incident_id = (await world.post(sample_body())).json()["incident_id"]
        async with database.transaction() as tx:
            await world.vault.destroy(tx, incident_id)
        loop = HashRotation(database, Vault(KEYRING.with_new_index_key(), clock))
        assert await loop.run_once() == 0
        assert not await needs(database, "index-1")
