"""Notifier's clock for breaks: once a day it looks which settings have one coming, and tells each setting's lead that a page waits.

The message says that there is something to read and nothing else (design rule 7.1). A briefing moves no ladder and nothing waits for it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from services.notifier import store_briefings
from services.notifier.domain.briefing import is_told
from services.notifier.domain.messages import EMAIL, Channel, HandedOver, Message, Outcome, Refused, TryAgain
from services.notifier.domain.notices import again_at, following
from services.notifier.domain.rungs import Result, quiet_until
from services.notifier.domain.wording import briefing_text
from services.notifier.store_briefings import Briefing
from shared.calendar import DayKind, at, london_date
from shared.calendar.breaks import Break, coming_break
from shared.clock import Clock
from shared.db import Database, Reading
from shared.directory import Contact, Directory, Published, Setting
from shared.errors import EncompassError, NotFound, VaultSealed
from shared.events import NOTIFIER
from shared.ids import new_token
from shared.log import logger
from shared.policy import deciding
from shared.scope import Scope

LOOKS_AT, UNTIL = time(9, 0), time(17, 0)
"""London times between which it looks, once a day: leads are at their desks."""
BATCH = 16
SETTINGS_AT_ONCE = 500
LEASE = timedelta(minutes=3)
PUT_OFF = timedelta(minutes=5)
SEND_SECONDS_MAX = 90.0
OPENS_AFTER = timedelta(days=7)
"""How long after the break the link still opens."""
ROLES = ("dsl", "deputy", "head")
"""Whose it is: that of the first who is there."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coming:
    """One setting's break, and the policy that it is told by."""

    setting: Setting
    by: Published
    coming: Break


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """One message that is about to go, its try on record."""

    claimed: Briefing
    channel: str
    message: Message = field(repr=False)


class Briefings:
    """Owes briefings and sends them. Several may run at once: a setting is told of a break once."""

    every_seconds = 30.0

    def __init__(self, *, database: Database, clock: Clock, directory: Directory, channels: Mapping[str, Channel], public_url: str) -> None:
        self.name = f"{NOTIFIER}.briefings"
        self.woken = asyncio.Event()
        self._database = database
        self._clock = clock
        self._directory = directory
        self._channels = channels
        self._public_url = public_url
        self._looked_on: date | None = None

    async def run_once(self) -> int:
        """Look for coming breaks, if nobody here has today; then send up to 16 that are due. How many it owed and sent."""
        owed = await self._look()
        async with self._database.transaction() as tx:
            claimed = await store_briefings.claim(tx, BATCH, LEASE)
        turns = await asyncio.gather(*(self._turn(one) for one in claimed), return_exceptions=True)
        for turn in turns:
            if isinstance(turn, BaseException):
                raise turn
        return owed + len(claimed)

    async def next_due(self) -> datetime | None:
        """When a briefing is due, or the next look."""
        async with self._database.reading() as reading:
            due = await store_briefings.next_due(reading)
        looks_at = self._next_look()
        return looks_at if due is None else min(due, looks_at)

    # --- looking ----------------------------------------------------------------------------------------------------------------------

    def _next_look(self) -> datetime:
        today = london_date(self._clock.now())
        is_over = self._looked_on == today or self._clock.now() >= at(today, UNTIL)
        return at(today + timedelta(days=1) if is_over else today, LOOKS_AT)

    async def _look(self) -> int:
        now, today = self._clock.now(), london_date(self._clock.now())
        if self._looked_on == today or not at(today, LOOKS_AT) <= now < at(today, UNTIL):
            return 0
        async with self._database.reading() as reading:
            coming = await self._coming(reading, today)
        owed = 0
        for start in range(0, len(coming), SETTINGS_AT_ONCE):
            owed += await self._owe(coming[start : start + SETTINGS_AT_ONCE])
        self._looked_on = today
        return owed

    async def _coming(self, reading: Reading, today: date) -> list[_Coming]:
        """The settings with a break so near that its policy wants it told, and that have not been told of it."""
        published = await self._directory.published(reading)
        forces = {one.authority: one.force for one in await self._directory.authorities(reading)}
        by = {authority: _by(published, force, authority, today) for authority, force in forces.items()}
        settings = [one for one in (await self._directory.settings_in(reading, forces)).values() if one.is_open]
        found: list[_Coming] = []
        for start in range(0, len(settings), SETTINGS_AT_ONCE):
            some = settings[start : start + SETTINGS_AT_ONCE]
            calendars = await self._directory.calendars(reading, some)
            told = await store_briefings.told(reading, [one.setting_id for one in some])
            for setting in some:
                policy, calendar = by[setting.authority], calendars[setting.setting_id]
                if policy is None or calendar.day(today).kind is DayKind.CLOSED:
                    continue  # the last day before a break is none such
                limit, days = policy.policy.holiday_limit_days, policy.policy.holiday.briefing_days
                coming = coming_break(calendar, limit, today, days)
                if coming is not None and not is_told(told.get(setting.setting_id, ()), coming):
                    found.append(_Coming(setting=setting, by=policy, coming=coming))
        return found

    async def _owe(self, coming: Sequence[_Coming]) -> int:
        owed = 0
        async with self._database.transaction() as tx:
            contacts = await self._contacts(tx, [one.setting.setting_id for one in coming])
            for one in coming:
                told = _whom(contacts.get(one.setting.setting_id, ()))
                owed += await store_briefings.add(tx, one.setting.setting_id, one.coming, one.by.version, told)
                if not told:
                    log.warning("briefing.nobody", setting_id=one.setting.setting_id)
        return owed

    async def _contacts(self, reading: Reading, setting_ids: Sequence[str]) -> Mapping[str, Sequence[Contact]]:
        try:
            return await self._directory.contacts_of(reading, "setting", setting_ids, Scope.service(NOTIFIER))
        except VaultSealed:
            log.error("contacts.sealed", kind="setting")
            return {}

    # --- sending ----------------------------------------------------------------------------------------------------------------------

    async def _turn(self, claimed: Briefing) -> None:
        """One briefing. One that cannot be sent steps aside, loudly, and stops no other."""
        try:
            trying = await self._prepared(claimed)
            if trying is not None:
                await self._record(trying, await self._sent(trying))
        except EncompassError as error:
            log.error("briefing.put-off", setting_id=claimed.setting_id, error=error.code)
            async with self._database.transaction() as tx:
                await store_briefings.put_off(tx, claimed, tx.clock.now() + PUT_OFF)

    async def _prepared(self, claimed: Briefing) -> _Try | None:
        """The try, on record; None where it waits, is given up, or another holds it."""
        now, token = self._clock.now(), new_token()
        begins_at = at(claimed.begins_on, time())
        async with self._database.transaction() as tx:
            contact, setting = await self._contact(tx, claimed), await self._directory.setting(tx, claimed.setting_id)
            policy = await self._directory.policy(tx, claimed.policy_version)
            addresses = {} if contact is None else {name: _address(contact, name) for name in self._channels}
            channels = tuple(name for name, address in addresses.items() if address)
            last = (claimed.channel, Result(claimed.result)) if claimed.channel and claimed.result else None
            then = following(channels, claimed.attempts, last, now, quiet_until(policy.quiet_hours, now, begins_at))
            if then.channel is None and then.at is not None:
                await store_briefings.put_off(tx, claimed, then.at)
                return None
            if then.channel is None:
                log.warning("briefing.failed", setting_id=claimed.setting_id)
                await store_briefings.end(tx, claimed, sent=False, result=claimed.result)
                return None
            until = at((claimed.ends_on or claimed.begins_on) + OPENS_AFTER, time())
            if not await store_briefings.start(tx, claimed, then.channel, token, until):
                return None
        repeat = claimed.result in (Result.STARTED, Result.UNKNOWN)
        text = briefing_text(setting.name, f"{self._public_url}/b/{token}", repeat=repeat)
        to = addresses[then.channel] or ""
        message = Message(attempt_id=claimed.briefing_id, to=to, subject=text.subject, body=text.body)
        return _Try(claimed=claimed, channel=then.channel, message=message)

    async def _contact(self, reading: Reading, claimed: Briefing) -> Contact | None:
        """Who is told, if she may be told still."""
        try:
            contact = await self._directory.contact(reading, claimed.contact_id or "", Scope.service(NOTIFIER))
        except (NotFound, VaultSealed):
            return None
        return contact if contact.state == "verified" and contact.setting_id == claimed.setting_id else None

    async def _sent(self, trying: _Try) -> Outcome:
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                return await self._channels[trying.channel].send(trying.message)
        except TimeoutError:
            return TryAgain(reason="timeout", ambiguous=True)

    async def _record(self, trying: _Try, outcome: Outcome) -> None:
        claimed, now = trying.claimed, self._clock.now()
        async with self._database.transaction() as tx:
            match outcome:
                case HandedOver():
                    await store_briefings.end(tx, claimed, sent=True, result=Result.HANDED_OVER.value)
                case Refused():
                    await store_briefings.put_off(tx, claimed, now, Result.REFUSED)
                case TryAgain():
                    result = Result.UNKNOWN if outcome.ambiguous else Result.TRY_AGAIN
                    await store_briefings.put_off(tx, claimed, again_at(claimed.attempts + 1, now), result)
        log.info("briefing.ended", setting_id=claimed.setting_id, channel=trying.channel, result=type(outcome).__name__)


def _by(published: Sequence[Published], force: str, authority: str, today: date) -> Published | None:
    policy = deciding((one.policy for one in published), force, authority, today)
    return next((one for one in reversed(published) if one.policy is policy), None)


def _whom(contacts: Sequence[Contact]) -> tuple[str, ...]:
    """The leads on safeguarding; where there is none, whoever stands in."""
    for role in ROLES:
        if chosen := tuple(one.contact_id for one in contacts if one.role == role):
            return chosen
    return ()


def _address(contact: Contact, channel: str) -> str | None:
    return contact.email if channel == EMAIL else contact.phone
