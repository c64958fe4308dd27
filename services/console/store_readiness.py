"""What of the directory would fail on the night: counts and dates only, no contact's details."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from shared.db import Reading
from shared.db.tables.directory import (
    directory_authority,
    directory_contact,
    directory_import,
    directory_setting,
    directory_team,
    directory_term,
)
from shared.db.tables.journal import journal
from shared.db.tables.notifier import notifier_list
from shared.errors import Misuse
from shared.events import CallMade, NotificationOpened
from shared.scope import Scope, ScopeKind

MOST = 200
VERIFIED_NEEDED = 2
"""One verified contact may be ill, away, or named in the incident (design rules 7.7 and 7.8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinSetting:
    """A setting with too few verified contacts, or some with one channel only: a code needs the other (design rule 7.5)."""

    name: str
    verified: int
    one_channel: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEnd:
    """The last term day known of an authority or of a setting with terms of its own; None when no term is known."""

    name: str
    last_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """How many of an authority's open settings have no passphrase: a call there can be made and acknowledges nothing."""

    name: str
    without: int
    settings: int


async def passphrases(reading: Reading, scope: Scope) -> tuple[Unproven, ...]:
    """The authorities of ``scope`` some of whose open settings have no passphrase."""
    settings = func.count(directory_setting.c.setting_id)
    without = settings - func.count(directory_setting.c.passphrase_hash)
    statement = (
        select(directory_authority.c.name, without.label("without"), settings.label("settings"))
        .select_from(directory_setting.join(directory_authority))
        .where(directory_setting.c.status != "closed", _theirs(scope))
        .group_by(directory_authority.c.authority, directory_authority.c.name)
        .having(without > 0)
        .order_by(directory_authority.c.name)
    )
    return tuple(Unproven(**row) for row in (await reading.execute(statement)).mappings())


async def wrong_numbers(reading: Reading, scope: Scope, since: datetime) -> tuple[str, ...]:
    """The names of the settings of ``scope`` where a call since then met a wrong number, by the journal."""
    calls = select(journal.c.subject).where(
        journal.c.type == CallMade.TYPE, journal.c.recorded_at > since, journal.c.data["outcome"].as_string() == "wrong-number"
    )
    to_settings = and_(
        journal.c.type == NotificationOpened.TYPE,
        journal.c.subject.in_(calls),
        journal.c.data["destination_kind"].as_string() == "setting",
    )
    rung = select(journal.c.data["destination_ref"].as_string()).where(to_settings)
    statement = (
        select(directory_setting.c.name)
        .select_from(directory_setting.join(directory_authority))
        .where(directory_setting.c.setting_id.in_(rung), _theirs(scope))
        .order_by(directory_setting.c.name)
        .limit(MOST)
    )
    return tuple((await reading.execute(statement)).scalars())


async def thin_settings(reading: Reading, scope: Scope) -> tuple[tuple[ThinSetting, ...], int]:
    """The open settings of ``scope`` that are short of contacts, the shortest first, at most ``MOST``; and how many there are."""
    verified = func.count(directory_contact.c.contact_id)
    both = and_(directory_contact.c.has_email, directory_contact.c.has_phone)
    one_channel = func.coalesce(func.sum(case((directory_contact.c.contact_id.is_(None), 0), (both, 0), else_=1)), 0)
    of_setting = and_(directory_contact.c.setting_id == directory_setting.c.setting_id, directory_contact.c.state == "verified")
    thin = (
        select(directory_setting.c.name, verified.label("verified"), one_channel.label("one_channel"))
        .select_from(directory_setting.join(directory_authority).outerjoin(directory_contact, of_setting))
        .where(directory_setting.c.status != "closed", _theirs(scope))
        .group_by(directory_setting.c.setting_id, directory_setting.c.name)
        .having(or_(verified < VERIFIED_NEEDED, one_channel > 0))
        .subquery()
    )
    rows = await reading.execute(select(thin).order_by(thin.c.verified, thin.c.one_channel.desc(), thin.c.name).limit(MOST))
    shown = tuple(ThinSetting(**row) for row in rows.mappings())
    return shown, (await reading.execute(select(func.count()).select_from(thin))).scalar_one()


async def calendar_ends(reading: Reading, scope: Scope, before_on: date) -> tuple[CalendarEnd, ...]:
    """The calendars of ``scope`` that end before the London date ``before_on``: authorities first, then settings with own terms."""
    last_on = func.max(directory_term.c.last_on)
    own = and_(directory_term.c.authority == directory_authority.c.authority, directory_term.c.setting_id.is_(None))
    authorities = (
        select(directory_authority.c.name, last_on.label("last_on"))
        .select_from(directory_authority.outerjoin(directory_term, own))
        .where(_theirs(scope))
        .group_by(directory_authority.c.authority, directory_authority.c.name)
        .having(or_(last_on.is_(None), last_on < before_on))
        .order_by(directory_authority.c.name)
    )
    settings = (
        select(directory_setting.c.name, last_on.label("last_on"))
        .select_from(directory_setting.join(directory_authority).join(directory_term, _own_terms()))
        .where(directory_setting.c.status != "closed", _theirs(scope))
        .group_by(directory_setting.c.setting_id, directory_setting.c.name)
        .having(last_on < before_on)
        .order_by(directory_setting.c.name)
        .limit(MOST)
    )
    found = [row for statement in (authorities, settings) for row in (await reading.execute(statement)).mappings()]
    return tuple(CalendarEnd(**row) for row in found)


async def unreachable_teams(reading: Reading, scope: Scope, team_ids: Collection[str]) -> tuple[str, ...]:
    """The names of those teams of ``scope`` that nobody can tell of work: no verified contact, on duty or leading, with a channel."""
    usable = and_(
        directory_contact.c.team_id == directory_team.c.team_id,
        directory_contact.c.state == "verified",
        directory_contact.c.role.in_(("duty", "lead")),
        or_(directory_contact.c.has_email, directory_contact.c.has_phone),
    )
    statement = (
        select(directory_team.c.name)
        .select_from(directory_team.outerjoin(directory_authority).outerjoin(directory_contact, usable))
        .where(directory_team.c.team_id.in_(set(team_ids)), _team_is_theirs(scope))
        .group_by(directory_team.c.team_id, directory_team.c.name)
        .having(func.count(directory_contact.c.contact_id) == 0)
        .order_by(directory_team.c.name)
    )
    return tuple((await reading.execute(statement)).scalars())


async def last_duty_list_at(reading: Reading) -> datetime | None:
    """When the duty desk's list was written last; None when it never was."""
    newest = select(notifier_list.c.written_at).order_by(notifier_list.c.written_at.desc()).limit(1)
    return (await reading.execute(newest)).scalar_one_or_none()


async def last_import_at(reading: Reading, kind: str) -> datetime | None:
    """When a file, or a list, of that kind was taken last; None when none ever was."""
    newest = select(directory_import.c.imported_at).where(directory_import.c.kind == kind)
    return (await reading.execute(newest.order_by(directory_import.c.imported_at.desc()).limit(1))).scalar_one_or_none()


async def nations(reading: Reading, scope: Scope) -> frozenset[str]:
    """The nations that ``scope``'s authorities lie in."""
    return frozenset((await reading.execute(select(directory_authority.c.nation).where(_theirs(scope)).distinct())).scalars())


def _own_terms() -> ColumnElement[bool]:
    return directory_term.c.setting_id == directory_setting.c.setting_id


def _team_is_theirs(scope: Scope) -> ColumnElement[bool]:
    """A force has teams of its own beside those of its authorities."""
    own = _theirs(scope)
    return or_(directory_team.c.force == scope.id, own) if scope.kind is ScopeKind.FORCE else own


def _theirs(scope: Scope) -> ColumnElement[bool]:
    """Raises Misuse for a scope that no member of staff has."""
    if scope.kind is ScopeKind.FORCE:
        return directory_authority.c.force == scope.id
    if scope.kind is ScopeKind.AUTHORITY:
        return directory_authority.c.authority == scope.id
    raise Misuse("staff look for a force or an authority")
