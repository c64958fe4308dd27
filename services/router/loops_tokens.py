"""Router's background work on the rolls: a second token set under a new index key, and the end of what is left of old rolls.

A roll says under which index key its tokens are whole. A rotation writes tokens under the current key for every pupil of a roll, batch
by batch, then lets the roll name that key, and only then removes the tokens of the old one: at every moment a search under the keys of
the keyring finds every pupil. Nothing here is told of a pupil but a count.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.router import store_roll, store_tokens
from services.router.roll import destroy_keys_left
from services.router.store_roll import SealedPupil
from services.router.store_tokens import Roll
from shared.db import Database, Transaction
from shared.errors import VaultSealed
from shared.log import logger
from shared.vault import Vault

PUPILS_AT_ONCE = 300
TOKENS_AT_ONCE = 1_000

log = logger(__name__)


class TokenRotation:
    """Has nothing to do while the keyring holds one index key. Its place lies in memory: a restart looks for what is lacking."""

    name = "router.token-rotation"
    every_seconds = 300.0

    def __init__(self, database: Database, vault: Vault) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._vault = vault
        self._place = ("", "", "")
        self._unreadable: set[str] = set()

    async def run_once(self) -> int:
        """Write the tokens of up to 300 pupils, or remove up to 1,000 old ones; how many of either.

        A roll under a key that this keyring lacks is in the hands of a process with a newer one, and left to it.
        """
        key_id, *old = self._vault.keyring.index_key_ids
        if not old:
            return 0
        async with self._database.reading() as reading:
            roll = await store_tokens.roll_under(reading, old, self._unreadable)
        if roll is not None:
            return await self._advance(roll, key_id)
        async with self._database.transaction() as tx:
            return await store_tokens.remove_old(tx, key_id, old, TOKENS_AT_ONCE)

    async def next_due(self) -> datetime | None:
        """Nothing here waits for business time."""
        return None

    async def _advance(self, roll: Roll, key_id: str) -> int:
        """One batch of one roll; past its last pupil the roll names the new key. What became of it meanwhile is left alone."""
        after = self._place[2] if self._place[:2] == (roll.roll_id, key_id) else ""
        async with self._database.transaction() as tx:
            if not await store_tokens.hold(tx, roll):
                return 1
            rows = await store_tokens.lacking(tx, roll.roll_id, key_id, after, PUPILS_AT_ONCE)
            if not rows:
                await store_tokens.switch(tx, roll.roll_id, key_id)
            elif not await self._write(tx, key_id, rows):
                self._unreadable.add(roll.roll_id)
                return 1
        self._place = (roll.roll_id, key_id, rows[-1].pupil_id if rows else "")
        if not rows:
            log.info("roll.tokens-rotated", roll_id=roll.roll_id, key_id=key_id)
        return max(1, len(rows))

    async def _write(self, tx: Transaction, key_id: str, rows: Sequence[SealedPupil]) -> bool:
        """False when the roll cannot be opened: then it finds nobody under any key."""
        index_key, roll_id = self._vault.keyring.index_key(key_id), rows[0].roll_id
        try:
            opener = await self._vault.opener(tx, roll_id)
        except VaultSealed:
            log.error("roll.sealed", roll_id=roll_id)
            return False
        made = [(row.pupil_id, store_roll.tokens_of(index_key, store_roll.opened(row, opener))) for row in rows]
        await store_tokens.add(tx, key_id, made)
        return True


class RollRemains:
    """Destroys the data keys of superseded rolls, and ends a live roll whose data key has been destroyed."""

    name = "router.roll-remains"
    every_seconds = 60.0

    def __init__(self, database: Database, vault: Vault) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._vault = vault

    async def run_once(self) -> int:
        """End one roll or destroy up to 100 keys; how many."""
        async with self._database.reading() as reading:
            erased = await store_tokens.erased_but_live(reading)
            left = await store_tokens.keys_left(reading)
        if erased is not None:
            async with self._database.transaction() as tx:
                ended = await store_roll.end(tx, erased)
            log.warning("roll.erased", roll_id=erased)
            return int(ended)
        return await destroy_keys_left(self._database, self._vault) if left else 0

    async def next_due(self) -> datetime | None:
        """Nothing here waits for business time."""
        return None
