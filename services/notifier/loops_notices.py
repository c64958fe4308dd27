"""Messages outside the ladder: *changed*, *withdrawn*, *picked up*, and that work waits at a team's desk.

They move no ladder and stop none. One turn of one notice: claim it under a lease, learn whether it may still go and to whom, write the try
down, send with no transaction open, write down what came of it. A crash in between leaves a try that is *started*; when the lease has run
out it is made again, marked as a repeat.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifier import store_notices, store_suppressions, store_visits
from services.notifier.domain.codes import link_expires_at
from services.notifier.domain.messages import Channel, HandedOver, Message, Outcome, Refused, TryAgain
from services.notifier.domain.notices import Kind, again_at, following
from services.notifier.domain.rungs import Result
from services.notifier.domain.suppression import Held, held
from services.notifier.domain.wording import Text, changed_text, desk_text, picked_up_text, withdrawn_text
from services.notifier.loops_noticing import Noticed, Noticing
from services.notifier.store_notices import Notice
from services.notifier.store_visits import Link
from shared.clock import Clock
from shared.db import Database, Transaction
from shared.errors import EncompassError, Unavailable
from shared.events import NOTIFIER, NoticeSent
from shared.ids import new_id, new_token
from shared.log import logger

BATCH = 16
LEASE = timedelta(minutes=3)
PUT_OFF = timedelta(minutes=1)
SEND_SECONDS_MAX = 90.0
DESK = "/console"
"""Where staff sign in."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One message that is about to go, its try on record."""

    channel: str
    message: Message = field(repr=False)


class Notices:
    """Sends what is owed. Several may run at once, in one process or in many."""

    every_seconds = 1.0

    def __init__(self, *, database: Database, clock: Clock, noticing: Noticing, channels: Mapping[str, Channel], public_url: str) -> None:
        self.name = f"{NOTIFIER}.notices"
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._noticing = noticing
        self._channels = channels
        self._public_url = public_url

    async def run_once(self) -> int:
        """Take up to 16 notices that are due one turn further; returns how many."""
        async with self._database.transaction() as tx:
            claimed = await store_notices.claim(tx, BATCH, LEASE)
        turns = await asyncio.gather(*(self._turn(one) for one in claimed), return_exceptions=True)
        for turn in turns:
            if isinstance(turn, BaseException):
                raise turn  # after every other turn has come to its end
        return len(claimed)

    async def next_due(self) -> datetime | None:
        """When the next notice is due."""
        async with self._database.reading() as reading:
            return await store_notices.next_due(reading)

    async def _turn(self, claimed: Notice) -> None:
        """One notice. One that cannot be carried out steps aside for a minute, loudly, and stops no other."""
        try:
            await self._carry_out(claimed)
        except Unavailable:
            with contextlib.suppress(Unavailable):  # else the lease runs out
                await self._put_off(claimed, self._clock.now() + PUT_OFF)
            raise
        except EncompassError as error:
            log.error("notice.put-off", notification_id=claimed.notification_id, kind=claimed.kind.value, error=error.code)
            await self._put_off(claimed, self._clock.now() + PUT_OFF)

    async def _put_off(self, claimed: Notice, until: datetime) -> None:
        async with self._database.transaction() as tx:
            await store_notices.put_off(tx, claimed, until)

    async def _carry_out(self, claimed: Notice) -> None:
        now = self._clock.now()
        noticed = await self._noticing.of(claimed)
        channels = () if noticed is None else tuple(name for name in self._channels if noticed.address(name))
        held_until = None
        if noticed is not None and channels:
            back = dict((await self._held(claimed, noticed, channels)).channels)
            channels, held_until = tuple(name for name in channels if name not in back), min(back.values(), default=None)
        if held_until is not None and not channels:
            await self._put_off(claimed, held_until)
            return
        last = (claimed.channel, claimed.result) if claimed.channel and claimed.result else None
        then = following(channels, claimed.attempts, last, now, noticed.quiet_until if noticed else None)
        if noticed is None or (then.channel is None and then.at is None):
            await self._give_up(claimed)
        elif then.channel is None:
            await self._put_off(claimed, then.at or now + PUT_OFF)
        elif (trying := await self._prepared(claimed, noticed, then.channel)) is not None:
            await self._record(claimed, noticed, trying.channel, await self._sent(trying))

    async def _held(self, claimed: Notice, noticed: Noticed, channels: tuple[str, ...]) -> Held:
        """What is held back of her. A desk that owes something is no destination."""
        told = noticed.notification if claimed.kind in (Kind.CHANGED, Kind.WITHDRAWN, Kind.PICKED_UP) else None
        destination = (told.destination_kind, told.destination_ref) if told is not None else None
        async with self._database.reading() as reading:
            return held(await store_suppressions.active(reading), destination, claimed.contact_id, channels)

    async def _prepared(self, claimed: Notice, noticed: Noticed, channel: str) -> Try | None:
        """The try, on record; None when another holds the notice."""
        token = new_token() if claimed.kind is Kind.CHANGED else None
        async with self._database.transaction() as tx:
            if not await store_notices.start(tx, claimed, channel):
                return None
            linked = token is not None and await self._linked(tx, claimed, noticed, channel, token)
        text = self._text(claimed, noticed, f"{self._public_url}/m/{token}" if linked else None)
        to = noticed.address(channel) or ""
        message = Message(attempt_id=claimed.notice_id, to=to, subject=text.subject, body=text.body)
        return Try(channel=channel, message=message)

    async def _linked(self, tx: Transaction, claimed: Notice, noticed: Noticed, channel: str, token: str) -> bool:
        """A link of its own, beside the one of the message that first told her; False when she has had none."""
        notification = noticed.notification
        attempt_id = await store_visits.attempt_of(tx, claimed.notification_id or "", claimed.contact_id)
        if notification is None or attempt_id is None:
            return False
        link = Link(
            link_id=new_id(),
            notification_id=notification.notification_id,
            attempt_id=attempt_id,
            contact_id=claimed.contact_id,
            channel=channel,
            created_at=tx.clock.now(),
            expires_at=link_expires_at(notification.deadline_at, tx.clock.now()),
        )
        await store_visits.add_links(tx, [(token, link)])
        return True

    def _text(self, claimed: Notice, noticed: Noticed, link: str | None) -> Text:
        repeat = claimed.result in (Result.STARTED, Result.UNKNOWN)
        match claimed.kind:
            case Kind.CHANGED:
                return changed_text(noticed.name, link, repeat=repeat)
            case Kind.WITHDRAWN:
                return withdrawn_text(noticed.name, repeat=repeat)
            case Kind.PICKED_UP:
                return picked_up_text(noticed.name, repeat=repeat)
            case Kind.REVIEW_OWED | Kind.CALL_OWED:
                return desk_text(noticed.name, f"{self._public_url}{DESK}", repeat=repeat)

    async def _sent(self, trying: Try) -> Outcome:
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                return await self._channels[trying.channel].send(trying.message)
        except TimeoutError:
            return TryAgain(reason="timeout", ambiguous=True)

    async def _record(self, claimed: Notice, noticed: Noticed, channel: str, outcome: Outcome) -> None:
        """What came of a try: sent, again later, or over another channel at once."""
        result = _result(outcome)
        async with self._database.transaction() as tx:
            now = tx.clock.now()
            if result is Result.HANDED_OVER:
                await store_notices.end(tx, claimed, sent=True, result=result)
            else:
                until = now if result is Result.REFUSED else again_at(claimed.attempts + 1, now)
                await store_notices.put_off(tx, claimed, until, result)
            if noticed.notification is not None:
                fact = NoticeSent(
                    incident_id=noticed.notification.incident_id,
                    notification_id=noticed.notification.notification_id,
                    notice_id=claimed.notice_id,
                    kind=claimed.kind.value,
                    contact_id=claimed.contact_id,
                    channel=channel,
                    result=result.value,
                    sent_at=now,
                )
                await tx.record(NOTIFIER, [fact])
        reason = None if isinstance(outcome, HandedOver) else outcome.reason
        log.info("notice.ended", notification_id=claimed.notification_id, kind=claimed.kind.value, result=result.value, reason=reason)

    async def _give_up(self, claimed: Notice) -> None:
        """Nobody to tell, no way to tell her, or nothing to say any more. Of a team the next in line is told instead."""
        async with self._database.transaction() as tx:
            await store_notices.end(tx, claimed, sent=False, result=claimed.result)
            await self._noticing.pass_on(tx, claimed)
        log.warning("notice.failed", notification_id=claimed.notification_id, kind=claimed.kind.value)


def _result(outcome: Outcome) -> Result:
    match outcome:
        case HandedOver():
            return Result.HANDED_OVER
        case TryAgain():
            return Result.UNKNOWN if outcome.ambiguous else Result.TRY_AGAIN
        case Refused():
            return Result.REFUSED
