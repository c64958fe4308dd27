"""What a row of a support file says."""

import re
from datetime import date

from services.console.domain.cells import CellRefused, Cells
from shared.directory.support import EVERYWHERE, HOLIDAY, KINDS, PUBLIC, STAFF, Support
from shared.directory.values import NATIONS

NATIONAL = (EVERYWHERE, *NATIONS)
_AREA = re.compile(r"(?:force:)?[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?", re.ASCII)
_LINK = re.compile(r"https://[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?:/[\w./%~-]*)?", re.ASCII)
_DIALLED = re.compile(r"\+?[0-9]+(?: [0-9]+)*", re.ASCII)
_ADDRESS = re.compile(r"\b[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}\b", re.IGNORECASE)
RANGES_MAX = 20


def support(cells: Cells) -> Support:
    """The entry. Raises CellRefused; nothing with a postcode is taken, for where a refuge is must never stand on a public page."""
    closed = _ranges(cells)
    found = Support(
        support_id=cells.team_id("support_id"),
        kind=cells.choice("kind", tuple(KINDS)),
        name=cells.text("name", 120),
        area=_area(cells),
        audience=cells.choice_or_none("audience", (PUBLIC, STAFF)) or PUBLIC,
        how=cells.text_or_none("how", 300) or "",
        hours=cells.text_or_none("hours", 120),
        phone=_phone(cells),
        link=_link(cells),
        holiday=cells.choice_or_none("holiday", HOLIDAY),
        closed=closed,
        source=cells.text("source", 120),
        as_at_on=cells.day("as_at_on"),
        is_withdrawn=cells.choice_or_none("withdrawn", ("yes", "no")) == "yes",
    )
    for column in ("name", "how", "hours"):
        if _ADDRESS.search(getattr(found, column) or ""):
            raise CellRefused(column, "address", "leave the postcode out: where a service is may be what keeps somebody safe")
    if (found.holiday == "dates") != bool(closed):
        raise CellRefused("closed", "dates", "give the dates on which it is closed with holiday = dates, and with nothing else")
    if not (found.how or found.phone or found.link):
        raise CellRefused("phone", "no-way", "say how it is reached: a number, a link, or in words")
    return found


def _area(cells: Cells) -> str:
    area = cells.text("area", 40)
    if not _AREA.fullmatch(area):
        raise CellRefused("area", "malformed", "give all, a nation, an authority's code, or force: and the force's code")
    return area


def _phone(cells: Cells) -> str | None:
    """The number as it is written, when it is one: a free number's spaces are how people remember it."""
    if cells.service_phone_or_none("phone") is None:
        return None
    written = cells.text("phone", 32)
    if not _DIALLED.fullmatch(written):
        raise CellRefused("phone", "malformed", "give the number in digits, with spaces alone between them")
    return written


def _link(cells: Cells) -> str | None:
    link = cells.text_or_none("link", 200)
    if link is not None and not _LINK.fullmatch(link):
        raise CellRefused("link", "malformed", "give an address that begins with https:// and has no query")
    return link


def _ranges(cells: Cells) -> tuple[tuple[date, date], ...]:
    written = [part.strip() for part in (cells.text_or_none("closed", 500) or "").split(";") if part.strip()]
    if len(written) > RANGES_MAX:
        raise CellRefused("closed", "too-many", f"give at most {RANGES_MAX} ranges")
    return tuple(_range(part) for part in written)


def _range(part: str) -> tuple[date, date]:
    parts = _RANGE.fullmatch(part)
    try:
        first_on = date.fromisoformat(parts[1]) if parts else None
        last_on = date.fromisoformat(parts[2] or parts[1]) if parts else None
    except ValueError:
        first_on = last_on = None
    if first_on is None or last_on is None or last_on < first_on:
        raise CellRefused("closed", "malformed", "give dates as 2026-12-25, or ranges as 2026-12-24..2027-01-01, separated by semicolons")
    return first_on, last_on
