"""Looking reported children up on the live rolls: three statements for a whole batch.

While an index key is being exchanged some rolls have their tokens under the old key and some under the new one. So a search asks under
every key of the keyring, and looks afterwards whether that was every key that a live roll needs.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from services.router import store_roll
from services.router.domain.evidence import Key, Pupil, child_keys
from services.router.store_roll import SealedPupil
from shared.db import Reading
from shared.errors import Unavailable, VaultSealed
from shared.log import logger
from shared.report.model import Child
from shared.vault import Vault
from shared.vault.store import Opener

log = logger(__name__)


async def candidates(reading: Reading, vault: Vault, children: Mapping[str, Child]) -> dict[str, tuple[Pupil, ...]]:
    """By child_id, every pupil that shares a key with the child, under every index key still in use."""
    return await sharing(reading, vault, {child_id: child_keys(child) for child_id, child in children.items()})


async def sharing(reading: Reading, vault: Vault, keys: Mapping[str, Collection[Key]]) -> dict[str, tuple[Pupil, ...]]:
    """The same for whatever is looked for, by the keys to look it up by."""
    asked, rows = await _found(reading, vault, keys)
    openers = await _openers(reading, vault, {row.roll_id for row in rows})
    pupils: dict[str, Pupil] = {}
    shared: dict[str, dict[str, Pupil]] = defaultdict(dict)
    for row in rows:
        if row.roll_id not in openers:
            continue
        if row.pupil_id not in pupils:
            pupils[row.pupil_id] = store_roll.opened(row, openers[row.roll_id])
        for child_id in asked[row.token]:
            shared[child_id][row.pupil_id] = pupils[row.pupil_id]
    return {child_id: tuple(shared[child_id].values()) for child_id in keys}


async def _found(
    reading: Reading, vault: Vault, keys: Mapping[str, Collection[Key]]
) -> tuple[Mapping[bytes, set[str]], tuple[SealedPupil, ...]]:
    """The child_ids by token, and the rows that any token found.

    A key that a roll needs and this process lacks is one that has just been added: the keyring is read again. What then is still lacking
    finds nobody, and its children are held for a person.
    """
    lacking: frozenset[str] = frozenset()
    while True:
        keyring = vault.keyring
        asked = _asked([keyring.index_key(key_id) for key_id in keyring.index_key_ids], keys)
        rows = await store_roll.found(reading, asked)
        unknown = await store_roll.index_keys_of_live(reading) - keyring.index_keys.keys()
        if unknown == lacking:
            break
        lacking = unknown
        await vault.renew()
    for key_id in sorted(lacking):
        log.error("index-key.lacking", key_id=key_id)
    return asked, rows


def _asked(index_keys: Sequence[bytes], keys: Mapping[str, Collection[Key]]) -> Mapping[bytes, set[str]]:
    asked: dict[bytes, set[str]] = defaultdict(set)
    for child_id, wanted in keys.items():
        for key in wanted:
            for index_key in index_keys:
                asked[store_roll.token_of(index_key, key)].add(child_id)
    return asked


async def _openers(reading: Reading, vault: Vault, roll_ids: set[str]) -> dict[str, Opener]:
    """An opener for each roll that can be opened. One that has outlived its key finds nobody, and its children are held.

    Raises Unavailable when a roll has been replaced since it was read: then all is read anew.
    """
    try:
        return await vault.openers(reading, roll_ids)
    except VaultSealed:
        if await store_roll.live(reading, roll_ids) != roll_ids:
            raise Unavailable("a roll was replaced meanwhile", code="roll-replaced") from None
    opened = {}
    for roll_id in sorted(roll_ids):
        try:
            opened[roll_id] = await vault.opener(reading, roll_id)
        except VaultSealed:
            log.error("roll.sealed", roll_id=roll_id)
    return opened
