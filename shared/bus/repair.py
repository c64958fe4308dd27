"""Repair publishes nothing (D10): each service looks for facts that should be in its inbox and are not, and handles them itself.

It covers whatever the broker lost, whatever was published to a queue that did not exist, whatever died between commit and publish.
The inbox's unique key makes the broker's late copy a no-op. It also forgets inbox rows that are older than anything it looks back to.
"""

import asyncio
from datetime import datetime, timedelta

from shared.bus import inbox
from shared.bus.delivery import Delivery
from shared.db import Database
from shared.log import logger

FORGET_EVERY = timedelta(hours=1)

log = logger(__name__)


class Repair:
    """One service's look back. ``every_seconds`` is half of the age at which a fact counts as missing."""

    every_seconds = 60.0

    def __init__(self, delivery: Delivery, database: Database) -> None:
        self.name = f"{delivery.service}.repair"
        self.woken = asyncio.Event()
        self._delivery = delivery
        self._database = database
        self._clock = database.clock
        self._forgotten_at: datetime | None = None

    async def run_once(self) -> int:
        """Deliver up to a batch of missing facts; returns how many were missing. One that cannot be read becomes an inbox row."""
        async with self._database.reading() as reading:
            lost = await inbox.missing(reading, self._delivery.service)
        if lost:
            log.warning("repair.found", service=self._delivery.service, facts=len(lost))
        envelopes = []
        for item in lost:
            try:
                envelopes.append(item.envelope())
            except (KeyError, ValueError) as error:
                await self._delivery.failed(item.fact_id, item.type, error)
        await self._delivery.deliver(envelopes)
        await self._forget()
        return len(lost)

    async def _forget(self) -> None:
        """Once an hour, and on as long as there is a whole batch to forget: no index leads there, because it would cost every fact."""
        now = self._clock.real()
        if self._forgotten_at is not None and now - self._forgotten_at < FORGET_EVERY:
            return
        async with self._database.transaction() as tx:
            if await inbox.forget(tx, self._delivery.service) < inbox.FORGET_AT_ONCE:
                self._forgotten_at = now

    async def next_due(self) -> datetime | None:
        """Looking back needs no appointment."""
        return None
