"""Who may pass: the dependency that every staff route stands behind (design rule 7.6)."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request

from shared.clock import Clock
from shared.db import Database
from shared.errors import NotAllowed
from shared.web import sessions
from shared.web.cookies import SESSION, Cookies
from shared.web.sessions import Role, Session


class Gate:
    """Reads the session behind a request's cookie, in a short reading of its own that is closed before the handler begins."""

    def __init__(self, *, database: Database, clock: Clock, cookies: Cookies) -> None:
        self._database = database
        self._clock = clock
        self._cookies = cookies

    def require(self, *roles: Role) -> Callable[[Request], Awaitable[Session]]:
        """A dependency giving the ``Session`` of someone in one of ``roles`` (none named: in any).

        Raises HTTPException 401 for someone not signed in, NotAllowed (403) for another role.
        """
        allowed = frozenset(roles or Role)

        async def signed_in(request: Request) -> Session:
            session = await self.session(request)
            if session is None:
                raise HTTPException(401)
            if session.role not in allowed:
                raise NotAllowed("This sign-in has another role.")
            return session

        return signed_in

    async def session(self, request: Request) -> Session | None:
        """The request's session, None when not signed in."""
        token = self._cookies.read(request, SESSION)
        if token is None:
            return None
        async with self._database.reading() as reading:
            return await sessions.session(reading, token, self._clock.real())
