"""Erasing: a destroyed data key opens nothing any more, here and in every copy of the database (design rule 7.2).

First the ledger, then the database: a crash between the two leaves a line that the next start carries out. What became of the children
is in the journal, which holds nothing personal and stays.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from shared.db import Database, Transaction, journal
from shared.errors import DatabaseRefused, NotFound, Refused, SettingsRefused
from shared.events import INGEST, IncidentErased
from shared.log import logger
from shared.vault import store_keys
from shared.vault.custody import Source
from shared.vault.keyring import has_ended, same_month
from shared.vault.store import Vault

BATCH = 500
RETENTION_ENDED = "retention-ended"
RESTORED = "restored-backup"
"""Why something is erased a second time: an older copy of the database had brought it back."""

_REASON = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_REASON_MAX = 40

Told = Callable[[int, int], None]

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much was erased: incidents, and other scopes (rolls, contacts of a month)."""

    incidents: int = 0
    others: int = 0


class Erasure:
    """Erases what ``vault`` keeps in ``database``."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def incident(self, incident_id: str, reason: str) -> bool:
        """Erase one report; False when it was erased before. ``reason`` is a code such as ``court-order``.

        Raises NotFound for an unknown incident, Refused for a reason that is no code.
        """
        if not _REASON.fullmatch(reason) or len(reason) > _REASON_MAX:
            raise Refused("the reason is a code: small letters, digits and hyphens", code="reason")
        async with self._database.transaction() as tx:
            if not await journal.received(tx, [incident_id]):
                raise NotFound("there is no such incident")
            erased = await self._vault.destroy(tx, incident_id)
            if erased:
                await tx.record(INGEST, [IncidentErased(incident_id=incident_id, reason=reason, erased_at=tx.clock.now())])
        if erased:
            log.info("incident.erased", incident_id=incident_id, reason=reason)
        return erased

    async def ended(self, on: date, told: Told, *, month: str | None = None) -> Erased:
        """Erase everything whose retention month has ended by the London date ``on``; ``month`` (a wrapping key's id) limits it to one."""
        async with self._database.reading() as reading:
            in_use = await store_keys.wrapping_keys_in_use(reading)
            due = sorted(kek_id for kek_id in in_use if has_ended(kek_id, on) and (month is None or same_month(kek_id, month)))
            total = await store_keys.alive_under(reading, due)
        erased, incidents = 0, 0
        for kek_id in due:
            while True:
                told(erased, max(erased, total))
                async with self._database.transaction() as tx:
                    gone = await self._vault.destroy_many(tx, await store_keys.some_under(tx, kek_id, BATCH))
                    incidents += await _stated(tx, {scope_id: tx.clock.now() for scope_id in gone}, RETENTION_ENDED)
                if not gone:
                    break
                erased += len(gone)
        log.info("retention.ended", count=erased)
        return Erased(incidents=incidents, others=erased - incidents)

    async def destroy_month(self, kek_id: str, on: date, source: Source, told: Told) -> Erased:
        """Erase what is kept for that month, then destroy its wrapping key, in every generation.

        Carried out again after a crash it goes on. Raises Refused for a month that has not ended, NotFound for one that is not held.
        """
        if not has_ended(kek_id, on):
            raise Refused("the month has not ended", code="not-ended")
        held = self._vault.keyring.generations(kek_id)
        if not held:
            raise NotFound("the keyring holds no key of that month")
        erased = await self.ended(on, told, month=kek_id)
        async with self._database.transaction() as tx:
            await store_keys.retire(tx, self._vault, held, None)
        keyring = self._vault.keyring.without(kek_id)
        source.write(keyring)
        self._vault.keyring = keyring
        return erased

    async def restore(self) -> Erased:
        """Destroy again whatever the ledger names and the database has alive: it stands on an older copy of itself.

        Raises SettingsRefused when the ledger cannot be read, or when this login may not destroy.
        """
        entries = {} if self._vault.ledger is None else self._vault.ledger.entries()
        scope_ids = sorted(entries)
        erased, incidents = 0, 0
        for start in range(0, len(scope_ids), BATCH):
            part = scope_ids[start : start + BATCH]
            async with self._database.reading() as reading:
                back = await store_keys.alive(reading, part)
            if back:
                incidents += await self._again({scope_id: entries[scope_id] for scope_id in back})
                erased += len(back)
        if erased:
            log.warning("erasure.restored", count=erased)
        return Erased(incidents=incidents, others=erased - incidents)

    async def _again(self, back: dict[str, datetime]) -> int:
        try:
            async with self._database.transaction() as tx:
                await store_keys.destroy_again(tx, back)
                return await _stated(tx, back, RESTORED)
        except DatabaseRefused:
            raise SettingsRefused(
                "the database holds what had been erased, and this login may not erase: run `encompass restore` with one that may"
            ) from None


async def _stated(tx: Transaction, gone: dict[str, datetime], reason: str) -> int:
    """Tell of those that are incidents; how many they are."""
    incidents = sorted(await journal.received(tx, gone))
    await tx.record(INGEST, [IncidentErased(incident_id=one, reason=reason, erased_at=gone[one]) for one in incidents])
    return len(incidents)
