"""Who may be told at a destination, by the ladder's roles: verified contacts alone (design rule 7.8)."""

from collections.abc import Collection, Mapping, Sequence

from services.notifier.domain.conflict import ContactPerson
from shared.db import Reading
from shared.directory import Contact, Directory
from shared.errors import NotFound, VaultSealed
from shared.events import NOTIFIER
from shared.log import logger
from shared.policy import Policy, Role
from shared.scope import Scope

SETTING, TEAM = "setting", "team"
HOLIDAY_LIVE = "holiday-live"
"""Router's purpose: somebody is told now, while the setting is closed."""
CHASERS = frozenset({Role.TRUST.value, Role.AUTHORITY.value})
"""At a setting these learn which setting has not answered, and nothing of a child (design section 5)."""

ByRole = Mapping[str, tuple[Contact, ...]]

log = logger(__name__)


def is_chaser(destination_kind: str, role: str) -> bool:
    """Whether someone in this role is only asked to telephone the setting."""
    return destination_kind == SETTING and role in CHASERS


def for_purpose(purpose: str, destination_kind: str, by_role: ByRole) -> ByRole:
    """Who of a destination's contacts is told for this purpose: at a setting that is closed for long its holiday contacts alone, and
    whoever chases for its authority."""
    if (purpose, destination_kind) != (HOLIDAY_LIVE, SETTING):
        return by_role
    found = {role: tuple(one for one in people if one.holiday or role == Role.AUTHORITY.value) for role, people in by_role.items()}
    return {role: people for role, people in found.items() if people}


def as_person(contact: Contact) -> ContactPerson:
    """The contact as the conflict check sees her."""
    return ContactPerson(name=contact.name, email=contact.email, phone=contact.phone)


class Contacts:
    """Reads the directory for many destinations at once."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def by_role(self, reading: Reading, destinations: Sequence[tuple[str, str, Policy]]) -> list[ByRole]:
        """For each ``(kind, ref, policy)`` its verified contacts by role.

        A setting without an authority's contact of its own has those of the policy's authority lead. Contacts that cannot be opened
        are as good as none: the plan is then a telephone task, which is loud, and never a fact that nobody handles.
        """
        teams = {ref for kind, ref, _ in destinations if kind == TEAM} | {policy.teams.authority_lead for _, _, policy in destinations}
        in_teams = await self._of(reading, TEAM, teams)
        at_settings = await self._of(reading, SETTING, {ref for kind, ref, _ in destinations if kind == SETTING})
        found: list[ByRole] = []
        for kind, ref, policy in destinations:
            if kind == TEAM:
                found.append(_grouped(in_teams[ref]))
                continue
            own = _grouped(at_settings[ref])
            found.append({Role.AUTHORITY.value: in_teams[policy.teams.authority_lead]} | own)
        return found

    async def _of(self, reading: Reading, kind: str, refs: Collection[str]) -> dict[str, tuple[Contact, ...]]:
        try:
            return await self._directory.contacts_of(reading, "team" if kind == TEAM else "setting", refs, Scope.service(NOTIFIER))
        except (VaultSealed, NotFound):
            if len(refs) == 1:
                log.error("contacts.sealed", kind=kind)
                return dict.fromkeys(refs, ())
        found: dict[str, tuple[Contact, ...]] = {}
        for ref in refs:
            found |= await self._of(reading, kind, [ref])
        return found


def _grouped(contacts: Sequence[Contact]) -> dict[str, tuple[Contact, ...]]:
    roles = dict.fromkeys(contact.role for contact in contacts)
    return {role: tuple(contact for contact in contacts if contact.role == role) for role in roles}
