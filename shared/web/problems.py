"""Every refusal and every failure as an answer: RFC 9457 ``problem+json`` on the API, a page elsewhere.

Nothing of the request is ever in the answer (design rule 7.1): a problem is a status, a code and fixed text, and for a body that does
not fit its schema also pointers to fields. An unexpected failure is logged by its class and place, without its message, and answered
with an id that both share.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Conflict, EncompassError, Misuse, NotAllowed, NotFound, Refused, Unavailable
from shared.ids import new_id
from shared.log import logger
from shared.report.findings import ReportRefused
from shared.web.access import template

#: Which error is which status: the first class that fits. Whatever is not here is a defect of ours: 500.
STATUS: tuple[tuple[type[EncompassError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (NotAllowed, 403),
    (Refused, 422),
    (Unavailable, 503),
)

#: Code and title of each status that has no better one.
BY_STATUS: dict[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read."),
    401: ("not-signed-in", "This needs a valid key or sign-in."),
    403: ("not-allowed", "This is not allowed."),
    404: ("not-found", "There is nothing here, or it is not yours."),
    405: ("method-not-allowed", "This address does not take that method."),
    409: ("conflict", "This was sent before with another content."),
    413: ("too-large", "The body is too large."),
    415: ("media-type-not-supported", "The body has a media type that is not taken here."),
    422: ("refused", "The content cannot be taken as it is."),
    429: ("too-many-requests", "Too many requests. Try again later."),
    500: ("failed", "Something failed on our side. It has been recorded."),
    503: ("unavailable", "Not available for now. Try again later."),
}
#: Of a report's problems (``shared.report.findings``), those that mean that nothing of it could be read.
UNREADABLE = {"too-large": 413, "not-utf-8": 400, "not-json": 400}
RETRY_AFTER_SECONDS = 10
MOST_FIELDS = 100
API_PATHS = ("/v1", "/openapi.json", "/healthz", "/readyz", "/metrics")

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """One field's fault: ``pointer`` is a JSON Pointer (RFC 6901) into the body, or into query, path or header by ``place``."""

    place: str
    pointer: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One answer that is not the wanted one. ``code`` and ``text`` default to those of the status."""

    status: int
    code: str = ""
    text: str = ""
    errors: Sequence[Pointed] = ()
    error_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> tuple[str, str]:
        """Code and text, with the status's own where none was given."""
        code, text = BY_STATUS.get(self.status, ("refused", "The request cannot be answered."))
        return self.code or code, self.text or text


class ErrorPages(Protocol):
    """Renders a problem for a person (``shared.web.layout``)."""

    def error(self, problem: Problem) -> Response: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Writes a problem in the reader's language: JSON below the API's paths, a page elsewhere."""

    pages: ErrorPages

    def answer(self, path: str, problem: Problem) -> Response:
        return as_json(problem) if is_api(path) else self.pages.error(problem)


def is_api(path: str) -> bool:
    """Whether a program, and not a person, reads what is at ``path``."""
    return any(path == known or path.startswith(known + "/") for known in API_PATHS)


def as_document(problem: Problem) -> dict[str, Any]:
    """RFC 9457. ``code``, ``errors`` and ``error_id`` are our extensions."""
    code, text = problem.named
    body: dict[str, Any] = {"type": f"urn:encompass:problem:{code}", "title": text, "status": problem.status, "code": code}
    if problem.errors:
        body["errors"] = [asdict(error) for error in problem.errors]
    if problem.error_id:
        body["error_id"] = problem.error_id
    return body


def as_json(problem: Problem) -> Response:
    """The answer that carries the document."""
    return JSONResponse(as_document(problem), problem.status, dict(problem.headers), media_type="application/problem+json")


def of_error(error: EncompassError) -> Problem:
    """The problem for an error of ours. A refusal says its own fixed text; a failure says nothing of itself."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    seconds = getattr(error, "retry_after_seconds", RETRY_AFTER_SECONDS if status == 503 else None)
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    if isinstance(error, ReportRefused):
        return _of_report(error)
    if not isinstance(error, Refused):
        return Problem(status=status, headers=headers)
    return Problem(status=getattr(error, "http_status", status), code=error.code, text=error.text, headers=headers)


def _of_report(error: ReportRefused) -> Problem:
    errors = [Pointed(place="body", pointer=fault.pointer, code=fault.code, text=fault.text) for fault in error.problems]
    status = next((UNREADABLE[fault.code] for fault in error.problems if fault.code in UNREADABLE), 422)
    return Problem(status=status, code=error.code, text="The body is not a report that can be taken.", errors=errors)


def of_validation(errors: Iterable[Mapping[str, Any]], known: frozenset[str]) -> Problem:
    """The problem for a request that does not fit its schema: 400 when it is no JSON, else 422 with at most 100 pointers.

    ``known`` are the schema's own field names. A pointer stops before any other word: that word came from the request.
    """
    listed = list(errors)
    if any(error["type"] == "json_invalid" for error in listed):
        return Problem(status=400, text="The body is not JSON.")
    return Problem(status=422, errors=[_pointed(error, known) for error in listed[:MOST_FIELDS]])


def _pointed(error: Mapping[str, Any], known: frozenset[str]) -> Pointed:
    place, *parts = error["loc"]
    steps: list[str] = []
    for part in parts:
        if not isinstance(part, int) and part not in known:
            break
        steps.append(str(part).replace("~", "~0").replace("/", "~1"))
    code = str(error["type"])
    return Pointed(place=str(place), pointer="".join(f"/{step}" for step in steps), code=code, text=_text(code))


def _text(code: str) -> str:
    """Fixed text for a kind of fault; the validator's own text may quote the value."""
    if code == "missing":
        return "This is required."
    if code == "extra_forbidden":
        return "There is a field here that is not part of the schema."
    if code.endswith(("too_long", "too_short", "_than", "_than_equal")):
        return "This is outside the allowed size or range."
    if code.endswith("_type"):
        return "This has the wrong type."
    return "This is not a valid value."


def install(app: FastAPI, answers: Answers) -> None:
    """Make ``app`` answer its errors through ``answers``."""
    names: list[frozenset[str]] = []

    def known() -> frozenset[str]:
        if not names:
            names.append(field_names(app.openapi()))
        return names[0]

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, EncompassError)
        problem = of_error(error)
        if problem.status >= 500:
            problem = _recorded(request.scope, error, problem)
        return answers.answer(request.url.path, problem)

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # its detail may be a library's; the status says enough
        return answers.answer(request.url.path, Problem(status=error.status_code, headers=error.headers or {}))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answers.answer(request.url.path, of_validation(error.errors(), known()))

    app.add_exception_handler(EncompassError, ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, invalid)


def field_names(schema: Any) -> frozenset[str]:
    """Every property and parameter name that an OpenAPI document defines."""
    found: set[str] = set()
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        found.update(properties if isinstance(properties, Mapping) else ())
        if "in" in schema and isinstance(schema.get("name"), str):
            found.add(schema["name"])
        schema = list(schema.values())
    if isinstance(schema, list):
        found.update(*map(field_names, schema))
    return frozenset(found)


class LastResort:
    """Where an unexpected failure of a request ends: logged by class and place, answered with fixed text."""

    def __init__(self, app: ASGIApp, *, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
            return
        except ClientDisconnect:
            return  # nobody is there to answer
        except Exception as error:
            problem = _recorded(scope, error, Problem(status=500))
        # Out of the handler, so that nothing that follows carries the failure along.
        if started:
            raise Misuse("an answer broke off")  # the server closes the connection: nobody takes the half for the whole
        await self._answers.answer(scope["path"], problem)(scope, receive, send)


def _recorded(scope: Scope, error: Exception, problem: Problem) -> Problem:
    error_id = new_id()
    log.error(
        "http.failed",
        error=type(error).__name__,
        place=place(error.__traceback__),
        route=template(scope),
        status=problem.status,
        error_id=error_id,
    )
    return Problem(status=problem.status, error_id=error_id, headers=problem.headers)


def place(traceback: TracebackType | None, ours: Callable[[str], bool] = lambda name: name.startswith(("services.", "shared."))) -> str:
    """The deepest frame of our own code that the error passed: ``module:function:line``, without locals."""
    deepest = "-"
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if ours(module) and module != __name__:
            deepest = f"{module}:{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return deepest
