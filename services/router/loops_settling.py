"""Router's clock: a settlement that nobody took back takes effect."""

import asyncio
from datetime import datetime

from services.router import store_settlements
from services.router.handlers_settling import Settling
from shared.clock import Clock
from shared.db import Database
from shared.errors import EncompassError

SETTLEMENTS_AT_ONCE = 100


class SettlementWatch:
    """Looks at settlements that wait, each in a transaction of its own: one that fails keeps no other from taking effect."""

    name = "router.settlement-watch"
    every_seconds = 5.0

    def __init__(self, database: Database, clock: Clock, settling: Settling) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._settling = settling

    async def run_once(self) -> int:
        """Let what is due take effect, at most 100; returns how many there were."""
        async with self._database.reading() as reading:
            due = await store_settlements.due(reading, self._clock.now(), SETTLEMENTS_AT_ONCE)
        failed: EncompassError | None = None
        for one in due:
            try:
                await self._settling.take_effect(one)
            except EncompassError as error:
                failed = error
        if failed is not None:
            raise failed
        return len(due)

    async def next_due(self) -> datetime | None:
        """When the next settlement takes effect."""
        async with self._database.reading() as reading:
            return await store_settlements.next_due_at(reading)
