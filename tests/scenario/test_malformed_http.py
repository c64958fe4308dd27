"""A thousand malformed bodies over HTTP, and other garbage: a clear refusal, no 500, nothing of the input in any answer or log.

Inside this process, with its log set up as `encompass serve` does; ``test_malformed_socket`` goes through the socket of a real one.
"""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.log import FIELDS
from shared.report.findings import FINDINGS, PROBLEMS
from shared.report.model import Report
from shared.web.access import AccessLog
from shared.web.forms import token as form_token
from shared.web.headers import ALWAYS
from shared.web.problems import BY_STATUS
from tests.malformed import KINDS, malformed
from tests.samples import sample_body
from tests.scenario.leaks import Search, listening, names
from tests.whole import Whole, whole

BODIES = 1_000
PROBLEM = "application/problem+json"
STAMP = re.compile(r'"timestamp": "[^"]*"')
POINTER = re.compile(r"(?:/(?:\*|\d{1,3}|[a-z_]{1,40}))*")
QUOTED, WORD = re.compile(r'"([^"\\]{4,})'), re.compile(r"[^\W_]{4,}")

MARK = "Varnopeth Quellimar"
SEARCH = Search(names(MARK))
GARBAGE = (
    MARK,
    f"../../{MARK}",
    f"<script>{MARK}</script>",
    f"{MARK}\x00",
    f"{MARK}\r\nSet-Cookie: a=b",
    f"{{{{{MARK}}}}}",
    f"' OR 1=1 -- {MARK}",
    "\u202e\U0001f600" + MARK,
    f"%00%ff%c0%af{MARK}",
    MARK * 200,
)
"""Whatever somebody may put where something else is expected."""


def our_words() -> str:
    """Every fixed word of ours, lower case: a body may hold one of them by chance."""
    schema = json.dumps(Report.model_json_schema())
    texts = [schema, *PROBLEMS.values(), *PROBLEMS, *FINDINGS, *FIELDS, *ALWAYS, *ALWAYS.values()]
    texts += [word for pair in BY_STATUS.values() for word in pair] + [AccessLog.__module__, "http.answered info timestamp"]
    return " ".join(texts).lower()


OURS = our_words()


def input_texts(body: bytes) -> set[str]:
    """Every string of the body, its beginning where it is long, and every word; not those that are words of ours."""
    encodings = ("utf-8", "utf-16", "utf-32") if body[:4].count(0) else ("utf-8",)
    texts = [body.decode(encoding, "replace")[:60_000] for encoding in encodings]
    found = {part for text in texts for pattern in (QUOTED, WORD) for part in pattern.findall(text)}
    return {text[:40] for text in found if text[:40].lower() not in OURS}


def assert_problem(answer: httpx.Response) -> None:
    """RFC 9457 in our form: nothing but fixed words, and pointers made of field names."""
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["type"] == f"urn:encompass:problem:{problem['code']}"
    assert problem["status"] == answer.status_code
    assert isinstance(problem["title"], str)
    assert problem["title"]
    assert set(problem) <= {"type", "title", "status", "code", "errors", "error_id"}
    for error in problem.get("errors", ()):
        assert set(error) == {"place", "pointer", "code", "text"}
        assert POINTER.fullmatch(error["pointer"]), error
        assert PROBLEMS[error["code"]] == error["text"]


def everything_said(answer: httpx.Response) -> str:
    """Status line, headers and body."""
    return f"{answer.reason_phrase}\n{answer.headers}\n{answer.text}"


@pytest.fixture
def database_kind() -> str:
    """Refusals do not depend on the database."""
    return "sqlite"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as w:
        yield w


# --- bodies -----------------------------------------------------------------------------------------------------------------------------


async def test_a_thousand_malformed_bodies(w: Whole) -> None:
    """Each is answered by a problem that says where and what to do, and quotes nothing."""
    headers = await w.headers() | {"Content-Type": "application/json"}
    statuses: dict[int, int] = {}
    searched = 0
    with listening() as log:
        for seed in range(BODIES):
            said_before = log.tell()
            body = malformed(seed)
            answer = await w.client.post("/v1/incidents", content=body, headers=headers)
            assert answer.status_code in (400, 413, 422), (seed, answer.status_code, KINDS[seed % len(KINDS)].__name__)
            assert_problem(answer)
            log.seek(said_before)
            told = (everything_said(answer) + STAMP.sub("", log.read())).lower()
            needles = input_texts(body)
            assert not [text for text in needles if text.lower() in told], (seed, KINDS[seed % len(KINDS)].__name__)
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            searched += len(needles)
    assert searched > 50 * BODIES, "the bodies had something to look for"
    assert log.getvalue().count('"http.answered"') == BODIES, "and the log was on"
    assert set(statuses) == {400, 413, 422}
    assert '"error"' not in log.getvalue()


def test_the_search_of_the_bodies_can_fail() -> None:
    body = sample_body(seed=3)
    needles = input_texts(body)
    assert {"Nowhere", "SAMPLE-000003"} <= needles
    assert {text for text in needles if text.lower() in 'problem: value "samplethwaite" at sample-000003'.lower()}
    assert "children" not in needles


async def test_a_report_that_a_malformed_one_follows_is_still_taken(w: Whole) -> None:
    headers = await w.headers() | {"Content-Type": "application/json"}
    assert (await w.client.post("/v1/incidents", content=malformed(0), headers=headers)).status_code == 400
    assert (await w.client.post("/v1/incidents", content=sample_body(), headers=headers)).status_code == 202


# --- everything around a body -------------------------------------------------------------------------------------------------------------


async def refused(w: Whole, method: str, path: str, **options: Any) -> httpx.Response:
    """The answer to a request that must be refused, searched."""
    with listening() as log:
        answer = await w.client.request(method, path, **options)
    assert 400 <= answer.status_code < 500, (method, path, answer.status_code)
    hits = SEARCH.hits({"answer": everything_said(answer), "log": log.getvalue()})
    assert not hits, (method, path, hits)
    assert log.getvalue(), "the log was on"
    return answer


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_around_a_report_is_a_problem_that_quotes_nothing(w: Whole, garbage: str) -> None:
    good = await w.headers()
    raw = garbage.replace("\r", "").replace("\n", "").replace("\0", "").encode()
    there = {"content": sample_body()}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/incidents", {"headers": {b"Authorization": b"Bearer " + raw}, **there}),
        ("POST", "/v1/incidents", {"headers": {b"Authorization": raw}, **there}),
        ("POST", "/v1/incidents", {"headers": {**good, "Content-Type": raw}, **there}),
        ("POST", "/v1/incidents", {"headers": {**good, "Content-Type": b"application/json; charset=" + raw}, **there}),
        ("POST", "/v1/incidents", {"headers": {**good, "Content-Type": "application/json", "Content-Encoding": raw}, **there}),
        ("GET", f"/v1/incidents/{_segment(garbage)}", {"headers": good}),
        ("PUT", f"/v1/incidents/{_segment(garbage)}", {"headers": good, **there}),
        ("DELETE", f"/v1/{_segment(garbage)}", {"headers": good}),
        ("GET", "/v1/incidents", {"headers": good, "params": {garbage: garbage}}),
        (f"X{re.sub(r'[^A-Z]', '', garbage.upper())[:40]}", "/v1/incidents", {"headers": good}),
    ]
    for method, path, options in requests:
        answer = await refused(w, method, path, **options)
        assert_problem(answer)


def _segment(garbage: str) -> str:
    return "".join(f"%{byte:02X}" for byte in garbage.encode()) if len(garbage) < 500 else garbage.replace(" ", "")


PAGES = (
    "/m/{}",
    "/sign-in/{}",
    "/message",
    "/message/code",
    "/message/children",
    "/message/content",
    "/message/done",
    "/message/passed-on",
    "/console",
    "/console/reviews",
    "/console/parked",
    "/console/readiness",
    "/static/{}/site.css",
    "/static/0123456789abcdef/{}",
    "/{}",
    "/",
)
POSTS = (
    "/message/code",
    "/message/open",
    "/message/children",
    "/message/answer",
    "/message/leave",
    "/console/parked",
    "/sign-in",
    "/sign-out",
)
LEAVING = ("/message/leave", "/sign-out")
"""Whoever has nothing to leave may leave."""
COOKIES = ("message", "visit", "session", "sign-in")
TOKEN = "T" * 43


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_at_any_page_is_an_error_page_that_quotes_nothing(w: Whole, garbage: str) -> None:
    cookie = garbage.encode("ascii", "ignore").replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    jar = b"; ".join(b"__Host-" + name.encode() + b"=" + cookie for name in COOKIES)
    for page in PAGES:
        for headers in ({}, {b"Cookie": jar}):
            with listening() as log:
                answer = await w.client.get(page.format(_segment(garbage)), params={"q": garbage, garbage: "1"}, headers=headers)
            assert answer.status_code < 500, page
            assert not SEARCH.hits({page: everything_said(answer), "log": log.getvalue()})
    for path in POSTS:
        bodies: list[dict[str, Any]] = [
            {"data": {garbage: garbage, "csrf": garbage, "code": garbage, "answer": garbage}, "headers": {b"Cookie": jar}},
            {"content": garbage.encode(), "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
            {"content": garbage.encode(), "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            {"json": {garbage: garbage}},
            {"content": "&".join(f"{garbage}{number}=1" for number in range(400)).encode()[:60_000], "headers": _form()},
        ]
        for options in bodies:
            await refused(w, "POST", path, **options)


def _form() -> dict[str, str]:
    return {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_in_a_form_of_a_visitor_changes_nothing(w: Whole, garbage: str) -> None:
    """With cookies and form tokens in order, as a visitor with a dead link or visit has them."""
    jar = "; ".join(f"__Host-{name}={TOKEN}" for name in COOKIES)
    for path in [path for path in POSTS if path not in LEAVING]:
        data = {"csrf": form_token(TOKEN), "code": garbage, "answer": garbage, "service": garbage, "fact": garbage, garbage: garbage}
        await refused(w, "POST", path, data=data, headers={"Cookie": jar})
