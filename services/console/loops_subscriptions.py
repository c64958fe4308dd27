"""Console's clock: calendars are looked at once a day where they are published."""

import asyncio
from datetime import datetime

from services.console import store_subscriptions
from services.console.handlers_subscriptions import AGAIN, EVERY, look
from shared.errors import EncompassError
from shared.log import logger
from shared.service import Parts

log = logger(__name__)


class SubscriptionWatch:
    """Looks at what is due, one after the other: one that fails keeps no other from being looked at."""

    name = "console.subscriptions"
    every_seconds = 60.0

    def __init__(self, parts: Parts) -> None:
        self.woken = asyncio.Event()
        self._parts = parts

    async def run_once(self) -> int:
        """Look at all that are due; how many there were."""
        async with self._parts.database.reading() as reading:
            due = await store_subscriptions.due(reading, self._parts.clock.now(), EVERY, AGAIN)
        failed: EncompassError | None = None
        for one in due:
            try:
                state = await look(one, self._parts)
            except EncompassError as error:
                failed = error
                continue
            log.info("calendar.looked-at", authority=one.owner, state=state)
        if failed is not None:
            raise failed
        return len(due)

    async def next_due(self) -> datetime | None:
        """A day after the last look at any."""
        async with self._parts.database.reading() as reading:
            known = await store_subscriptions.every(reading)
        instants = [self._parts.clock.now() if one.looked_at is None else one.looked_at + EVERY for one in known]
        return min(instants, default=None)
