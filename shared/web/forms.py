"""Forms: a POST of ours is checked before its handler runs, and its faults are shown as GOV.UK does.

Against forged requests, three things that each suffice: the browser's own word where a request comes from (Sec-Fetch-Site, Origin), a
hidden token bound to the cookie that the form was shown under, and the cookie's SameSite. The token is an HMAC keyed by the cookie's
256 random bits: without the cookie nobody can make it, and the server keeps nothing. Our pages send no referrer, so browsers
send ``Origin: null`` with their forms; that alone is therefore no fault.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from shared.errors import NotAllowed
from shared.web.cookies import Cookie, Cookies

FIELD = "csrf"
MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 300


class StaleForm(NotAllowed):
    """The form's token is missing or belongs to another visit."""

    code = "form-out-of-date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What was posted, checked. Values are stripped text without NUL; they may be personal data and so are in no repr."""

    values: Mapping[str, Sequence[str]] = field(repr=False)

    def get(self, name: str) -> str:
        """The first value of ``name``; empty when there is none."""
        return next(iter(self.values.get(name, ())), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of ``name``, as checkboxes send them."""
        return tuple(self.values.get(name, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one field, in fixed words. ``name`` is the id of the field on the page."""

    name: str
    text: str


class Forms:
    """Makes the dependency that a POST handler takes its form from; ``public_url`` is where our pages are."""

    def __init__(self, *, public_url: str, cookies: Cookies) -> None:
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._cookies = cookies

    def posted(self, cookie: Cookie) -> Callable[[Request], Awaitable[Form]]:
        """A dependency giving the checked ``Form`` that was shown under ``cookie``.

        Raises StaleForm (403) for a form of another visit or from elsewhere, and HTTPException 400 or 415 for a body that is no form.
        """

        async def checked(request: Request) -> Form:
            if _from_elsewhere(request, self._origin):
                raise StaleForm("The form came from another site.")
            form = await _read(request)
            secret = self._cookies.read(request, cookie)
            if secret is None or not hmac.compare_digest(token(secret).encode(), form.get(FIELD).encode()):
                raise StaleForm("The form is out of date.")
            return form

        return checked


def token(secret: str) -> str:
    """The hidden token of every form shown under the cookie whose value is ``secret``."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def summary(faults: Sequence[Fault]) -> list[dict[str, str]]:
    """``faults`` as the error list of GOV.UK's error summary."""
    return [{"text": fault.text, "href": f"#{fault.name}"} for fault in faults]


def message(faults: Sequence[Fault], name: str) -> dict[str, str] | None:
    """The ``errorMessage`` of the GOV.UK component of field ``name``; None when nothing is wrong with it."""
    return next(({"text": fault.text} for fault in faults if fault.name == name), None)


def _from_elsewhere(request: Request, origin: str) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")  # none: the person herself, for instance by reloading
    return request.headers.get("origin", "null") not in ("null", origin)


async def _read(request: Request) -> Form:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise HTTPException(415)
    body = await request.body()
    try:
        values = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    if any("\0" in text for name, given in values.items() for text in (name, *given)):
        raise HTTPException(400)  # PostgreSQL keeps no NUL in text, and no person types one
    return Form(values={name: tuple(text.strip() for text in given) for name, given in values.items()})
