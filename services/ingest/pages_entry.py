"""A report typed by hand, for forces and officers without an interface.

    GET  /reports/new                  reviewer, lead, coordinator of a force    the first page, with a reference
    POST /reports/new                  the same                                  every further page, and sending
    GET  /reports/sent/{incident_id}   the same                                  the receipt

What is typed travels in the form itself until it is sent (``domain.entry`` says why); the reference is fixed on the first page, so that
what is sent twice is one incident.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.ingest.domain.entry import Typed, Wrong, proposed
from services.ingest.handlers import Different
from services.ingest.handlers_entry import Entry
from services.ingest.pages_entry_steps import Steps
from shared.errors import NotAllowed
from shared.ids import new_code
from shared.report.findings import ReportRefused
from shared.scope import ScopeKind
from shared.service import Parts
from shared.web.cookies import SESSION
from shared.web.forms import Form
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
NEW, SENT = "/reports/new", "/reports/sent/{incident_id}"
NOT_TAKEN = "A value cannot be read, such as an invisible character in the reference. Type the reference again, with letters and figures"
DIFFERENT = "A report with this reference was sent before and says something else. Change the reference if this is another incident"


def build(parts: Parts, entry: Entry) -> APIRouter:
    """The routes."""
    router, frame = APIRouter(), parts.frame

    async def of_force(
        session: Annotated[Session, Depends(frame.gate.require(Role.REVIEWER, Role.LEAD, Role.COORDINATOR))],
    ) -> Session:
        return of_a_force(session)

    Officer = Annotated[Session, Depends(of_force)]  # noqa: N806  a type
    Posted = Annotated[Form, Depends(frame.forms.posted(SESSION))]  # noqa: N806  a type

    @router.api_route(NEW, methods=READ)
    async def new(request: Request, session: Officer) -> Response:
        values = {"reference": [proposed(frame.clock.now(), new_code(10))], "type": ["domestic-abuse"]}
        return Steps(frame=frame, request=request, session=session, address=NEW).page(Typed(pages={}), "incident", values)

    @router.post(NEW)
    async def typed(request: Request, session: Officer, form: Posted) -> Response:
        steps = Steps(frame=frame, request=request, session=session, address=NEW)

        async def send(whole: Typed) -> Response:
            try:
                answer = await entry.send(whole, force=session.scope.id, session_id=session.session_id)
            except ReportRefused:
                return not_taken(steps, whole)
            if isinstance(answer, Different):
                return steps.check(whole, [Wrong(name="go-incident", text=DIFFERENT)], answer.incident_id)
            return to_receipt(answer.receipt.incident_id)

        return await steps.taken(form, send)

    @router.api_route(SENT, methods=READ)
    async def sent(request: Request, incident_id: str, session: Officer) -> Response:
        found = await entry.sent(incident_id, session.scope)
        in_charge = session.role is Role.COORDINATOR
        onward = ("/console", "Delivery") if in_charge else ("/desk", "Review desk")
        return frame.layout.staff(request, session, "entry/sent.html", incident=found, onward=onward, in_charge=in_charge)

    return router


def of_a_force(session: Session) -> Session:
    """The session. Raises NotAllowed for an authority's."""
    if session.scope.kind is not ScopeKind.FORCE:
        raise NotAllowed("Only a force's own staff type its reports.")
    return session


def not_taken(steps: Steps, whole: Typed) -> Response:
    """The first page, with what cannot be read."""
    return steps.page(whole, "incident", whole.page("incident"), [Wrong(name="reference", text=NOT_TAKEN)])


def to_receipt(incident_id: str) -> Response:
    """On to the receipt."""
    return RedirectResponse(SENT.replace("{incident_id}", incident_id), 303)
