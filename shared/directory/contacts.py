"""Contacts: read with whom they are for, opened from the vault."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select

from shared.db import Reading
from shared.db.tables.directory import directory_authority, directory_contact, directory_setting, directory_team
from shared.db.tables.vault import vault_key
from shared.directory.values import CONTACT_ROLES, Contact, ContactDetails
from shared.scope import Scope, ScopeKind
from shared.vault import Vault
from shared.vault.sealing import row_identity

_OF_SETTING = directory_authority.alias("of_setting")
_OF_TEAM = directory_authority.alias("of_team")


def identity(contact_id: str) -> str:
    """The row that a contact's details are sealed for."""
    return row_identity(directory_contact.name, contact_id)


async def at_settings(reading: Reading, vault: Vault, setting_ids: Iterable[str], scope: Scope) -> tuple[Contact, ...]:
    """The contacts at these settings, whatever their state, in the ladder's order."""
    return await _opened(reading, vault, _visible(scope).where(directory_contact.c.setting_id.in_(set(setting_ids))))


async def in_teams(reading: Reading, vault: Vault, team_ids: Iterable[str], scope: Scope) -> tuple[Contact, ...]:
    """The contacts in these teams, whatever their state, in the ladder's order."""
    return await _opened(reading, vault, _visible(scope).where(directory_contact.c.team_id.in_(set(team_ids))))


async def by_id(reading: Reading, vault: Vault, contact_id: str, scope: Scope) -> Contact | None:
    """One contact, whatever its state."""
    found = await _opened(reading, vault, _visible(scope).where(directory_contact.c.contact_id == contact_id))
    return found[0] if found else None


async def by_reference(reading: Reading, vault: Vault, references: Iterable[str], scope: Scope) -> dict[str, Contact]:
    """The contacts with these references, whatever their state, by reference."""
    found = await _opened(reading, vault, _visible(scope).where(directory_contact.c.reference.in_(set(references))))
    return {contact.reference: contact for contact in found}


_WITH_KEY = directory_contact.outerjoin(vault_key, vault_key.c.scope_id == directory_contact.c.scope_id)
_WITH_AREA = (
    _WITH_KEY.outerjoin(directory_setting, directory_setting.c.setting_id == directory_contact.c.setting_id)
    .outerjoin(_OF_SETTING, _OF_SETTING.c.authority == directory_setting.c.authority)
    .outerjoin(directory_team, directory_team.c.team_id == directory_contact.c.team_id)
    .outerjoin(_OF_TEAM, _OF_TEAM.c.authority == directory_team.c.authority)
)
_COLUMNS = (*directory_contact.c, vault_key.c.kek_id, vault_key.c.wrapped)
_ALL = select(*_COLUMNS).select_from(_WITH_KEY)
_OF_AREA = select(*_COLUMNS).select_from(_WITH_AREA)


def _visible(scope: Scope) -> Select[Any]:
    """Contacts that ``scope`` may see: a service all, a force and an authority their own; a visit to a notification none by itself.

    Each with the data key that its details are sealed under.
    """
    return _ALL if scope.kind is ScopeKind.SERVICE else _OF_AREA.where(_theirs(scope))


def _theirs(scope: Scope) -> ColumnElement[bool]:
    if scope.kind is ScopeKind.AUTHORITY:
        return or_(directory_setting.c.authority == scope.id, directory_team.c.authority == scope.id)
    if scope.kind is ScopeKind.FORCE:
        return or_(_OF_SETTING.c.force == scope.id, _OF_TEAM.c.force == scope.id, directory_team.c.force == scope.id)
    return false()


async def _opened(reading: Reading, vault: Vault, statement: Select[Any]) -> tuple[Contact, ...]:
    rows = (await reading.execute(statement)).all()
    openers = await vault.openers_beside(rows)
    contacts = [_contact(row, openers[row.scope_id](identity(row.contact_id), row.sealed)) for row in rows]
    return tuple(sorted(contacts, key=_order))


def _contact(row: Any, content: bytes) -> Contact:
    details = ContactDetails.from_json(content)
    return Contact(
        contact_id=row.contact_id,
        reference=row.reference,
        setting_id=row.setting_id,
        team_id=row.team_id,
        role=row.role,
        ordinal=row.ordinal,
        state=row.state,
        verified_at=row.verified_at,
        holiday=row.holiday,
        name=details.name,
        email=details.email,
        phone=details.phone,
    )


async def holiday_settings(reading: Reading, setting_ids: Iterable[str]) -> frozenset[str]:
    """Those of these settings that have a verified holiday contact; nothing is opened, and nobody named."""
    table = directory_contact
    there = (table.c.setting_id.in_(set(setting_ids)), table.c.holiday, table.c.state == "verified")
    return frozenset((await reading.execute(select(table.c.setting_id).where(*there))).scalars())


def _order(contact: Contact) -> tuple[int, int, str]:
    return CONTACT_ROLES.index(contact.role), contact.ordinal, contact.contact_id


def sendable(contacts: Sequence[Contact]) -> tuple[Contact, ...]:
    """Those who may be sent something (design rule 7.8)."""
    return tuple(contact for contact in contacts if contact.state == "verified")
