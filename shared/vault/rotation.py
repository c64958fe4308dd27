"""Exchanging a month's wrapping key: every data key is wrapped anew, no content is touched (design rule 7.2).

The order, in which any step may be the last one before a crash; carried out again, a rotation goes on where it ended:

1. the keyring gets a newer key of the month, durably, beside the old one: whatever is wrapped under either opens;
2. data keys are wrapped under the newer one, in batches;
3. the database takes no data key under the old one any more, and the last of them are wrapped anew in that same transaction;
4. the old one leaves the keyring.

A backup of the database from before opens with the keyring of its own time alone.
"""

from collections.abc import Callable

from shared.db import Database
from shared.errors import NotFound
from shared.vault.custody import Source
from shared.vault.keyring import Keyring
from shared.vault.store import Vault
from shared.vault.store_keys import alive_under, retire

BATCH = 500

Told = Callable[[int, int], None]
"""Is told (data keys done, data keys to do) before every step and every batch."""


class Rotation:
    """Rotates months of the keyring that lies at ``source``. Nobody else changes it meanwhile (``Source.changing``)."""

    def __init__(self, *, database: Database, vault: Vault, source: Source, told: Told) -> None:
        self._database = database
        self._vault = vault
        self._source = source
        self._told = told

    async def rotate(self, kek_id: str) -> int:
        """Exchange the key of ``kek_id``'s month; how many data keys were wrapped anew. Raises NotFound for a month that is not held."""
        held = self._vault.keyring.generations(kek_id)
        if not held:
            raise NotFound("the keyring holds no key of that month")
        self._told(0, 0)
        if len(held) == 1:
            self._keep(self._vault.keyring.with_new_wrapping_key(kek_id))
        *older, newest = self._vault.keyring.generations(kek_id)
        done = await self._rewrap(older, newest)
        async with self._database.transaction() as tx:
            await retire(tx, self._vault, older, newest)
        self._told(done, done)
        self._keep(self._vault.keyring.without_older(kek_id))
        return done

    async def _rewrap(self, older: list[str], newest: str) -> int:
        async with self._database.reading() as reading:
            total = await alive_under(reading, older)
        done = 0
        for kek_id in older:
            while True:
                self._told(done, max(done, total))
                async with self._database.transaction() as tx:
                    wrapped = await self._vault.rewrap(tx, kek_id, newest, BATCH)
                if wrapped == 0:
                    break
                done += wrapped
        return done

    def _keep(self, keyring: Keyring) -> None:
        """First where it lies, then in use: nothing may be wrapped under a key that a crash could take away."""
        self._source.write(keyring)
        self._vault.keyring = keyring
