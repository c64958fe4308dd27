"""One volley: rows and links before the calls, the calls with no transaction open, and what came of each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.notifier import store, store_attempts, store_visits
from services.notifier.domain.codes import link_expires_at
from services.notifier.domain.messages import EMAIL, Channel, HandedOver, Message, Outcome, TryAgain
from services.notifier.domain.rungs import Owed, Result
from services.notifier.domain.wording import Text, chaser_text, email_text, sms_text
from services.notifier.handlers_contacts import is_chaser
from services.notifier.loops_known import Known
from services.notifier.store import Notification
from services.notifier.store_attempts import Attempt
from services.notifier.store_visits import Link
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.events import NOTIFIER, AttemptEnded, AttemptStarted
from shared.ids import new_id, new_token
from shared.log import logger

SANDBOX = "sandbox"
"""The reason of an attempt that was made and went nowhere."""
SEND_SECONDS_MAX = 90.0
"""A channel that keeps us longer than this may have taken the message or not."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An attempt that is on record; ``token`` is its link's, None for a chaser's."""

    attempt: Attempt
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A message whose attempt is on record. ``nowhere``: of a sandbox, whose messages go to nobody."""

    attempt: Attempt
    message: Message = field(repr=False)
    nowhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of one."""

    attempt: Attempt
    outcome: Outcome


class Sending:
    """Sends for the ladder. ``public_url``: what links are built from, and nothing else."""

    def __init__(self, *, database: Database, clock: Clock, channels: Mapping[str, Channel], public_url: str) -> None:
        self._database = database
        self._clock = clock
        self._channels = channels
        self._public_url = public_url

    async def prepare(self, claimed: Notification, known: Known, owed: Sequence[Owed]) -> tuple[Ready, ...] | None:
        """Record the attempts that are about to be made; None when the notification has ended or another holds it.

        An attempt that was under way when its program stopped becomes *unknown* here; its repeat is among ``owed``.
        """
        async with self._database.transaction() as tx:
            if await store.still_held(tx, claimed) is None:
                return None
            await self._interrupted(tx, claimed)
            if not owed:
                return ()
            begun = await self.begin(tx, claimed, owed)
        return self.ready(claimed, known, begun)

    async def begin(self, tx: Transaction, claimed: Notification, owed: Sequence[Owed]) -> tuple[Begun, ...]:
        """The rows, links and facts of attempts that are about to be made."""
        now = tx.clock.now()
        attempts = [Attempt(attempt_id=new_id(), notification_id=claimed.notification_id, owed=one, started_at=now) for one in owed]
        await store_attempts.start(tx, attempts)
        begun = tuple(Begun(attempt=one, token=None if self._is_chaser(claimed, one) else new_token()) for one in attempts)
        await store_visits.add_links(tx, [(one.token, _link(claimed, one.attempt)) for one in begun if one.token is not None])
        await tx.record(NOTIFIER, [_started(claimed, one) for one in attempts])
        return begun

    def ready(self, claimed: Notification, known: Known, begun: Sequence[Begun]) -> tuple[Ready, ...]:
        """Their messages."""
        return tuple(self._ready(claimed, known, one.attempt, one.token) for one in begun)

    async def send(self, volley: Sequence[Ready]) -> tuple[Sent, ...]:
        """Hand every message over, all at once. Raises Misuse inside a transaction."""
        outcomes = await asyncio.gather(*(self._send(one) for one in volley), return_exceptions=True)
        sent = []
        for ready, outcome in zip(volley, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            sent.append(Sent(attempt=ready.attempt, outcome=outcome))
        return tuple(sent)

    async def record(self, tx: Transaction, claimed: Notification, volley: Sequence[Sent]) -> None:
        """Write down what came of each."""
        facts = []
        for one in volley:
            owed, result = one.attempt.owed, _result(one.outcome)
            handed_over = SANDBOX if claimed.sandbox else None
            reason = handed_over if isinstance(one.outcome, HandedOver) else one.outcome.reason
            reference = one.outcome.reference if isinstance(one.outcome, HandedOver) else None
            attempt_id = one.attempt.attempt_id
            if await store_attempts.finish(tx, attempt_id, result, tx.clock.now(), reason=reason, reference=reference):
                facts.append(_ended(claimed, attempt_id, owed.rung, owed.channel, result, tx, reason))
                log.info("attempt.ended", attempt_id=attempt_id, channel=owed.channel, rung=owed.rung, result=result.value, reason=reason)
        await tx.record(NOTIFIER, facts)

    async def _interrupted(self, tx: Transaction, claimed: Notification) -> None:
        broken_off = await store_attempts.interrupt(tx, claimed.notification_id, tx.clock.now())
        await tx.record(NOTIFIER, [_ended(claimed, *one, Result.UNKNOWN, tx, store_attempts.INTERRUPTED) for one in broken_off])

    async def _send(self, ready: Ready) -> Outcome:
        if ready.nowhere:
            return HandedOver(reference=SANDBOX)
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                return await self._channels[ready.attempt.owed.channel].send(ready.message)
        except TimeoutError:
            return TryAgain(reason="timeout", ambiguous=True)

    def _ready(self, claimed: Notification, known: Known, attempt: Attempt, token: str | None) -> Ready:
        contact = known.person(attempt.owed.contact_id).contact
        is_email = attempt.owed.channel == EMAIL
        text = self._text(claimed, known, attempt, token)
        to = (contact.email if is_email else contact.phone) or ""
        message = Message(attempt_id=attempt.attempt_id, to=to, subject=text.subject, body=text.body)
        return Ready(attempt=attempt, message=message, nowhere=claimed.sandbox)

    def _text(self, claimed: Notification, known: Known, attempt: Attempt, token: str | None) -> Text:
        if token is None:
            return chaser_text(known.name, known.telephone, claimed.deadline_at, attempt.started_at, repeat=attempt.owed.is_repeat)
        write = email_text if attempt.owed.channel == EMAIL else sms_text
        address = f"{self._public_url}/m/{token}"
        return write(known.name, claimed.deadline_at, attempt.started_at, address, repeat=attempt.owed.is_repeat)

    def _is_chaser(self, claimed: Notification, attempt: Attempt) -> bool:
        return is_chaser(claimed.destination_kind, claimed.plan.rungs[attempt.owed.rung - 1].role)


def _result(outcome: Outcome) -> Result:
    match outcome:
        case HandedOver():
            return Result.HANDED_OVER
        case TryAgain():
            return Result.UNKNOWN if outcome.ambiguous else Result.TRY_AGAIN
    return Result.REFUSED


def _link(claimed: Notification, attempt: Attempt) -> Link:
    return Link(
        link_id=new_id(),
        notification_id=claimed.notification_id,
        attempt_id=attempt.attempt_id,
        contact_id=attempt.owed.contact_id,
        channel=attempt.owed.channel,
        created_at=attempt.started_at,
        expires_at=link_expires_at(claimed.deadline_at, claimed.opened_at),
    )


def _started(claimed: Notification, attempt: Attempt) -> AttemptStarted:
    return AttemptStarted(
        incident_id=claimed.incident_id,
        notification_id=claimed.notification_id,
        attempt_id=attempt.attempt_id,
        rung=attempt.owed.rung,
        contact_id=attempt.owed.contact_id,
        channel=attempt.owed.channel,
        repeat=attempt.owed.is_repeat,
        started_at=attempt.started_at,
    )


def _ended(
    claimed: Notification, attempt_id: str, rung: int, channel: str, result: Result, tx: Transaction, reason: str | None
) -> AttemptEnded:
    return AttemptEnded(
        incident_id=claimed.incident_id,
        notification_id=claimed.notification_id,
        attempt_id=attempt_id,
        rung=rung,
        channel=channel,
        result=result.value,
        ended_at=tx.clock.now(),
        reason=reason,
    )
