"""From a briefing's link to its page: the link, a code over the contact's other channel, a visit (design rules 7.4, 7.5).

What is shown is about the setting alone, never about a child.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.notifier import store_briefings
from services.notifier.domain.briefing import Week, term_since, weeks
from services.notifier.domain.codes import CODE_DIGITS, CODE_LIFETIME, CODES_PER_HOUR_MAX, Code, Verdict, verdict
from services.notifier.domain.messages import EMAIL, SMS, Channel, HandedOver, Message
from services.notifier.domain.wording import code_text
from services.notifier.store_briefings import Briefing
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.directory import Contact, Directory, Setting, Team
from shared.directory.support import PUBLIC, STAFF, Shown, areas_of, shown
from shared.errors import NotFound, VaultSealed
from shared.events import NOTIFIER
from shared.ids import new_code, new_id, new_token
from shared.policy import HolidayPlan, Policy
from shared.scope import Scope
from shared.vault import Vault
from shared.vault.tokens import keyed_hash, keyed_hash_matches
from shared.web.sessions import token_hash

VISIT_LIFETIME = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who is behind a briefing's link: ``way`` is where the code goes, None for a contact with one channel."""

    briefing: Briefing
    setting: Setting
    contact: Contact = field(repr=False)
    way: tuple[str, str] | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The page. ``live`` are the teams that answer in the break, ``plan`` how; ``has_contact``: the setting has a holiday contact."""

    setting: Setting
    begins_on: date
    ends_on: date | None
    staff_on: date | None
    weeks: tuple[Week, ...]
    live: tuple[Team, ...]
    plan: HolidayPlan
    has_contact: bool
    policy: Policy
    support: tuple[Shown, ...] = ()
    """What is there in the setting's area in that break, for staff's eyes too."""

    @property
    def received(self) -> int:
        return sum(week.received for week in self.weeks)

    @property
    def unanswered(self) -> int:
        return sum(week.unanswered for week in self.weeks)


class BriefingVisits:
    """Takes a contact from the link to the page. ``channels``: those that this deployment has."""

    def __init__(self, *, database: Database, clock: Clock, directory: Directory, vault: Vault, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory
        self._vault = vault
        self._channels = channels

    async def arrived(self, token: str) -> Reader | None:
        """Who is behind the link; None when it is unknown, has ended or is not hers any more."""
        async with self._database.reading() as reading:
            briefing = await store_briefings.behind(reading, token, self._clock.now())
            return None if briefing is None else await self._reader(reading, briefing)

    async def send_code(self, token: str) -> bool:
        """Make a code and send it over the other channel; False when it may not be, or could not be, sent."""
        code = new_code(CODE_DIGITS)
        async with self._database.transaction() as tx:
            reader = await self._held(tx, token)
            if reader is None or reader.way is None:
                return False
            row, real = reader.briefing, tx.clock.real()
            recent = row.codes if row.code_at is not None and real - row.code_at < timedelta(hours=1) else 0
            if recent >= CODES_PER_HOUR_MAX:
                return False
            key_id = self._vault.keyring.current_index_key_id
            hashed = keyed_hash(self._vault.keyring.current_index_key, _purpose(row), code.encode())
            values = {"code_hash": hashed, "code_key_id": key_id, "code_at": real, "code_tries": 0, "code_used_at": None}
            await store_briefings.change(tx, row.briefing_id, **values, codes=recent + 1)
        channel, address = reader.way
        text = code_text(code, int(CODE_LIFETIME.total_seconds() // 60))
        message = Message(attempt_id=new_id(), to=address, subject=text.subject, body=text.body)
        return isinstance(await self._channels[channel].send(message), HandedOver)

    async def enter_code(self, token: str, digits: str) -> tuple[Verdict, str | None] | None:
        """Judge the digits, and open a visit when they are right: the verdict and the visit's token. None for an ended link."""
        async with self._database.transaction() as tx:
            reader = await self._held(tx, token)
            if reader is None:
                return None
            row, real = reader.briefing, tx.clock.real()
            if row.code_at is None:
                return Verdict.EXPIRED, None
            judged = verdict(Code(created_at=row.code_at, tries=row.code_tries, used_at=row.code_used_at), self._matches(row, digits), real)
            if judged is Verdict.WRONG:
                await store_briefings.change(tx, row.briefing_id, code_tries=row.code_tries + 1)
            if judged is not Verdict.ACCEPTED:
                return judged, None
            visit = new_token()
            values = {"code_used_at": real, "visit_hash": token_hash(visit), "visit_until_at": real + VISIT_LIFETIME}
            await store_briefings.change(tx, row.briefing_id, **values)
            return judged, visit

    async def page(self, token: str) -> Told | None:
        """The page of an open visit; None when there is none, or she may not be told any more."""
        async with self._database.reading() as reading:
            row = await store_briefings.visited(reading, token, reading.clock.real())
            reader = None if row is None else await self._reader(reading, row)
            return None if reader is None else await self._told(reading, reader)

    async def _told(self, reading: Reading, reader: Reader) -> Told:
        row, setting = reader.briefing, reader.setting
        policy = await self._directory.policy(reading, row.policy_version)
        calendar = await self._directory.calendar(reading, setting, setting.authority)
        since = term_since(calendar, policy.holiday_limit_days, row.begins_on)
        wanted = tuple(dict.fromkeys(one.team for one in policy.duty)) or (policy.teams.live,)
        teams = await self._directory.teams(reading, wanted)
        staff = calendar.first_staff_day(row.begins_on)
        return Told(
            setting=setting,
            begins_on=row.begins_on,
            ends_on=row.ends_on,
            staff_on=None if staff is None else staff.on,
            weeks=weeks(await store_briefings.received(reading, setting.setting_id), since),
            live=tuple(teams[one] for one in wanted if one in teams),
            plan=policy.holiday.plan,
            has_contact=bool(await self._directory.holiday_settings(reading, [setting.setting_id])),
            policy=policy,
            support=await self._support(reading, setting, row),
        )

    async def _support(self, reading: Reading, setting: Setting, row: Briefing) -> tuple[Shown, ...]:
        authority = await self._directory.authority(reading, setting.authority)
        areas = areas_of(authority.authority, authority.force, authority.nation)
        found = await self._directory.support(reading, areas)
        return shown(found, areas, (PUBLIC, STAFF), row.begins_on, row.ends_on or row.begins_on)

    async def _held(self, tx: Transaction, token: str) -> Reader | None:
        row = await store_briefings.behind(tx, token, tx.clock.now())
        return None if row is None else await self._reader(tx, await store_briefings.hold(tx, row.briefing_id))

    async def _reader(self, reading: Reading, row: Briefing) -> Reader | None:
        try:
            contact = await self._directory.contact(reading, row.contact_id or "", Scope.service(NOTIFIER))
        except (NotFound, VaultSealed):
            return None
        if contact.state != "verified" or contact.setting_id != row.setting_id:
            return None
        setting = await self._directory.setting(reading, row.setting_id)
        addresses = {SMS: contact.phone, EMAIL: contact.email}
        ways = ((name, address) for name, address in addresses.items() if address and name != row.channel and name in self._channels)
        return Reader(briefing=row, setting=setting, contact=contact, way=next(ways, None))

    def _matches(self, row: Briefing, digits: str) -> bool:
        key = self._vault.keyring.index_keys.get(row.code_key_id or "")
        return key is not None and row.code_hash is not None and keyed_hash_matches(key, _purpose(row), digits.encode(), row.code_hash)


def _purpose(row: Briefing) -> str:
    """What a code's hash is for: the same digits hash differently for each briefing."""
    return f"notifier-briefing:{row.briefing_id}"
