"""Taking back a report that was typed by hand.

    GET  /reports/withdraw/{incident_id}   coordinator of the force    why, and what follows
    POST /reports/withdraw/{incident_id}   the same                    take it back

The form names the version that was read: one that has changed since is not taken back unseen.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.ingest.domain.entry import numbered
from services.ingest.domain.withdrawal import REASONS
from services.ingest.handlers_correct import Stale
from services.ingest.handlers_entry import Entry
from services.ingest.store import Incident
from shared.errors import NotAllowed
from shared.scope import ScopeKind
from shared.service import Parts
from shared.web.cookies import SESSION
from shared.web.forms import Fault, Form
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
WITHDRAW, SENT = "/reports/withdraw/{incident_id}", "/reports/sent/{incident_id}"
WHY = Fault(name="reason", text="Say why the report is withdrawn")
CHANGED = Fault(name="reason", text="The report has changed since you opened this page. Read its receipt, and send this form again")


def build(parts: Parts, entry: Entry) -> APIRouter:
    """The routes."""
    router, frame = APIRouter(), parts.frame
    passed = frame.gate.require(Role.COORDINATOR)

    async def of_force(session: Annotated[Session, Depends(passed)]) -> Session:
        if session.scope.kind is not ScopeKind.FORCE:
            raise NotAllowed("Only a force's own coordinators withdraw its reports.")
        return session

    Coordinator = Annotated[Session, Depends(of_force)]  # noqa: N806  a type

    def page(request: Request, session: Session, incident: Incident, faults: Sequence[Fault] = (), reason: str = "") -> Response:
        said = {"incident": incident, "reasons": REASONS, "reason": reason}
        status = 422 if faults else 200
        return frame.layout.staff(request, session, "entry/withdraw.html", status=status, errors=list(faults), **said)

    @router.api_route(WITHDRAW, methods=READ)
    async def asked(request: Request, incident_id: str, session: Coordinator) -> Response:
        return page(request, session, await entry.sent(incident_id, session.scope))

    @router.post(WITHDRAW)
    async def withdrawn(
        request: Request, incident_id: str, session: Coordinator, form: Annotated[Form, Depends(frame.forms.posted(SESSION))]
    ) -> Response:
        incident, reason = await entry.sent(incident_id, session.scope), form.get("reason")
        if reason not in REASONS:
            return page(request, session, incident, [WHY])
        try:
            await entry.withdraw(incident, reason, version=numbered(form.get("version")), session_id=session.session_id)
        except Stale:
            return page(request, session, await entry.sent(incident_id, session.scope), [CHANGED], reason)
        return RedirectResponse(SENT.replace("{incident_id}", incident.incident_id), 303)

    return router
