"""The API for police systems: ``POST /v1/incidents`` and ``GET /v1/incidents/{incident_id}``.

The handlers read the body themselves: a report's reader refuses without quoting, which a framework's would not (design rule 7.1). The
commit lies inside the handler, never in a dependency that ends after the answer: who reads 202 has a stored report.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from services.ingest import api_answers
from services.ingest.api_answers import EXAMPLE_REPORT, IncidentAnswer, ReceiptAnswer, report_schema
from services.ingest.handlers import Different, Intake, Repeated, received
from services.ingest.keys import Caller, Keys
from shared.clock import Clock
from shared.errors import NotFound
from shared.web.access import template
from shared.web.limits import Limits, client
from shared.web.problems import Problem, as_json

INCIDENTS = "/v1/incidents"
CALLS_EACH_MINUTE = 6_000
CALLS_BURST = 6_000
"""For each key and route: as many as the whole country notifies on a Monday morning. It stops a runaway, not a catching-up."""
REFUSALS_EACH_MINUTE = 30
REFUSALS_BURST = 60
"""For each address: wrong keys cost a look-up."""

_INCIDENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_DIFFERENT = (
    "This reference was sent before with another content, and that first report stands: nothing of this body was taken. "
    "A correction is made by PUT on the incident's own address, which this release does not offer yet."
)


def build(*, intake: Intake, keys: Keys, limits: Limits, clock: Clock) -> APIRouter:
    """The routes. Every one of them needs a key, and sees its own force only."""
    router = APIRouter(tags=["incidents"])
    bearer = HTTPBearer(scheme_name="API key", description="`<key id>.<secret>`, scoped to one force", auto_error=False)

    async def calling(request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]) -> Caller:
        caller = await keys.caller(request.headers.get("authorization", ""))
        if caller is None:
            limits.take("key refused", client(request), each_minute=REFUSALS_EACH_MINUTE, burst=REFUSALS_BURST)
            raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="encompass"'})
        limits.take(template(request.scope), caller.key_id, each_minute=CALLS_EACH_MINUTE, burst=CALLS_BURST)
        return caller

    @router.post(
        INCIDENTS,
        status_code=202,
        response_model=ReceiptAnswer,
        summary="Send the report of an incident",
        responses={202: {"headers": _LOCATION}, **_REFUSALS},
        openapi_extra=_request_body(),
    )
    async def post_incident(request: Request, response: Response, caller: Annotated[Caller, Depends(calling)]) -> Any:
        """Stores the report, and answers once it is stored for good.

        Identity is the key's force, `system` and `reference`. The same report again gets the same receipt; another content under the
        same identity is refused (409). Only shape, size and identity refuse: any other value that does not fit is kept as it was
        written, with a finding.
        """
        refusal = _media_type_refused(request)
        if refusal is not None:
            return as_json(refusal)
        body = await request.body()
        accept = received(body, force=caller.force, key_id=caller.key_id, received_at=clock.now())
        (answer,) = await intake.accept([accept])
        if isinstance(answer, Different):
            return as_json(_different(answer))
        response.headers["Location"] = f"{INCIDENTS}/{answer.receipt.incident_id}"
        return api_answers.receipt(answer.receipt, repeated=isinstance(answer, Repeated))

    async def get_incident(incident_id: str, caller: Annotated[Caller, Depends(calling)]) -> Any:
        """What became of every child, and when. An incident of another force does not exist here.

        A child's outcome is exactly one of `acknowledged`, `waiting`, `held`, `excluded`, `late`, `recalled`; `lost` would be our failure.
        """
        if not _INCIDENT_ID.fullmatch(incident_id):
            raise NotFound("There is nothing here, or it is not yours.")
        return api_answers.incident(await intake.show(incident_id, force=caller.force, reader=caller.key_id))

    place = INCIDENTS + "/{incident_id}"
    router.get(place, response_model=IncidentAnswer, summary="What became of an incident's children", responses=_UNSEEN)(get_incident)
    router.head(place, include_in_schema=False)(get_incident)
    return router


def _media_type_refused(request: Request) -> Problem | None:
    """JSON in UTF-8, not compressed: a small body may unpack to a huge one."""
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if media_type.strip() != "application/json" or parameters.strip().replace('"', "") not in ("", "charset=utf-8"):
        return Problem(status=415, text="The body must be application/json in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return Problem(status=415, text="The body must not be compressed.")
    return None


def _different(answer: Different) -> Problem:
    return Problem(
        status=409, code="different-content", text=_DIFFERENT, headers={"Link": f'<{INCIDENTS}/{answer.incident_id}>; rel="edit"'}
    )


def _request_body() -> dict[str, Any]:
    example = {"summary": "A child who heard it", "value": EXAMPLE_REPORT}
    return {
        "requestBody": {
            "required": True,
            "description": "At most 256 kB, 30 children and 20 adults.",
            "content": {"application/json": {"schema": report_schema(), "examples": {"report": example}}},
        }
    }


_LOCATION = {"Location": {"description": "The incident's own address", "schema": {"type": "string"}}}
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No key, or not a valid one", **_PROBLEM},
    409: {
        "description": "The same identity with another content; the first report stands",
        "headers": {"Link": {"description": "The incident that a correction is for", "schema": {"type": "string"}}},
        **_PROBLEM,
    },
    415: {"description": "Not application/json in UTF-8", **_PROBLEM},
    422: {"description": "Not a report: `errors` says where and why, without quoting", **_PROBLEM},
    429: {"description": "Too many calls; Retry-After says how many seconds to wait", **_PROBLEM},
    503: {"description": "Nothing was taken; send it again after Retry-After seconds", **_PROBLEM},
}
_UNSEEN: dict[int | str, dict[str, Any]] = {
    401: _REFUSALS[401],
    404: {"description": "There is no such incident, or it is another force's", **_PROBLEM},
    429: _REFUSALS[429],
    503: {"description": "Not available for now", **_PROBLEM},
}
