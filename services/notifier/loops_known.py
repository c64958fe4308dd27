"""What the ladder knows of one notification before it acts: read once, with no transaction open afterwards.

The report is opened for one purpose, to compare its adults with the people who are about to be told (design rule 7.7). Nothing of it is
kept here but each person's grade.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.notifier import store_attempts
from services.notifier.domain.conflict import Conflict, KnownAdult, conflict, known_adults
from services.notifier.domain.messages import EMAIL, SMS
from services.notifier.domain.plan import PHONE, Rung
from services.notifier.domain.rungs import Recipient, Tried
from services.notifier.handlers_contacts import TEAM, Contacts, as_person, is_chaser
from services.notifier.store import Notification
from shared.db import Database, Reading
from shared.directory import Contact, Directory
from shared.errors import Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER
from shared.log import logger
from shared.policy import Policy
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Vault

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A verified contact with the channels that reach her, and how she stands to the incident's adults."""

    contact: Contact = field(repr=False)
    channels: tuple[str, ...]
    grade: Conflict

    @property
    def may_be_told(self) -> bool:
        return self.grade is Conflict.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """``people`` by role; ``readable`` is false when the report cannot be opened, and then nobody may be told by a machine."""

    policy: Policy
    people: Mapping[str, tuple[Person, ...]]
    readable: bool
    name: str
    telephone: str
    tried: tuple[Tried, ...]

    def recipients(self, rungs: Sequence[Rung]) -> tuple[Recipient, ...]:
        """Who is told on these rungs."""
        return tuple(
            Recipient(rung=rung.number, contact_id=person.contact.contact_id, channels=person.channels)
            for rung in rungs
            if rung.role != PHONE
            for person in self.people.get(rung.role, ())
            if person.may_be_told
        )

    def person(self, contact_id: str) -> Person:
        """The person with that contact's id."""
        return next(one for people in self.people.values() for one in people if one.contact.contact_id == contact_id)

    def receivers(self, destination_kind: str) -> list[Person]:
        """Everyone who would be shown the content: all but the chasers."""
        return [one for role, people in self.people.items() if not is_chaser(destination_kind, role) for one in people]


class Knowing:
    """Reads what there is to know. ``channels``: the channels that this deployment has."""

    def __init__(self, *, database: Database, directory: Directory, vault: Vault, channels: Collection[str]) -> None:
        self._database = database
        self._directory = directory
        self._contacts = Contacts(directory)
        self._vault = vault
        self._channels = channels

    async def of(self, notification: Notification) -> Known:
        """Everything about one notification. Raises NotFound when its policy is gone."""
        async with self._database.reading() as reading:
            policy = await self._directory.policy(reading, notification.policy_version)
            destination = (notification.destination_kind, notification.destination_ref, policy)
            by_role = (await self._contacts.by_role(reading, [destination]))[0]
            adults = await self._adults(reading, notification)
            name, telephone = await self._named(reading, notification)
            tried = await store_attempts.tried(reading, notification.notification_id)
        people = {
            role: tuple(self._person(contact, adults, chaser=is_chaser(notification.destination_kind, role)) for contact in contacts)
            for role, contacts in by_role.items()
        }
        return Known(
            policy=policy,
            people={} if adults is None else people,
            readable=adults is not None,
            name=name,
            telephone=telephone,
            tried=tried,
        )

    def _person(self, contact: Contact, adults: tuple[KnownAdult, ...] | None, *, chaser: bool) -> Person:
        addresses = {EMAIL: contact.email, SMS: contact.phone}
        channels = tuple(channel for channel, address in addresses.items() if address and channel in self._channels)
        grade = conflict(as_person(contact), adults or ())
        return Person(contact=contact, channels=channels[:1] if chaser else channels, grade=grade)

    async def _adults(self, reading: Reading, notification: Notification) -> tuple[KnownAdult, ...] | None:
        try:
            stored = await load(self._vault, reading, notification.incident_id, Scope.service(NOTIFIER))
        except (NotFound, VaultSealed, Misuse) as error:
            log.error("report.sealed", notification_id=notification.notification_id, error=error.code)
            return None
        return known_adults(stored.report)

    async def _named(self, reading: Reading, notification: Notification) -> tuple[str, str]:
        """Name and telephone number of the destination; empty when the directory has lost it, which must not stop a message."""
        try:
            if notification.destination_kind == TEAM:
                team = await self._directory.team(reading, notification.destination_ref)
                return team.name, team.telephone or ""
            setting = await self._directory.setting(reading, notification.destination_ref)
        except NotFound:
            return "", ""
        return setting.name, setting.telephone or ""


def due_rungs(notification: Notification, now: datetime) -> tuple[Rung, ...]:
    """The rungs to climb at ``now``: the next one when it is due, and those after it that are due by the plan."""
    if notification.next_rung_at is None or notification.next_rung_at > now:
        return ()
    first, *later = notification.plan.rungs[notification.rungs_done :]
    due = [first]
    for rung in later:
        if rung.due_at > now:
            break
        due.append(rung)
    return tuple(due)
