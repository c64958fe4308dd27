"""The end of turns: what came of each, what was climbed, who has to telephone, and what comes next, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.notifier import store, store_attempts, store_words
from services.notifier.domain.conflict import Conflict
from services.notifier.domain.lateness import LateReason, late_reason
from services.notifier.domain.plan import PHONE, Rung, next_due
from services.notifier.domain.rungs import Recipient, Result, Tried, again_at, one_way_only, outcome
from services.notifier.handlers_calls import ONE_CHANNEL, open_call, pass_on_calls, say_late
from services.notifier.handlers_contacts import is_chaser
from services.notifier.loops_known import Known
from services.notifier.loops_sending import Sending, Sent
from services.notifier.store import Next, Notification
from services.notifier.store_attempts import PhoneTask
from shared.calendar import at, london_date
from shared.db import Transaction
from shared.events import NOTIFIER, Fact, RungClimbed
from shared.log import logger

CHASE = time(9, 0)
"""London time at which a call that nobody has made is brought up again, each day."""
CALLED = "phone-task-open"
SUPPRESSED = "suppressed"
"""Somebody has decided to hold it back; the decision says who and why, and it is owed when that ends."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one turn has done of a claimed notification, and what it knew."""

    claimed: Notification
    known: Known
    recipients: tuple[Recipient, ...]
    climbed: tuple[Rung, ...]
    quiet_until: datetime | None
    sent: tuple[Sent, ...]


async def finish(tx: Transaction, sending: Sending, turns: Sequence[Done]) -> None:
    """Record the ends of these turns. Of a notification that has ended, or that another holds, only what came of its messages."""
    held = await store.still_held_of(tx, [one.claimed for one in turns])
    facts = await sending.ended(tx, [(one.claimed, sent) for one in turns for sent in one.sent])
    ours = [(one, found) for one, found in zip(turns, held, strict=True) if found is not None]
    ids = [found.notification_id for _, found in ours]
    tried = await store_attempts.tried_of(tx, ids) if ids else {}
    called = await store_attempts.with_open_tasks(tx, ids) if ids else frozenset()
    after = []
    for done, found in ours:
        turn = Turn(tx=tx, held=found, done=done, tried=tried[found.notification_id], called=found.notification_id in called, facts=facts)
        after.append(await turn.finish())
    await tx.record(NOTIFIER, facts)
    await store.go_on(tx, after)


class Turn:
    """The end of one turn, within its transaction. ``called``: somebody owes a call; ``facts``: what is to be recorded with the others'."""

    def __init__(
        self, *, tx: Transaction, held: Notification, done: Done, tried: tuple[Tried, ...], called: bool, facts: list[Fact]
    ) -> None:
        self._tx = tx
        self._now = tx.clock.now()
        self._held = held
        self._done = done
        self._known = done.known
        self._recipients = done.recipients
        self._tried = tried
        self._climbed = done.climbed
        self._called = called
        self._facts = facts

    async def finish(self) -> Next:
        """Record everything but the next action, which is returned, and those of its facts that may wait for the others'."""
        held, now = self._held, self._now
        done = held.rungs_done + len(self._climbed)
        hurried = held.next_rung_at != self._done.claimed.next_rung_at  # somebody passed the message on meanwhile
        next_rung_at = self._next_rung_at(done, hurried=hurried)
        await self._open_tasks(done)
        self._record_climbed(next_rung_at)
        late_at = held.late_at or await self._late()
        again = again_at(self._recipients, self._tried, now, self._done.quiet_until)
        instants = [next_rung_at, again, await self._pass_on()]
        if late_at is None:
            instants.append(held.deadline_at)
        elif next_rung_at is None:
            chase_at = _next_chase(now)
            instants.append(chase_at)
            if not self._done.sent and not self._climbed:
                self._facts.append(self._rung_climbed(done, CALLED, chase_at))
        return Next(
            claimed=held,
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

    def _record_climbed(self, next_rung_at: datetime | None) -> None:
        following = [*(rung.due_at for rung in self._climbed[1:]), next_rung_at]
        for rung, then_at in zip(self._climbed, following, strict=False):
            what = self._word(rung)
            self._facts.append(self._rung_climbed(rung.number, what, then_at))
            log.info("rung.climbed", notification_id=self._held.notification_id, rung=rung.number, role=rung.role, result=what)

    def _word(self, rung: Rung) -> str:
        if rung.role == PHONE:
            return CALLED
        if not self._known.readable:
            return "unreadable"
        reached = self._outcome(rung)
        of_it = [one for one in self._recipients if one.rung == rung.number]
        if reached is not Result.HANDED_OVER and any(one.held.channels for one in of_it):
            return SUPPRESSED
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
        await self._record_so_far()
        return await open_call(self._tx, self._held, team_id, reason)

    async def _record_so_far(self) -> None:
        """What follows records facts of its own: the journal keeps them all in the order in which they were stated."""
        await self._tx.record(NOTIFIER, self._facts)
        self._facts.clear()
        self._called = True

    async def _pass_on(self) -> datetime | None:
        """Calls that nobody finished in the policy's time become the authority lead's; when the next one will, None when none can."""
        if not self._called:
            return None
        policy, held = self._known.policy, self._held
        await self._record_so_far()
        patience = timedelta(minutes=policy.call_minutes)
        await pass_on_calls(self._tx, held, policy.teams.authority_lead, self._now - patience)
        tasks = await store_attempts.open_tasks(self._tx, held.notification_id)
        waiting = [task for task in tasks if task.passed_on_at is None and task.team_id != policy.teams.authority_lead]
        return min((task.due_at + patience for task in waiting), default=None)

    async def _late(self) -> datetime | None:
        """Say that the deadline has passed, and whose it is now; None while it has not."""
        if self._now < self._held.deadline_at:
            return None
        await self._record_so_far()
        return await say_late(self._tx, self._held, self._whose_call()[0], await self._why_late())

    async def _why_late(self) -> LateReason:
        held = self._held
        facts = await store_words.of_incident(self._tx, held.incident_id)
        child_ids = {child.child_id for child in await store.children(self._tx, held.notification_id)}
        too_near = self._known.policy.too_near_minutes
        return late_reason(facts, held.notification_id, held.incident_version, child_ids, held.plan, held.opened_at, too_near, self._now)


def _next_chase(now: datetime) -> datetime:
    """09:00 in London on the day after ``now``."""
    return at(london_date(now) + timedelta(days=1), CHASE)
