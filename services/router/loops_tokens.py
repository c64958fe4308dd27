"""Router's background work on the rolls: a second token set under a new index key, and the end of what is left of old rolls.

A roll says under which index key its tokens are whole. A rotation writes tokens under the current key for every pupil of a roll, batch
by batch, then lets the roll name that key, and only then removes the tokens of the old one: at every moment a search under the keys of
the keyring finds every pupil. Nothing here is told of a pupil but a count.
"""

import asyncio
from datetime import datetime

from services.router import store_roll, store_tokens
from services.router.roll import destroy_keys_left
from services.router.store_tokens import SealedRow
from shared.db import Database, Transaction
from shared.errors import VaultSealed
from shared.log import logger
from shared.vault import Vault

PUPILS_AT_ONCE = 300
TOKENS_AT_ONCE = 1_000

log = logger(__name__)


class TokenRotation:
    """Has nothing to do while the keyring holds one index key. Where it is lies in memory: a restart writes again what is there already."""

    name = "router.token-rotation"
    every_seconds = 300.0

    def __init__(self, database: Database, vault: Vault) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._vault = vault
        self._place = ("", "")
        self._sealed: frozenset[str] = frozenset()

    async def run_once(self) -> int:
        """Write the tokens of up to 300 pupils, or remove up to 1,000 old ones; how many of either."""
        keyring = self._vault.keyring
        key_id, *old = keyring.index_key_ids
        if not old:
            return 0
        async with self._database.reading() as reading:
            roll_id = await store_tokens.roll_under_another(reading, key_id, self._sealed)
        if roll_id is not None:
            return await self._advance(roll_id, key_id)
        async with self._database.transaction() as tx:
            return await store_tokens.remove_old(tx, key_id, old, TOKENS_AT_ONCE)

    async def next_due(self) -> datetime | None:
        """Nothing here waits for business time."""
        return None

    async def _advance(self, roll_id: str, key_id: str) -> int:
        """One batch of one roll; past its last pupil the roll names the new key. A roll that ends meanwhile is left alone."""
        after = self._place[1] if self._place[0] == roll_id else ""
        async with self._database.transaction() as tx:
            rows = await store_tokens.pupils(tx, roll_id, after, PUPILS_AT_ONCE) if await store_tokens.hold(tx, roll_id) else None
            if rows is None:
                return 1
            if rows:
                await self._write(tx, roll_id, key_id, rows)
            else:
                await store_tokens.switch(tx, roll_id, key_id)
        self._place = (roll_id, rows[-1].pupil_id) if rows else ("", "")
        if not rows:
            log.info("roll.tokens-rotated", roll_id=roll_id, key_id=key_id)
        return max(1, len(rows))

    async def _write(self, tx: Transaction, roll_id: str, key_id: str, rows: tuple[SealedRow, ...]) -> None:
        index_key = self._vault.keyring.index_key(key_id)
        opener = await self._vault.opener(tx, roll_id)
        made = [(row.pupil_id, store_roll.tokens_of(index_key, store_roll.known(row.pupil_id, row.sealed, opener))) for row in rows]
        await store_tokens.add(tx, key_id, made)


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
