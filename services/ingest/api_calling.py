"""Who calls: the dependency that every route for police systems stands behind.

A route whose body the framework reads is a ``known_first`` route as well: a framework parses a body before it asks who sent it.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from services.ingest.keys import Caller, Keys
from shared.web.access import template
from shared.web.limits import Limits, client

CALLS_EACH_MINUTE = 600
CALLS_BURST = 600
"""For each key and route, where the route does not say otherwise: a consumer that polls ten times a second is a runaway."""
REFUSALS_EACH_MINUTE = 30
REFUSALS_BURST = 60
"""For each address: wrong keys cost a look-up."""

Calling = Callable[..., Awaitable[Caller]]


def calling(keys: Keys, limits: Limits, *, each_minute: float = CALLS_EACH_MINUTE, burst: int = CALLS_BURST) -> Calling:
    """The dependency: whose key it is. HTTPException 401 without one that is valid, 429 for too many calls."""
    bearer = HTTPBearer(scheme_name="api-key", description="`<key id>.<secret>`, scoped to one force", auto_error=False)

    async def who(request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]) -> Caller:
        seen: Caller | None = getattr(request.state, "caller", None)
        if seen is not None:
            return seen
        caller = await keys.caller(request.headers.get("authorization", ""))
        if caller is None:
            limits.take("key refused", client(request), each_minute=REFUSALS_EACH_MINUTE, burst=REFUSALS_BURST)
            raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="encompass"'})
        limits.take(template(request.scope), caller.key_id, each_minute=each_minute, burst=burst)
        return caller

    return who


def known_first(who: Calling) -> type[APIRoute]:
    """A kind of route that asks ``who`` calls before a byte of the body is read, and once."""

    class KnownFirst(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def first(request: Request) -> Response:
                request.state.caller = await who(request, None)
                return await handle(request)

            return first

    return KnownFirst
