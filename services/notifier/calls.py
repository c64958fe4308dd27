"""The desk that telephones: which calls are owed, the call sheet, and what came of each call.

Whoever telephones learns who is to be rung and nothing of what it is about. Only a registered contact who gives the right passphrase
acknowledges (D5); a contact who may be one of the incident's adults is not on the sheet, and nothing shows that she was left out
(design rule 7.7). ``session_id`` is the caller's sign-in, which has the call for half an hour of real time after claiming it; ``label`` is
how her desk calls her, and when that is the name of one of the adults she is shown and may say nothing (NotAllowed).
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifier import store, store_calls, store_words
from services.notifier.domain.calls import TRIES_WITHIN, CallOutcome, Made, Noted, again_at, by_telephone, quoted, refuse_time, tries_left
from services.notifier.domain.rungs import Owed, Result
from services.notifier.domain.states import State
from services.notifier.handlers_calls import NOT_PROVABLE, end_calls, open_call
from services.notifier.handlers_contacts import TEAM
from services.notifier.handlers_ending import ended
from services.notifier.loops_known import Knowing, Known, Person
from services.notifier.loops_sending import Begun, Sending
from services.notifier.store import Notification
from services.notifier.store_calls import Call, CallTask
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.directory import Contact, Directory, Passphrase
from shared.errors import Misuse, NotAllowed, NotFound, Refused
from shared.events import NOTIFIER, CallMade, NotificationAcknowledged
from shared.log import logger
from shared.scope import Scope

CLAIM = timedelta(minutes=30)
"""Real time that a claimed call is one caller's."""

log = logger(__name__)


class TooManyTries(Refused):
    """Wrong passphrases without end are guesses; nothing was compared."""

    code = "too-many-tries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A call in the list. ``is_mine`` and ``is_claimed``: by the one who looks, and by anybody."""

    task: CallTask
    name: str
    team: str
    is_mine: bool
    is_claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything that a caller needs, and nothing of any child. ``contacts`` are in the order in which they are to be asked for."""

    task: CallTask
    name: str
    telephone: str
    team: str
    reference: str
    hint: str | None
    has_passphrase: bool
    contacts: tuple[Contact, ...] = field(repr=False)
    calls: tuple[Call, ...]


class Calls:
    """Safe to share between requests."""

    def __init__(self, *, database: Database, clock: Clock, directory: Directory, knowing: Knowing, sending: Sending) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory
        self._knowing = knowing
        self._sending = sending

    async def listed(self, scope: Scope, session_id: str) -> tuple[Listed, ...]:
        """The calls that are owed, the first to ring first; of several to one destination for one notification and team the first."""
        async with self._database.reading() as reading:
            tasks = await store_calls.tasks(reading, scope)
            first = {(task.notification_id, task.team_id): task for task in reversed(tasks)}
            shown = [task for task in tasks if first[task.notification_id, task.team_id] is task]
            refs = {task.destination_ref for task in shown if task.destination_kind != TEAM}
            settings = await self._directory.settings(reading, refs)
            teams = await self._directory.teams(reading, {task.team_id for task in shown} | {task.destination_ref for task in shown})
        real = self._clock.real()
        named: dict[str, str] = {one: setting.name for one, setting in settings.items()}
        named |= {one: team.name for one, team in teams.items()}
        return tuple(
            Listed(
                task=task,
                name=named.get(task.destination_ref, task.destination_ref),
                team=named.get(task.team_id, task.team_id),
                is_mine=task.is_claimed(real) and task.claimed_by == session_id,
                is_claimed=task.is_claimed(real),
            )
            for task in shown
        )

    async def claim(self, scope: Scope, session_id: str, phone_task_id: str, label: str = "") -> bool:
        """Take a call; False when somebody else has it. Raises NotFound when nobody owes it any more or it is not ``scope``'s."""
        async with self._database.reading() as reading:
            notification = await store.get(reading, (await self._task(reading, scope, phone_task_id)).notification_id)
        await self._refuse_adult(notification, label)
        async with self._database.transaction() as tx:
            await self._task(tx, scope, phone_task_id)
            claimed = await store_calls.claim(tx, phone_task_id, session_id, tx.clock.real() + CLAIM)
        log.info("phone-task.claim", phone_task_id=phone_task_id, session_id=session_id, result="claimed" if claimed else "refused")
        return claimed

    async def release(self, scope: Scope, session_id: str, phone_task_id: str) -> None:
        """Give it back for somebody else. Raises NotFound as ``claim`` does."""
        async with self._database.transaction() as tx:
            await self._task(tx, scope, phone_task_id)
            await store_calls.release(tx, phone_task_id, session_id)

    async def sheet(self, scope: Scope, session_id: str, phone_task_id: str, label: str = "") -> Sheet | None:
        """The call sheet; None when this session has not claimed the call. Raises NotFound as ``claim`` does."""
        async with self._database.reading() as reading:
            task = await self._task(reading, scope, phone_task_id)
            if not self._is_mine(task, session_id):
                return None
            notification = await store.get(reading, task.notification_id)
            passphrase = await self._passphrase(reading, task)
            teams = await self._directory.teams(reading, [task.team_id])
            calls = await store_calls.calls(reading, task.notification_id)
        await self._refuse_adult(notification, label)
        known = await self._knowing.of(notification)
        log.info("call-sheet.viewed", phone_task_id=phone_task_id, session_id=session_id)
        return Sheet(
            task=task,
            name=known.name or task.destination_ref,
            telephone=known.telephone,
            team=teams[task.team_id].name if task.team_id in teams else task.team_id,
            reference=quoted(task.notification_id),
            hint=passphrase.hint,
            has_passphrase=passphrase.is_known,
            contacts=tuple(person.contact for person in _to_ask(notification, known)),
            calls=calls,
        )

    async def note(self, scope: Scope, session_id: str, phone_task_id: str, made: Made, label: str = "") -> Noted | None:
        """Write a call down and do what follows from it; None when this session has not claimed the call, or it is not owed any more.

        ``acknowledged`` is a claim: with a wrong passphrase it becomes ``wrong-passphrase``, with none on record ``no-passphrase``.
        A call that is entered afterwards counts by when it was made. Raises TooManyTries when too many were wrong within the hour, NotFound
        for a contact who is not on the sheet, NotThen for a time at which that call cannot have been made.
        """
        async with self._database.reading() as reading:
            task = await store_calls.task(reading, phone_task_id, scope)
            if task is None or not self._is_mine(task, session_id):
                return None
            notification = await store.get(reading, task.notification_id)
            passphrase = await self._passphrase(reading, task)
        await self._refuse_adult(notification, label)
        known = await self._knowing.of(notification)
        if made.contact_id is not None and made.contact_id not in {one.contact.contact_id for one in _to_ask(notification, known)}:
            raise NotFound("there is no such contact on the sheet")
        outcome = await self._judged(made, passphrase)
        async with self._database.transaction() as tx:
            held = await store.hold(tx, task.notification_id)
            still = await store_calls.task(tx, phone_task_id, scope)
            if still is None or not self._is_mine(still, session_id):
                return None
            if made.outcome is CallOutcome.ACKNOWLEDGED and passphrase.is_known:
                await self._count_tries(tx, task)
            opened_at = held.plan.opened_at if held.plan.past else held.opened_at
            changed_at = await store_words.changed_at(tx, held.incident_id, held.notification_id) if made.made_at else None
            refuse_time(made.made_at, opened_at, changed_at, tx.clock.now())
            await self._log_call(tx, held, task, outcome, made, session_id)
            if outcome is not CallOutcome.ACKNOWLEDGED or made.contact_id is None:
                await self._go_on(tx, held, task, known, outcome)
                return Noted(outcome=outcome)
            begun = await self._acknowledge(tx, held, known, task, made.contact_id, made.made_at)
        return Noted(outcome=outcome, sent=await self._send(held, known, begun))

    # --- judging ----------------------------------------------------------------------------------------------------------------------

    async def _judged(self, made: Made, passphrase: Passphrase) -> CallOutcome:
        if made.outcome is not CallOutcome.ACKNOWLEDGED:
            return made.outcome
        if made.contact_id is None:
            raise Misuse("an acknowledgement over the telephone without a contact")
        if not passphrase.is_known:
            return CallOutcome.NOT_PROVABLE
        return CallOutcome.ACKNOWLEDGED if await asyncio.to_thread(passphrase.matches, made.heard) else CallOutcome.NOT_PROVEN

    async def _count_tries(self, tx: Transaction, task: CallTask) -> None:
        real = tx.clock.real()
        wrong = await store_calls.wrong_at(tx, task.destination_kind, task.destination_ref, real - TRIES_WITHIN)
        if not tries_left(wrong, real):
            raise TooManyTries("too many wrong passphrases within the hour")

    # --- writing ----------------------------------------------------------------------------------------------------------------------

    async def _log_call(
        self, tx: Transaction, held: Notification, task: CallTask, outcome: CallOutcome, made: Made, session_id: str
    ) -> None:
        await store_calls.add_call(tx, task, outcome, made, session_id)
        call = CallMade(
            incident_id=held.incident_id,
            notification_id=held.notification_id,
            phone_task_id=task.phone_task_id,
            outcome=outcome.value,
            caller=session_id,
            called_at=made.made_at or tx.clock.now(),
            contact_id=made.contact_id,
            entered_at=tx.clock.now() if made.made_at else None,
        )
        await tx.record(NOTIFIER, [call])
        log.info("call.made", phone_task_id=task.phone_task_id, session_id=session_id, result=outcome.value)

    async def _go_on(self, tx: Transaction, held: Notification, task: CallTask, known: Known, outcome: CallOutcome) -> None:
        """Nothing is settled: when to ring again, and whose it becomes when nothing can be proven over this telephone."""
        bell_at = held.deadline_at + timedelta(minutes=known.policy.margin_minutes)
        await store_calls.ring_again(tx, task.phone_task_id, again_at(outcome, tx.clock.now(), bell_at))
        if outcome is CallOutcome.NOT_PROVABLE:
            await open_call(tx, held, known.policy.teams.authority_lead, NOT_PROVABLE)

    async def _acknowledge(
        self, tx: Transaction, held: Notification, known: Known, task: CallTask, contact_id: str, made_at: datetime | None
    ) -> tuple[Begun, ...]:
        """A registered person acts on it today. One who had no message yet is sent one while she is on the telephone."""
        now, notification_id = tx.clock.now(), held.notification_id
        said_at = made_at or now
        before = State(children=await store.children(tx, notification_id), registered=frozenset({contact_id}))
        taken = []
        for was, child in zip(before.children, by_telephone(before, contact_id, said_at).children, strict=True):
            if child != was:
                await store.change_child(tx, notification_id, child, telephoned_at=said_at)
                taken.append(child.child_id)
        acknowledged = NotificationAcknowledged(
            incident_id=held.incident_id,
            notification_id=notification_id,
            contact_id=contact_id,
            child_ids=tuple(taken),
            acknowledged_at=said_at,
            way="telephone",
            entered_at=now if made_at else None,
        )
        await tx.record(NOTIFIER, [acknowledged])
        await end_calls(tx, held, acknowledged_by=task.phone_task_id)
        await ended(tx, held, contact_id, now)
        log.info("notification.acknowledged", notification_id=notification_id, phone_task_id=task.phone_task_id)
        return await self._begun(tx, held, known, contact_id)

    async def _begun(self, tx: Transaction, held: Notification, known: Known, contact_id: str) -> tuple[Begun, ...]:
        own = [one for one in known.tried if one.contact_id == contact_id]
        if any(one.result in (Result.STARTED, Result.HANDED_OVER, Result.UNKNOWN) and not one.returned for one in own):
            return ()
        rung, channels = len(held.plan.rungs), known.person(contact_id).channels
        rounds = {channel: sum((one.rung, one.channel) == (rung, channel) for one in own) for channel in channels}
        owed = [Owed(rung=rung, contact_id=contact_id, channel=channel, round=rounds[channel] + 1, is_repeat=False) for channel in channels]
        return await self._sending.begin(tx, held, owed) if owed else ()

    async def _send(self, held: Notification, known: Known, begun: tuple[Begun, ...]) -> int:
        if not begun:
            return 0
        sent = await self._sending.send(self._sending.ready(held, known, begun))
        async with self._database.transaction() as tx:
            await self._sending.record(tx, held, sent)
        return len(sent)

    # --- reading ----------------------------------------------------------------------------------------------------------------------

    async def _refuse_adult(self, notification: Notification, label: str) -> None:
        if await self._knowing.is_adult(notification, label):
            raise NotAllowed("This sign-in cannot make that call.")

    async def _task(self, reading: Reading, scope: Scope, phone_task_id: str) -> CallTask:
        task = await store_calls.task(reading, phone_task_id, scope)
        if task is None:
            raise NotFound("nobody owes this call")
        return task

    async def _passphrase(self, reading: Reading, task: CallTask) -> Passphrase:
        try:
            kind = task.destination_kind
            return await self._directory.passphrase(reading, "team" if kind == TEAM else "setting", task.destination_ref)
        except NotFound:
            return Passphrase(hint=None, stored=None)

    def _is_mine(self, task: CallTask, session_id: str) -> bool:
        return task.is_claimed(self._clock.real()) and task.claimed_by == session_id


def _to_ask(notification: Notification, known: Known) -> list[Person]:
    """Whom to ask for, in the ladder's order: those who may be told, and whose details are not in doubt. Who was left out shows nowhere."""
    return [person for person in known.receivers(notification.destination_kind) if person.may_be_asked_for]
