"""How every page of the demonstration is shown: with a cookie for its forms, which the first look gives."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.demo.room import DEMO, Room
from shared.ids import new_token
from shared.web import forms

READ = ["GET", "HEAD"]
PLACES = (
    ("/demo", "Start"),
    ("/demo/police", "Police"),
    ("/demo/mailbox", "Mailbox"),
    ("/demo/phone", "Phone"),
    ("/demo/clock", "Clock"),
)


def shown(room: Room, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """The page; ``csrf`` and ``places`` (href, text, current) are given to it."""
    cookies = room.parts.frame.cookies
    secret = cookies.read(request, DEMO)
    given = secret or new_token()
    places = [{"href": href, "text": text, "current": href == request.url.path} for href, text in PLACES]
    page = room.parts.frame.layout.public(template, status=status, csrf=forms.token(given), places=places, **values)
    if secret is None:
        cookies.write(page, DEMO, given)
    return page
