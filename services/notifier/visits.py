"""From a link to an open visit: link, code over the contact's other channel, visit (design rules 7.4, 7.5).

Nothing here depends on the ladder, and nothing here moves it. Instants of codes and visits are real ones; those of links are business
instants, because a link's life is counted from the deadline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from services.notifier import store, store_suppressions, store_visits
from services.notifier.domain.codes import CODE_DIGITS, CODE_LIFETIME, Code, LinkState, Verdict, link_state, next_code_at, verdict
from services.notifier.domain.messages import EMAIL, SMS, Channel, HandedOver, Message, Outcome, Refused
from services.notifier.domain.states import ChildState
from services.notifier.domain.suppression import Suppressed, suppressed_for
from services.notifier.domain.wording import code_text
from services.notifier.handlers_calls import ONE_CHANNEL, open_call
from services.notifier.handlers_contacts import TEAM
from services.notifier.handlers_digest import waits_elsewhere
from services.notifier.store import Notification
from services.notifier.store_visits import Link, StoredCode, Visit
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.directory import Contact, Directory
from shared.errors import NotFound, VaultSealed
from shared.events import NOTIFIER, CodeEntered, LinkFetched
from shared.ids import new_code, new_id, new_token
from shared.log import logger
from shared.policy import Policy
from shared.scope import Scope
from shared.vault import Vault
from shared.vault.tokens import keyed_hash, keyed_hash_matches

VISIT_LIFETIME = timedelta(hours=2)

log = logger(__name__)


class Asked(StrEnum):
    """What became of asking for a code."""

    SENT = "sent"
    TOO_MANY = "too-many"
    NO_WAY = "no-way"
    """The contact has one channel, or the other one refuses: somebody will telephone."""
    NOT_NOW = "not-now"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Someone behind a link, before or after the code: whom it was made for, and how the notification stands."""

    notification: Notification
    link: Link
    contact: Contact = field(repr=False)
    children: tuple[ChildState, ...]
    policy: Policy
    name: str
    """The destination's."""
    call: str | None
    """The telephone number of the team that calls."""
    roles: Mapping[str, str]
    """The role of each contact who has acknowledged."""
    state: LinkState
    waits_elsewhere: bool = False
    """Behind the same message another notification waits for somebody (``domain/digest``)."""

    @property
    def is_team(self) -> bool:
        return self.notification.destination_kind == TEAM

    @property
    def own(self) -> tuple[ChildState, ...]:
        """The children that are still this destination's."""
        return tuple(child for child in self.children if child.is_own)

    @property
    def may_read(self) -> bool:
        """Whether anything is left for this contact: what another has picked up whole is that one's to read."""
        return any(child.acknowledged_by in (None, self.contact.contact_id) for child in self.own)

    @property
    def may_enter(self) -> bool:
        """Whether her link leads her to anything: this notification, or another one of its list."""
        return self.may_read or self.waits_elsewhere


class Visits:
    """Takes a contact from the link to a visit. ``channels``: those that this deployment has."""

    def __init__(self, *, database: Database, clock: Clock, directory: Directory, vault: Vault, channels: Mapping[str, Channel]) -> None:
        self._database = database
        self.clock = clock
        self._directory = directory
        self._vault = vault
        self._channels = channels

    async def arrived(self, token: str) -> Guest | None:
        """Who is behind the link; None when it is unknown, expired, revoked, not hers any more or erased: which of these is never told."""
        async with self._database.reading() as reading:
            link = await store_visits.link(reading, token)
            return None if link is None else await self.guest(reading, link)

    async def fetched(self, guest: Guest) -> None:
        """Record that the link was fetched: by a person or a machine, it proves nothing (D4)."""
        fact = LinkFetched(
            incident_id=guest.notification.incident_id,
            notification_id=guest.notification.notification_id,
            contact_id=guest.contact.contact_id,
            fetched_at=self.clock.now(),
        )
        async with self._database.transaction() as tx:
            await tx.record(NOTIFIER, [fact])

    async def guest(self, reading: Reading, link: Link, notification: Notification | None = None) -> Guest | None:
        """The contact of a live link and what she may know; None as above. ``notification`` is given by who holds it already."""
        notification = notification or await store.get(reading, link.notification_id)
        state = link_state(notification.state, notification.deadline_at, notification.ended_at, reading.clock.now())
        if link.revoked_at is not None or state in (LinkState.RECALLED, LinkState.EXPIRED):
            return None
        if await self._vault.is_erased(reading, notification.incident_id):
            return None
        return await self.seen(reading, notification, link, state)

    async def seen(self, reading: Reading, notification: Notification, link: Link, state: LinkState) -> Guest | None:
        """The same whatever the link's state; None only for a contact who may not be told any more (design rule 7.8)."""
        contact = await self._contact(reading, link.contact_id)
        moved = contact is not None and notification.destination_ref not in (contact.setting_id, contact.team_id)
        if contact is None or contact.state != "verified" or moved:
            return None
        children = await store.children(reading, notification.notification_id)
        policy = await self._directory.policy(reading, notification.policy_version)
        people = {child.acknowledged_by for child in children if child.acknowledged_by}
        named = {one: contact if one == contact.contact_id else await self._contact(reading, one) for one in people}
        return Guest(
            notification=notification,
            link=link,
            contact=contact,
            children=children,
            policy=policy,
            name=await self._name(reading, notification),
            call=await self._call(reading, policy.teams.phone),
            roles={contact_id: person.role for contact_id, person in named.items() if person is not None},
            state=state,
            waits_elsewhere=await waits_elsewhere(reading, notification, contact.contact_id),
        )

    def other_channel(self, guest: Guest) -> tuple[str, str] | None:
        """Channel and address for the code: never those that carried the link. None for a contact with one channel."""
        addresses = {SMS: guest.contact.phone, EMAIL: guest.contact.email}
        for channel, address in addresses.items():
            if channel != guest.link.channel and channel in self._channels and address:
                return channel, address
        return None

    async def send_code(self, token: str) -> Asked:
        """Make a code and send it over the other channel, at any hour: the contact is waiting for it."""
        code = new_code(CODE_DIGITS)
        async with self._database.transaction() as tx:
            guest = await self._held(tx, token)
            if guest is None or not guest.may_enter:
                return Asked.ENDED
            way = self.other_channel(guest)
            suppressed = await self._suppressed(tx, guest)
            if way is None or suppressed.is_whole or way[0] in suppressed.channels:
                await open_call(tx, guest.notification, guest.policy.teams.phone, ONE_CHANNEL)
                return Asked.NO_WAY
            code_id = await self._new_code(tx, guest, code)
        if code_id is None:
            return Asked.TOO_MANY
        channel, address = way
        text = code_text(code, int(CODE_LIFETIME.total_seconds() // 60))
        message = Message(attempt_id=code_id, to=address, subject=text.subject, body=text.body)
        return await self._sent(guest, await self._channels[channel].send(message))

    async def enter_code(self, token: str, digits: str) -> tuple[Verdict, str | None] | None:
        """Judge entered digits, and open a visit when they are right: the verdict and the visit's token. None for an ended link, and
        when nothing is left for her to read.

        Any code of the link that still lives will do, for text messages overtake each other; a wrong try counts against all of them.
        """
        async with self._database.transaction() as tx:
            guest = await self._held(tx, token)
            if guest is None or not guest.may_enter or (await self._suppressed(tx, guest)).is_whole:
                return None
            codes = await store_visits.codes(tx, guest.link.link_id)
            judged = [(verdict(one.code, self._matches(one, digits), tx.clock.real()), one) for one in codes]
            right = next((one for what, one in judged if what is Verdict.ACCEPTED), None)
            if right is None:
                await store_visits.count_tries(tx, [one.code_id for what, one in judged if what is Verdict.WRONG])
                what = next((what for what, _ in judged if what is Verdict.WRONG), judged[0][0] if judged else Verdict.EXPIRED)
                return what, None
            await store_visits.use_code(tx, right.code_id, tx.clock.real())
            return Verdict.ACCEPTED, await self._open(tx, guest)

    async def _suppressed(self, tx: Transaction, guest: Guest) -> Suppressed:
        """What nobody may be sent or shown here for now: somebody has said that the wrong person may be reading."""
        one = guest.notification
        return suppressed_for(await store_suppressions.active(tx), (one.destination_kind, one.destination_ref), guest.contact.contact_id)

    async def leave(self, token: str) -> None:
        """End the visit: the visitor has read enough, or is not who the link was for."""
        async with self._database.transaction() as tx:
            visit = await store_visits.visit(tx, token, tx.clock.real())
            if visit is not None:
                await store_visits.end_visit(tx, visit.visit_id, tx.clock.real())

    async def _held(self, tx: Transaction, token: str) -> Guest | None:
        """The guest, with her notification locked: codes are counted and tried one after the other."""
        link = await store_visits.link(tx, token)
        if link is None:
            return None
        held = await store.hold(tx, link.notification_id)
        return await self.guest(tx, link, held)

    async def _new_code(self, tx: Transaction, guest: Guest, code: str) -> str | None:
        """The id of the stored code; None when she has had as many as she may within the hour."""
        now = tx.clock.real()
        link, contact_id = guest.link, guest.contact.contact_id
        earlier = await store_visits.codes_since(tx, link.notification_id, contact_id, now - timedelta(hours=1))
        if next_code_at(earlier, now) > now:
            return None
        code_id, key = new_id(), self._vault.keyring.current_index_key
        hashed = keyed_hash(key, _purpose(code_id), code.encode())
        await store_visits.add_code(tx, link.link_id, code_id, hashed, self._vault.keyring.current_index_key_id, Code(created_at=now))
        return code_id

    async def _sent(self, guest: Guest, outcome: Outcome) -> Asked:
        if isinstance(outcome, HandedOver):
            return Asked.SENT
        log.warning("code.not-sent", notification_id=guest.notification.notification_id, reason=outcome.reason)
        if not isinstance(outcome, Refused):
            return Asked.NOT_NOW
        async with self._database.transaction() as tx:
            held = await store.hold(tx, guest.notification.notification_id)
            if held.is_open:
                await open_call(tx, held, guest.policy.teams.phone, ONE_CHANNEL)
        return Asked.NO_WAY

    def _matches(self, stored: StoredCode, digits: str) -> bool:
        key = self._vault.keyring.index_keys.get(stored.hash_key_id)
        return key is not None and keyed_hash_matches(key, _purpose(stored.code_id), digits.encode(), stored.code_hash)

    async def _open(self, tx: Transaction, guest: Guest) -> str:
        token, now = new_token(), tx.clock.real()
        visit = Visit(
            visit_id=new_id(),
            link_id=guest.link.link_id,
            notification_id=guest.link.notification_id,
            contact_id=guest.contact.contact_id,
            expires_at=now + VISIT_LIFETIME,
        )
        await store_visits.add_visit(tx, token, visit, now)
        entered = CodeEntered(
            incident_id=guest.notification.incident_id,
            notification_id=guest.notification.notification_id,
            contact_id=guest.contact.contact_id,
            entered_at=tx.clock.now(),
            child_ids=tuple(child.child_id for child in guest.own),
        )
        await tx.record(NOTIFIER, [entered])
        return token

    # --- the directory ----------------------------------------------------------------------------------------------------------------

    async def _contact(self, reading: Reading, contact_id: str) -> Contact | None:
        try:
            return await self._directory.contact(reading, contact_id, Scope.service(NOTIFIER))
        except (NotFound, VaultSealed):
            return None

    async def _name(self, reading: Reading, notification: Notification) -> str:
        if notification.destination_kind == TEAM:
            return (await self._directory.team(reading, notification.destination_ref)).name
        return (await self._directory.setting(reading, notification.destination_ref)).name

    async def _call(self, reading: Reading, team_id: str) -> str | None:
        return (await self._directory.team(reading, team_id)).telephone


def _purpose(code_id: str) -> str:
    """What a code's hash is for: the same digits hash differently for each code."""
    return f"notifier-code:{code_id}"
