"""The API for police systems: one report at a time, its later versions, and what became of its children.

The handlers read the body themselves: a report's reader refuses without quoting, which a framework's would not (design rule 7.1). The
commit lies inside the handler, never in a dependency that ends after the answer: who reads 202 has a stored report.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import JSONResponse

from services.ingest import api_answers, api_batch, api_document
from services.ingest.api_answers import CheckAnswer, IncidentAnswer, ReceiptAnswer
from services.ingest.api_calling import calling
from services.ingest.api_document import IF_MATCH, INCIDENTS, ONE, WITHDRAWAL
from services.ingest.api_requests import OnlyCheck, precondition, reason, refuse_other_media_type, refuse_trying_out
from services.ingest.domain.precondition import entity_tag
from services.ingest.handlers import Accept, Different, Intake, Repeated, received
from services.ingest.handlers_correct import Change, Changed, Corrections, OtherIdentity, Stale, Withdrawal
from services.ingest.handlers_gather import Gathering
from services.ingest.handlers_show import Views
from services.ingest.handlers_stored import Receipt
from services.ingest.keys import Caller, Keys
from shared.clock import Clock
from shared.errors import NotFound
from shared.web.limits import Limits
from shared.web.problems import Pointed, Problem, as_json, of_error

CALLS_EACH_MINUTE = 6_000
CALLS_BURST = 6_000
"""For each key and route: as many as the whole country notifies on a Monday morning. It stops a runaway, not a catching-up."""

_INCIDENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_DIFFERENT = (
    "This reference was sent before with another content, and that first report stands: nothing of this body was taken. "
    "To correct the report, PUT it to the incident's own address, which Link names, with source_version, source_changed_at or If-Match."
)

IfMatch = Annotated[
    str | SkipJsonSchema[None], Header(alias="If-Match", description=IF_MATCH, json_schema_extra={"pattern": api_document.ETAG_FORM})
]


def build(
    *, intake: Intake, gathering: Gathering, corrections: Corrections, views: Views, keys: Keys, limits: Limits, clock: Clock
) -> APIRouter:
    """The routes. Every one of them needs a key, and sees its own force only; a sandbox key sees what came with one, and nothing else."""
    router = APIRouter(tags=["incidents"])
    known = calling(keys, limits, each_minute=CALLS_EACH_MINUTE, burst=CALLS_BURST)
    router.include_router(api_batch.build(intake=intake, keys=keys, limits=limits, clock=clock))
    _one(router, known, gathering, clock)
    _later(router, known, corrections, clock)
    _seen(router, known, views)
    return router


def _one(router: APIRouter, known: Any, gathering: Gathering, clock: Clock) -> None:
    @router.post(
        INCIDENTS,
        status_code=202,
        response_model=ReceiptAnswer,
        operation_id="sendIncident",
        summary="Send the report of an incident",
        responses={
            200: {"model": CheckAnswer, "description": "With `validate=only`: it would be taken"},
            202: {"description": "It is stored for good", **api_document.TAKEN},
            **api_document.POST,
        },
        openapi_extra=api_document.report_body(),
    )
    async def post_incident(
        request: Request, response: Response, caller: Annotated[Caller, Depends(known)], validate: OnlyCheck = None
    ) -> Any:
        """Stores the report, and answers once it is stored for good.

        Identity is the key's force, `system` and `reference`. The same report again gets the same receipt; another content under the
        same identity is refused (409) and belongs in a `PUT`. Only shape, size and identity refuse: any other value that does not fit
        is kept as it was written, with a finding.
        """
        one = await _received(request, caller, clock)
        if validate == "only":
            return JSONResponse(api_answers.check(one.findings).model_dump(mode="json"))
        answer = await gathering.accept(one)
        if isinstance(answer, Different):
            return as_json(_different(answer))
        _tell(response, answer.receipt)
        return api_answers.receipt(answer.receipt, repeated=isinstance(answer, Repeated))


def _later(router: APIRouter, known: Any, corrections: Corrections, clock: Clock) -> None:
    versions: dict[int | str, dict[str, Any]] = {
        200: {"description": "Nothing changed: the receipt of what is here", **api_document.TAKEN},
        202: {"model": ReceiptAnswer, "description": "A new version is stored for good", **api_document.TAKEN},
    }

    @router.put(
        ONE,
        response_model=ReceiptAnswer,
        operation_id="correctIncident",
        summary="Replace the whole report",
        responses={**versions, **api_document.PUT},
        openapi_extra=api_document.report_body(source_version=2),
    )
    async def put_incident(
        incident_id: str, request: Request, response: Response, caller: Annotated[Caller, Depends(known)], if_match: IfMatch = None
    ) -> Any:
        """The body is the whole report as it is now, under the same `system` and `reference`; a child that is missing is taken out.

        Say which version it is: by the record's own `source_version` or `source_changed_at`, so that resends may come late and in any
        order, or by `If-Match`. A version that is older than what is here is answered with `ignored: "older"`, the same content with
        `repeated`, both with 200 and the receipt of what is here. After a withdrawal it opens the report again.
        """
        refuse_trying_out(request)
        one = await _received(request, caller, clock)
        try:
            changed = await corrections.correct(_id(incident_id), one, precondition(if_match))
        except Stale as stale:
            return as_json(_stale(stale))
        except OtherIdentity as other:
            return as_json(_other_identity(other))
        return _changed(response, changed)

    @router.post(
        WITHDRAWAL,
        response_model=ReceiptAnswer,
        operation_id="withdrawIncident",
        summary="Take a report back",
        responses={**versions, **api_document.WITHDRAW},
        openapi_extra=api_document.withdrawal_body(),
    )
    async def post_withdrawal(
        incident_id: str, request: Request, response: Response, caller: Annotated[Caller, Depends(known)], if_match: IfMatch = None
    ) -> Any:
        """Everyone who was told of it is told that it was taken back. Said again, it changes nothing; a later `PUT` opens it again."""
        refuse_trying_out(request)
        refuse_other_media_type(request, "application/json")
        why = reason(await request.body())
        if isinstance(why, Problem):
            return as_json(why)
        withdrawal = Withdrawal(
            incident_id=_id(incident_id),
            force=caller.force,
            key_id=caller.key_id,
            reason=why,
            withdrawn_at=clock.now(),
            expected=precondition(if_match),
            sandbox=caller.sandbox,
        )
        try:
            return _changed(response, await corrections.withdraw(withdrawal))
        except Stale as stale:
            return as_json(_stale(stale))


def _seen(router: APIRouter, known: Any, views: Views) -> None:
    async def get_incident(incident_id: str, response: Response, caller: Annotated[Caller, Depends(known)]) -> Any:
        """What became of every child, and when, also of those whom a correction took out. Another force's incident does not exist here.

        A child's outcome is exactly one of `acknowledged`, `waiting`, `held`, `excluded`, `late`, `recalled`; `lost` would be our failure.
        """
        seen = await views.show(_id(incident_id), force=caller.force, reader=caller.key_id, sandbox=caller.sandbox)
        response.headers["ETag"] = entity_tag(seen.incident.incident_version)
        return api_answers.incident(seen)

    router.get(
        ONE,
        response_model=IncidentAnswer,
        operation_id="readIncident",
        summary="What became of an incident's children",
        responses={200: {"description": "Every child's outcome", **api_document.SHOWN}, **api_document.GET},
    )(get_incident)
    router.head(ONE, include_in_schema=False)(get_incident)


async def _received(request: Request, caller: Caller, clock: Clock) -> Accept:
    refuse_other_media_type(request, "application/json")
    body = await request.body()
    return received(body, force=caller.force, key_id=caller.key_id, received_at=clock.now(), sandbox=caller.sandbox)


def _id(incident_id: str) -> str:
    if not _INCIDENT_ID.fullmatch(incident_id):
        raise NotFound("There is nothing here, or it is not yours.")
    return incident_id


def _tell(response: Response, one: Receipt) -> None:
    response.headers["Location"] = f"{INCIDENTS}/{one.incident_id}"
    response.headers["ETag"] = entity_tag(one.incident_version)


def _changed(response: Response, changed: Changed) -> ReceiptAnswer:
    _tell(response, changed.receipt)
    response.status_code = 202 if changed.change is Change.TAKEN else 200
    older = changed.change is Change.OLDER
    return api_answers.receipt(changed.receipt, repeated=changed.change is Change.REPEATED, ignored="older" if older else None)


def _different(answer: Different) -> Problem:
    return Problem(
        status=409, code="different-content", text=_DIFFERENT, headers={"Link": f'<{INCIDENTS}/{answer.incident_id}>; rel="edit"'}
    )


def _stale(stale: Stale) -> Problem:
    said = of_error(stale)
    return Problem(status=said.status, code=said.code, text=said.text, headers={"ETag": entity_tag(stale.incident_version)})


def _other_identity(other: OtherIdentity) -> Problem:
    said = of_error(other)
    where = Pointed(place="body", pointer=f"/{other.field_name}", code=said.code, text=said.text)
    return Problem(status=said.status, code=said.code, text=said.text, errors=[where])
