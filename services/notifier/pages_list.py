"""The list behind a gathered message of a first staff day (``domain/digest``).

GET  /message/list   how many there are, in which order, and how each stands; nothing of a child
POST /message/next   goes on to one of them: a visit of its own begins, and this one ends
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.notifier.domain.digest import ORDER, Item, Stands
from services.notifier.pages_visit import READ, VISIT, Room, page_of, visiting
from services.notifier.visits import Guest
from shared.web.forms import Form

STANDS = {
    Stands.OPEN: "Nobody has said yet that they are acting on it",
    Stands.HERS: "You are acting on it",
    Stands.ANOTHERS: "A colleague is acting on it",
}


def add(router: APIRouter, room: Room) -> None:
    """Add the list's routes."""

    @router.api_route("/message/list", methods=READ)
    async def listed(request: Request) -> Response:
        return await visiting(room, request, lambda token, guest: _list(room, token, guest))

    @router.post("/message/next")
    async def next_one(request: Request, form: Annotated[Form, Depends(room.frame.forms.posted(VISIT))]) -> Response:
        async def page(token: str, guest: Guest) -> Response:
            fresh = await room.lists.go(token, guest, form.get("which"))
            if fresh is None:
                return RedirectResponse("/message/list", 303)
            gone_on = RedirectResponse("/message/children", 303)
            room.frame.cookies.write(gone_on, VISIT, fresh)
            return gone_on

        return await visiting(room, request, page)


async def first_page(room: Room, token: str) -> str:
    """Where a visit that has just begun goes: to the list, where there is one."""
    guest = await room.answers.guest(token)
    is_list = guest is not None and (await room.lists.listed(guest)).is_list
    return "/message/list" if is_list else "/message/children"


async def _list(room: Room, token: str, guest: Guest) -> Response:
    listed = await room.lists.listed(guest)
    if not listed.is_list:
        return RedirectResponse("/message/children", 303)
    return page_of(room, "message/list.html", token, guest, items=[_line(one) for one in listed.items], left=listed.left, order=ORDER)


def _line(one: Item) -> dict[str, object]:
    children = "1 child" if one.children == 1 else f"{one.children} children"
    may_open = one.stands is not Stands.ANOTHERS
    return {"which": one.notification_id, "about": children, "at": one.opened_at, "stands": STANDS[one.stands], "may_open": may_open}
