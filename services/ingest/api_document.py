"""What the OpenAPI document says of ingest's routes: bodies, headers, links between answers, and every status with its media type."""

from typing import Any

from services.ingest.api_answers import EXAMPLE_REPORT, report_schema
from services.ingest.domain.withdrawal import REASONS

INCIDENTS = "/v1/incidents"
ONE = INCIDENTS + "/{incident_id}"
BATCH = INCIDENTS + ":batch"
WITHDRAWAL = ONE + "/withdrawal"
NDJSON = "application/x-ndjson"

Documented = dict[int | str, dict[str, Any]]

_TEXT = {"type": "string"}
_POINTED = {
    "type": "object",
    "required": ["place", "pointer", "code", "text"],
    "properties": {"place": _TEXT, "pointer": _TEXT, "code": _TEXT, "text": _TEXT},
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. Nothing of the request is ever in it.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": _TEXT,
        "errors": {"type": "array", "items": _POINTED, "description": "Where and why, as JSON pointers"},
        "error_id": {"type": "string", "description": "What our log calls it"},
    },
}
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {"schema": PROBLEM_SCHEMA}}}
_RETRY = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
_LOCATION = {"Location": {"description": "The incident's own address", "schema": _TEXT}}
_ETAG = {"ETag": {"description": "The incident's version in quotes, for If-Match", "schema": _TEXT}}
_LINKS = {
    name: {"operationId": operation, "parameters": {"incident_id": "$response.body#/incident_id"}}
    for name, operation in (("read", "readIncident"), ("correct", "correctIncident"), ("withdraw", "withdrawIncident"))
}

ETAG_FORM = r'^(?:\*|"[1-9][0-9]{0,8}")$'
IF_MATCH = "The entity tag of the version that this is for, or `*`. Another version is answered with 412."

TAKEN: dict[str, Any] = {"headers": {**_LOCATION, **_ETAG}, "links": _LINKS}
"""Beside the receipt of a version."""
SHOWN: dict[str, Any] = {"headers": _ETAG, "links": {name: link for name, link in _LINKS.items() if name != "read"}}

EVERYWHERE: Documented = {
    401: {"description": "No key, or not a valid one", **_PROBLEM},
    429: {"description": "Too many calls", "headers": _RETRY, **_PROBLEM},
    503: {"description": "Nothing was taken; send it again later", "headers": _RETRY, **_PROBLEM},
    "default": {"description": "Anything else that went wrong", **_PROBLEM},
}
_BODY: Documented = {
    400: {"description": "The body, or a header, cannot be read", **_PROBLEM},
    413: {"description": "The body is too large", **_PROBLEM},
    415: {"description": "Not the media type that is asked for, not UTF-8, or compressed", **_PROBLEM},
    422: {"description": "It cannot be taken: `errors` says where and why, without quoting", **_PROBLEM},
}
_UNSEEN: Documented = {404: {"description": "There is no such incident, or it is another force's", **_PROBLEM}}
_CONDITION: Documented = {
    410: {"description": "The report has been erased", **_PROBLEM},
    412: {"description": "If-Match names another version; ETag says which one is here", "headers": _ETAG, **_PROBLEM},
}

POST: Documented = {
    **EVERYWHERE,
    **_BODY,
    409: {
        "description": "The same identity with another content; the first report stands",
        "headers": {"Link": {"description": "The incident, to be corrected by PUT", "schema": _TEXT}},
        **_PROBLEM,
    },
}
GET: Documented = {**EVERYWHERE, **_UNSEEN}
PUT: Documented = {
    **EVERYWHERE,
    **_BODY,
    **_UNSEEN,
    **_CONDITION,
    409: {"description": "Another content under the same stamp, or a stamp that cannot be compared", **_PROBLEM},
    428: {"description": "Neither a stamp in the report nor If-Match", **_PROBLEM},
}
WITHDRAW: Documented = {**EVERYWHERE, **_BODY, **_UNSEEN, **_CONDITION}
BATCHED: Documented = {
    **EVERYWHERE,
    **_BODY,
    200: {
        "description": "One line for each line that was not blank, in order",
        "content": {
            NDJSON: {
                "schema": _TEXT,
                "example": '{"line":1,"status":202,"location":"/v1/incidents/…","receipt":{…}}\n{"line":2,"status":422,"problem":{…}}\n',
            }
        },
    },
}

_REASON = {"type": "string", "enum": list(REASONS), "description": "; ".join(f"`{code}`: {text}" for code, text in REASONS.items())}


def report_body(**stamp: int) -> dict[str, Any]:
    """A report, as the body of a request; ``stamp`` is what its example says of its version."""
    example = {"summary": "A child who heard it", "value": {**EXAMPLE_REPORT, **stamp}}
    return _body(
        "At most 256 kB, 30 children and 20 adults.", "application/json", {"schema": report_schema(), "examples": {"report": example}}
    )


def batch_body() -> dict[str, Any]:
    """Reports, one a line."""
    return _body("A report on each line: at most 1,000 of them, and 16 MB.", NDJSON, {"schema": _TEXT})


def withdrawal_body() -> dict[str, Any]:
    """Why a report is taken back."""
    schema = {"type": "object", "required": ["reason"], "additionalProperties": False, "properties": {"reason": _REASON}}
    return _body("A code of the list.", "application/json", {"schema": schema, "example": {"reason": "recorded-in-error"}})


def _body(description: str, media_type: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "description": description, "content": {media_type: content}}}
