"""A school year of an authority or a setting, as it hangs on a wall: each day with what it is and where that comes from."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.console.domain import wall
from shared.calendar import Calendar, london_date
from shared.db import Reading
from shared.directory import Authority, Setting
from shared.errors import NotFound
from shared.scope import Scope, ScopeKind
from shared.service import Parts
from shared.web.sessions import Role, Session
from shared.web.words import day

READ = ["GET", "HEAD"]
AWAY_YEARS = 5
"""A year further from today than this is a typing error."""
NO_SUCH = "There is no such calendar."


def add(router: APIRouter, parts: Parts) -> None:
    """The route of this room."""
    frame = parts.frame

    @router.api_route("/console/calendar", methods=READ)
    async def calendar(
        request: Request,
        session: Annotated[Session, Depends(frame.gate.require(Role.COORDINATOR, Role.OPERATOR))],
        of: str = "",
        year: str = "",
    ) -> Response:
        today = london_date(parts.clock.now())
        begins = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else wall.begins(today)
        async with parts.database.reading() as reading:
            areas = await _areas(parts, reading, session.scope)
            found = await _of(parts, reading, of or min(areas, default=""), areas)
        if abs(begins - today.year) > AWAY_YEARS:
            raise NotFound(NO_SUCH)
        name, known = found
        return frame.layout.staff(
            request,
            session,
            "console-calendar.html",
            of=of or min(areas, default=""),
            name=name,
            year=begins,
            months=[_drawn(month) for month in wall.year(known, begins)],
            areas=sorted((one.authority, one.name) for one in areas.values()),
            kinds=[(kind, wall.SIGNS[kind], said) for kind, said in wall.KINDS.items()],
        )


async def _areas(parts: Parts, reading: Reading, scope: Scope) -> dict[str, Authority]:
    """The authorities that the reader looks after."""
    mine = await parts.directory.authorities(reading, force=scope.id if scope.kind is ScopeKind.FORCE else None)
    return {one.authority: one for one in mine if scope.kind is ScopeKind.FORCE or one.authority == scope.id}


async def _of(parts: Parts, reading: Reading, of: str, areas: dict[str, Authority]) -> tuple[str, Calendar]:
    """The name and the days of an authority or a setting of these areas. Raises NotFound for another's, as for none."""
    if of in areas:
        return areas[of].name, await parts.directory.calendar(reading, None, of)
    setting: Setting | None = (await parts.directory.settings(reading, [of])).get(of)
    if setting is None or setting.authority not in areas:
        raise NotFound(NO_SUCH)
    return setting.name, await parts.directory.calendar(reading, setting, setting.authority)


def _drawn(month: wall.Month) -> dict[str, Any]:
    return {
        "name": f"{month.begins_on:%B %Y}",
        "id": f"{month.begins_on:%Y-%m}",
        "weeks": [[None if one is None else _square(one) for one in week] for week in month.weeks],
        "stretches": [_said(one) for one in month.stretches],
    }


def _square(one: wall.Square) -> dict[str, str]:
    return {"number": str(one.on.day), "kind": one.kind, "sign": wall.SIGNS[one.kind], "said": wall.KINDS[one.kind]}


def _said(one: wall.Stretch) -> str:
    dates = _short(one.first_on) if one.first_on == one.last_on else f"{_short(one.first_on)} to {_short(one.last_on)}"
    if one.kind == "unknown":
        return f"{dates}: nobody has said, so it is taken for school days"
    as_at = f", as at {day(one.as_at_on)}" if one.as_at_on is not None else ""
    return f"{dates}: {wall.KINDS[one.kind].lower()}, by {wall.SOURCES[one.source]}{as_at}"


def _short(on: date) -> str:
    return f"{on:%a} {on.day}"
