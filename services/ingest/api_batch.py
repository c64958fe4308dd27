"""``POST /v1/incidents:batch``: reports as lines, each with its own result. Good lines are taken, whatever stands beside them."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from services.ingest import api_answers, api_document
from services.ingest.api_calling import calling
from services.ingest.api_document import BATCH, INCIDENTS, NDJSON
from services.ingest.api_requests import OnlyCheck, refuse_other_media_type
from services.ingest.handlers import MOST_IN_BATCH, Accept, Different, Intake, Repeated, received
from services.ingest.handlers_gather import Said, each
from services.ingest.keys import Caller, Keys
from shared.clock import Clock
from shared.errors import EncompassError, Refused
from shared.report.findings import ReportRefused
from shared.report.parse import BODY_BYTES_MAX
from shared.web.limits import Limits
from shared.web.problems import Problem, as_document, of_error

LINES_MAX = 1_000
BATCHES_EACH_MINUTE = 60
BATCHES_BURST = 60
"""For each key: a thousand reports a second, which no records system has to say."""
_DIFFERENT = (
    "This reference was sent before with another content, and that first report stands: nothing of this line was taken. "
    "To correct the report, PUT it to the address in location, with source_version, source_changed_at or If-Match."
)


class TooManyLines(Refused):
    """More lines than one batch may have. Nothing was taken."""

    code = "too-many-lines"
    http_status = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that is not blank, by its number from 1."""

    number: int
    body: bytes = field(repr=False)


def build(*, intake: Intake, keys: Keys, limits: Limits, clock: Clock) -> APIRouter:
    """The route."""
    router = APIRouter()
    known = calling(keys, limits, each_minute=BATCHES_EACH_MINUTE, burst=BATCHES_BURST)

    @router.post(
        BATCH,
        operation_id="sendIncidents",
        summary="Send many reports, one a line",
        response_class=Response,
        responses=api_document.BATCHED,
        openapi_extra=api_document.batch_body(),
    )
    async def post_batch(
        request: Request,
        caller: Annotated[Caller, Depends(known)],
        validate: OnlyCheck = None,
    ) -> Response:
        """Each line is a report as for a single one, and gets the status, and the receipt or the problem, that it would get alone.

        Blank lines are passed over. Lines are stored 500 at a time: where that fails, their results say 503, and they alone are to be sent
        again; sending all of it again does no harm. With `validate=only` good lines are answered with status 200 and their findings.
        """
        refuse_other_media_type(request, NDJSON)
        results: dict[int, dict[str, Any]] = {}
        good: list[tuple[int, Accept]] = []
        for line in await _lines(request):
            one = _read(line, caller, clock)
            if isinstance(one, Problem):
                results[line.number] = _refused(line.number, one)
            elif validate == "only":
                results[line.number] = {"line": line.number, "status": 200, **api_answers.check(one.findings).model_dump(mode="json")}
            else:
                results[line.number] = {}  # keeps its place
                good.append((line.number, one))
            await asyncio.sleep(0)  # reading a thousand reports takes a while: others go on meanwhile
        for start in range(0, len(good), MOST_IN_BATCH):
            part = good[start : start + MOST_IN_BATCH]
            said = await each(intake.accept, [one for _, one in part])
            results |= {number: _result(number, answer) for (number, _), answer in zip(part, said, strict=True)}
        return Response(b"".join(_encoded(list(results.values()))), media_type=NDJSON)

    return router


async def _lines(request: Request) -> list[Line]:
    """The lines that are not blank. Raises TooManyLines as soon as there are; how many bytes come is the frame's to count."""
    lines: list[Line] = []
    rest, number = b"", 0
    async for chunk in request.stream():
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[: BODY_BYTES_MAX + 1]  # too long for a report already: the rest of the line need not be kept
        for body in whole:
            number += 1
            _add(lines, number, body)
    _add(lines, number + 1, rest)
    return lines


def _add(lines: list[Line], number: int, body: bytes) -> None:
    if len(body) <= BODY_BYTES_MAX and not body.strip():
        return
    if len(lines) == LINES_MAX:
        raise TooManyLines(f"A batch has at most {LINES_MAX:,} lines. Nothing of it was taken.")
    lines.append(Line(number=number, body=body))


def _read(line: Line, caller: Caller, clock: Clock) -> Accept | Problem:
    try:
        return received(line.body, force=caller.force, key_id=caller.key_id, received_at=clock.now(), sandbox=caller.sandbox)
    except ReportRefused as refused:
        return of_error(refused)


def _result(number: int, said: Said) -> dict[str, Any]:
    """Raises whatever is no error of ours: that is a defect, and the whole request fails as it would anywhere."""
    if isinstance(said, EncompassError):
        return _refused(number, of_error(said))
    if isinstance(said, BaseException):
        raise said
    if isinstance(said, Different):
        problem = Problem(status=409, code="different-content", text=_DIFFERENT)
        return _refused(number, problem) | {"location": f"{INCIDENTS}/{said.incident_id}"}
    receipt = api_answers.receipt(said.receipt, repeated=isinstance(said, Repeated))
    location = f"{INCIDENTS}/{said.receipt.incident_id}"
    return {"line": number, "status": 202, "location": location, "receipt": receipt.model_dump(mode="json")}


def _refused(number: int, problem: Problem) -> dict[str, Any]:
    return {"line": number, "status": problem.status, "problem": as_document(problem)}


def _encoded(results: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    for result in results:
        yield json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
