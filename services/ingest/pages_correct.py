"""The correction of a report that was typed by hand.

    GET  /reports/correct/{incident_id}   coordinator of the force    all answers, to be put right
    POST /reports/correct/{incident_id}   the same                    every further page, and sending

The form names the version that was read: one that has changed since is not replaced unseen.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.ingest.domain.entry import Typed, Wrong, numbered
from services.ingest.handlers_correct import OtherIdentity, Stale
from services.ingest.handlers_entry import Entry
from services.ingest.pages_entry import READ, not_taken, of_a_force, to_receipt
from services.ingest.pages_entry_steps import Steps
from shared.report.findings import ReportRefused
from shared.service import Parts
from shared.web.cookies import SESSION
from shared.web.forms import Form
from shared.web.sessions import Role, Session

CORRECT = "/reports/correct/{incident_id}"
NOT_RENAMED = "The reference stays the one of the first version. Put it back, or type another report"
CHANGED = "The report has changed since you opened it, and nothing was sent. Open it again from its receipt to see what it says now"


def build(parts: Parts, entry: Entry) -> APIRouter:
    """The routes."""
    router, frame = APIRouter(), parts.frame

    async def in_charge(session: Annotated[Session, Depends(frame.gate.require(Role.COORDINATOR))]) -> Session:
        return of_a_force(session)

    Coordinator = Annotated[Session, Depends(in_charge)]  # noqa: N806  a type

    def steps_of(request: Request, session: Session, incident_id: str, version: int) -> Steps:
        address = CORRECT.replace("{incident_id}", incident_id)
        return Steps(frame=frame, request=request, session=session, address=address, version=version)

    @router.api_route(CORRECT, methods=READ)
    async def opened(request: Request, incident_id: str, session: Coordinator) -> Response:
        whole, version = await entry.again(incident_id, session.scope, session_id=session.session_id, label=session.label)
        return steps_of(request, session, incident_id, version).check(whole)

    @router.post(CORRECT)
    async def corrected(
        request: Request, incident_id: str, session: Coordinator, form: Annotated[Form, Depends(frame.forms.posted(SESSION))]
    ) -> Response:
        incident = await entry.sent(incident_id, session.scope)
        await entry.again(incident_id, session.scope, session_id=session.session_id, label=session.label)
        version = numbered(form.get("version"))
        steps = steps_of(request, session, incident.incident_id, version)

        async def send(whole: Typed) -> Response:
            try:
                await entry.correct(incident, whole, version=version, session_id=session.session_id)
            except OtherIdentity:
                return steps.page(whole, "incident", whole.page("incident"), [Wrong(name="reference", text=NOT_RENAMED)])
            except ReportRefused:
                return not_taken(steps, whole)
            except Stale:
                return steps.check(whole, [Wrong(name="go-incident", text=CHANGED)])
            return to_receipt(incident.incident_id)

        return await steps.taken(form, send)

    return router
