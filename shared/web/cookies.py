"""Cookies: what the browser keeps, and how tightly.

Always HttpOnly, on the path ``/``, without a domain. Under https also Secure and named ``__Host-…``, so that neither a neighbour
subdomain nor plain http can plant one. *Lax* is for what an arriving link sets: a browser does not send a Strict cookie along the
redirect that follows a click in a message. *Strict* is for what a form of ours set: nothing from elsewhere arrives signed in.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One kind of cookie. Its value is always a token of ``shared.ids``; names say nothing of what it is for."""

    name: str
    lifetime: timedelta
    same_site: Literal["lax", "strict"]


#: The sign-in link's token between the address and the button.
SIGN_IN = Cookie(name="sign-in", lifetime=timedelta(minutes=15), same_site="lax")
#: A signed-in person's session. The row decides when it ends; the cookie only stops being sent.
SESSION = Cookie(name="session", lifetime=timedelta(hours=10), same_site="strict")


class Cookies:
    """Reads and writes cookies for one deployment: ``https`` is whether its public address is."""

    def __init__(self, *, https: bool) -> None:
        self._https = https

    def read(self, request: Request, cookie: Cookie) -> str | None:
        """The cookie's token; None when absent or not of a token's shape."""
        value = request.cookies.get(self._name(cookie), "")
        return value if is_token(value) else None

    def write(self, response: Response, cookie: Cookie, token: str) -> None:
        """Give ``token`` to the browser."""
        seconds = int(cookie.lifetime.total_seconds())
        response.set_cookie(self._name(cookie), token, max_age=seconds, secure=self._https, httponly=True, samesite=cookie.same_site)

    def clear(self, response: Response, cookie: Cookie) -> None:
        """Take it away again."""
        response.delete_cookie(self._name(cookie), secure=self._https, httponly=True, samesite=cookie.same_site)

    def _name(self, cookie: Cookie) -> str:
        return f"__Host-{cookie.name}" if self._https else cookie.name


def is_token(value: str) -> bool:
    """Whether ``value`` has the shape of a token, so that it is worth a look into the database."""
    return _TOKEN.fullmatch(value) is not None
