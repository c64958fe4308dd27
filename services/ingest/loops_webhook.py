"""Pushing the feed: a batch of entries at a time to each webhook, in order, at least once.

What is being sent is frozen before it is sent: after a crash, and at each retry, the same entries go under the same ``webhook-id``, so
a receiver can tell a repeat. A webhook that takes nothing is tried with growing pauses for days, each a line in the log, and then
paused with an error and an alarm; it is never given up in silence.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from services.ingest import store_feed, store_webhook
from services.ingest.domain.feed import as_json
from services.ingest.domain.webhook import PAUSED_AFTER, back_off
from services.ingest.handlers_feed import Feed
from services.ingest.handlers_webhook import Webhooks, send
from services.ingest.handlers_webhook_client import LONGEST_TRY_SECONDS, Posted, Poster
from services.ingest.store_webhook import Webhook
from shared.clock import Clock
from shared.db import Database
from shared.errors import Refused, VaultSealed
from shared.events import INGEST
from shared.log import logger
from shared.scope import Scope

ENTRIES_AT_ONCE = 50
LEASE = timedelta(minutes=2)
"""Longer than a try may take: whoever died at it is followed by another try after that."""
RENEWED_EVERY_SECONDS = 3_600.0
GONE = 410

log = logger(__name__)


class Pushing:
    """Sends what webhooks have not got. Everything here runs on real time."""

    name = f"{INGEST}.webhooks"
    every_seconds = 2.0

    def __init__(self, *, database: Database, clock: Clock, feed: Feed, webhooks: Webhooks, poster: Poster) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._feed = feed
        self._webhooks = webhooks
        self._poster = poster
        self._renewed_at: float | None = None

    async def run_once(self) -> int:
        """What each webhook that is due has not got, for as long as one slow receiver may take; how many batches were tried."""
        await self._renew()
        async with self._database.reading() as reading:
            due = await store_webhook.due(reading, self._clock.real())
        until = self._clock.monotonic() + LONGEST_TRY_SECONDS
        done = await asyncio.gather(*(self._push_until(until, webhook_id) for webhook_id in due), return_exceptions=True)
        for one in done:
            if isinstance(one, BaseException):
                raise one
        return sum(one for one in done if isinstance(one, int))

    async def _push_until(self, until: float, webhook_id: str) -> int:
        """Batch after batch, so that a webhook with much to get is not held up by another one's slow receiver."""
        pushed = 0
        while await self._push(webhook_id):
            pushed += 1
            if self._clock.monotonic() >= until:
                break
        return pushed

    async def next_due(self) -> datetime | None:
        """Nothing here waits for business time."""
        return None

    async def _push(self, webhook_id: str) -> int:
        webhook = await self._claimed(webhook_id)
        if webhook is None or webhook.sending_to is None:
            return 0
        scope, end = Scope.force(webhook.force), webhook.sending_to
        try:
            async with self._database.reading() as reading:
                stored = await store_feed.page(
                    reading, scope, sandbox=webhook.sandbox, after=webhook.position, limit=ENTRIES_AT_ONCE, up_to=end
                )
                entries = await self._feed.entries(reading, stored, scope)
                secrets = await self._webhooks.secrets(reading, webhook_id)
        except VaultSealed:
            await self._pause(webhook, "secret-gone")
            return 1
        data = {"entries": [as_json(entry) for entry in entries], "cursor": str(end)}
        posted = await send(self._poster, self._clock, webhook.url, secrets, f"{webhook_id}-{end}", "outcomes.changed", data)
        await self._note(webhook, posted)
        return 1

    async def _claimed(self, webhook_id: str) -> Webhook | None:
        """Freeze the batch and take the webhook for the length of a lease; None when another process was quicker."""
        now = self._clock.real()
        async with self._database.transaction() as tx:
            webhook = await store_webhook.held(tx, webhook_id)
            if webhook is None or webhook.state != store_webhook.ACTIVE or webhook.due_at > now:
                return None
            if webhook.sending_to is None:
                scope = Scope.force(webhook.force)
                stored = await store_feed.page(tx, scope, sandbox=webhook.sandbox, after=webhook.position, limit=ENTRIES_AT_ONCE)
                if not stored:
                    return None
                await store_webhook.change(tx, webhook_id, sending_to=stored[-1].position)
            attempts = webhook.attempts + 1
            await store_webhook.change(tx, webhook_id, attempts=attempts, due_at=now + LEASE)
            return await store_webhook.held(tx, webhook_id)

    async def _note(self, webhook: Webhook, posted: Posted) -> None:
        if posted.taken:
            await self._change(
                webhook, position=webhook.sending_to, sending_to=None, attempts=0, failing_since_at=None, due_at=self._clock.real()
            )
            return
        if posted.status == GONE:
            await self._pause(webhook, "gone")
            return
        now = self._clock.real()
        since = webhook.failing_since_at or now
        if now - since >= PAUSED_AFTER:
            await self._pause(webhook, "failing")
            return
        log.warning("webhook.failed", force=webhook.force, reason=posted.said, attempts=webhook.attempts)
        await self._change(webhook, failing_since_at=since, due_at=now + back_off(webhook.attempts))

    async def _pause(self, webhook: Webhook, reason: str) -> None:
        log.error("webhook.paused", force=webhook.force, reason=reason, attempts=webhook.attempts)
        await self._change(webhook, state=store_webhook.PAUSED, reason=reason)

    async def _change(self, webhook: Webhook, **values: Any) -> None:
        async with self._database.transaction() as tx:
            await store_webhook.change(tx, webhook.webhook_id, at_position=webhook.position, **values)

    async def _renew(self) -> None:
        """Look hourly whether a secret is old enough to be sealed anew."""
        now = self._clock.monotonic()
        if self._renewed_at is not None and now - self._renewed_at < RENEWED_EVERY_SECONDS:
            return
        self._renewed_at = now
        for webhook in await self._webhooks.listed(None):
            try:
                await self._webhooks.renew(webhook.webhook_id)
            except VaultSealed:
                await self._pause(webhook, "secret-gone")
            except Refused:
                log.error("keyring.short", force=webhook.force)  # it signs on until its month has ended
