"""Every route, and who may pass: a route that is not in the table fails, so every new one says so (design rule 7.6)."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from shared.scope import Scope
from shared.web.headers import ALWAYS
from shared.web.problems import is_api
from shared.web.sessions import Role
from tests.directory_samples import AUTHORITY, FORCE
from tests.samples import sample_report
from tests.web import SECRET, hidden_token
from tests.whole import Whole, whole

OTHER_FORCE = "otherforce"
REPORT = sample_report(seed=1)
TOKEN = "t" * 43
"""Of a token's shape, and nobody's."""


@dataclass(frozen=True, kw_only=True)
class Says:
    """The status for each caller, with a good form (or body) and the way to something of the force ``testshire``.

    Staff is signed in for that force; ``key`` and ``other_key`` are the API keys of that force and of another one. ``link`` holds the link
    from a message to Testwood Primary, ``visitor`` has entered the code as well and has said that the child is on their roll.
    """

    nobody: int
    reviewer: int
    coordinator: int
    operator: int
    key: int
    other_key: int
    link: int
    visitor: int


CALLERS = tuple(Says.__dataclass_fields__)
STAFF = tuple(role.value for role in Role)


def anyone(status: int, **others: int) -> Says:
    """The same for everybody but ``others``."""
    return Says(**(dict.fromkeys(CALLERS, status) | others))


def staff(*roles: Role, passed: int = 200) -> Says:
    """These roles pass; another role is 403; who is not signed in is 401, and an API key is no sign-in."""
    return anyone(401, **{role.value: passed if role in roles else 403 for role in Role})


def force_only(own: int, other: int) -> Says:
    """An API key only; another force's incident is not there, and staff's sign-in is no key."""
    return anyone(401, key=own, other_key=other)


def linked(link: int, visitor: int, otherwise: int) -> Says:
    """A recipient's page: nobody else has one, whoever she is."""
    return anyone(otherwise, link=link, visitor=visitor)


ROUTES: Mapping[tuple[str, str], Says] = {
    # police systems
    ("POST", "/v1/incidents"): force_only(own=202, other=202),
    ("GET", "/v1/incidents/{incident_id}"): force_only(own=200, other=404),
    # the frame
    ("GET", "/openapi.json"): anyone(200),
    ("GET", "/healthz"): anyone(200),
    ("GET", "/readyz"): anyone(200),
    ("GET", "/static/{digest}/{name}"): anyone(200),
    # signing in and out
    ("GET", "/sign-in/{token}"): anyone(303),
    ("GET", "/sign-in"): anyone(200),  # with the cookie that the address before has just set
    ("POST", "/sign-in"): anyone(403),
    ("GET", "/signed-out"): anyone(200),
    ("GET", "/"): staff(*Role),
    ("POST", "/sign-out"): anyone(403, **dict.fromkeys(STAFF, 303)),
    # recipients: who has no live link sees that it has ended (404), who has no open visit that it has ended (401)
    ("GET", "/m/{token}"): anyone(303),
    ("GET", "/message"): linked(200, 200, otherwise=404),
    ("GET", "/message/code"): linked(200, 200, otherwise=404),
    ("POST", "/message/code"): linked(303, 403, otherwise=403),
    ("POST", "/message/open"): linked(200, 403, otherwise=403),  # without a code: the page says so
    ("GET", "/message/children"): linked(401, 200, otherwise=401),
    ("POST", "/message/children"): linked(403, 200, otherwise=403),  # without an answer: the page says so
    ("GET", "/message/content"): linked(401, 200, otherwise=401),
    ("POST", "/message/answer"): linked(403, 200, otherwise=403),  # the same
    ("GET", "/message/done"): linked(401, 200, otherwise=401),
    ("GET", "/message/passed-on"): linked(401, 200, otherwise=401),
    ("POST", "/message/leave"): linked(403, 303, otherwise=403),
    ("GET", "/message/closed"): anyone(200),
    # console
    ("GET", "/console"): staff(Role.COORDINATOR, Role.OPERATOR),
    ("GET", "/console/reviews"): staff(Role.REVIEWER, Role.COORDINATOR),
    ("GET", "/console/readiness"): staff(Role.COORDINATOR, Role.OPERATOR),
    ("GET", "/console/parked"): staff(Role.OPERATOR),
    ("POST", "/console/parked"): staff(Role.OPERATOR, passed=303),
}
"""A POST of a page is sent with the token of the forms that the caller is shown last."""
CACHED = "/static/{digest}/{name}"
ENDINGS = (("POST", "/sign-out"), ("POST", "/message/leave"))
"""Asked last: they end what the others need."""
DSL = "dsl@900001.example"
OWN, OTHERS = REPORT["children"][0], REPORT["children"][1:]
"""The child at Testwood Primary, and those who are elsewhere."""


@pytest.fixture
def database_kind() -> str:
    """Who may pass is decided in front of the database: one is enough."""
    return "sqlite"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as everything:
        yield everything


def registered(w: Whole) -> dict[tuple[str, str], set[str]]:
    """Every route as it is written, with its methods; HEAD goes with its GET."""
    routes: dict[str, set[str]] = {}
    for route in iter_route_contexts(w.app.routes):
        assert route.path_format is not None
        routes.setdefault(route.path_format, set()).update(route.methods or {"not HTTP"})
    return {(method, path): methods for path, methods in routes.items() for method in methods if method != "HEAD"}


async def test_every_route_says_who_may_pass(w: Whole) -> None:
    routes = set(registered(w))
    assert routes - set(ROUTES) == set(), "new routes: say in the table who may pass"
    assert set(ROUTES) - routes == set(), "these routes are gone: take them out of the table"


@dataclass(frozen=True, kw_only=True)
class Known:
    """Things of the force ``testshire`` that addresses and forms name."""

    incident_id: str
    parked_id: str
    asset: str
    link: str

    @classmethod
    async def made(cls, w: Whole) -> "Known":
        incident_id = (await w.post_report(REPORT)).json()["incident_id"]
        await w.settle()
        asset = w.parts.frame.assets.url("site.css")
        return cls(incident_id=incident_id, parked_id=await w.park(incident_id), asset=asset, link=w.links(DSL)[0])

    def address(self, path: str, caller: str) -> str:
        """The route's address, filled in. Only who has a link has its token."""
        if path == CACHED:
            return self.asset
        if path == "/m/{token}" and caller in ("link", "visitor"):
            return self.link
        return path.replace("{incident_id}", self.incident_id).replace("{token}", TOKEN)

    def form(self, csrf: str) -> dict[str, str]:
        """What the forms of all pages together ask for."""
        return {"service": "router", "fact": self.parked_id, "csrf": csrf}


async def client_of(w: Whole, caller: str, things: Known) -> tuple[httpx.AsyncClient, str]:
    """A browser or program of the caller, and the token of its forms (empty when it has none)."""
    if caller in STAFF:
        browser = await w.signed_in(Role(caller), Scope.force(FORCE))
        return browser, hidden_token(await browser.get("/"))
    if caller == "link":
        browser = await w.arrived(things.link)
        return browser, hidden_token(await browser.get("/message"))
    if caller == "visitor":
        browser = await w.visiting(things.link)
        page = await browser.get("/message/children")
        answers = dict.fromkeys(re.findall(r'name="(answer-[0-9a-f-]+)"', page.text), "on-our-roll")
        assert (await browser.post("/message/children", data={"csrf": hidden_token(page), **answers})).status_code == 303
        return browser, hidden_token(page)
    browser = await w.browser()
    if caller != "nobody":
        browser.headers.update(await w.headers(FORCE if caller == "key" else OTHER_FORCE))
    return browser, ""


async def asked(browser: httpx.AsyncClient, caller: str, method: str, path: str, things: Known, csrf: str) -> httpx.Response:
    """One request as the caller would make it in good faith."""
    if method == "POST" and is_api(path):
        return await browser.post(path, json=REPORT)
    if method == "POST":
        return await browser.post(things.address(path, caller), data=things.form(csrf))
    return await browser.request(method, things.address(path, caller))


def faults(answer: httpx.Response, path: str) -> list[str]:
    """Which headers an answer lacks. Only a file may be kept by anybody."""
    lacking = [name for name, value in ALWAYS.items() if answer.headers.get(name) != value]
    return lacking + (["Cache-Control"] if answer.headers["cache-control"] != "no-store" and path != CACHED else [])


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_route_with_every_caller(w: Whole, caller: str) -> None:
    things = await Known.made(w)
    browser, csrf = await client_of(w, caller, things)
    methods, wrong = registered(w), []
    for (method, path), says in sorted(ROUTES.items(), key=lambda route: route[0] in ENDINGS):
        answer = await asked(browser, caller, method, path, things, csrf)
        if answer.status_code != getattr(says, caller) or faults(answer, path):
            wrong.append((method, path, answer.status_code, *faults(answer, path)))
        if method == "GET" and "HEAD" in methods.get((method, path), ()):
            head = await asked(browser, caller, "HEAD", path, things, csrf)
            if (head.status_code, head.content, faults(head, path)) != (answer.status_code, b"", []):
                wrong.append(("HEAD", path, head.status_code, *faults(head, path)))
    assert wrong == []


@pytest.mark.parametrize("caller", ["operator", "link", "visitor"])
async def test_every_post_of_a_page_needs_its_own_forms_token(w: Whole, caller: str) -> None:
    things = await Known.made(w)
    browser, csrf = await client_of(w, caller, things)
    _, of_another = await client_of(w, "operator", things)
    wrong = [({}, {"csrf": token}, {}) for token in ("", of_another, csrf.upper(), "0" * 64, "\u00e9")]
    elsewhere = [({}, {"csrf": csrf}, headers) for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"})]
    requests = [*wrong, *elsewhere, ({"csrf": csrf}, {}, {})]
    for path in [path for method, path in ROUTES if method == "POST" and not is_api(path)]:
        for params, fields, headers in requests:
            refused = await browser.post(path, params=params, data=things.form("") | fields, headers=headers)
            assert refused.status_code == (401 if path.startswith("/console") and caller != "operator" else 403), (path, fields)
            assert refused.status_code == 401 or "out of date" in refused.text
    still = {"operator": "/console/parked", "link": "/message/code", "visitor": "/message/content"}[caller]
    answer = await browser.get(still)
    assert (answer.status_code, caller != "operator" or things.parked_id in answer.text) == (200, True)


@pytest.mark.parametrize("scope", [Scope.force(OTHER_FORCE), Scope.authority("998")], ids=["force", "authority"])
async def test_what_is_anothers_is_not_there(w: Whole, scope: Scope) -> None:
    things = await Known.made(w)
    browsers = [await w.signed_in(role, scope) for role in Role]
    for browser in browsers:
        for path in [path for method, path in ROUTES if method == "GET" and path.startswith("/console")]:
            answer = await browser.get(path)
            assert not any(own in answer.text for own in (things.incident_id, things.parked_id, "Testwood", "Sampleford", "Testshire"))
    operator = await w.signed_in(Role.OPERATOR, scope)
    csrf = hidden_token(await operator.get("/"))
    assert (await operator.post("/console/parked", data=things.form(csrf))).status_code == 404
    own = await w.signed_in(Role.OPERATOR, Scope.authority(AUTHORITY))
    assert things.parked_id in (await own.get("/console/parked")).text


async def test_a_setting_sees_its_own_children_only(w: Whole) -> None:
    things = await Known.made(w)
    visitor, csrf = await client_of(w, "visitor", things)
    incident = await w.incident(things.incident_id)
    not_theirs = {f"answer-{child['child_id']}": "not-ours" for child in incident["children"][1:]}
    assert (await visitor.post("/message/children", data={"csrf": csrf, **not_theirs})).status_code == 200
    for path in [path for method, path in ROUTES if method == "GET" and path.startswith("/message")]:
        answer = await visitor.get(path)
        assert not any(word in answer.text for child in OTHERS for word in (child["full_name"], child["known_as"], child["date_of_birth"]))
        assert (OWN["full_name"] in answer.text) == (path in ("/message/children", "/message/content")), path
    after = await w.incident(things.incident_id)
    assert [child["destinations"] for child in after["children"][1:]] == [child["destinations"] for child in incident["children"][1:]]


GARBAGE = (
    *("x", "-1", "0", "None", "%00", "%0d%0aSet-Cookie:%20a=b", "..%2f..%2fetc", "%2e%2e", "%ff%fe", "%F0%9F%92%A5", "'%22%3E%3Cscript%3E"),
    *("%7B%7B7*7%7D%7D", "a" * 5_000, "00000000-0000-0000-0000-000000000000", "%E2%80%AE", SECRET.replace(" ", "%20"), TOKEN),
)
BODIES = (b"", b"\x00\xff\xfe", b"csrf", b"=&=&=", b"csrf=%ff&fact=%00", b"a=1&" * 400, b"{", b"[" * 20_000, b"null", SECRET.encode())
MEDIA_TYPES = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/\u00e9", "")
METHODS = ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "SEEDED")


def garbage(method: str, path: str) -> Iterator[tuple[str, str, bytes, str]]:
    """Requests to a route that nobody makes in good faith: method, address, body, media type."""
    for number, said in enumerate(GARBAGE):
        filled = path
        for parameter in ("{incident_id}", "{token}", "{digest}", "{name}"):
            filled = filled.replace(parameter, said)
        yield method, filled, b"", MEDIA_TYPES[0]
        yield (
            method,
            f"{filled}?{said}={said}&again={said}&csrf={said}",
            BODIES[number % len(BODIES)],
            MEDIA_TYPES[number % len(MEDIA_TYPES)],
        )
    for body in BODIES:
        yield from ((method, path, body, media_type) for media_type in MEDIA_TYPES)
    yield from ((other, path, b"", "") for other in METHODS)


def who_comes_deepest(path: str) -> str:
    """The caller whom most of the code behind a route is for."""
    if path in ("/m/{token}", "/message", "/message/code", "/message/open"):
        return "link"
    return "visitor" if path.startswith("/message") else "operator"


@pytest.mark.parametrize("route", sorted(ROUTES), ids=" ".join)
async def test_garbage_fails_nothing_and_is_quoted_nowhere(w: Whole, route: tuple[str, str]) -> None:
    browser, csrf = await client_of(w, who_comes_deepest(route[1]), await Known.made(w))
    browser.headers.update(await w.headers())
    fields = [f"csrf={csrf}&service={said}&fact={said}&code={said}&answer={said}&{said}={said}".encode() for said in GARBAGE]
    requests = [*garbage(*route), *((route[0], route[1], body, MEDIA_TYPES[0]) for body in fields)]
    failed = []
    for method, address, body, media_type in requests:
        answer = await browser.request(method, address, content=body, headers={b"content-type": media_type.encode()})
        if answer.status_code >= 500 or SECRET in answer.text or faults(answer, route[1]):
            failed.append((method, address[:80], body[:40], media_type, answer.status_code))
    assert failed == []


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "Accept", "Sec-Fetch-Site", "Origin", "Content-Encoding", "Host", "X-Forwarded-For"]
)
async def test_garbage_in_headers_fails_nothing(w: Whole, name: str) -> None:
    for method, path in ROUTES:
        for said in (
            b"\xff\xfe",
            b"Bearer",
            b"Bearer x.y",
            b"Basic eDp5",
            b"__Host-session=" + b"a" * 4_000,
            b"session=\xe9; a; =;",
            b"null",
            b"x" * 8_000,
        ):
            answer = await w.client.request(method, path, headers={name.encode(): said})
            assert answer.status_code < 500, (method, path, said)
