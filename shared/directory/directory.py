"""``Directory``: what every service asks about settings, teams, contacts, school days and policies.

Every method works inside the caller's reading or transaction. Nothing is kept in memory but policies, because a version never changes.
"""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from typing import Any, Literal

from sqlalchemy import or_, select

from shared.calendar import Calendar
from shared.db import Reading
from shared.db.tables.directory import (
    directory_area,
    directory_area_team,
    directory_authority,
    directory_policy,
    directory_setting,
    directory_support,
    directory_team,
)
from shared.directory import calendars, contacts
from shared.directory.bank_holidays import BankHolidays, CoverFinding
from shared.directory.passphrase import Passphrase
from shared.directory.support import Support, merged
from shared.directory.support_defaults import DEFAULTS
from shared.directory.values import Authority, Contact, Published, Setting, Team
from shared.errors import NotFound
from shared.policy import Policy, deciding, from_json
from shared.scope import Scope
from shared.vault import Vault

Destination = Literal["setting", "team"]

SUCCESSIONS_MAX = 5
"""How often a setting may have become another one before nobody follows any more."""

_SETTINGS = select(
    *(directory_authority.c.nation if field.name == "nation" else directory_setting.c[field.name] for field in fields(Setting))
).join_from(directory_setting, directory_authority)
_TEAM = tuple(directory_team.c[field.name] for field in fields(Team))
"""Everything but what only a caller needs: see ``passphrase``."""


class Directory:
    """The read side. Safe to share between tasks."""

    def __init__(self, vault: Vault, bank_holidays: BankHolidays) -> None:
        self._vault = vault
        self._bank_holidays = bank_holidays
        self._policies: dict[str, Policy] = {}

    # --- authorities, settings, teams -----------------------------------------------------------------------------------

    async def authority(self, reading: Reading, code: str) -> Authority:
        """The authority with this code. Raises NotFound."""
        statement = select(directory_authority).where(directory_authority.c.authority == code)
        return Authority(**_one(await reading.execute(statement)))

    async def authorities(self, reading: Reading, *, force: str | None = None) -> tuple[Authority, ...]:
        """Every authority, or those that ``force`` polices, by code."""
        statement = select(directory_authority).order_by(directory_authority.c.authority)
        if force is not None:
            statement = statement.where(directory_authority.c.force == force)
        return tuple(Authority(**row) for row in (await reading.execute(statement)).mappings())

    async def setting(self, reading: Reading, setting_id: str) -> Setting:
        """The setting with this URN or register number, open or not. Raises NotFound."""
        statement = _SETTINGS.where(directory_setting.c.setting_id == setting_id)
        return Setting(**_one(await reading.execute(statement)))

    async def settings(self, reading: Reading, setting_ids: Iterable[str]) -> dict[str, Setting]:
        """Those of these settings that there are, by id, and what those have become that have closed."""
        found = await self._settings(reading, setting_ids)
        for _ in range(SUCCESSIONS_MAX):
            became = {one.successor for one in found.values() if one.successor is not None and not one.is_open}
            if became <= found.keys():
                break
            found |= await self._settings(reading, became - found.keys())
        return found

    async def _settings(self, reading: Reading, setting_ids: Iterable[str]) -> dict[str, Setting]:
        statement = _SETTINGS.where(directory_setting.c.setting_id.in_(set(setting_ids)))
        return {row["setting_id"]: Setting(**row) for row in (await reading.execute(statement)).mappings()}

    async def settings_in(self, reading: Reading, authorities: Iterable[str]) -> dict[str, Setting]:
        """Every setting of these authorities, open or not, by id: to see whether a name is one setting's alone."""
        statement = _SETTINGS.where(directory_setting.c.authority.in_(set(authorities)))
        return {row["setting_id"]: Setting(**row) for row in (await reading.execute(statement)).mappings()}

    async def areas(self, reading: Reading, beginnings: Iterable[str]) -> dict[str, str]:
        """The authority that the postcodes beginning so lie in, for those of these beginnings that are known; whole postcodes too."""
        wanted = set(beginnings)
        if not wanted:
            return {}
        statement = select(directory_area).where(directory_area.c.postcodes.in_(wanted))
        return {row.postcodes: row.authority for row in await reading.execute(statement)}

    async def area_teams(self, reading: Reading, beginnings: Iterable[str]) -> dict[tuple[str, str], Team]:
        """The teams that look after the postcodes beginning so, by beginning and route, for those that are known."""
        wanted = set(beginnings)
        if not wanted:
            return {}
        columns = (directory_area_team.c.postcodes, directory_area_team.c.route)
        joined = select(*columns, *_TEAM).join_from(directory_area_team, directory_team)
        rows = (await reading.execute(joined.where(directory_area_team.c.postcodes.in_(wanted)))).mappings()
        return {(row["postcodes"], row["route"]): _team(row) for row in rows}

    async def police_desks(self, reading: Reading, forces: Iterable[str]) -> dict[str, Team]:
        """The one police team of each of these forces, where it has just one in the directory: who takes a hand-over."""
        mine = (directory_team.c.force.in_(set(forces)), directory_team.c.kind == "police", directory_team.c.authority.is_(None))
        found: dict[str, list[Team]] = {}
        for row in (await reading.execute(select(*_TEAM).where(*mine))).mappings():
            found.setdefault(row["force"], []).append(_team(row))
        return {force: teams[0] for force, teams in found.items() if len(teams) == 1}

    async def support(self, reading: Reading, areas: Iterable[str]) -> tuple[Support, ...]:
        """What these areas have of support: the national entries of the program, under what the installation says of them."""
        table = directory_support
        statement = select(table).where(or_(table.c.area.in_(set(areas)), table.c.support_id.in_({one.support_id for one in DEFAULTS})))
        rows = (await reading.execute(statement)).mappings()
        return merged(DEFAULTS, [Support(**{**row, "closed": _ranges(row["closed"])}) for row in rows])

    async def team(self, reading: Reading, team_id: str) -> Team:
        """The team with this id. Raises NotFound."""
        statement = select(*_TEAM).where(directory_team.c.team_id == team_id)
        return Team(**_one(await reading.execute(statement)))

    async def teams(self, reading: Reading, team_ids: Iterable[str]) -> dict[str, Team]:
        """Those of these teams that there are, by id."""
        statement = select(*_TEAM).where(directory_team.c.team_id.in_(set(team_ids)))
        return {row["team_id"]: Team(**row) for row in (await reading.execute(statement)).mappings()}

    async def passphrase(self, reading: Reading, kind: Destination, ref: str) -> Passphrase:
        """What is known of the passphrase of one setting or team. Raises NotFound."""
        table = directory_setting if kind == "setting" else directory_team
        key = table.c.setting_id if kind == "setting" else table.c.team_id
        found = _one(await reading.execute(select(table.c.passphrase_hint, table.c.passphrase_hash).where(key == ref)))
        return Passphrase(hint=found["passphrase_hint"], stored=found["passphrase_hash"])

    # --- contacts -------------------------------------------------------------------------------------------------------

    async def contacts(
        self, reading: Reading, kind: Destination, ref: str, scope: Scope, *, include_unverified: bool = False
    ) -> tuple[Contact, ...]:
        """The people at one setting or team, by role and ordinal; none for an unknown destination or one that is not ``scope``'s.

        Only verified ones (design rule 7.8); ``include_unverified`` gives all, suspended ones too, for whoever looks after them.
        """
        found = await (contacts.at_settings if kind == "setting" else contacts.in_teams)(reading, self._vault, [ref], scope)
        return found if include_unverified else contacts.sendable(found)

    async def contacts_of(self, reading: Reading, kind: Destination, refs: Iterable[str], scope: Scope) -> dict[str, tuple[Contact, ...]]:
        """The verified contacts of many destinations, with two statements for all; every ref has an entry."""
        wanted = list(refs)
        found = await (contacts.at_settings if kind == "setting" else contacts.in_teams)(reading, self._vault, wanted, scope)
        usable = contacts.sendable(found)
        return {ref: tuple(contact for contact in usable if ref in (contact.setting_id, contact.team_id)) for ref in wanted}

    async def holiday_settings(self, reading: Reading, setting_ids: Iterable[str]) -> frozenset[str]:
        """Those of these settings that have a verified holiday contact; it names nobody."""
        return await contacts.holiday_settings(reading, setting_ids)

    async def contact(self, reading: Reading, contact_id: str, scope: Scope) -> Contact:
        """One contact, whatever its state: look at ``state`` before sending. Raises NotFound when unknown or not ``scope``'s."""
        found = await contacts.by_id(reading, self._vault, contact_id, scope)
        if found is None:
            raise NotFound("there is no such contact")
        return found

    # --- school days ----------------------------------------------------------------------------------------------------

    async def calendar(self, reading: Reading, setting: Setting | None, authority: str) -> Calendar:
        """The school days of ``setting``, or of the authority's terms when there is none. Raises NotFound for an unknown authority."""
        if setting is None:
            return await calendars.of_authority(reading, self._bank_holidays, authority)
        return (await self.calendars(reading, [setting]))[setting.setting_id]

    async def calendars(self, reading: Reading, settings: Iterable[Setting]) -> dict[str, Calendar]:
        """The school days of many settings, by setting id, with few statements."""
        return await calendars.of_settings(reading, self._bank_holidays, tuple(settings))

    async def mostly_closed(self, reading: Reading, authority: str, on: date) -> bool:
        """Whether nobody is at most of this authority's settings on the London date ``on``: see ``calendars.mostly_closed``."""
        return await calendars.mostly_closed(reading, self._bank_holidays, authority, on)

    async def cover_findings(self, reading: Reading, today: date) -> tuple[CoverFinding, ...]:
        """Nations whose bank holidays are known for less than twelve months ahead."""
        return (await calendars.published(reading, self._bank_holidays)).cover_findings(today)

    # --- policies -------------------------------------------------------------------------------------------------------

    async def published(self, reading: Reading) -> tuple[Published, ...]:
        """Every published policy in the order of publication. Raises PolicyRefused when a stored one cannot be read."""
        columns = (directory_policy.c.version, directory_policy.c.published_at)
        rows = (await reading.execute(select(*columns).order_by(directory_policy.c.published_at, directory_policy.c.version))).all()
        await self._load(reading, {row.version for row in rows})
        return tuple(Published(version=row.version, policy=self._policies[row.version], published_at=row.published_at) for row in rows)

    async def policies(self, reading: Reading) -> tuple[Policy, ...]:
        """The same without their versions, as ``shared.policy.deciding`` takes them."""
        return tuple(stored.policy for stored in await self.published(reading))

    async def policy(self, reading: Reading, version: str) -> Policy:
        """The policy stored under ``version``. Raises NotFound."""
        await self._load(reading, {version})
        if version not in self._policies:
            raise NotFound("there is no such policy")
        return self._policies[version]

    async def deciding(self, reading: Reading, force: str, authority: str | None, on: date) -> Published:
        """The policy that decides for a child of ``authority`` reported by ``force`` on the London date ``on``, with its version.

        Raises NotFound when neither has one in force; nothing may be decided then.
        """
        known = await self.published(reading)
        chosen = deciding((stored.policy for stored in known), force, authority, on)
        if chosen is None:
            raise NotFound("no policy is in force")
        return next(stored for stored in reversed(known) if stored.policy is chosen)

    async def _load(self, reading: Reading, versions: set[str]) -> None:
        if missing := versions - self._policies.keys():
            statement = select(directory_policy.c.version, directory_policy.c.document).where(directory_policy.c.version.in_(missing))
            for row in await reading.execute(statement):
                self._policies[row.version] = from_json(row.document)


def _ranges(stored: Iterable[tuple[str, str]]) -> tuple[tuple[date, date], ...]:
    return tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in stored)


def _team(row: Any) -> Team:
    return Team(**{column.name: row[column.name] for column in _TEAM})


def _one(result: Any) -> dict[str, Any]:
    row = result.mappings().first()
    if row is None:
        raise NotFound("unknown in the directory")
    return dict(row)
