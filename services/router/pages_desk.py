"""The desk's list, and a claimed case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.router.domain.reasons import reason_words
from services.router.handlers_case import NO_LONGER_YOURS
from services.router.handlers_desk import Desk, Listed
from services.router.handlers_settling import Settling
from services.router.store_reviews import CASES_EACH_PAGE, Case
from shared.db import Database
from shared.directory import Directory
from shared.errors import Conflict
from shared.web.cookies import SESSION
from shared.web.forms import Fault, Form
from shared.web.frame import Frame
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
SHOWS = ("all", "mine", "unclaimed")
TOLD = {
    "released": "You have let the case go. Others can claim it.",
    "asked": "The other desk has been asked. It has a deadline of its own.",
    "settled": "Settled. Those who must be told are being told now.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the desk's pages are built with."""

    frame: Frame
    database: Database
    directory: Directory
    desk: Desk
    settling: Settling

    def staff(self) -> Any:
        """Reviewers and leads pass."""
        return Depends(self.frame.gate.require(Role.REVIEWER, Role.LEAD))

    def posted(self) -> Any:
        """The checked form."""
        return Depends(self.frame.forms.posted(SESSION))


def add(router: APIRouter, room: Room) -> None:
    """The routes of this room."""
    frame = room.frame

    @router.api_route("/desk", methods=READ)
    async def desk(
        request: Request, session: Annotated[Session, room.staff()], show: str = "all", page: str = "1", told: str = ""
    ) -> Response:
        wanted, number = show if show in SHOWS else "all", int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
        listed = await room.desk.listed(session, show=wanted, page=max(number, 1))
        real = frame.clock.real()
        return frame.layout.staff(
            request,
            session,
            "desk/list.html",
            cases=[_row(case, listed, session, real) for case in listed.cases],
            count=listed.count,
            show=wanted,
            page=max(number, 1),
            pages=-(-listed.count // CASES_EACH_PAGE),
            told=TOLD.get(told, ""),
        )

    @router.post("/desk/claim")
    async def claim(session: Annotated[Session, room.staff()], form: Annotated[Form, room.posted()]) -> Response:
        incident_id = form.get("incident")
        await room.desk.claim(session, incident_id)
        return RedirectResponse(f"/desk/cases/{incident_id}", 303)

    @router.api_route("/desk/cases/{incident_id}", methods=READ)
    async def case(request: Request, incident_id: str, session: Annotated[Session, room.staff()]) -> Response:
        return await shown(room, request, session, incident_id)

    @router.post("/desk/cases/{incident_id}/release")
    async def release(incident_id: str, session: Annotated[Session, room.staff()], _form: Annotated[Form, room.posted()]) -> Response:
        await room.desk.release(session, incident_id)
        return RedirectResponse("/desk?told=released", 303)


async def shown(room: Room, request: Request, session: Session, incident_id: str, faults: Sequence[Fault] = ()) -> Response:
    """The claimed case; who has not claimed it is shown how to, and nothing else."""
    try:
        case = await room.desk.case(session, incident_id)
    except Conflict as error:
        if error.code != NO_LONGER_YOURS:
            raise
        return room.frame.layout.staff(request, session, "desk/unclaimed.html", incident_id=incident_id, status=409)
    return room.frame.layout.staff(request, session, "desk/case.html", case=case, errors=list(faults), status=422 if faults else 200)


async def after(room: Room, session: Session, incident_id: str) -> str:
    """Where a reviewer goes on: in the case while it has something for her."""
    if await room.desk.is_working_on(session, incident_id):
        return f"/desk/cases/{incident_id}"
    return "/desk?told=settled"


def _row(case: Case, listed: Listed, session: Session, real: Any) -> dict[str, Any]:
    """One case as the list shows it: no name."""
    first = case.reviews[0]
    holder = next((one for one in case.reviews if one.is_claimed(real)), None)
    return {
        "incident_id": case.incident_id,
        "reference": listed.references.get(case.incident_id, "Erased"),
        "children": len({one.child_id for one in case.reviews}),
        "why": list(dict.fromkeys(reason_words(one.reason) for one in case.reviews)),
        "escalated": case.is_escalated,
        "deadline_at": min(one.deadline_at for one in case.reviews),
        "owner": listed.owners.get(first.owner, first.owner),
        "area": listed.authorities.get(first.authority or "", first.authority) or "Not known",
        "mine": holder is not None and holder.claimed_by == session.session_id,
        "claimed_until": None if holder is None else holder.claimed_until_at,
        "claimed_label": "" if holder is None else holder.claimed_label or "another reviewer",
        "waiting": sum(1 for one in case.reviews if one.pending_until is not None),
    }
