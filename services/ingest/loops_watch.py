"""Watching a force's ways in and out: silence, a control list that did not come, references without an outcome, a paused webhook, a file
of a watched folder that failed or whose rows came back.

Judged twice a minute on the business clock, and never by a page that somebody happens to look at. What is wrong is a row with an owner
and an error in the log when it begins; it clears by itself.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from services.ingest import store_control, store_feed, store_folder, store_watch, store_webhook
from services.ingest.domain.control import is_list_missing
from services.ingest.domain.watch import FOLDER_FAILED, FOLDER_RETURNED, LIST_MISSING, SILENT, WEBHOOK_PAUSED, silent_since
from services.ingest.handlers_control import policy_of
from services.ingest.store_watch import Alarm
from shared.clock import Clock
from shared.db import Database, Reading
from shared.directory import Directory
from shared.events import INGEST
from shared.log import logger

LOOK_EVERY = timedelta(seconds=30)
NOBODY = "-"
"""The owner of an alarm of a force that has no policy any more."""

Wrong = dict[tuple[str, str, str], datetime]

log = logger(__name__)


class Watching:
    """Opens and clears alarms, and passes on and closes the gaps of control lists."""

    name = f"{INGEST}.watch"
    every_seconds = LOOK_EVERY.total_seconds()

    def __init__(self, *, database: Database, directory: Directory, clock: Clock) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._directory = directory
        self._clock = clock
        self._looked_at: datetime | None = None

    async def run_once(self) -> int:
        """Look, unless that was less than 30 seconds ago; how much has changed."""
        now = self._clock.now()
        if self._looked_at is not None and timedelta() <= now - self._looked_at < LOOK_EVERY:
            return 0
        changed = await self._gaps(now) + await self._alarms(now)
        self._looked_at = now
        return changed

    async def next_due(self) -> datetime | None:
        """None: within half a minute is soon enough for hours of silence."""
        return None

    async def _gaps(self, now: datetime) -> int:
        async with self._database.reading() as reading:
            if not await store_control.any_open(reading):
                return 0
        async with self._database.transaction() as tx:
            closed = await store_control.close_settled(tx, now)
            escalated = await store_control.escalate(tx, now)
        for gap in escalated:
            log.error("control-gap.escalated", force=gap.force, kind=gap.kind, team_id=gap.second_owner)
        for gap in closed:
            log.info("control-gap.closed", force=gap.force, kind=gap.kind)
        return len(closed) + len(escalated)

    async def _alarms(self, now: datetime) -> int:
        async with self._database.reading() as reading:
            wrong = await _wrong(reading, now)
            known = {alarm.key for alarm in await store_watch.alarms(reading)}
            begun = sorted(wrong.keys() - known)
            owners = await self._owners(reading, {force for force, _, _ in begun}, now)
        ended = sorted(known - wrong.keys())
        if not begun and not ended:
            return 0
        async with self._database.transaction() as tx:
            opened = [key for key in begun if await store_watch.open_alarm(tx, _alarm(key, owners[key[0]], wrong[key], now))]
            for key in ended:
                await store_watch.clear_alarm(tx, key, now)
        for force, kind, _ in opened:
            log.error("alarm.opened", force=force, kind=kind, team_id=owners[force])
        for force, kind, _ in ended:
            log.info("alarm.cleared", force=force, kind=kind)
        return len(begun) + len(ended)

    async def _owners(self, reading: Reading, forces: Iterable[str], now: datetime) -> dict[str, str]:
        """The team of each force that owns what nobody else does."""
        found = {}
        for force in sorted(forces):
            policy = await policy_of(self._directory, reading, force, now)
            found[force] = NOBODY if policy is None else policy.teams.authority_lead
        return found


async def _wrong(reading: Reading, now: datetime) -> Wrong:
    """Everything that is wrong now, and since when."""
    heard = await store_watch.heard(reading)
    last: dict[str, datetime] = {}
    for one in heard:
        last[one.force] = max(one.heard_at, last.get(one.force, one.heard_at))
    wrong: Wrong = {}
    for watch in await store_watch.watches(reading):
        since = silent_since(last.get(watch.force), watch.set_at, watch.hours, now)
        if since is not None:
            wrong[watch.force, SILENT, ""] = since
    for one in heard:
        if one.kind == store_feed.LIST and is_list_missing(one.heard_at, now):
            wrong[one.force, LIST_MISSING, one.system] = one.heard_at
    for webhook in await store_webhook.every(reading):
        if webhook.state == store_webhook.PAUSED and not webhook.sandbox:
            wrong[webhook.force, WEBHOOK_PAUSED, webhook.webhook_id] = webhook.failing_since_at or webhook.due_at
    for force, label, since in await store_folder.failed(reading):
        wrong[force, FOLDER_FAILED, label] = since
    for force, label, since in await store_folder.returned(reading):
        wrong[force, FOLDER_RETURNED, label] = since
    return wrong


def _alarm(key: tuple[str, str, str], owner: str, since_at: datetime, now: datetime) -> Alarm:
    force, kind, subject = key
    return Alarm(force=force, kind=kind, subject=subject, owner=owner, since_at=since_at, opened_at=now)
