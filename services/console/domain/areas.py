"""Which authority postcodes lie in, as a row of a file says it: for finding who is live where a child lives, and nothing else."""

import re
from dataclasses import dataclass

from services.console.domain.cells import CellRefused, Cells

_POSTCODES = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?(?: [0-9](?:[A-Z]{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """The postcodes that begin so lie in that authority."""

    postcodes: str
    authority: str
    source: str


def area(cells: Cells) -> AreaRow:
    """What a row says. Raises CellRefused."""
    written = " ".join(cells.text("postcodes", 8).upper().split())
    if not _POSTCODES.fullmatch(written):
        raise CellRefused("postcodes", "malformed", "give the part before the space, that and one digit, or a whole postcode")
    return AreaRow(postcodes=written, authority=cells.owner("authority"), source=cells.text("source", 120))
