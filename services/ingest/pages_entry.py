"""A report typed by hand, for forces and officers without an interface.

    GET  /reports/new                  reviewer, lead, coordinator of a force    the first page, with a reference
    POST /reports/new                  the same                                  every further page, and sending
    GET  /reports/sent/{incident_id}   the same                                  the receipt

What is typed travels in the form itself until it is sent (``domain.entry`` says why); the reference is fixed on the first page, so that
what is sent twice is one incident.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.ingest.domain.entry import Typed, Wrong, proposed, shown, unkept, wrongs
from services.ingest.domain.entry_fields import questions
from services.ingest.handlers import Different
from services.ingest.handlers_entry import Entry
from shared.errors import NotAllowed, Refused
from shared.ids import new_code
from shared.report.findings import ReportRefused
from shared.scope import ScopeKind
from shared.service import Parts
from shared.web.cookies import SESSION
from shared.web.forms import Fault, Form
from shared.web.frame import Frame
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
NEW, SENT = "/reports/new", "/reports/sent/{incident_id}"
NO_CHILD = "Add at least one child: a report is about children"
NOT_TAKEN = "A value cannot be read, such as an invisible character in the reference. Type the reference again, with letters and figures"
DIFFERENT = "A report with this reference was sent before and says something else. Change the reference if this is another incident"


def build(parts: Parts, entry: Entry) -> APIRouter:
    """The routes."""
    router, frame = APIRouter(), parts.frame
    passed = frame.gate.require(Role.REVIEWER, Role.LEAD, Role.COORDINATOR)

    async def of_force(session: Annotated[Session, Depends(passed)]) -> Session:
        if session.scope.kind is not ScopeKind.FORCE:
            raise NotAllowed("Only a force's own staff type its reports.")
        return session

    Officer = Annotated[Session, Depends(of_force)]  # noqa: N806  a type

    @router.api_route(NEW, methods=READ)
    async def new(request: Request, session: Officer) -> Response:
        values = {"reference": [proposed(frame.clock.now(), new_code(10))], "type": ["domestic-abuse"]}
        return _page(frame, request, session, Typed({}), "incident", values)

    @router.post(NEW)
    async def typed(request: Request, session: Officer, form: Annotated[Form, Depends(frame.forms.posted(SESSION))]) -> Response:
        step, go = form.get("step"), form.get("go")
        before = Typed({}) if step == "incident" and not form.get("kept") else unkept(form.get("kept"))
        if before is None or not before.has_room_for(step):
            raise Refused("The form is not whole. Go back to the page before and send it again.")
        if step == "check":
            return await _sending(entry, frame, request, session, before) if go == "send" else _next(frame, request, session, before, go)
        if go == "remove" and step != "incident":
            return _check(frame, request, session, before.without(step))
        now = before.with_page(step, form.values)
        if faults := wrongs(now, step):
            return _page(frame, request, session, before, step, form.values, faults)
        return _next(frame, request, session, now, go)

    @router.api_route(SENT, methods=READ)
    async def sent(request: Request, incident_id: str, session: Officer) -> Response:
        found = await entry.sent(incident_id, session.scope)
        onward = ("/console", "Delivery") if session.role is Role.COORDINATOR else ("/desk", "Review desk")
        return frame.layout.staff(request, session, "entry/sent.html", incident=found, onward=onward)

    return router


async def _sending(entry: Entry, frame: Frame, request: Request, session: Session, whole: Typed) -> Response:
    for step in whole.pages:
        if faults := wrongs(whole, step):
            return _page(frame, request, session, whole, step, whole.page(step), faults)
    if not whole.steps("child"):
        return _check(frame, request, session, whole, [Wrong(name="go-child", text=NO_CHILD)])
    try:
        answer = await entry.send(whole, force=session.scope.id, session_id=session.session_id)
    except ReportRefused:
        return _page(frame, request, session, whole, "incident", whole.page("incident"), [Wrong(name="reference", text=NOT_TAKEN)])
    if isinstance(answer, Different):
        return _check(frame, request, session, whole, [Wrong(name="go-incident", text=DIFFERENT)], answer.incident_id)
    return RedirectResponse(SENT.replace("{incident_id}", answer.receipt.incident_id), 303)


def _next(frame: Frame, request: Request, session: Session, now: Typed, go: str) -> Response:
    """The page that a button leads to; from anything else, the page of all answers."""
    kind, _, step = go.partition(":")
    if kind == "page" and step in now.pages:
        return _page(frame, request, session, now, step, now.page(step))
    if kind in ("adult", "child"):
        if (another := now.free(kind)) is None:
            full = Wrong(name=f"go-{kind}", text=f"There is room for no more. Send the others through the force's records system ({kind})")
            return _check(frame, request, session, now, [full])
        return _page(frame, request, session, now, another, {})
    return _check(frame, request, session, now)


def _page(frame: Frame, request: Request, session: Session, typed: Typed, step: str, values: Any, wrong: Sequence[Wrong] = ()) -> Response:
    return frame.layout.staff(
        request,
        session,
        "entry/page.html",
        status=422 if wrong else 200,
        errors=_faults(wrong),
        step=step,
        title=_title(step),
        asked=questions(step, typed.adults),
        values=values,
        kept=typed.kept() if typed.pages else "",
        is_there=step in typed.pages,
    )


def _check(frame: Frame, request: Request, session: Session, typed: Typed, wrong: Sequence[Wrong] = (), other: str = "") -> Response:
    steps = ("incident", *typed.adults, *typed.steps("child"))
    parts = [(step, _title(step), [(one.label, shown(typed.page(step), one)) for one in typed.asked(step)]) for step in steps]
    return frame.layout.staff(
        request,
        session,
        "entry/check.html",
        status=(409 if other else 422) if wrong else 200,
        errors=_faults(wrong),
        parts=parts,
        kept=typed.kept(),
        other=other,
    )


def _faults(wrong: Sequence[Wrong]) -> list[Fault]:
    return [Fault(name=one.name, text=one.text) for one in wrong]


def _title(step: str) -> str:
    kind, _, number = step.partition("-")
    return f"{kind.capitalize()} {number}" if number else "The incident"
