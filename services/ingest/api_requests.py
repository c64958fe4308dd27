"""Reading what a request brings beside its report: media type, precondition, a withdrawal's reason. Nothing is quoted back."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic.json_schema import SkipJsonSchema

from services.ingest.domain.precondition import Expected, expected
from services.ingest.domain.withdrawal import REASONS
from shared.errors import Refused
from shared.report.findings import ReportRefused
from shared.report.parse import parse
from shared.web.problems import Pointed, Problem, of_error

OnlyCheck = Annotated[
    Literal["only"] | SkipJsonSchema[None],
    Query(description="`only`: all is read and advised on as ever, and nothing is stored. What would be taken is answered with 200."),
]
_NOT_A_REASON = "This must be one of the codes that the API's document lists."


class MediaTypeRefused(Refused):
    """Not the media type that is asked for, or compressed."""

    code = "media-type-not-supported"
    http_status = 415


class Malformed(Refused):
    """A header that cannot be read."""

    code = "malformed"
    http_status = 400


def refuse_other_media_type(request: Request, wanted: str) -> None:
    """Only ``wanted`` in UTF-8, not compressed: a small body may unpack to a huge one. Raises MediaTypeRefused."""
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if media_type.strip() != wanted or parameters.strip().replace('"', "") not in ("", "charset=utf-8"):
        raise MediaTypeRefused(f"The body must be {wanted} in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeRefused("The body must not be compressed.")


def refuse_trying_out(request: Request) -> None:
    """What changes a report is never tried out: whoever asks for that must not have it stored all the same. Raises Malformed."""
    if "validate" in request.query_params:
        raise Malformed("Only new reports can be checked with validate=only. Nothing of this was taken.")


def precondition(if_match: str | None) -> Expected | None:
    """The versions that the request is meant for; None when it does not say. Raises Malformed."""
    if if_match is None:
        return None
    said = expected(if_match)
    if said is None:
        raise Malformed('If-Match must be * or entity tags such as "3", quotes included.')
    return said


def reason(body: bytes) -> str | Problem:
    """The reason of a withdrawal, or what is wrong with the body."""
    try:
        document = parse(body)
    except ReportRefused as refused:
        return replace(of_error(refused), code="refused", text="The body is not a withdrawal that can be taken.")
    said = document.get("reason")
    errors = [] if isinstance(said, str) and said in REASONS else [("/reason", "unrecognised-value", _NOT_A_REASON)]
    errors += [("/*", "unrecognised-field", "A withdrawal has no other field than its reason.")] if document.keys() - {"reason"} else []
    if not errors:
        return str(said)
    pointed = [Pointed(place="body", pointer=pointer, code=code, text=text) for pointer, code, text in errors]
    return Problem(status=422, code="refused", text="The body is not a withdrawal that can be taken.", errors=pointed)
