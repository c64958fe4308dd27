"""One volley: rows and links before the calls, the calls with no transaction open, and what came of each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.notifier import handlers_digest, store, store_attempts, store_digest, store_visits
from services.notifier.domain.codes import link_expires_at
from services.notifier.domain.messages import EMAIL, Channel, HandedOver, Message, Outcome, TryAgain
from services.notifier.domain.rungs import Owed, Result
from services.notifier.domain.wording import Text, chaser_text, email_text, sms_text
from services.notifier.handlers_contacts import is_chaser
from services.notifier.loops_known import Known
from services.notifier.store import Notification
from services.notifier.store_attempts import Attempt, Ended
from services.notifier.store_visits import Link
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.events import NOTIFIER, AttemptEnded, AttemptStarted, Fact
from shared.ids import new_id, new_token
from shared.log import logger

SANDBOX = "sandbox"
"""The reason of an attempt that was made and went nowhere."""
SEND_SECONDS_MAX = 90.0
"""A channel that keeps us longer than this may have taken the message or not."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volley:
    """What one turn is about to send."""

    claimed: Notification
    known: Known
    owed: tuple[Owed, ...]


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

    async def prepare(self, volleys: Sequence[Volley]) -> list[tuple[Ready, ...] | None]:
        """Record the attempts that are about to be made, in one transaction; None for a notification that has ended or another holds.

        An attempt that was under way when its program stopped becomes *unknown* here; its repeat is among ``owed``.
        """
        async with self._database.transaction() as tx:
            await handlers_digest.hold(tx, [one.claimed for one in volleys])
            held = await store.still_held_of(tx, [one.claimed for one in volleys])
            ours = [one for one, found in zip(volleys, held, strict=True) if found is not None]
            if ours:
                await self._interrupted(tx, [one.claimed for one in ours])
            gathering = await handlers_digest.Gathering.of(tx, [one.claimed for one in ours])  # of what was there before these
            begun = await self._begin(tx, [(one.claimed, one.owed) for one in ours])
            begun = await self._gathered(tx, gathering, ours, begun)
        ready = iter([self.ready(one.claimed, one.known, theirs) for one, theirs in zip(ours, begun, strict=True)])
        return [None if found is None else next(ready) for found in held]

    async def begin(self, tx: Transaction, claimed: Notification, owed: Sequence[Owed]) -> tuple[Begun, ...]:
        """The rows, links and facts of attempts that are about to be made."""
        return (await self._begin(tx, [(claimed, owed)]))[0]

    async def _begin(self, tx: Transaction, owing: Sequence[tuple[Notification, Sequence[Owed]]]) -> list[tuple[Begun, ...]]:
        now = tx.clock.now()
        begun = [(claimed, tuple(self._begun(claimed, one, now) for one in owed)) for claimed, owed in owing]
        every = [(claimed, one) for claimed, theirs in begun for one in theirs]
        if every:
            await store_attempts.start(tx, [one.attempt for _, one in every])
            await store_visits.add_links(tx, [(one.token, _link(claimed, one.attempt)) for claimed, one in every if one.token is not None])
            await tx.record(NOTIFIER, [_started(claimed, one.attempt) for claimed, one in every])
        return [theirs for _, theirs in begun]

    async def _gathered(
        self, tx: Transaction, gathering: handlers_digest.Gathering, volleys: Sequence[Volley], begun: Sequence[tuple[Begun, ...]]
    ) -> list[tuple[Begun, ...]]:
        """Those that go out: on a first staff day another notification's message may stand for one."""
        now = tx.clock.now()
        pairs = [(volley.claimed, one) for volley, theirs in zip(volleys, begun, strict=True) for one in theirs]
        carried = {one.attempt.attempt_id: gathering.carried_by(claimed, one.attempt) for claimed, one in pairs}
        resting = {attempt_id: by for attempt_id, by in carried.items() if by is not None}
        await store_digest.carry(tx, resting, now)
        facts: list[Fact] = []
        for claimed, one in pairs:
            if one.attempt.attempt_id in resting:
                owed, ended = one.attempt.owed, (Result.HANDED_OVER, now, handlers_digest.DIGEST)
                facts.append(_ended(claimed, one.attempt.attempt_id, owed.rung, owed.channel, *ended))
        await tx.record(NOTIFIER, facts)
        return [tuple(one for one in theirs if one.attempt.attempt_id not in resting) for theirs in begun]

    def _begun(self, claimed: Notification, owed: Owed, now: datetime) -> Begun:
        attempt = Attempt(attempt_id=new_id(), notification_id=claimed.notification_id, owed=owed, started_at=now)
        return Begun(attempt=attempt, token=None if self._is_chaser(claimed, attempt) else new_token())

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
        await tx.record(NOTIFIER, await self.ended(tx, [(claimed, one) for one in volley]))

    async def ended(self, tx: Transaction, sent: Sequence[tuple[Notification, Sent]]) -> list[Fact]:
        """Write down what came of each; the facts are for the caller to record."""
        now = tx.clock.now()
        ended = [_came_of(claimed, one) for claimed, one in sent]
        ours = await store_attempts.finish(tx, ended, now)
        facts: list[Fact] = []
        for (claimed, one), became in zip(sent, ended, strict=True):
            if became.attempt_id in ours:
                owed, result = one.attempt.owed, became.result
                facts.append(_ended(claimed, became.attempt_id, owed.rung, owed.channel, result, now, became.reason))
                words = {"channel": owed.channel, "rung": owed.rung, "result": result.value, "reason": became.reason}
                log.info("attempt.ended", attempt_id=became.attempt_id, **words)
        for result in {one.result for one in ended} - {Result.HANDED_OVER}:
            gone = [one.attempt_id for one in ended if one.result is result and one.attempt_id in ours]
            facts += await handlers_digest.failed(tx, gone, result)
        return facts

    async def _interrupted(self, tx: Transaction, claimed: Sequence[Notification]) -> None:
        by_id, now = {one.notification_id: one for one in claimed}, tx.clock.now()
        broken_off = await store_attempts.interrupt(tx, by_id, now)
        facts: list[Fact] = [
            _ended(by_id[notification_id], attempt_id, rung, channel, Result.UNKNOWN, now, store_attempts.INTERRUPTED)
            for notification_id, attempt_id, rung, channel in broken_off
        ]
        facts += await handlers_digest.failed(tx, [attempt_id for _, attempt_id, _, _ in broken_off], Result.UNKNOWN)
        await tx.record(NOTIFIER, facts)

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


def _came_of(claimed: Notification, sent: Sent) -> Ended:
    outcome = sent.outcome
    if isinstance(outcome, HandedOver):
        reason, reference = SANDBOX if claimed.sandbox else None, outcome.reference
    else:
        reason, reference = outcome.reason, None
    return Ended(attempt_id=sent.attempt.attempt_id, result=_result(outcome), reason=reason, reference=reference)


def _ended(
    claimed: Notification, attempt_id: str, rung: int, channel: str, result: Result, now: datetime, reason: str | None
) -> AttemptEnded:
    return AttemptEnded(
        incident_id=claimed.incident_id,
        notification_id=claimed.notification_id,
        attempt_id=attempt_id,
        rung=rung,
        channel=channel,
        result=result.value,
        ended_at=now,
        reason=reason,
    )
