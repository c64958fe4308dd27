"""Every route and who may pass, as a table; and the callers who try: staff, programs, and the recipients of messages.

A route that is not in the table fails the test that walks them: every new one says who may pass (design rule 7.6).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from fastapi.routing import iter_route_contexts

from shared.db import journal
from shared.events import ChildHeld
from shared.scope import Scope
from shared.web.headers import ALWAYS
from shared.web.problems import is_api
from shared.web.sessions import Role
from tests.directory_samples import FORCE
from tests.samples import sample_report
from tests.web import hidden_token
from tests.whole import Whole

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
    lead: int
    coordinator: int
    operator: int
    key: int
    other_key: int
    link: int
    visitor: int


CALLERS = tuple(Says.__dataclass_fields__)
STAFF = tuple(role.value for role in Role)
DESK = (Role.REVIEWER, Role.LEAD)


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
    ("POST", "/v1/incidents:batch"): force_only(own=200, other=200),
    ("GET", "/v1/incidents/{incident_id}"): force_only(own=200, other=404),
    ("PUT", "/v1/incidents/{incident_id}"): force_only(own=200, other=404),  # what is here already: nothing changes
    ("POST", "/v1/incidents/{incident_id}/withdrawal"): force_only(own=412, other=404),  # of a version that is not here: nothing changes
    ("GET", "/v1/outcomes"): force_only(own=200, other=200),
    ("POST", "/v1/control-lists"): force_only(own=422, other=422),  # a report is no list
    # what is missing of a force's reports
    ("GET", "/control"): staff(*Role),
    ("POST", "/control"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR, passed=404),  # a reference that is not there
    # a report typed by hand: a form without its pages is refused, and what came through the API is no typed report
    ("GET", "/reports/new"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR),
    ("POST", "/reports/new"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR, passed=422),
    ("GET", "/reports/sent/{incident_id}"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR, passed=404),
    ("GET", "/reports/correct/{incident_id}"): staff(Role.COORDINATOR, passed=404),
    ("POST", "/reports/correct/{incident_id}"): staff(Role.COORDINATOR, passed=404),
    ("GET", "/reports/withdraw/{incident_id}"): staff(Role.COORDINATOR, passed=404),
    ("POST", "/reports/withdraw/{incident_id}"): staff(Role.COORDINATOR, passed=404),
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
    ("GET", "/message/list"): linked(401, 303, otherwise=401),  # one message is no list
    ("POST", "/message/next"): linked(403, 303, otherwise=403),
    ("GET", "/message/passed-on"): linked(401, 200, otherwise=401),
    ("POST", "/message/leave"): linked(403, 303, otherwise=403),
    ("GET", "/message/closed"): anyone(200),
    # a briefing's link is not a message's
    ("GET", "/b/{token}"): anyone(303),
    ("GET", "/briefing"): anyone(404),
    ("POST", "/briefing/code"): anyone(403),
    ("POST", "/briefing/open"): anyone(403),
    ("GET", "/briefing/read"): anyone(401),
    ("GET", "/support"): anyone(200),
    # console
    ("GET", "/console"): staff(Role.COORDINATOR, Role.OPERATOR),
    ("GET", "/console/reviews"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR),
    ("GET", "/console/readiness"): staff(Role.COORDINATOR, Role.OPERATOR),
    ("GET", "/console/calendar"): staff(Role.COORDINATOR, Role.OPERATOR),
    ("GET", "/console/parked"): staff(Role.OPERATOR),
    ("POST", "/console/parked"): staff(Role.OPERATOR, passed=303),
    # the review desk, in the order of a reviewer's work: without a reason nothing is searched, and no desk of that name is asked
    ("GET", "/desk"): staff(*DESK),
    ("POST", "/desk/claim"): staff(*DESK, passed=303),
    ("GET", "/desk/cases/{incident_id}"): staff(*DESK),
    ("GET", "/desk/reviews/{review_id}/{way}"): staff(*DESK),
    ("POST", "/desk/reviews/{review_id}/places"): staff(*DESK),
    ("POST", "/desk/reviews/{review_id}/search"): staff(*DESK, passed=422),
    ("POST", "/desk/reviews/{review_id}/confirm"): staff(*DESK),
    ("POST", "/desk/reviews/{review_id}/settle"): staff(*DESK, passed=303),
    ("POST", "/desk/reviews/{review_id}/undo"): staff(*DESK, passed=303),
    ("POST", "/desk/reviews/{review_id}/ask"): staff(*DESK, passed=422),
    ("POST", "/desk/cases/{incident_id}/release"): staff(*DESK, passed=303),
    # telephone calls: a sheet is for who has claimed the call, and everybody else is sent back to the list
    ("GET", "/calls"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR),
    ("GET", "/calls/{phone_task_id}"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR, passed=303),
    ("POST", "/calls/{phone_task_id}"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR, passed=303),
    ("POST", "/calls/{phone_task_id}/claim"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR, passed=303),
    ("POST", "/calls/{phone_task_id}/release"): staff(Role.REVIEWER, Role.LEAD, Role.COORDINATOR, passed=303),
}
"""A POST of a page is sent with the token of the forms that the caller is shown last."""
BATCH = "/v1/incidents:batch"
CACHED = "/static/{digest}/{name}"
ENDINGS = (("POST", "/sign-out"), ("POST", "/message/leave"))
"""Asked last: they end what the others need."""
DSL = "dsl@900001.example"
OWN, OTHERS = REPORT["children"][0], REPORT["children"][1:]
"""The child at Testwood Primary, and those who are elsewhere."""


def registered(w: Whole) -> dict[tuple[str, str], set[str]]:
    """Every route as it is written, with its methods; HEAD goes with its GET."""
    routes: dict[str, set[str]] = {}
    for route in iter_route_contexts(w.app.routes):
        assert route.path_format is not None
        routes.setdefault(route.path_format, set()).update(route.methods or {"not HTTP"})
    return {(method, path): methods for path, methods in routes.items() for method in methods if method != "HEAD"}


@dataclass(frozen=True, kw_only=True)
class Known:
    """Things of the force ``testshire`` that addresses and forms name."""

    incident_id: str
    parked_id: str
    asset: str
    link: str
    phone_task_id: str
    review_id: str

    @classmethod
    async def made(cls, w: Whole) -> "Known":
        incident_id = (await w.post_report(REPORT)).json()["incident_id"]
        await w.settle()
        asset = w.parts.frame.assets.url("site.css")
        parked_id, phone_task_id = await w.park(incident_id), await w.call_owed(incident_id)
        async with w.parts.database.reading() as reading:
            history = await journal.of_incident(reading, incident_id)
        [review_id] = [one.fact.review_id for one in history if isinstance(one.fact, ChildHeld)]
        return cls(
            incident_id=incident_id,
            parked_id=parked_id,
            asset=asset,
            link=w.links(DSL)[0],
            phone_task_id=phone_task_id,
            review_id=review_id,
        )

    def address(self, path: str, caller: str) -> str:
        """The route's address, filled in. Only who has a link has its token."""
        if path == CACHED:
            return self.asset
        if path == "/m/{token}" and caller in ("link", "visitor"):
            return self.link
        filled = path.replace("{phone_task_id}", self.phone_task_id).replace("{review_id}", self.review_id).replace("{way}", "team")
        return filled.replace("{incident_id}", self.incident_id).replace("{token}", TOKEN)

    def form(self, csrf: str) -> dict[str, str]:
        """What the forms of all pages together ask for."""
        return {"service": "router", "fact": self.parked_id, "outcome": "no-answer", "csrf": csrf} | {
            "incident": self.incident_id,
            "choice": "team:testshire-out-of-hours",
            "version": "1",
            "place": "Testwood",
        }


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
    if path == BATCH:
        return await browser.post(path, content=json.dumps(REPORT), headers={"Content-Type": "application/x-ndjson"})
    if method in ("POST", "PUT") and is_api(path):
        body = {"reason": "other"} if path.endswith("/withdrawal") else REPORT | {"source_version": 1}
        headers = {"If-Match": '"999"'} if path.endswith("/withdrawal") else {}
        return await browser.request(method, things.address(path, caller), json=body, headers=headers)
    if method == "POST":
        return await browser.post(things.address(path, caller), data=things.form(csrf))
    return await browser.request(method, things.address(path, caller))


def faults(answer: httpx.Response, path: str) -> list[str]:
    """Which headers an answer lacks. Only a file may be kept by anybody."""
    lacking = [name for name, value in ALWAYS.items() if answer.headers.get(name) != value]
    return lacking + (["Cache-Control"] if answer.headers["cache-control"] != "no-store" and path != CACHED else [])
