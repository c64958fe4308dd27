"""Our access log: one ``http.answered`` for each request, with the route's template and never its path, query or headers.

The server's own access log stays off (design rule 7.1): it writes addresses, and addresses carry tokens.
"""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import Clock
from shared.log import logger

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "-"

log = logger(__name__)


class AccessLog:
    """Times each request by the monotonic clock and logs it when its answer is out, or broke off (status 0)."""

    def __init__(self, app: ASGIApp, *, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        started = self._clock.monotonic()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            log.info(
                "http.answered",
                method=scope["method"] if scope["method"] in METHODS else "other",
                route=template(scope),
                status=status,
                milliseconds=round((self._clock.monotonic() - started) * 1000),
            )


def template(scope: Scope) -> str:
    """The matched route as it is written in the code, prefix included; ``-`` when no route matched."""
    # An included router's route knows its own part only; FastAPI keeps the whole beside it in the scope.
    included: Any = scope.get("fastapi", {}).get("effective_route_context")
    return str(getattr(included or scope.get("route"), "path_format", NO_ROUTE))
