"""The web application of one process: the routes of the services named for it, inside the frame.

A request passes, from outside in:

    AccessLog        times it, logs its route's template
    SecurityHeaders  on every answer, errors and files too
    LastResort       whatever was not foreseen becomes a 500 of fixed text
    BodyLimit        413 before or while reading
    problems         refusals become problem+json, or a page
    the route        dependencies (limits, key or sign-in, form), then the handler

No documentation page is served: Swagger's would load scripts from elsewhere. ``/openapi.json`` describes the API's routes alone.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.types import Lifespan

from shared.web import assets, problems, sign_in
from shared.web.access import AccessLog
from shared.web.frame import Frame
from shared.web.headers import SecurityHeaders
from shared.web.problems import Answers, LastResort
from shared.web.sizes import BodyLimit

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "error_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["place", "pointer", "code", "text"],
                "properties": {name: {"type": "string"} for name in ("place", "pointer", "code", "text")},
            },
        },
    },
}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    range_: {"description": description, "content": {"application/problem+json": {"schema": PROBLEM_SCHEMA}}}
    for range_, description in (("4XX", "Refused; never quotes the request"), ("5XX", "Failed, or not available for now"))
}


def build_app(
    *,
    frame: Frame,
    version: str,
    api: Sequence[APIRouter] = (),
    pages: Sequence[APIRouter] = (),
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """The application: ``api`` routers are described in OpenAPI, ``pages`` are not.

    Run it with the server's own access log and ``Server`` header off.
    """
    answers = Answers(pages=frame.layout)
    app = FastAPI(
        title="Encompass",
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # its redirect would repeat the path in an absolute address made from the Host header
        telemetry={"tracing": False, "metrics": False, "logs": False},  # traces carry paths and exceptions (design rule 7.1)
        middleware=[
            Middleware(AccessLog, clock=frame.clock),
            Middleware(SecurityHeaders, https=frame.https),
            Middleware(LastResort, answers=answers),
            Middleware(BodyLimit, answers=answers),
        ],
    )
    problems.install(app, answers)
    for router in api:
        app.include_router(router, responses=PROBLEM_RESPONSES)
    for router in (assets.build(frame.assets), sign_in.build(frame), *pages):
        app.include_router(router, include_in_schema=False)
    return app
