"""The clock to move, and what its last move brought. Moving it goes through every instant at which something falls due."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.demo import store
from services.demo.moments import Moment, moments
from services.demo.pages_frame import READ, shown
from services.demo.places import AUTHORITY
from services.demo.room import DEMO, Room, happened
from shared.web.forms import Fault, Form

WAIT_SECONDS = 4.0
"""So long the button waits for a move to end; a longer one is looked at again."""
MOST_FACTS = 400
MOST_SHOWN = 40


def add(router: APIRouter, room: Room) -> None:
    """The routes of this room."""

    @router.api_route("/demo/clock", methods=READ)
    async def clock(request: Request) -> Response:
        return await _clock(room, request, [])

    @router.post("/demo/clock")
    async def move(request: Request, form: Annotated[Form, Depends(room.parts.frame.forms.posted(DEMO))]) -> Response:
        wanted = next((moment for moment in await _moments(room) if moment.code == form.get("to")), None)
        if wanted is None or room.pace.is_leaping:
            text = "The clock is still moving. Wait until it has arrived" if room.pace.is_leaping else "Choose where to move the clock"
            return await _clock(room, request, [Fault(name="to", text=text)])
        await room.pace.leap(wanted.instant)
        await room.pace.rested(WAIT_SECONDS)
        return RedirectResponse("/demo/clock", 303)


async def _moments(room: Room) -> tuple[Moment, ...]:
    async with room.parts.database.reading() as reading:
        calendar = await room.parts.directory.calendar(reading, None, AUTHORITY)
    return moments(room.pace.clock.now(), calendar)


async def _clock(room: Room, request: Request, faults: list[Fault]) -> Response:
    last = room.pace.last
    async with room.parts.database.reading() as reading:
        facts = await store.facts_after(reading, last.after_seq if last else 0, most=MOST_FACTS)
    seen = happened(list(facts))
    return shown(
        room,
        request,
        "demo/clock.html",
        errors=faults,
        now=room.pace.clock.now(),
        moments=await _moments(room),
        last=last,
        is_moving=room.pace.is_leaping,
        happened=seen[:MOST_SHOWN],
        hidden=max(0, len(seen) - MOST_SHOWN),
    )
