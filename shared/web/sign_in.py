"""Signing in with a one-time link, and out again.

    GET  /sign-in/TOKEN   moves the token from the address into a short-lived cookie and redirects; looks nothing up, uses nothing up
    GET  /sign-in         shows a button
    POST /sign-in         redeems the link, once, and opens the session
    POST /sign-out        ends it

Mail scanners open links and run scripts, so no GET or HEAD consumes anything (D4). Until someone is signed in the pages are neutral.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from shared.errors import NotFound
from shared.web import forms, sessions
from shared.web.cookies import SESSION, SIGN_IN, is_token
from shared.web.forms import Form
from shared.web.frame import Frame
from shared.web.sessions import Session

READ = ["GET", "HEAD"]
HOME = "/"


def build(frame: Frame) -> APIRouter:
    """The routes of sign-in, sign-out and the staff's first page."""
    router = APIRouter()
    _signing_in(router, frame)
    _signed_in(router, frame)
    return router


def _signing_in(router: APIRouter, frame: Frame) -> None:
    layout, cookies = frame.layout, frame.cookies
    limited = Depends(frame.limits.by_address(each_minute=30, burst=30))

    @router.api_route("/sign-in/{token}", methods=READ, dependencies=[limited])
    async def arrive(token: str) -> Response:
        if not is_token(token):
            raise NotFound("There is no such link.")
        moved = RedirectResponse("/sign-in", 303)
        cookies.write(moved, SIGN_IN, token)
        return moved

    @router.api_route("/sign-in", methods=READ)
    async def ask(request: Request) -> Response:
        token = cookies.read(request, SIGN_IN)
        if token is None:
            return layout.public("sign-in-needed.html", status=401, used=False)
        return layout.public("sign-in.html", csrf=forms.token(token))

    @router.post("/sign-in", dependencies=[limited])
    async def sign_in(request: Request, _form: Annotated[Form, Depends(frame.forms.posted(SIGN_IN))]) -> Response:
        session_token = await _redeemed(frame, cookies.read(request, SIGN_IN) or "", cookies.read(request, SESSION))
        if session_token is None:
            answer: Response = layout.public("sign-in-needed.html", status=401, used=True)
        else:
            answer = RedirectResponse(HOME, 303)
            cookies.write(answer, SESSION, session_token)
        cookies.clear(answer, SIGN_IN)
        return answer


async def _redeemed(frame: Frame, token: str, earlier: str | None) -> str | None:
    """The new session's token; None when the link is no good. A browser has one session: the ``earlier`` one ends."""
    now = frame.clock.real()
    async with frame.database.transaction() as tx:
        redeemed = await sessions.redeem(tx, token, now)
        if redeemed is None:
            return None
        if earlier is not None:
            await sessions.end(tx, earlier, now)
        return redeemed[0]


def _signed_in(router: APIRouter, frame: Frame) -> None:
    layout, cookies = frame.layout, frame.cookies

    @router.post("/sign-out")
    async def sign_out(request: Request, _form: Annotated[Form, Depends(frame.forms.posted(SESSION))]) -> Response:
        async with frame.database.transaction() as tx:
            await sessions.end(tx, cookies.read(request, SESSION) or "", frame.clock.real())
        left = RedirectResponse("/signed-out", 303)
        cookies.clear(left, SESSION)
        return left

    @router.api_route("/signed-out", methods=READ)
    async def signed_out() -> Response:
        return layout.public("signed-out.html")

    @router.api_route(HOME, methods=READ)
    async def home(request: Request, session: Annotated[Session, Depends(frame.gate.require())]) -> Response:
        return layout.staff(request, session, "home.html", entries=layout.entries(session.role))
