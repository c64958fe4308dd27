"""Writing the feed: every change of a child's outcome, in one order, once.

The journal is read in the order in which it becomes complete (``shared/db/journal.py``), and whatever incident it names is worked out
anew with the one fold there is. What differs from what was last told is appended under a row that one process holds at a time, so that
positions have no gaps and commit in their order: who asks behind the last one that she saw misses nothing. Time alone changes
outcomes, too: what is due is looked at again.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.ingest import store_feed
from services.ingest.domain.feed import WITHOUT_EFFECT, Told, look_again_at, told
from services.ingest.store_feed import Change
from shared.clock import Clock
from shared.db import Database, Transaction, journal
from shared.events import INGEST, IncidentCorrected, IncidentReceived, IncidentViewed, IncidentWithdrawn
from shared.outcome import outcomes

FACTS_AT_ONCE = 200
INCIDENTS_AT_ONCE = 100

_Version = IncidentReceived | IncidentCorrected | IncidentWithdrawn


class Feeding:
    """Keeps the feed. It looks every two seconds: what other services record wakes it only where they share its process."""

    name = f"{INGEST}.feed"
    every_seconds = 2.0

    def __init__(self, database: Database, clock: Clock) -> None:
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock

    async def run_once(self) -> int:
        """Read up to 200 facts and look again at up to 100 incidents; how much that was."""
        async with self._database.reading() as reading:
            place = await store_feed.place(reading)
            reached, facts = await journal.complete_after(reading, place, 1)
            if not facts and reached == place and not await store_feed.due(reading, self._clock.now(), 1):
                return 0
        async with self._database.transaction() as tx:
            held = await store_feed.held_place(tx)
            if held is None:
                return 0  # another process is at it
            place, position = held
            reached, facts = await journal.complete_after(tx, place, FACTS_AT_ONCE)
            due = await store_feed.due(tx, self._clock.now(), INCIDENTS_AT_ONCE)
            touched = dict.fromkeys(incident_id for incident_id, kind in facts if kind not in WITHOUT_EFFECT)
            position = await self._tell(tx, tuple({**touched, **dict.fromkeys(due)}), position)
            await store_feed.move(tx, reached, position)
        return len(facts) + len(due) + (reached != place)

    async def next_due(self) -> datetime | None:
        """None: a glance every two seconds is soon enough for what is owed to nobody but a reader."""
        return None

    async def _tell(self, tx: Transaction, incident_ids: Sequence[str], position: int) -> int:
        """Work out these incidents anew and append what has changed; returns the last position."""
        if not incident_ids:
            return position
        now = self._clock.now()
        facts = await journal.of_incidents(tx, incident_ids, without=IncidentViewed.TYPE)
        before = await store_feed.last_told(tx, incident_ids)
        changes: list[Change] = []
        kept: list[tuple[str, str, Told, datetime | None]] = []
        heard: list[tuple[str, datetime]] = []
        for incident_id in incident_ids:
            versions = [envelope.fact for envelope in facts[incident_id] if isinstance(envelope.fact, _Version)]
            if not versions:
                continue  # nothing was received under this id: there is nobody to tell
            first = versions[0]
            if not first.sandbox:
                heard.append((first.force, max(_came_at(fact) for fact in versions)))
            for child in outcomes(_children(versions), facts[incident_id], now):
                said = told(child)
                kept.append((incident_id, child.child_id, said, look_again_at(child, now)))
                if before.get(child.child_id) != said:
                    changes.append(_change(first, child.child_id, said, child.standing.since, now))
        await store_feed.keep(tx, kept)
        await store_feed.heard(tx, store_feed.REPORT, {(force, ""): at for force, at in sorted(heard)})
        return await store_feed.append(tx, position, changes)


def _came_at(fact: _Version) -> datetime:
    return fact.withdrawn_at if isinstance(fact, IncidentWithdrawn) else fact.received_at


def _children(versions: Sequence[_Version]) -> tuple[str, ...]:
    """Every child of any version, in the order in which they were first told of: who was taken out stays in the feed."""
    told_of = [child_id for fact in versions if not isinstance(fact, IncidentWithdrawn) for child_id in fact.child_ids]
    return tuple(dict.fromkeys(told_of))


def _change(first: _Version, child_id: str, said: Told, since: datetime, now: datetime) -> Change:
    return Change(
        force=first.force,
        sandbox=first.sandbox,
        incident_id=first.incident_id,
        child_id=child_id,
        since_at=since,
        told_at=now,
        told=said,
    )
