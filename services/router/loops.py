"""Router's clock: a review that nobody settled in time passes to its second owner."""

import asyncio
from datetime import datetime

from services.router import store
from shared.clock import Clock
from shared.db import Database
from shared.events import ROUTER, ReviewEscalated
from shared.log import logger

log = logger(__name__)

REVIEWS_AT_ONCE = 100


class ReviewWatch:
    """Looks at open reviews only, and only at their next action: the rows are the timer."""

    name = "router.review-watch"
    every_seconds = 5.0

    def __init__(self, database: Database, clock: Clock) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock

    async def run_once(self) -> int:
        """Escalate what is due, at most 100 reviews; returns how many."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            passed = await store.escalate_due(tx, now, REVIEWS_AT_ONCE)
            await tx.record(
                ROUTER,
                [
                    ReviewEscalated(
                        incident_id=one.incident_id, child_id=one.child_id, review_id=one.review_id, owner=one.owner, escalated_at=now
                    )
                    for one in passed
                ],
            )
        for one in passed:
            log.warning("review.escalated", incident_id=one.incident_id, review_id=one.review_id)
        return len(passed)

    async def next_due(self) -> datetime | None:
        """When the next open review escalates."""
        async with self._database.reading() as reading:
            return await store.next_review_at(reading)
