"""What there is to know of one notice before it goes: to whom, under which name, whether it still holds, and when it may ring.

The report is opened for one purpose, to compare its adults with the person who is about to be told (design rule 7.7).
"""

from dataclasses import dataclass, field
from datetime import datetime

from services.notifier import store, store_notices, store_words
from services.notifier.domain.conflict import Conflict, conflict, known_adults
from services.notifier.domain.messages import EMAIL
from services.notifier.domain.notices import DUTY, LEAD, Kind, incident_of_review
from services.notifier.domain.rungs import quiet_until
from services.notifier.domain.states import Stage
from services.notifier.handlers_contacts import TEAM, as_person
from services.notifier.store import Notification
from services.notifier.store_notices import Notice
from shared.clock import Clock
from shared.db import Database, Reading, Transaction
from shared.directory import Contact, Directory
from shared.errors import Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER, ChildHeld, ReviewAsked
from shared.log import logger
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Vault

HOLDS = {
    Kind.CHANGED: (Stage.OPEN, Stage.ACKNOWLEDGED),
    Kind.PICKED_UP: (Stage.ACKNOWLEDGED,),
    Kind.WITHDRAWN: (Stage.WITHDRAWN, Stage.RECALLED),
    Kind.CALL_OWED: (Stage.OPEN,),
}
"""In which stages of its notification a notice still says something true."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """``name`` is the destination's, or the team's whose work waits. ``quiet_until``: no text message before that instant."""

    contact: Contact = field(repr=False)
    name: str
    notification: Notification | None
    quiet_until: datetime | None

    def address(self, channel: str) -> str | None:
        """Where this contact is reached over that channel."""
        return self.contact.email if channel == EMAIL else self.contact.phone


def _holds(notice: Notice, notification: Notification | None) -> bool:
    """Whether it still says something true. A notice about no notification does until it has gone."""
    return notification is None or notification.state in HOLDS[notice.kind]


class Noticing:
    """Reads what there is to know."""

    def __init__(self, *, database: Database, clock: Clock, directory: Directory, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory
        self._vault = vault

    async def of(self, notice: Notice) -> Noticed | None:
        """None when it is not to be sent: it holds no more, she may not be told, or is one of the incident's adults."""
        async with self._database.reading() as reading:
            notification = None if notice.notification_id is None else await store.get(reading, notice.notification_id)
            if not _holds(notice, notification):
                return None
            incident_id = incident_of_review(notice.subject_id) if notification is None else notification.incident_id
            version = None if notification is None else notification.incident_version
            contact = await self._contact(reading, notice)
            if contact is None or await self._conflicts(reading, notice.kind, contact, incident_id, version):
                return None
            return Noticed(
                contact=contact,
                name=await self._name(reading, notice, notification, contact),
                notification=notification,
                quiet_until=await self._quiet_until(reading, notification, incident_id),
            )

    async def pass_on(self, tx: Transaction, notice: Notice) -> None:
        """A team's notice that could not reach whoever is on duty is owed to the team's lead, unless nothing is owed any more."""
        if not notice.kind.is_for_a_team:
            return
        if not _holds(notice, None if notice.notification_id is None else await store.get(tx, notice.notification_id)):
            return
        contact = await self._contact(tx, notice)
        if contact is None or contact.role != DUTY or contact.team_id is None:
            log.error("notice.nobody", kind=notice.kind.value, team_id=contact.team_id if contact else None)
            return
        team = await self._directory.contacts(tx, "team", contact.team_id, Scope.service(NOTIFIER))
        leads = [one.contact_id for one in team if one.role == LEAD]
        await store_notices.add(tx, notice.kind, notice.subject_id, leads, notification_id=notice.notification_id)

    async def _contact(self, reading: Reading, notice: Notice) -> Contact | None:
        try:
            contact = await self._directory.contact(reading, notice.contact_id, Scope.service(NOTIFIER))
        except (NotFound, VaultSealed):
            return None
        return contact if contact.state == "verified" else None

    async def _conflicts(self, reading: Reading, kind: Kind, contact: Contact, incident_id: str, version: int | None) -> bool:
        """Whether she is, or may be, one of the adults. Of a report that cannot be opened a team is told all the same: a call is then
        all that is left, and nothing can be shown to anyone."""
        try:
            stored = await load(self._vault, reading, incident_id, Scope.service(NOTIFIER), version)
        except (NotFound, VaultSealed, Misuse) as error:
            log.error("report.sealed", incident_id=incident_id, error=error.code)
            return not kind.is_for_a_team
        return conflict(as_person(contact), known_adults(stored.report)) is not Conflict.NONE

    async def _name(self, reading: Reading, notice: Notice, notification: Notification | None, contact: Contact) -> str:
        """Empty when the directory has lost it, which must not stop a message."""
        try:
            if notification is None or notice.kind.is_for_a_team:
                return (await self._directory.team(reading, contact.team_id or "")).name
            if notification.destination_kind == TEAM:
                return (await self._directory.team(reading, notification.destination_ref)).name
            return (await self._directory.setting(reading, notification.destination_ref)).name
        except NotFound:
            return ""

    async def _quiet_until(self, reading: Reading, notification: Notification | None, incident_id: str) -> datetime | None:
        """By the policy that decided, unless the deadline of what is owed falls inside the quiet hours."""
        now = self._clock.now()
        if notification is not None:
            policy = await self._directory.policy(reading, notification.policy_version)
            return quiet_until(policy.quiet_hours, now, notification.deadline_at)
        facts = await store_words.of_incident(reading, incident_id)
        held = [fact for fact in facts if isinstance(fact, ChildHeld)]
        if not held:
            return None
        deadlines = [fact.review_deadline_at for fact in facts if isinstance(fact, ChildHeld | ReviewAsked)]
        policy = await self._directory.policy(reading, held[-1].policy_version)
        return quiet_until(policy.quiet_hours, now, min(deadlines))
