"""Moving on at once: what came back is taken in, and whoever was told and is suspended since has told nobody.

Both only have the ladder look again. What follows is its own rule: a rung that reached nobody makes the next one due.
"""

import asyncio
from datetime import datetime

from services.notifier import store, store_attempts
from services.notifier.domain.returned import Mailbox, Returned, returned
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.errors import Unavailable
from shared.events import NOTIFIER, AttemptReturned
from shared.log import logger

MOST = 50
LOOK_SECONDS = 30.0

log = logger(__name__)


class MovingOn:
    """The loop. Without a mailbox nothing comes back, and a bounce after the hand-over is not noticed."""

    every_seconds = LOOK_SECONDS

    def __init__(self, *, database: Database, clock: Clock, mailbox: Mailbox | None = None) -> None:
        self.name = f"{NOTIFIER}.moving-on"
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._mailbox = mailbox
        self._looked_at: float | None = None

    async def run_once(self) -> int:
        """Take in what lies in the mailbox, and look for suspended contacts every half minute; how much there was."""
        suspended = await self._suspended()  # first: whatever lies in the mailbox, whoever was told and is suspended has told nobody
        return suspended + await self._mail()

    async def next_due(self) -> datetime | None:
        """Nothing of this is known beforehand."""
        return None

    async def _mail(self) -> int:
        if self._mailbox is None:
            return 0
        try:
            mails = await asyncio.to_thread(self._mailbox.mails, MOST)
            for mail in mails:
                found = await asyncio.to_thread(returned, mail.content)
                taken = found is not None and await self._took_back(found)
                await asyncio.to_thread(self._mailbox.done if taken else self._mailbox.aside, mail)
        except OSError as error:
            raise Unavailable("the mailbox of what came back cannot be read", code="no-mailbox") from error
        return len(mails)

    async def _took_back(self, found: Returned) -> bool:
        async with self._database.transaction() as tx:
            return await take_back(tx, found)

    async def _suspended(self) -> int:
        real = self._clock.monotonic()
        if self._looked_at is not None and real < self._looked_at + LOOK_SECONDS:
            return 0
        self._looked_at = real
        async with self._database.reading() as reading:
            found = await store_attempts.told_only_suspended(reading, reading.clock.now())
        for notification_id in found:
            async with self._database.transaction() as tx:
                await store.look_again(tx, notification_id, tx.clock.now())
            log.info("notification.look-again", notification_id=notification_id, reason="suspended")
        return len(found)


async def take_back(tx: Transaction, found: Returned) -> bool:
    """Write down that a message came back and have the ladder look at once; False when no message of ours is meant."""
    taken, now = await store_attempts.taken(tx, found.attempt_id), tx.clock.now()
    for one in taken:
        held = await store.hold(tx, one.notification_id)
        if not await store_attempts.come_back(tx, one.attempt_id, found.what, now):
            continue
        fact = AttemptReturned(
            incident_id=held.incident_id,
            notification_id=one.notification_id,
            attempt_id=one.attempt_id,
            rung=one.rung,
            channel=one.channel,
            kind=found.what.value,
            returned_at=now,
        )
        await tx.record(NOTIFIER, [fact])
        await store.look_again(tx, one.notification_id, now)
        log.info("attempt.returned", attempt_id=one.attempt_id, channel=one.channel, result=found.what.value)
    return bool(taken)
