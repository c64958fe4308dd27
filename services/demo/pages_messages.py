"""The mailbox and the telephone of everybody in Testshire: the messages that left, the newest first."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.demo.messages import Arrived
from services.demo.pages_frame import READ, shown
from services.demo.room import Room
from services.notifier.channels import EMAIL, SMS

MOST_SHOWN = 60


def add(router: APIRouter, room: Room) -> None:
    """The routes of this room."""

    @router.api_route("/demo/mailbox", methods=READ)
    async def mailbox(request: Request, to: str = "") -> Response:
        return _box(room, request, EMAIL, to)

    @router.api_route("/demo/phone", methods=READ)
    async def phone(request: Request, to: str = "") -> Response:
        return _box(room, request, SMS, to)


def _box(room: Room, request: Request, channel: str, to: str) -> Response:
    arrived = [one for one in room.messages.all() if one.channel == channel]
    people = {one.message.to: room.world.people.get(one.message.to, one.message.to) for one in arrived}
    if to not in people:
        to = ""
    wanted = [one for one in reversed(arrived) if to in ("", one.message.to)]
    return shown(
        room,
        request,
        "demo/messages.html",
        is_mail=channel == EMAIL,
        now=room.pace.clock.now(),
        people=sorted(people.items(), key=lambda entry: entry[1]),
        to=to,
        messages=[(one, people[one.message.to], _parts(one)) for one in wanted[:MOST_SHOWN]],
        hidden=max(0, len(wanted) - MOST_SHOWN),
    )


def _parts(one: Arrived) -> list[tuple[str, bool]]:
    """The lines of the body; a link stands on a line of its own and is marked."""
    found: list[tuple[str, bool]] = []
    for line in one.message.body.splitlines():
        before, link, after = line.partition(one.link) if one.link else (line, "", "")
        found += [(text, is_link) for text, is_link in ((before, False), (link, True), (after, False)) if text.strip()]
    return found
