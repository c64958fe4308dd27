"""No route fails on garbage, and no answer quotes it (design rules 7.1, 7.11)."""

from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from tests.routes import ENDINGS, REPORT, ROUTES, TOKEN, Known, client_of, faults
from tests.web import SECRET
from tests.whole import Whole, whole

GARBAGE = (
    *("x", "-1", "0", "None", "%00", "%0d%0aSet-Cookie:%20a=b", "..%2f..%2fetc", "%2e%2e", "%ff%fe", "%F0%9F%92%A5", "'%22%3E%3Cscript%3E"),
    *("%7B%7B7*7%7D%7D", "a" * 5_000, "00000000-0000-0000-0000-000000000000", "%E2%80%AE", SECRET.replace(" ", "%20"), TOKEN),
)
BODIES = (b"", b"\x00\xff\xfe", b"csrf", b"=&=&=", b"csrf=%ff&fact=%00", b"a=1&" * 400, b"{", b"[" * 20_000, b"null", SECRET.encode())
MEDIA_TYPES = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/\u00e9", "")
METHODS = ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "SEEDED")


HEADERS = ("Authorization", "Cookie", "Accept", "Sec-Fetch-Site", "Origin", "Content-Encoding", "Host", "X-Forwarded-For", "Content-Length")
SAID = (b"\xff\xfe", b"Bearer", b"Bearer x.y", b"Basic eDp5", b"__Host-session=" + b"a" * 4_000, b"a=\xe9; a; =;", b"null", b"x" * 8_000)


@pytest.fixture
def database_kind() -> str:
    """Garbage ends in front of the database; what reaches it is bound, never written into a statement."""
    return "sqlite"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as everything:
        yield everything


def who_comes_deepest(path: str) -> str:
    """The caller whom most of the code behind a route is for."""
    if path in ("/m/{token}", "/message", "/message/code", "/message/open"):
        return "link"
    return "visitor" if path.startswith("/message") else "operator"


def garbage(method: str, path: str, csrf: str) -> Iterator[tuple[str, str, bytes, str]]:
    """Requests to a route that nobody makes in good faith: method, address, body, media type."""
    bodies, media_types = cycle(BODIES), cycle(MEDIA_TYPES)
    for said in GARBAGE:
        filled = path
        for parameter in ("{incident_id}", "{phone_task_id}", "{token}", "{digest}", "{name}"):
            filled = filled.replace(parameter, said)
        yield method, f"{filled}?{said}={said}&again={said}&csrf={said}", next(bodies), next(media_types)
        if method == "POST":
            fields = f"csrf={csrf}&service={said}&fact={said}&code={said}&answer={said}&{said}={said}"
            yield method, path, fields.encode(), MEDIA_TYPES[0]
    if method == "POST":
        yield from ((method, path, body, media_type) for body in BODIES for media_type in MEDIA_TYPES)
    yield from ((other, path, b"", "") for other in METHODS)


@pytest.mark.parametrize("caller", ["operator", "link", "visitor"])
async def test_garbage_fails_nothing_and_is_quoted_nowhere(w: Whole, caller: str) -> None:
    browser, csrf = await client_of(w, caller, await Known.made(w))
    browser.headers.update(await w.headers())
    failed = []
    for route in sorted(ROUTES, key=lambda route: route in ENDINGS):
        for method, address, body, media_type in garbage(*route, csrf) if who_comes_deepest(route[1]) == caller else ():
            # A caller who went where a link led has another cookie now, and would be let in nowhere.
            kept = httpx.Cookies(browser.cookies)
            answer = await browser.request(method, address, content=body, headers={b"content-type": media_type.encode()})
            browser.cookies = kept
            if answer.status_code >= 500 or SECRET in answer.text or faults(answer, route[1]):
                failed.append((method, address[:80], body[:40], media_type, answer.status_code))
    assert failed == []


@pytest.mark.parametrize("name", HEADERS)
async def test_garbage_in_headers_fails_nothing(w: Whole, name: str) -> None:
    for method, path in ROUTES:
        for said in SAID:
            answer = await w.client.request(method, path, headers={name.encode(): said})
            assert answer.status_code < 500, (method, path, said)
