"""The recipient's way in: link, code, visit. Neutral throughout (design rule 7.1): nothing before the content says what this is about.

    GET  /m/TOKEN        moves the token from the address into a short-lived cookie; records that the link was fetched, and nothing else
    GET  /message        for which setting there is a message, or who has picked it up, and a button
    POST /message/code   sends a code over the contact's other channel
    GET  /message/code   asks for it
    POST /message/open   opens a visit when it is right; what follows is in ``pages_visit`` and ``pages_list``
    POST /message/leave  ends the visit

No GET or HEAD consumes a token, starts a timer or moves the ladder: mail scanners open links and run scripts (D4).
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.notifier import pages_list, pages_visit
from services.notifier.domain.codes import CODE_DIGITS, CODE_LIFETIME, LinkState, Verdict
from services.notifier.domain.wording import clean_name
from services.notifier.pages_visit import LINK, READ, VISIT, Room, call_of, masked, role_word
from services.notifier.visits import Asked, Guest
from shared.web import forms
from shared.web.cookies import is_token
from shared.web.forms import Fault, Form
from shared.web.limits import TooMany

ASKED: dict[Asked, str] = {
    Asked.TOO_MANY: "You have asked for several codes. Wait an hour, then ask again, or use the last code that reached you",
    Asked.NOT_NOW: "The code could not be sent. Wait a minute, then ask again",
}
JUDGED: dict[Verdict, str] = {
    Verdict.WRONG: "The code is not right. Check it and enter it again",
    Verdict.SPENT: "This code has been tried too often. Ask for a new one",
    Verdict.EXPIRED: "This code has run out. Ask for a new one",
    Verdict.USED: "This code has been used. Ask for a new one",
}


FLOOD_EACH_MINUTE = 6_000
"""For each address, against a flood alone: every school of an authority may stand behind one address on a Monday morning, and a limit
that turns a recipient away loses a child. Codes and their tries are limited for each link, in rows (``domain/codes.py``)."""


def build(room: Room) -> APIRouter:
    """The routes of everything that a recipient opens."""
    router = APIRouter()
    limited = Depends(room.frame.limits.by_address(each_minute=FLOOD_EACH_MINUTE, burst=FLOOD_EACH_MINUTE))
    _arriving(router, room, limited)
    _entering(router, room, limited)
    pages_visit.add(router, room)
    pages_list.add(router, room)
    return router


def _arriving(router: APIRouter, room: Room, limited: Any) -> None:
    @router.api_route("/m/{token}", methods=READ, dependencies=[limited])
    async def arrive(token: str) -> Response:
        if not is_token(token):
            return ended(room)
        guest = await room.visits.arrived(token)
        if guest is not None and _once_a_minute(room, guest):
            await room.visits.fetched(guest)
        moved = RedirectResponse("/message", 303)
        room.frame.cookies.write(moved, LINK, token)
        return moved

    @router.api_route("/message", methods=READ)
    async def message(request: Request) -> Response:
        return await arrival(room, request)

    @router.post("/message/code", dependencies=[limited])
    async def ask(request: Request, _form: Annotated[Form, Depends(room.frame.forms.posted(LINK))]) -> Response:
        asked = await room.visits.send_code(room.frame.cookies.read(request, LINK) or "")
        if asked is Asked.SENT:
            return RedirectResponse("/message/code", 303)
        if asked is Asked.NO_WAY:
            return await arrival(room, request, refused=True)
        if asked is Asked.ENDED:
            return ended(room)
        return await arrival(room, request, [Fault(name="send", text=ASKED[asked])])


def _entering(router: APIRouter, room: Room, limited: Any) -> None:
    cookies = room.frame.cookies

    @router.api_route("/message/code", methods=READ)
    async def code(request: Request) -> Response:
        return await entering(room, request)

    @router.post("/message/open", dependencies=[limited])
    async def enter(request: Request, form: Annotated[Form, Depends(room.frame.forms.posted(LINK))]) -> Response:
        digits = "".join(form.get("code").split())
        if len(digits) != CODE_DIGITS or not (digits.isascii() and digits.isdigit()):
            return await entering(room, request, [Fault(name="code", text=f"Enter the {CODE_DIGITS} digits of the code")])
        judged = await room.visits.enter_code(cookies.read(request, LINK) or "", digits)
        if judged is None:
            return ended(room)
        verdict, token = judged
        if token is None:
            return await entering(room, request, [Fault(name="code", text=JUDGED[verdict])])
        opened = RedirectResponse(await pages_list.first_page(room, token), 303)
        cookies.write(opened, VISIT, token)
        return opened

    @router.post("/message/leave")
    async def leave(request: Request, _form: Annotated[Form, Depends(room.frame.forms.posted(VISIT))]) -> Response:
        await room.visits.leave(cookies.read(request, VISIT) or "")
        left = RedirectResponse("/message/closed", 303)
        cookies.clear(left, VISIT)
        cookies.clear(left, LINK)
        return left

    @router.api_route("/message/closed", methods=READ)
    async def closed() -> Response:
        return room.frame.layout.public("message/closed.html")


async def arrival(room: Room, request: Request, faults: list[Fault] | None = None, *, refused: bool = False) -> Response:
    """The first page. ``refused``: the other channel does not take a code, so somebody will telephone."""
    token = room.frame.cookies.read(request, LINK) or ""
    guest = await room.visits.arrived(token)
    if guest is None:
        return ended(room)
    if guest.state is LinkState.WITHDRAWN:
        return pages_visit.withdrawn(room, guest)
    way = None if refused else room.visits.other_channel(guest)
    return room.frame.layout.public(
        "message/arrival.html",
        **_about(guest),
        csrf=forms.token(token),
        errors=faults or [],
        picked_up=_picked_up(guest),
        may_read=guest.may_enter,
        more=guest.waits_elsewhere,
        way=None if way is None else _hint(*way),
        deadline_at=guest.notification.deadline_at,
        is_past=room.frame.clock.now() >= guest.notification.deadline_at,
    )


async def entering(room: Room, request: Request, faults: list[Fault] | None = None) -> Response:
    """The page that asks for the code."""
    token = room.frame.cookies.read(request, LINK) or ""
    guest = await room.visits.arrived(token)
    way = None if guest is None else room.visits.other_channel(guest)
    if guest is None or way is None or not guest.may_enter:
        return ended(room)
    minutes = int(CODE_LIFETIME.total_seconds() // 60)
    return room.frame.layout.public(
        "message/code.html", **_about(guest), csrf=forms.token(token), errors=faults or [], way=_hint(*way), minutes=minutes
    )


def ended(room: Room) -> Response:
    """One page for every link that opens nothing, whatever the reason."""
    return room.frame.layout.public("message/ended.html", status=404)


def _hint(channel: str, address: str) -> dict[str, str]:
    return {"channel": channel, "hint": masked(channel, address)}


def _about(guest: Guest) -> dict[str, Any]:
    return {"name": clean_name(guest.name), "call": call_of(guest)}


def _picked_up(guest: Guest) -> dict[str, Any] | None:
    """When and by whom, once every child has been picked up."""
    if guest.state is not LinkState.ACKNOWLEDGED:
        return None
    last = max((child for child in guest.own if child.acknowledged_at), key=lambda child: str(child.acknowledged_at))
    mine = last.acknowledged_by == guest.contact.contact_id
    return {"at": last.acknowledged_at, "who": "you" if mine else role_word(guest, last.acknowledged_by)}


def _once_a_minute(room: Room, guest: Guest) -> bool:
    try:
        room.frame.limits.take("link.fetched", guest.link.link_id, each_minute=1, burst=1)
    except TooMany:
        return False
    return True
