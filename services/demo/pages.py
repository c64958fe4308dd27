"""The demonstration's own pages, which stand beside those of the services.

    GET  /demo            where to look, what to try, and what of it has been done
    POST /demo/sign-in    a sign-in for a role, as often as one likes
    GET  /demo/police     reports to post, correct and withdraw           ``pages_police``
    GET  /demo/mailbox    the e-mails that left                           ``pages_messages``
    GET  /demo/phone      the text messages that left                     ``pages_messages``
    GET  /demo/clock      the clock, and what its last move brought       ``pages_clock``

They are served on this machine alone, to whoever sits at it; everything on them is invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.routing import iter_route_contexts
from starlette.responses import RedirectResponse, Response

from services.demo import pages_clock, pages_messages, pages_police, store
from services.demo.pages_frame import READ, shown
from services.demo.places import AUTHORITY, FORCE, PASSPHRASE, SETTINGS
from services.demo.room import DEMO, Room
from shared.scope import Scope
from shared.web import sessions
from shared.web.forms import Form
from shared.web.sessions import Role

SIGN_IN_LIFETIME = timedelta(hours=1)
ROLES: Mapping[str, str] = {
    "coordinator": "Coordinator of the authority: watches delivery, owns the telephone calls",
    "reviewer": "Reviewer at the authority: settles who is held in doubt",
    "lead": "Named lead of the authority: settles restricted children",
    "operator": "Operator of the authority's service: sees no content",
    "police": "Reviewer at the police hub: settles what is held before an authority is known",
}
WHERE = {"/desk": "Review desk", "/calls": "Telephone calls", "/console": "Console"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to try: ``href`` is where, ``done`` whether it has happened."""

    text: str
    href: str
    link: str
    done: bool


def build(room: Room) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _index(router, room)
    pages_police.add(router, room)
    pages_messages.add(router, room)
    pages_clock.add(router, room)
    return router


def _index(router: APIRouter, room: Room) -> None:
    @router.api_route("/demo", methods=READ)
    async def index(request: Request) -> Response:
        async with room.parts.database.reading() as reading:
            seen = await store.types_seen(reading)
            climbed = await store.has_climbed(reading)
        values: dict[str, Any] = {
            "now": room.pace.clock.now(),
            "steps": _steps(room, seen, climbed),
            "roles": [(code, text) for code, text in ROLES.items() if _role(code) is not None],
            "passphrase": PASSPHRASE,
            "settings": len(SETTINGS),
            "pupils": len(room.world.pupils),
            "missing": [name for href, name in WHERE.items() if href not in _paths(request)],
        }
        return shown(room, request, "demo/index.html", **values)

    @router.post("/demo/sign-in")
    async def sign_in(form: Annotated[Form, Depends(room.parts.frame.forms.posted(DEMO))]) -> Response:
        code = form.get("role")
        role = _role(code)
        if role is None:
            return RedirectResponse("/demo", 303)
        scope = Scope.force(FORCE) if code == "police" else Scope.authority(AUTHORITY)
        async with room.parts.database.transaction() as tx:
            token = await sessions.new_sign_in(tx, role, scope, room.parts.clock.real(), SIGN_IN_LIFETIME)
        return RedirectResponse(f"/sign-in/{token}", 303)


def _steps(room: Room, seen: Mapping[str, Any], climbed: bool) -> list[Step]:
    """A night, a morning and an escalation."""
    return [
        Step(text="Make it late in the evening", href="/demo/clock", link="Move the clock", done=room.pace.last is not None),
        Step(text="Report a domestic abuse incident", href="/demo/police", link="Post as the police", done="incident.received" in seen),
        Step(
            text="Open one school's e-mail, take the code from its phone, and act on it",
            href="/demo/mailbox",
            link="Open the mailbox",
            done="notification.acknowledged" in seen,
        ),
        Step(
            text="Leave the other school asleep: make it morning, and see who is told next",
            href="/demo/clock",
            link="Move the clock",
            done=climbed,
        ),
        Step(
            text="Let the bell ring: a named team now owes a telephone call",
            href="/demo/clock",
            link="Move the clock",
            done="notification.late" in seen,
        ),
        Step(
            text="Sign in below as the coordinator: every child's outcome, and who needs somebody first",
            href="/console",
            link="Open the console",
            done=False,
        ),
        Step(
            text="Post a report that leaves a doubt, and settle it as a reviewer",
            href="/desk",
            link="Open the review desk",
            done="review.claimed" in seen or "review.settled" in seen,
        ),
        Step(text="Correct a report", href="/demo/police", link="Post as the police", done="incident.corrected" in seen),
    ]


def _role(code: str) -> Role | None:
    wanted = "reviewer" if code == "police" else code
    return next((role for role in Role if role.value == wanted), None)


def _paths(request: Request) -> frozenset[str]:
    return frozenset(str(route.path_format) for route in iter_route_contexts(request.app.routes))
