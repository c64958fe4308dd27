"""What a row of each kind of file says. The columns here are the format; a row becomes a value or a ``RefusedRow``.

=============  ==========================================================================================================
kind           columns (those in brackets may be absent or empty)
=============  ==========================================================================================================
authorities    authority, name, nation, force
settings       setting_id, name, kind, phase, authority, status, (town), (postcode), (telephone), (low_age), (high_age),
               (passphrase), (passphrase_hint): an empty one leaves what was given before;
               (provision): ``independent``, ``alternative``, ``residential``, ``hospital``, else mainstream;
               (successor): the setting that it has become when it closed, merged or converted
teams          team_id, name, kind, owner, (authority), (force), (telephone), (passphrase), (passphrase_hint): an authority or a
               force, or both
contacts       reference, role, name, (setting_id), (team_id), (ordinal), (email), (phone), (verified_on), (status),
               (holiday): ``yes`` or ``no``, whether she is told while her setting is closed for long; empty leaves it
areas          postcodes, authority, source: ``AA9``, ``AA9A 9`` or a whole postcode; the longest that fits says where a child lives
area-teams     postcodes, route, team_id, source: which team looks after the children who live there by that route
support        support_id, kind, name, area, source, as_at_on, (audience), (how), (hours), (phone), (link), (holiday), (closed),
               (withdrawn): services, meetings of agencies and material (``shared/directory/support``)
terms          authority, first_on, last_on, label, source, as_at_on, (setting_id): an unbroken range of term days
days           setting_id, on, kind, source, (as_at_on): kind ``as-usual`` takes an earlier override away
=============  ==========================================================================================================
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.console.domain.areas import area, area_team
from services.console.domain.cells import CellRefused, Cells
from services.console.domain.places import setting, team
from services.console.domain.support import support
from shared.directory.values import CONTACT_ROLES, NATIONS, Authority, ContactDetails
from shared.tabular import Column, RefusedRow, Row

AS_USUAL = "as-usual"
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A contact as the authority gives it. ``status``: ``active``, ``suspended``, or None to leave it as it is; ``holiday`` likewise."""

    reference: str
    setting_id: str | None
    team_id: str | None
    role: str
    ordinal: int
    verified_on: date | None
    status: str | None
    details: ContactDetails = field(repr=False)
    holiday: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRow:
    """An unbroken range of term days of an authority, or of one setting, which then replaces the authority's."""

    authority: str
    setting_id: str | None
    first_on: date
    last_on: date
    label: str
    source: str
    as_at_on: date

    @property
    def school_year(self) -> int:
        """The year in which it begins in autumn: terms from August on belong to it."""
        return self.first_on.year if self.first_on.month >= 8 else self.first_on.year - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """What one date is at one setting; ``kind`` is one of an override, or ``as-usual``. ``as_at_on`` is None where nobody said."""

    setting_id: str
    on: date
    kind: str
    source: str
    as_at_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of CSV file: its columns, how a row is read, and which of its values make two rows the same."""

    name: str
    columns: tuple[Column, ...]
    read: Callable[[Cells], Any]
    key: Callable[[Any], Hashable]


def read(kind: Kind, rows: Iterable[Row | RefusedRow]) -> tuple[dict[int, Any], list[RefusedRow]]:
    """The values by line, and the rows that cannot be taken: unreadable, or with the key of a row before."""
    values: dict[int, Any] = {}
    refused: list[RefusedRow] = []
    seen: set[Hashable] = set()
    for row in rows:
        if isinstance(row, RefusedRow):
            refused.append(row)
            continue
        try:
            value = kind.read(Cells(row.cells))
            if (key := kind.key(value)) in seen:
                raise CellRefused("", "duplicate", "an earlier row of this file is about the same")
        except CellRefused as wrong:
            refused.append(RefusedRow(line=row.line, column=wrong.column, code=wrong.code, text=wrong.text))
            continue
        seen.add(key)
        values[row.line] = value
    return values, refused


def overlapping(terms: Mapping[int, TermRow]) -> list[RefusedRow]:
    """The terms, by line, that begin before an earlier one of the same owner has ended: one of the two dates is a typing error."""
    refused = []
    ends: dict[tuple[str, str | None], date] = {}
    for line, term in sorted(terms.items(), key=lambda entry: entry[1].first_on):
        owner = (term.authority, term.setting_id)
        if owner in ends and term.first_on <= ends[owner]:
            text = "the term begins before the one before it has ended"
            refused.append(RefusedRow(line=line, column="first_on", code="overlap", text=text))
        ends[owner] = max(term.last_on, ends.get(owner, term.last_on))
    return refused


def _authority(cells: Cells) -> Authority:
    return Authority(
        authority=cells.owner("authority"),
        name=cells.text("name", 120),
        nation=cells.choice("nation", NATIONS),
        force=cells.owner("force"),
    )


def _contact(cells: Cells) -> ContactRow:
    details = ContactDetails(name=cells.text("name", 120), email=cells.email_or_none("email"), phone=cells.phone_or_none("phone"))
    row = ContactRow(
        reference=cells.reference("reference"),
        setting_id=cells.setting_id_or_none("setting_id"),
        team_id=cells.team_id_or_none("team_id"),
        role=cells.choice("role", CONTACT_ROLES),
        ordinal=cells.whole_or_none("ordinal", 1, 99) or 1,
        verified_on=cells.day_or_none("verified_on"),
        status=cells.choice_or_none("status", ("active", "suspended")),
        details=details,
        holiday=_YES_NO.get(cells.choice_or_none("holiday", tuple(_YES_NO)) or ""),
    )
    if row.holiday and row.setting_id is None:
        raise CellRefused("holiday", "not-a-setting", "a holiday contact is a setting's: a team has its hours of duty")
    if (row.setting_id is None) == (row.team_id is None):
        raise CellRefused("setting_id", "one-destination", "give either a setting or a team")
    if details.email is None and details.phone is None:
        raise CellRefused("email", "no-channel", "give an e-mail address or a telephone number")
    return row


def _term(cells: Cells) -> TermRow:
    term = TermRow(
        authority=cells.owner("authority"),
        setting_id=cells.setting_id_or_none("setting_id"),
        first_on=cells.day("first_on"),
        last_on=cells.day("last_on"),
        label=cells.text("label", 80),
        source=cells.text("source", 120),
        as_at_on=cells.day("as_at_on"),
    )
    if term.last_on < term.first_on:
        raise CellRefused("last_on", "order", "the term ends before it begins")
    if (term.last_on - term.first_on).days > 200:
        raise CellRefused("last_on", "too-long", "a range of term days is half a term, or a term at most")
    return term


def _day(cells: Cells) -> DayRow:
    return DayRow(
        setting_id=cells.setting_id("setting_id"),
        on=cells.day("on"),
        kind=cells.choice("kind", ("school", "staff-only", "closed", AS_USUAL)),
        source=cells.text("source", 120),
        as_at_on=cells.day_or_none("as_at_on"),
    )


def _columns(required: str, optional: str = "", **also: tuple[str, ...]) -> tuple[Column, ...]:
    named = [(name, True) for name in required.split()] + [(name, False) for name in optional.split()]
    return tuple(Column(name=name, required=needed, also=also.get(name, ())) for name, needed in named)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="authorities",
            columns=_columns("authority name nation force"),
            read=_authority,
            key=lambda authority: authority.authority,
        ),
        Kind(
            name="settings",
            columns=_columns(
                "setting_id name kind phase authority status",
                "town postcode telephone low_age high_age passphrase passphrase_hint provision successor",
                setting_id=("urn",),
            ),
            read=setting,
            key=lambda setting: setting.setting_id,
        ),
        Kind(
            name="teams",
            columns=_columns("team_id name kind owner", "authority force telephone passphrase passphrase_hint"),
            read=team,
            key=lambda team: team.team_id,
        ),
        Kind(
            name="contacts",
            columns=_columns(
                "reference role name", "setting_id team_id ordinal email phone verified_on status holiday", setting_id=("urn",)
            ),
            read=_contact,
            key=lambda contact: contact.reference,
        ),
        Kind(
            name="areas",
            columns=_columns("postcodes authority source"),
            read=area,
            key=lambda area: area.postcodes,
        ),
        Kind(
            name="area-teams",
            columns=_columns("postcodes route team_id source"),
            read=area_team,
            key=lambda area: (area.postcodes, area.route),
        ),
        Kind(
            name="support",
            columns=_columns("support_id kind name area source as_at_on", "audience how hours phone link holiday closed withdrawn"),
            read=support,
            key=lambda one: one.support_id,
        ),
        Kind(
            name="terms",
            columns=_columns("authority first_on last_on label source as_at_on", "setting_id", setting_id=("urn",)),
            read=_term,
            key=lambda term: (term.authority, term.setting_id, term.first_on),
        ),
        Kind(
            name="days",
            columns=_columns("setting_id on kind source", "as_at_on", setting_id=("urn",)),
            read=_day,
            key=lambda day: (day.setting_id, day.on),
        ),
    )
}
"""In the order in which they must be imported; policies, which are TOML, come last."""
