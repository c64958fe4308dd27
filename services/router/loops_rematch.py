"""Router's clock: before a first staff day's message goes out, its children are looked for on the roll as it is by then; so are those of a
setting that has closed, and those whom a team has for want of a setting when a roll comes."""

import asyncio
from datetime import datetime

from services.router import store_rematch
from services.router.handlers_rematch import Rematching
from shared.clock import Clock
from shared.db import Database
from shared.errors import EncompassError

INCIDENTS_AT_ONCE = 100


class RematchWatch:
    """Looks at incidents that wait, each in a transaction of its own: one that fails keeps no other from it."""

    name = "router.rematch-watch"
    every_seconds = 5.0

    def __init__(self, database: Database, clock: Clock, rematching: Rematching) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._rematching = rematching

    async def run_once(self) -> int:
        """Look again for the children of what is due, at most 100 incidents; returns how many there were."""
        async with self._database.reading() as reading:
            waiting = await store_rematch.due(reading, self._clock.now(), INCIDENTS_AT_ONCE)
            due = dict.fromkeys([*waiting, *await store_rematch.moving(reading, INCIDENTS_AT_ONCE)])
        failed: EncompassError | None = None
        for incident_id in due:
            try:
                await self._rematching.rematch(incident_id)
            except EncompassError as error:
                failed = error
        if failed is not None:
            raise failed
        return len(due)

    async def next_due(self) -> datetime | None:
        """When the next destination is an hour from being told."""
        async with self._database.reading() as reading:
            return await store_rematch.next_due_at(reading)
