"""How large a request's body may be: what it says it is, and what really arrives (design rule 7.11)."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.report.parse import BODY_BYTES_MAX
from shared.web.problems import Answers, Problem

BATCH_BYTES_MAX = 16 * 1024 * 1024
LIST_BYTES_MAX = 1024 * 1024

#: Bytes. A report is at most 256 kB, one typed by hand as well, a batch of them 16 MB, a control list 1 MB; everything else is a form or a
#: small body.
LARGER = (
    ("/reports/new", BODY_BYTES_MAX),
    ("/v1/incidents", BODY_BYTES_MAX),
    ("/v1/incidents:batch", BATCH_BYTES_MAX),
    ("/v1/control-lists", LIST_BYTES_MAX),
)
OTHERWISE = 64 * 1024


def limit(path: str) -> int:
    """The most bytes that a body sent to ``path`` may have."""
    return next((most for prefix, most in LARGER if path == prefix or path.startswith(prefix + "/")), OTHERWISE)


class BodyLimit:
    """Answers 413 before reading when Content-Length already says too much, and as soon as a stream has brought too much."""

    def __init__(self, app: ASGIApp, *, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = limit(scope["path"])
        if _declared(scope) > most:
            # The rest of the body is not wanted: closing is cheaper than reading it.
            too_large = Problem(status=413, headers={"Connection": "close"})
            await self._answers.answer(scope["path"], too_large)(scope, receive, send)
            return
        arrived = 0

        async def receiving() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > most:
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        await self._app(scope, receiving, send)


def _declared(scope: Scope) -> int:
    """Content-Length, 0 when there is none or it is no number (then the count of what arrives decides)."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(value[:16]) if value.isdigit() else 0  # sixteen digits are too much already; thousands would be slow to read
