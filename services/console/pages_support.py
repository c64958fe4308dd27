"""Where to find support, for anybody: no sign-in, no cookie, and nothing that says who looked.

    GET  /support              what serves everybody, and a choice of areas
    GET  /support?area=CODE    what there is in that area, today or in the coming holidays (``when=break``)

The page is one that somebody may be watched while reading: its title says little, it leaves at once by *Exit this page* (a plain link
where no scripts run), and it tells how to clear what a browser keeps.
"""

from datetime import date

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared.calendar import london_date
from shared.calendar.breaks import Break, coming_break, current_break
from shared.db import Reading
from shared.directory import Authority
from shared.directory.support import EVERYWHERE, PUBLIC, Shown, areas_of, shown
from shared.directory.values import NATIONS
from shared.service import Parts
from shared.web.support import grouped
from shared.web.words import day

READ = ["GET", "HEAD"]
EXIT_TO = "https://www.bbc.co.uk/weather"
EACH_MINUTE = 600
BREAK_DAYS, AHEAD_DAYS = 4, 120
"""A break is more days than this without school, as in the example policies; so far ahead the next one is looked for."""


def add(router: APIRouter, parts: Parts) -> None:
    """The route of this room."""
    frame = parts.frame
    limited = Depends(frame.limits.by_address(each_minute=EACH_MINUTE, burst=EACH_MINUTE))

    @router.api_route("/support", methods=READ, dependencies=[limited])
    async def support(area: str = "", when: str = "today") -> Response:
        today = london_date(parts.clock.now())
        async with parts.database.reading() as reading:
            known = await parts.directory.authorities(reading)
            chosen = next((one for one in known if one.authority == area), None)
            here, ahead = (None, None) if chosen is None else await _breaks(parts, reading, chosen, today)
            period = ahead if when == "break" and ahead is not None else Break(begins_on=today, ends_on=today)
            is_holiday = period is ahead or here is not None
            found = await _found(parts, reading, chosen, period, is_holiday=is_holiday)
        return frame.layout.public(
            "support/list.html",
            areas=[{"value": one.authority, "text": one.name} for one in sorted(known, key=lambda one: one.name)],
            area=chosen,
            unknown=bool(area) and chosen is None,
            groups=grouped(found, is_today=not is_holiday),
            ahead=None if ahead is None else _in_words(ahead),
            in_break=period is ahead,
            exit_to=EXIT_TO,
        )


async def _breaks(parts: Parts, reading: Reading, area: Authority, today: date) -> tuple[Break | None, Break | None]:
    """The break that today lies in, and the one that is meant by *the holidays*: what is left of it, else the next."""
    calendar = await parts.directory.calendar(reading, None, area.authority)
    here = current_break(calendar, BREAK_DAYS, today)
    if here is not None:
        return here, Break(begins_on=today, ends_on=here.ends_on)
    return None, coming_break(calendar, BREAK_DAYS, today, AHEAD_DAYS)


async def _found(parts: Parts, reading: Reading, area: Authority | None, period: Break, *, is_holiday: bool) -> tuple[Shown, ...]:
    """Whoever has not said where she is sees every nation's, each with its name: no helpline is left out for want of an area."""
    areas = areas_of(area.authority, area.force, area.nation) if area is not None else {EVERYWHERE, *NATIONS}
    entries = await parts.directory.support(reading, areas)
    return shown(entries, areas, (PUBLIC,), period.begins_on, period.ends_on or period.begins_on, is_holiday=is_holiday)


def _in_words(one: Break) -> str:
    return day(one.begins_on) if one.ends_on is None else f"{day(one.begins_on)} to {day(one.ends_on)}"
