"""What the ladder knows of one notification before it acts: read once, with no transaction open afterwards.

The report is opened for one purpose, to compare its adults with the people who are about to be told (design rule 7.7). Nothing of it is
kept here but each person's grade.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.notifier import store_attempts, store_suppressions
from services.notifier.domain.conflict import Conflict, ContactPerson, KnownAdult, conflict, known_adults
from services.notifier.domain.messages import EMAIL, SMS
from services.notifier.domain.plan import PHONE, Rung
from services.notifier.domain.rungs import Recipient, Tried
from services.notifier.domain.suppression import NOTHING_HELD, Held, Suppression, held
from services.notifier.handlers_contacts import SETTING, TEAM, Contacts, as_person, for_purpose, is_chaser
from services.notifier.store import Notification
from shared.db import Database, Reading
from shared.directory import Contact, Directory
from shared.errors import Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER
from shared.log import logger
from shared.policy import Policy
from shared.report.store import load_many
from shared.scope import Scope
from shared.vault import Vault

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A verified contact with the channels that reach her, how she stands to the incident's adults, and what is held back of her."""

    contact: Contact = field(repr=False)
    channels: tuple[str, ...]
    grade: Conflict
    held: Held = NOTHING_HELD

    @property
    def may_be_told(self) -> bool:
        return self.grade is Conflict.NONE

    @property
    def may_be_asked_for(self) -> bool:
        """On the telephone: nobody is, while her own details are in doubt."""
        return self.may_be_told and not self.held.is_contact


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
            Recipient(rung=rung.number, contact_id=person.contact.contact_id, channels=person.channels, held=person.held)
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
        return (await self.of_many([notification]))[0]

    async def of_many(self, notifications: Sequence[Notification]) -> list[Known]:
        """The same for several, in one reading with as many statements as for one. Raises NotFound when the policy of one is gone."""
        async with self._database.reading() as reading:
            versions = {one.policy_version for one in notifications}
            policies = {version: await self._directory.policy(reading, version) for version in versions}
            destinations = [(one.destination_kind, one.destination_ref, policies[one.policy_version]) for one in notifications]
            contacts = await self._contacts.by_role(reading, destinations)
            reports = await self._reports(reading, notifications)
            names = await self._named(reading, notifications)
            tried = await store_attempts.tried_of(reading, [one.notification_id for one in notifications])
            suppressed = await store_suppressions.active(reading)
        known = []
        for one, (kind, ref, policy), by_role in zip(notifications, destinations, contacts, strict=True):
            adults = reports.get(one.incident_id)
            name, telephone = names.get((kind, ref), ("", ""))
            theirs = {} if adults is None else for_purpose(one.purpose, kind, by_role)
            people = {role: self._persons(found, adults or (), suppressed, (kind, ref), role) for role, found in theirs.items()}
            known.append(
                Known(
                    policy=policy,
                    people=people,
                    readable=adults is not None,
                    name=name,
                    telephone=telephone,
                    tried=tried[one.notification_id],
                )
            )
        return known

    async def is_adult(self, notification: Notification, label: str) -> bool:
        """Whether the person of that name may be an adult of the incident; false where the report cannot be opened."""
        async with self._database.reading() as reading:
            adults = (await self._reports(reading, [notification])).get(notification.incident_id, ()) if label else ()
        return conflict(ContactPerson(name=label), adults) is not Conflict.NONE

    def _persons(
        self,
        contacts: Sequence[Contact],
        adults: tuple[KnownAdult, ...],
        suppressed: Sequence[Suppression],
        destination: tuple[str, str],
        role: str,
    ) -> tuple[Person, ...]:
        chaser = is_chaser(destination[0], role)
        return tuple(self._person(contact, adults, suppressed, None if chaser else destination) for contact in contacts)

    def _person(
        self, contact: Contact, adults: tuple[KnownAdult, ...], suppressed: Sequence[Suppression], destination: tuple[str, str] | None
    ) -> Person:
        """``destination`` is None for a chaser."""
        addresses = {EMAIL: contact.email, SMS: contact.phone}
        usable = tuple(channel for channel, address in addresses.items() if address and channel in self._channels)
        channels = usable if destination is not None else usable[:1]
        back = held(suppressed, destination, contact.contact_id, channels)
        return Person(contact=contact, channels=channels, grade=conflict(as_person(contact), adults), held=back)

    async def _reports(self, reading: Reading, notifications: Sequence[Notification]) -> dict[str, tuple[KnownAdult, ...]]:
        """The adults of each incident; one whose report cannot be opened is left out, loudly."""
        incident_ids = {one.incident_id for one in notifications}
        try:
            stored = await load_many(self._vault, reading, incident_ids, Scope.service(NOTIFIER))
        except (NotFound, VaultSealed, Misuse) as error:
            if len(incident_ids) == 1:
                log.error("report.sealed", notification_id=notifications[0].notification_id, error=error.code)
                return {}
            found: dict[str, tuple[KnownAdult, ...]] = {}
            for one in {one.incident_id: one for one in notifications}.values():
                found |= await self._reports(reading, [one])
            return found
        return {incident_id: known_adults(one.report) for incident_id, one in stored.items()}

    async def _named(self, reading: Reading, notifications: Sequence[Notification]) -> dict[tuple[str, str], tuple[str, str]]:
        """Name and telephone number of each destination; one that the directory has lost is left out: it must not stop a message."""
        refs = {(one.destination_kind, one.destination_ref) for one in notifications}
        teams = await self._directory.teams(reading, team_ids) if (team_ids := {ref for kind, ref in refs if kind == TEAM}) else {}
        at_settings = {ref for kind, ref in refs if kind != TEAM}
        settings = await self._directory.settings(reading, at_settings) if at_settings else {}
        found = {(TEAM, ref): (team.name, team.telephone or "") for ref, team in teams.items()}
        return found | {(SETTING, ref): (setting.name, setting.telephone or "") for ref, setting in settings.items()}


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
