"""Which authority postcodes lie in and which team looks after them, as rows of files say it: for jurisdiction, and nothing else."""

import re
from dataclasses import dataclass

from services.console.domain.cells import CellRefused, Cells
from shared.policy import Route

_POSTCODES = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?(?: [0-9](?:[A-Z]{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """The postcodes that begin so lie in that authority."""

    postcodes: str
    authority: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTeamRow:
    """The team that looks after the children who live where postcodes begin so, by one of ``BY_AREA``."""

    postcodes: str
    route: str
    team_id: str
    source: str


BY_AREA = (
    Route.MIDWIFERY,
    Route.HEALTH_VISITING,
    Route.SCHOOL_NURSING,
    Route.HOME_EDUCATED,
    Route.MISSING_EDUCATION,
    Route.NO_SETTING,
    Route.OTHER_FORCE,
)
"""The routes whose destination is a team; where no area names it, the policy does."""


def area(cells: Cells) -> AreaRow:
    """What a row says. Raises CellRefused."""
    return AreaRow(postcodes=_postcodes(cells), authority=cells.owner("authority"), source=cells.text("source", 120))


def area_team(cells: Cells) -> AreaTeamRow:
    """The same of a team's area."""
    route = cells.choice("route", tuple(str(one) for one in BY_AREA))
    return AreaTeamRow(postcodes=_postcodes(cells), route=route, team_id=cells.team_id("team_id"), source=cells.text("source", 120))


def _postcodes(cells: Cells) -> str:
    written = " ".join(cells.text("postcodes", 8).upper().split())
    if not _POSTCODES.fullmatch(written):
        raise CellRefused("postcodes", "malformed", "give the part before the space, that and one digit, or a whole postcode")
    return written
