"""Facts that a service gave up after its retries: shown to operators, and tried again at their word."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.console import store_parked
from shared.errors import NotFound
from shared.log import logger
from shared.service import Parts
from shared.web.cookies import SESSION
from shared.web.forms import Form
from shared.web.sessions import Role, Session

READ = ["GET", "HEAD"]
PARKED = "/console/parked"

log = logger(__name__)


def add(router: APIRouter, parts: Parts) -> None:
    """The routes of this room."""
    frame = parts.frame
    Operator = Annotated[Session, Depends(frame.gate.require(Role.OPERATOR))]  # noqa: N806  a type

    @router.api_route(PARKED, methods=READ)
    async def parked(request: Request, session: Operator) -> Response:
        async with parts.database.reading() as reading:
            found = await store_parked.parked(reading, session.scope)
        again = request.query_params.get("again") == "yes"
        return frame.layout.staff(request, session, "console-parked.html", parked=found, most=store_parked.MOST, again=again)

    @router.post(PARKED)
    async def try_again(session: Operator, form: Annotated[Form, Depends(frame.forms.posted(SESSION))]) -> Response:
        service, fact_id = form.get("service"), form.get("fact")
        async with parts.database.transaction() as tx:
            if not await store_parked.try_again(tx, service, fact_id, session.scope):
                raise NotFound("There is no such parked fact.")
        log.info("fact.replayed", service=service, fact_id=fact_id, session_id=session.session_id)
        return RedirectResponse(f"{PARKED}?again=yes", 303)
