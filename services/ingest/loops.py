"""Ingest's background work: the hashes that tell a repeat from another report are made anew under the current index key.

Afterwards the old index key may leave the keyring (design rule 7.2). Only the hash of a readable report can be made anew.
"""

import asyncio
from datetime import datetime

from services.ingest import store
from services.ingest.domain.sameness import same_body_hash
from shared.db import Database
from shared.errors import VaultSealed
from shared.events import INGEST
from shared.log import logger
from shared.report.store import load_many
from shared.scope import Scope
from shared.vault import Vault

INCIDENTS_AT_ONCE = 200

log = logger(__name__)


class HashRotation:
    """Has nothing to do while the keyring holds one index key. Its place lies in memory: a restart begins again and skips what is done."""

    name = "ingest.hash-rotation"
    every_seconds = 300.0

    def __init__(self, database: Database, vault: Vault) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._vault = vault
        self._after = ""
        self._done: str | None = None

    async def run_once(self) -> int:
        """Make up to 200 hashes anew; how many incidents were looked at."""
        keyring = self._vault.keyring
        key_id = keyring.current_index_key_id
        if len(keyring.index_keys) == 1 or self._done == key_id:
            return 0
        async with self._database.transaction() as tx:
            incident_ids = await store.hashed_otherwise(tx, key_id, self._after, INCIDENTS_AT_ONCE)
            hashes = []
            for incident_id in incident_ids:
                try:
                    sealed = await load_many(self._vault, tx, [incident_id], Scope.service(INGEST))
                except VaultSealed:
                    log.error("report.sealed", incident_id=incident_id)
                    continue
                hashes.append((incident_id, same_body_hash(sealed[incident_id].report, keyring.index_key(key_id))))
            if hashes:
                await store.rehash(tx, key_id, hashes)
        self._after = incident_ids[-1] if incident_ids else ""
        if not incident_ids:
            self._done = key_id
            log.info("hashes.rotated", key_id=key_id)
        return len(incident_ids)

    async def next_due(self) -> datetime | None:
        """Nothing here waits for business time."""
        return None
