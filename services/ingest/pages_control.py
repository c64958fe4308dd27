"""What is missing of a force's reports, and what is wrong with its ways in and out: for staff of that force.

    GET  /control     reviewer, lead, coordinator, operator    alarms, references without an outcome
    POST /control     reviewer, lead, coordinator              close one of them, with a reason

A reference is the sender's own; nothing here is about a child.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.ingest import store_control, store_watch
from services.ingest.domain.control import CLOSINGS, Closing
from shared.db import Reading
from shared.errors import NotFound
from shared.log import logger
from shared.scope import Scope, ScopeKind
from shared.service import Parts
from shared.web.cookies import SESSION
from shared.web.forms import Fault, Form
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
CONTROL = "/control"
ALARMS = {
    "silent": "Neither a report nor a control list has come for longer than this force is usually silent.",
    "list-missing": "A system that sends control lists has sent none today.",
    "webhook-paused": "The force's receiver takes nothing: outcomes are not pushed to it any more. It can still ask for them.",
    "folder-failed": "A file of a watched folder could not be read: nothing more of it is taken. It lies in failed, beside its reason.",
    "folder-returned": "Rows of a watched folder's file were not taken. They lie in refused, each with its reason, to be mended.",
}

log = logger(__name__)


def build(parts: Parts) -> APIRouter:
    """The routes."""
    router, frame = APIRouter(), parts.frame
    Staff = Annotated[Session, Depends(frame.gate.require(*Role))]  # noqa: N806  a type
    Desk = Annotated[Session, Depends(frame.gate.require(Role.REVIEWER, Role.LEAD, Role.COORDINATOR))]  # noqa: N806  a type

    async def shown(request: Request, session: Session, faults: Sequence[Fault] = ()) -> Response:
        async with parts.database.reading() as reading:
            gaps, in_all = await store_control.shown(reading, session.scope)
            alarms = await store_watch.alarms(reading, session.scope)
            unwatched = await _is_unwatched(reading, session.scope)
            owners = {alarm.owner for alarm in alarms} | {team for gap in gaps for team in (gap.owner, gap.second_owner)}
            teams = await parts.directory.teams(reading, owners)
        return frame.layout.staff(
            request,
            session,
            "control.html",
            errors=faults,
            gaps=gaps,
            more=in_all - len(gaps),
            alarms=[(alarm, ALARMS[alarm.kind]) for alarm in alarms],
            unwatched=unwatched,
            is_force=session.scope.kind is ScopeKind.FORCE,
            may_close=session.role is not Role.OPERATOR,
            closings=CLOSINGS,
            names={team_id: team.name for team_id, team in teams.items()},
            closed=request.query_params.get("closed") == "yes",
        )

    @router.api_route(CONTROL, methods=READ)
    async def control(request: Request, session: Staff) -> Response:
        return await shown(request, session)

    @router.post(CONTROL)
    async def close(request: Request, session: Desk, form: Annotated[Form, Depends(frame.forms.posted(SESSION))]) -> Response:
        gap_id, reason = form.get("gap"), form.get("reason")
        if reason not in set(Closing):
            async with parts.database.reading() as reading:
                gaps, _ = await store_control.shown(reading, session.scope)
            if gap_id not in {gap.gap_id for gap in gaps}:
                raise NotFound("There is no such reference, or it is closed.")
            return await shown(request, session, [Fault(name=f"reason-{gap_id}", text="Say why the reference is closed")])
        async with parts.database.transaction() as tx:
            now = parts.clock.now()
            if not await store_control.close(tx, gap_id, session.scope, by=session.session_id, reason=reason, now=now):
                raise NotFound("There is no such reference, or it is closed.")
        log.info("control-gap.closed", session_id=session.session_id, reason=reason)
        return RedirectResponse(f"{CONTROL}?closed=yes", 303)

    return router


async def _is_unwatched(reading: Reading, scope: Scope) -> bool:
    """Whether nobody would learn of this force's silence."""
    return scope.kind is ScopeKind.FORCE and scope.id not in {watch.force for watch in await store_watch.watches(reading)}
