"""Deciding of one child: who would be told, then the decision, and taking it back."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.router.domain.settling import EXCLUSIONS, Choice
from services.router.pages_desk import Room, after, shown
from shared.errors import Refused
from shared.web.forms import Fault, Form
from shared.web.sessions import Session

WAYS = ("setting", "team", "exclude", "ask", "search")
REFUSED_HERE = ("not-a-pupil", "no-setting", "not-a-setting", "setting-closed", "not-permitted", "not-a-team", "no-reason")


def add(router: APIRouter, room: Room) -> None:
    """The routes of this room."""

    @router.post("/desk/reviews/{review_id}/confirm")
    async def confirm(
        request: Request, review_id: str, session: Annotated[Session, room.staff()], form: Annotated[Form, room.posted()]
    ) -> Response:
        way, _, _ = form.get("choice").partition(":")
        if form.get("choice") in WAYS:
            return RedirectResponse(f"/desk/reviews/{review_id}/{way}", 303)
        case, child = await room.desk.child(session, review_id)
        choice = chosen(form)
        if choice is None:
            nothing = Fault(name=f"choice-{review_id}", text=f"Choose what is right for {child.name}")
            return await shown(room, request, session, case.incident_id, [nothing])
        try:
            preview = await room.settling.preview(session, review_id, choice)
        except Refused as error:
            if error.code not in REFUSED_HERE:
                raise
            return await shown(room, request, session, case.incident_id, [Fault(name=f"choice-{review_id}", text=error.text)])
        return room.frame.layout.staff(
            request,
            session,
            "desk/confirm.html",
            child=child,
            incident_id=case.incident_id,
            preview=preview,
            choice=form.get("choice"),
            code=EXCLUSIONS.get(choice.code or ""),
        )

    @router.post("/desk/reviews/{review_id}/settle")
    async def settle(review_id: str, session: Annotated[Session, room.staff()], form: Annotated[Form, room.posted()]) -> Response:
        choice, version = chosen(form), form.get("version")
        if choice is None or not (version.isascii() and version.isdigit() and len(version) < 10):
            raise Refused("Nothing was chosen. Open the case again.")
        await room.settling.settle(session, review_id, choice, int(version))
        return RedirectResponse(await after(room, session, form.get("incident")), 303)

    @router.post("/desk/reviews/{review_id}/undo")
    async def undo(review_id: str, session: Annotated[Session, room.staff()], form: Annotated[Form, room.posted()]) -> Response:
        await room.settling.undo(session, review_id)
        return RedirectResponse(await after(room, session, form.get("incident")), 303)


def chosen(form: Form) -> Choice | None:
    """What a form chose: ``pupil:ID``, ``setting:ID``, ``team:ID`` or ``excluded:CODE``; None for anything else."""
    kind, _, value = form.get("choice").partition(":")
    if not value or len(value) > 64:
        return None
    match kind:
        case "pupil":
            return Choice(kind="pupil", pupil_id=value)
        case "setting":
            return Choice(kind="setting", refs=(value,))
        case "team":
            return Choice(kind="team", refs=(value,))
        case "excluded":
            return Choice(kind="excluded", code=value)
    return None
