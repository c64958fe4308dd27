"""A small application inside the real frame, and ways to speak to it."""

import contextlib
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from jinja2 import DictLoader
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.errors import Conflict, DatabaseRefused, DatabaseUnavailable, EncompassError, Misuse, NotAllowed, NotFound, Refused
from shared.report.findings import ReportRefused, problem
from shared.service import Parts
from shared.web import forms
from shared.web.app import build_app
from shared.web.cookies import SIGN_IN
from shared.web.forms import Fault, Form
from shared.web.frame import Frame, frame
from shared.web.layout import Navigation
from shared.web.sessions import Role, Session

HTTPS = "https://messages.example"
SECRET = "Seeded Q. Namesake"
"""Stands for whatever a request may bring that no answer may carry."""

TEMPLATES = {
    "visit.html": """{% extends "page.html" %}
{% from "govuk_frontend_jinja/components/button/macro.html" import govukButton %}
{% from "govuk_frontend_jinja/components/input/macro.html" import govukInput %}
{% from "govuk_frontend_jinja/components/back-link/macro.html" import govukBackLink %}
{% from "forms.html" import form %}
{% block title %}Message for Testwood Primary{% endblock %}
{% block before_content %}{{ govukBackLink({"text": "Back", "href": "/visit"}) }}{% endblock %}
{% block content %}
<h1 class="govuk-heading-l">Message for Testwood Primary</h1>
<p class="govuk-body">Please read it before {{ at|when }}.</p>
{% call form("/visit", csrf) %}
{{ govukInput({"id": "code", "name": "code", "label": {"text": "Code"}, "errorMessage": message(errors, "code"),
               "classes": "govuk-input--width-10"}) }}
{{ govukButton({"text": "Continue"}) }}
{% endcall %}
{% endblock %}
""",
    "gap.html": '{% extends "page.html" %}{% block title %}x{% endblock %}{% block content %}{{ not_given }}{% endblock %}',
    "reviews.html": """{% extends "staff.html" %}
{% block title %}Reviews{% endblock %}
{% block content %}<h1 class="govuk-heading-l">Reviews</h1><p class="govuk-body">Nothing waits for you.</p>{% endblock %}
""",
}
NAVIGATION = (
    Navigation(text="Reviews", href="/reviews", roles=frozenset({Role.REVIEWER, Role.COORDINATOR})),
    Navigation(text="Delivery", href="/delivery", roles=frozenset({Role.COORDINATOR, Role.OPERATOR})),
    Navigation(text="Directory", href="/directory", roles=frozenset(Role)),
)
FAILURES: dict[str, Exception] = {
    "refused": Refused("It cannot be taken."),
    "not-found": NotFound("There is none."),
    "conflict": Conflict("Sent before with another content: use PUT."),
    "not-allowed": NotAllowed("Not yours."),
    "report": ReportRefused((problem("missing", "children"),)),
    "report-unreadable": ReportRefused((problem("not-json"),)),
    "unavailable": DatabaseUnavailable("the database cannot be reached"),
    "constraint": DatabaseRefused("23505", f"constraint {SECRET}"),
    "misuse": Misuse(f"quotes {SECRET}"),
    "bare": EncompassError(f"quotes {SECRET}"),
    "unforeseen": ValueError(f"quotes {SECRET}"),
}


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    age: int
    notes: dict[str, int] = {}


def tiny_app(frame: Frame) -> FastAPI:
    """Every kind of route that a service has, and every way to fail."""
    return build_app(frame=frame, version="0", api=[_api(frame)], pages=[_pages(frame)])


def _api(frame: Frame) -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.post("/incidents", status_code=202)
    async def incidents(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.post("/people")
    async def people(person: Person) -> dict[str, str]:
        return {"taken": "yes"}

    @router.get("/people/{number}")
    async def one(number: int) -> dict[str, int]:
        return {"number": number}

    @router.get("/limited", dependencies=[Depends(frame.limits.by_address(each_minute=60, burst=2))])
    async def limited() -> dict[str, str]:
        return {"answered": "yes"}

    @router.get("/failures/{kind}")
    async def fails(kind: str) -> None:
        raise FAILURES[kind]

    inner = APIRouter()

    @inner.get("/{number}")
    async def nested(number: int) -> dict[str, int]:
        return {"number": number}

    router.include_router(inner, prefix="/nested")
    return router


def _pages(frame: Frame) -> APIRouter:
    router = APIRouter()

    @router.get("/failures/{kind}")
    async def fails(kind: str) -> None:
        raise FAILURES[kind]

    @router.get("/gap")
    async def gap() -> Response:
        return frame.layout.public("gap.html")

    @router.get("/visit")
    async def visit(request: Request, error: bool = False) -> Response:
        faults = [Fault(name="code", text="Enter the code from the text message")] if error else []
        return _visit(frame, request, faults)

    @router.post("/visit")
    async def send(request: Request, form: Annotated[Form, Depends(frame.forms.posted(SIGN_IN))]) -> Response:
        return _visit(frame, request, [] if form.get("code") == "123456" else [Fault(name="code", text="Enter the code")])

    @router.get("/reviews")
    async def reviews(request: Request, session: Annotated[Session, Depends(frame.gate.require(Role.REVIEWER))]) -> Response:
        return frame.layout.staff(request, session, "reviews.html")

    return router


def _visit(frame: Frame, request: Request, faults: list[Fault]) -> Response:
    token = frame.cookies.read(request, SIGN_IN) or ""
    return frame.layout.public("visit.html", csrf=forms.token(token), errors=faults, at=frame.clock.now())


def tiny_frame(database: Database | None = None, clock: Clock | None = None, *, public_url: str = HTTPS, demo: bool = False) -> Frame:
    """The frame around it. Without ``database`` there is one that nothing may ask."""
    clock = clock or SystemClock()
    nowhere = Path(__file__).parent / "no-such-folder" / "no.db"
    return frame(
        public_url=public_url,
        demo=demo,
        database=database or Database.at(f"sqlite+aiosqlite:///{nowhere}", clock),
        clock=clock,
        templates=[DictLoader(TEMPLATES)],
        navigation=NAVIGATION,
    )


def browser_like(app: FastAPI, base_url: str = HTTPS) -> httpx.AsyncClient:
    """A client that keeps cookies and follows no redirect by itself; an exception out of the application is a failed test."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base_url)


def hidden_token(page: httpx.Response) -> str:
    """The form token on a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found, "the page has no form of ours"
    return found[1]


async def in_pieces(size: int, pieces: int) -> AsyncIterator[bytes]:
    """A body without Content-Length."""
    for _ in range(pieces):
        yield b"x" * (size // pieces)


class _Telling(uvicorn.Server):
    """Says when it listens, and at its end lets go of the database in the loop that used it."""

    def __init__(self, config: uvicorn.Config, database: Database | None) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._database = database

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        await super().shutdown(sockets)
        if self._database is not None:
            await self._database.close()


def at_rest(parts: Parts) -> Callable[[], contextlib.AbstractAsyncContextManager[None]]:
    """For ``composition.application(running=…)``: no loop moves, and the database is let go of in the loop that used it."""

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[None]:
        yield
        await parts.database.close()

    return running


@contextlib.contextmanager
def served(app: FastAPI, *, lifespan: Literal["on", "off"] = "off", database: Database | None = None) -> Iterator[str]:
    """``app`` on a free port of this machine, by the real server; gives its address. ``database`` is closed behind it."""
    config = uvicorn.Config(app, port=0, lifespan=lifespan, access_log=False, server_header=False, log_config=None)
    server = _Telling(config, database)
    socket = server.config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    assert server.up.wait(timeout=10), "the server did not start"
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        socket.close()


def header_names(answer: httpx.Response) -> set[str]:
    """Lower-case names."""
    return {name.lower() for name in answer.headers}


def events(logged: list[Any], event: str) -> list[dict[str, Any]]:
    """The captured log events of that name."""
    return [entry for entry in logged if entry["event"] == event]
