"""Every route with every caller: who passes, who does not, and what is another's is not there (design rules 7.4, 7.6, 7.11)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.scope import Scope
from shared.web.problems import is_api
from shared.web.sessions import Role
from tests.directory_samples import AUTHORITY
from tests.routes import CALLERS, ENDINGS, OTHER_FORCE, OTHERS, OWN, REPORT, ROUTES, Known, asked, client_of, faults, registered
from tests.web import hidden_token
from tests.whole import Whole, whole

Sent = tuple[dict[str, str], dict[str, str], dict[str, str]]
"""Parameters of the address, fields of the form, headers."""


@pytest.fixture
def database_kind() -> str:
    """Who may pass is decided in front of the database: one is enough."""
    return "sqlite"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as everything:
        yield everything


async def test_every_route_says_who_may_pass(w: Whole) -> None:
    routes = set(registered(w))
    assert routes - set(ROUTES) == set(), "new routes: say in tests/routes.py who may pass"
    assert set(ROUTES) - routes == set(), "these routes are gone: take them out of the table"


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
    wrong: list[Sent] = [({}, {"csrf": token}, {}) for token in ("", of_another, csrf.upper(), "0" * 64, "\u00e9")]
    elsewhere: list[Sent] = [
        ({}, {"csrf": csrf}, headers) for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"})
    ]
    requests: list[Sent] = [*wrong, *elsewhere, ({"csrf": csrf}, {}, {})]
    for path in [path for method, path in ROUTES if method == "POST" and not is_api(path)]:
        for params, fields, headers in requests:
            refused = await browser.post(path, params=params, data=things.form("") | fields, headers=headers)
            passes = getattr(ROUTES["POST", path], caller)  # a page of staff asks who it is first
            of_staff = ROUTES["POST", path].nobody == 401
            assert refused.status_code == (passes if of_staff and passes in (401, 403) else 403), (path, fields)
            assert "out of date" in refused.text or (of_staff and refused.status_code == passes)
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
        assert not any(word in answer.text for child in OTHERS for word in (child["full_name"], child["date_of_birth"]))
        assert (OWN["full_name"] in answer.text) == (path in ("/message/children", "/message/content")), path
    after = await w.incident(things.incident_id)
    assert [child["destinations"] for child in after["children"][1:]] == [child["destinations"] for child in incident["children"][1:]]
