"""The ladder: rows and the clock move it, and only a registered person who acts stops it (D5, design section 5).

One turn of one notification: claim it under a lease, learn what there is to know, record the attempts, send with no transaction open,
record what came of it together with the next action. A crash in between leaves attempts that are *started*; when the lease has run out
the next turn sends them again, marked as repeats. Everything is conditional on the lease and on the state: an acknowledgement that
arrives meanwhile wins, and nothing is sent after it.

Many turns are under way at once, and each place that falls free is filled again, so that a slow channel holds up what hangs on it and
nothing else. A turn that fails again and again still becomes a telephone call, and late at its deadline: that needs its own row alone.
"""

import asyncio
import contextlib
from datetime import datetime, time, timedelta

from services.notifier import store, store_attempts
from services.notifier.domain.conflict import Conflict
from services.notifier.domain.plan import PHONE, Rung, next_due
from services.notifier.domain.rungs import Recipient, Result, Tried, again_at, one_way_only, outcome, owed, quiet_until
from services.notifier.handlers_calls import ONE_CHANNEL, call_nevertheless, open_call, pass_on_calls, say_late
from services.notifier.handlers_contacts import is_chaser
from services.notifier.loops_known import Knowing, Known, due_rungs
from services.notifier.loops_sending import Sending, Sent
from services.notifier.store import Notification
from services.notifier.store_attempts import PhoneTask
from shared.calendar import at, london_date
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.errors import EncompassError, Unavailable
from shared.events import NOTIFIER, RungClimbed
from shared.log import logger

AT_ONCE = 64
"""Turns under way at once. SMTP has four connections: sixteen turns for each are soon through, and none waits out its 90 seconds."""
BATCH = 16
"""So many places are filled together, with one statement, when others are taken."""
LOOK_AGAIN_SECONDS = 0.25
"""How long something that has just fallen due may wait while others are being sent."""
LEASE = timedelta(minutes=3)
"""Real time that one turn may take: the longest send and the database, with room."""
PUT_OFF = timedelta(minutes=1)
PAUSE = timedelta(seconds=5)
CHASE = time(9, 0)
"""London time at which a call that nobody has made is brought up again, each day."""
CALLED = "phone-task-open"

log = logger(__name__)


class Ladder:
    """Carries out what is due of every open notification. Several may run at once, in one process or in many."""

    every_seconds = 1.0

    def __init__(self, *, database: Database, clock: Clock, knowing: Knowing, sending: Sending, at_once: int = AT_ONCE) -> None:
        self.name = f"{NOTIFIER}.ladder"
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._knowing = knowing
        self._sending = sending
        self._at_once = at_once
        self._turns: set[asyncio.Task[None]] = set()

    async def run_once(self) -> int:
        """Fill the free places with what is due and wait for the first turn to end, a quarter of a second at most.

        Returns how many turns have ended, at least 1 while any is under way; 0 when nothing is due and nothing is under way.
        """
        await self._fill()
        if not self._turns:
            return 0
        try:
            await asyncio.wait(self._turns, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
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
            await store.go_on(tx, held, rungs_done=done, next_rung_at=rung_at, next_action_at=until, late_at=late_at)

    async def _carry_out(self, claimed: Notification) -> None:
        now = self._clock.now()
        known = await self._knowing.of(claimed)
        climbing = due_rungs(claimed, now)
        rungs = claimed.plan.rungs[claimed.plan.past : claimed.rungs_done + len(climbing)]
        recipients = known.recipients(rungs)
        quiet = quiet_until(known.policy.quiet_hours, now, claimed.deadline_at)
        sending = owed(recipients, known.tried, now, quiet)
        sent: tuple[Sent, ...] = ()
        if sending or any(one.result is Result.STARTED for one in known.tried):
            volley = await self._sending.prepare(claimed, known, sending)
            if volley is None:
                return
            sent = await self._sending.send(volley)
        async with self._database.transaction() as tx:
            await self._sending.record(tx, claimed, sent)
            held = await store.still_held(tx, claimed)
            if held is not None:
                tried = await store_attempts.tried(tx, claimed.notification_id)
                turn = Turn(tx=tx, held=held, known=known, recipients=recipients, tried=tried, climbed=climbing, quiet_until=quiet)
                await turn.finish(hurried=held.next_rung_at != claimed.next_rung_at, idle=not sent)


class Turn:
    """The end of one turn, within its transaction: what was climbed, who has to telephone, and what comes next."""

    def __init__(
        self,
        *,
        tx: Transaction,
        held: Notification,
        known: Known,
        recipients: tuple[Recipient, ...],
        tried: tuple[Tried, ...],
        climbed: tuple[Rung, ...],
        quiet_until: datetime | None,
    ) -> None:
        self._tx = tx
        self._now = tx.clock.now()
        self._held = held
        self._known = known
        self._recipients = recipients
        self._tried = tried
        self._climbed = climbed
        self._quiet_until = quiet_until

    async def finish(self, *, hurried: bool, idle: bool) -> None:
        """Record everything. ``hurried``: somebody passed the message on meanwhile; ``idle``: nothing was sent."""
        held, now = self._held, self._now
        done = held.rungs_done + len(self._climbed)
        next_rung_at = self._next_rung_at(done, hurried=hurried)
        await self._open_tasks(done)
        await self._record_climbed(next_rung_at)
        late_at = held.late_at or await self._late()
        instants = [next_rung_at, again_at(self._recipients, self._tried, now, self._quiet_until), await self._pass_on()]
        if late_at is None:
            instants.append(held.deadline_at)
        elif next_rung_at is None:
            chase_at = _next_chase(now)
            instants.append(chase_at)
            if idle and not self._climbed:
                await self._tx.record(NOTIFIER, [self._rung_climbed(done, CALLED, chase_at)])
        await store.go_on(
            self._tx,
            held,
            rungs_done=done,
            next_rung_at=next_rung_at,
            next_action_at=min(instant for instant in instants if instant is not None),
            late_at=late_at,
        )

    def _next_rung_at(self, done: int, *, hurried: bool) -> datetime | None:
        """When the next rung is due: by the plan, or at once when the last one reached nobody or somebody passed it on."""
        rungs, past = self._held.plan.rungs, self._held.plan.past
        nobody = done > past and self._reached_nobody(rungs[past:done])
        if self._climbed:
            rung = next_due(rungs, done, nobody or hurried, self._now)
            return rung.due_at if rung else None
        planned = self._held.next_rung_at
        return min(planned, self._now) if planned is not None and nobody else planned

    def _reached_nobody(self, climbed: tuple[Rung, ...]) -> bool:
        """Whether the last of these rungs told nobody. A chaser who was told is no reader: then it counts whom the others reached."""
        kind, last = self._held.destination_kind, climbed[-1]
        if last.role == PHONE:
            return False
        counting = [rung for rung in climbed if not is_chaser(kind, rung.role)] if is_chaser(kind, last.role) else [last]
        numbers = {rung.number for rung in counting}
        reached = outcome([one for one in self._recipients if one.rung in numbers], self._tried, self._now)
        return reached in (None, Result.REFUSED)

    def _outcome(self, rung: Rung) -> Result | None:
        return outcome([one for one in self._recipients if one.rung == rung.number], self._tried, self._now)

    async def _record_climbed(self, next_rung_at: datetime | None) -> None:
        following = [*(rung.due_at for rung in self._climbed[1:]), next_rung_at]
        facts = []
        for rung, then_at in zip(self._climbed, following, strict=False):
            what = self._word(rung)
            facts.append(self._rung_climbed(rung.number, what, then_at))
            log.info("rung.climbed", notification_id=self._held.notification_id, rung=rung.number, role=rung.role, result=what)
        await self._tx.record(NOTIFIER, facts)

    def _word(self, rung: Rung) -> str:
        if rung.role == PHONE:
            return CALLED
        if not self._known.readable:
            return "unreadable"
        reached = self._outcome(rung)
        return "no-contact" if reached is None else reached.value  # that somebody was passed over shows nowhere (design rule 7.7)

    def _rung_climbed(self, rung: int, what: str, next_action_at: datetime | None) -> RungClimbed:
        return RungClimbed(
            incident_id=self._held.incident_id,
            notification_id=self._held.notification_id,
            rung=rung,
            outcome=what,
            next_action_at=next_action_at,
            climbed_at=self._now,
        )

    # --- telephone tasks --------------------------------------------------------------------------------------------------------------

    async def _open_tasks(self, done: int) -> None:
        """The calls that follow from this turn, each once."""
        teams, kind = self._known.policy.teams, self._held.destination_kind
        for rung in self._climbed:
            people = () if is_chaser(kind, rung.role) else self._known.people.get(rung.role, ())
            if any(person.grade is Conflict.WEAK for person in people):
                await self._open_task(teams.authority_lead, "conflict-check")
            if rung.role == PHONE:
                await self._open_task(*self._whose_call())
        plan = self._held.plan.rungs[:done]
        told = [one for one in self._recipients if one.rung <= done and not is_chaser(kind, plan[one.rung - 1].role)]
        if any(one_way_only(one, self._tried) for one in told):
            await self._open_task(teams.phone, ONE_CHANNEL)

    def _whose_call(self) -> tuple[str, str]:
        """Team and reason of the ladder's own telephone task. Where no contact may be told, the authority's lead is the recipient."""
        teams, receivers = self._known.policy.teams, self._known.receivers(self._held.destination_kind)
        if not self._known.readable:
            return teams.authority_lead, "unreadable"
        if not receivers:
            return teams.phone, "no-contact"
        if not any(person.may_be_told for person in receivers):
            return teams.authority_lead, "all-blocked"
        return teams.phone, "not-acknowledged"

    async def _open_task(self, team_id: str, reason: str) -> PhoneTask | None:
        return await open_call(self._tx, self._held, team_id, reason)

    async def _pass_on(self) -> datetime | None:
        """Calls that nobody finished in the policy's time become the authority lead's; when the next one will, None when none can."""
        policy, held = self._known.policy, self._held
        patience = timedelta(minutes=policy.call_minutes)
        await pass_on_calls(self._tx, held, policy.teams.authority_lead, self._now - patience)
        tasks = await store_attempts.open_tasks(self._tx, held.notification_id)
        waiting = [task for task in tasks if task.passed_on_at is None and task.team_id != policy.teams.authority_lead]
        return min((task.due_at + patience for task in waiting), default=None)

    async def _late(self) -> datetime | None:
        """Say that the deadline has passed, and whose it is now; None while it has not."""
        held = self._held
        return None if self._now < held.deadline_at else await say_late(self._tx, held, self._whose_call()[0])


def _next_chase(now: datetime) -> datetime:
    """09:00 in London on the day after ``now``."""
    return at(london_date(now) + timedelta(days=1), CHASE)
