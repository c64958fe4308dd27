"""Looking reported children up on the live rolls: two statements for a whole batch."""

from collections import defaultdict
from collections.abc import Mapping

from services.router import store_roll
from services.router.domain.evidence import Pupil, child_keys
from shared.db import Reading
from shared.errors import Unavailable, VaultSealed
from shared.log import logger
from shared.report.model import Child
from shared.vault import Vault
from shared.vault.store import Opener

log = logger(__name__)


async def candidates(reading: Reading, vault: Vault, children: Mapping[str, Child]) -> dict[str, tuple[Pupil, ...]]:
    """By child_id, every pupil that shares a key with the child, under every index key still in use."""
    index_keys = [vault.keyring.index_key(key_id) for key_id in vault.keyring.index_key_ids]
    asked: dict[bytes, set[str]] = defaultdict(set)
    for child_id, child in children.items():
        for key in child_keys(child):
            for index_key in index_keys:
                asked[store_roll.token_of(index_key, key)].add(child_id)
    rows = await store_roll.found(reading, asked)
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
    return {child_id: tuple(shared[child_id].values()) for child_id in children}


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
