"""Settings and teams, as rows of a file say them."""

from dataclasses import dataclass, field

from services.console.domain.cells import CellRefused, Cells
from services.console.domain.said import Said, said
from shared.directory.values import PROVISIONS, Setting, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow(Setting):
    """A setting with its passphrase, which goes no further than its hash."""

    said: Said = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRow(Team):
    """A team, likewise."""

    said: Said = field(repr=False)


def setting(cells: Cells) -> SettingRow:
    """What a row says of a setting. Raises CellRefused."""
    found = SettingRow(
        setting_id=cells.setting_id("setting_id"),
        name=cells.text("name", 200),
        kind=cells.choice("kind", ("school", "college", "early-years")),
        phase=cells.text("phase", 32),
        authority=cells.owner("authority"),
        town=cells.text_or_none("town", 80),
        postcode=cells.postcode_or_none("postcode"),
        telephone=cells.phone_or_none("telephone"),
        status=cells.choice("status", ("open", "closing", "closed")),
        low_age=cells.whole_or_none("low_age", 0, 25),
        high_age=cells.whole_or_none("high_age", 0, 99),
        provision=cells.choice_or_none("provision", PROVISIONS) or "mainstream",
        successor=cells.setting_id_or_none("successor"),
        said=said(cells),
    )
    if found.low_age is not None and found.high_age is not None and found.high_age < found.low_age:
        raise CellRefused("high_age", "order", "the highest age is below the lowest")
    if found.successor == found.setting_id:
        raise CellRefused("successor", "itself", "a setting becomes another one, never itself")
    return found


def team(cells: Cells) -> TeamRow:
    """What a row says of a team. Raises CellRefused."""
    found = TeamRow(
        team_id=cells.team_id("team_id"),
        name=cells.text("name", 120),
        kind=cells.choice("kind", ("education", "social-care", "health", "police")),
        authority=cells.owner_or_none("authority"),
        force=cells.owner_or_none("force"),
        telephone=cells.phone_or_none("telephone"),
        owner=cells.text("owner", 120),
        said=said(cells),
    )
    if found.authority is None and found.force is None:
        raise CellRefused("authority", "missing", "say whose team it is: an authority's or a force's")
    return found
