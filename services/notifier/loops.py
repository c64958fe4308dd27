"""The ladder: rows and the clock move it, and only a registered person who acts stops it (D5, design section 5).

One turn of one notification: claim it under a lease, learn what there is to know, record the attempts, send with no transaction open,
record what came of it together with the next action. Turns that come to the same step at the same time take it together, in one reading
or transaction (``shared.gather``); when that fails they take it one by one, so that one that cannot be carried out fails alone. A crash in
between leaves attempts that are *started*; when the lease has run out the next turn sends them again, marked as repeats. Everything is
conditional on the lease and on the state: an acknowledgement that arrives meanwhile wins, and nothing is sent after it.

Many turns are under way at once, and each place that falls free is filled again, so that a slow channel holds up what hangs on it and
nothing else. A turn that fails again and again still becomes a telephone call, and late at its deadline: that needs its own row alone.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.notifier import store
from services.notifier.domain.rungs import Result, owed, quiet_until
from services.notifier.handlers_calls import call_nevertheless
from services.notifier.loops_known import Knowing, due_rungs
from services.notifier.loops_sending import Sending, Sent, Volley
from services.notifier.loops_turn import Done, finish
from services.notifier.store import Next, Notification
from shared.clock import Clock
from shared.db import Database
from shared.errors import EncompassError, Unavailable
from shared.events import NOTIFIER
from shared.gather import Gathering
from shared.log import logger

AT_ONCE = 64
"""Turns under way at once. SMTP has eight connections: eight turns for each are soon through, and none waits out its 90 seconds."""
BATCH = 16
"""So many places are filled together, with one statement, when others are taken."""
LOOK_AGAIN_SECONDS = 0.25
"""How long something that has just fallen due may wait while others are being sent."""
LINGER_SECONDS = 0.02
"""Under load the ends of turns wait so long for each other."""
LEASE = timedelta(minutes=3)
"""Real time that one turn may take: the longest send and the database, with room."""
PUT_OFF = timedelta(minutes=1)
PAUSE = timedelta(seconds=5)

log = logger(__name__)


class Ladder:
    """Carries out what is due of every open notification. Several may run at once, in one process or in many."""

    every_seconds = 1.0

    def __init__(self, *, database: Database, clock: Clock, knowing: Knowing, sending: Sending, at_once: int = AT_ONCE) -> None:
        self.name = f"{NOTIFIER}.ladder"
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._sending = sending
        self._at_once = at_once
        self._turns: set[asyncio.Task[None]] = set()
        self._know = Gathering(knowing.of_many, name=f"{self.name}.knowing", most_at_once=at_once)
        self._prepare = Gathering(sending.prepare, name=f"{self.name}.preparing", most_at_once=at_once)
        self._finish = Gathering(self._finished, name=f"{self.name}.finishing", most_at_once=at_once, linger_seconds=LINGER_SECONDS)

    async def run_once(self) -> int:
        """Fill the free places with what is due and wait for the first turn to end or for news, a quarter of a second at most.

        Returns how many turns have ended, at least 1 while any is under way; 0 when nothing is due and nothing is under way.
        """
        await self._fill()
        if not self._turns:
            return 0
        news = asyncio.create_task(self.woken.wait())
        try:
            await asyncio.wait({*self._turns, news}, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            ended = {turn for turn in self._turns if turn.done()}
            self._turns -= ended
        failed = [error for turn in ended if (error := turn.exception()) is not None]
        if failed:
            raise failed[0]  # every other turn goes on, and each has said what befell it
        return max(1, len(ended))

    async def drain(self) -> None:
        """Let the turns under way come to their end: what they have sent is recorded. Nothing new is begun."""
        await asyncio.gather(*self._turns, return_exceptions=True)
        self._turns.clear()

    async def next_due(self) -> datetime | None:
        """When the next open notification is due."""
        async with self._database.reading() as reading:
            return await store.next_due(reading)

    async def _fill(self) -> None:
        free = self._at_once - len(self._turns)
        if free < min(BATCH, self._at_once):
            return
        async with self._database.transaction() as tx:
            claimed = await store.claim(tx, free, LEASE)
        self._turns |= {asyncio.create_task(self._turn(one)) for one in claimed}

    async def _turn(self, claimed: Notification) -> None:
        """One notification. One that cannot be carried out steps aside for a minute, loudly, and stops no other."""
        try:
            await self._carry_out(claimed)
        except Unavailable:
            with contextlib.suppress(Unavailable):  # else the lease runs out
                await self._give_back(claimed, PAUSE)
            raise
        except EncompassError as error:
            log.error("ladder.put-off", notification_id=claimed.notification_id, error=error.code)
            await self._give_back(claimed, PUT_OFF)
        except Exception:
            await self._give_back(claimed, PUT_OFF)
            raise

    async def _give_back(self, claimed: Notification, pause: timedelta) -> None:
        """Try again after the pause. Once its last rung is due somebody telephones nevertheless, and its deadline makes it late.

        Neither the report nor the directory is read here, and no policy: one of them may be what fails.
        """
        async with self._database.transaction() as tx:
            held = await store.still_held(tx, claimed)
            if held is None:
                return
            late_at = await call_nevertheless(tx, held)
            now = tx.clock.now()
            waits = [instant for instant in (held.plan.rungs[-1].due_at, held.deadline_at) if instant > now]
            until = min([now + pause, *waits])
            done, rung_at = held.rungs_done, held.next_rung_at
            await store.go_on(tx, [Next(claimed=held, rungs_done=done, next_rung_at=rung_at, next_action_at=until, late_at=late_at)])

    async def _carry_out(self, claimed: Notification) -> None:
        now = self._clock.now()
        known = await self._know(claimed)
        climbing = due_rungs(claimed, now)
        rungs = claimed.plan.rungs[claimed.plan.past : claimed.rungs_done + len(climbing)]
        recipients = known.recipients(rungs)
        quiet = None if claimed.plan.in_session else quiet_until(known.policy.quiet_hours, now, claimed.deadline_at)
        sending = owed(recipients, known.tried, now, quiet)
        sent: tuple[Sent, ...] = ()
        if sending or any(one.result is Result.STARTED for one in known.tried):
            volley = await self._prepare(Volley(claimed=claimed, known=known, owed=tuple(sending)))
            if volley is None:
                return
            sent = await self._sending.send(volley)
        await self._finish(Done(claimed=claimed, known=known, recipients=recipients, climbed=climbing, quiet_until=quiet, sent=sent))

    async def _finished(self, turns: Sequence[Done]) -> list[None]:
        async with self._database.transaction() as tx:
            await finish(tx, self._sending, turns)
        return [None] * len(turns)
