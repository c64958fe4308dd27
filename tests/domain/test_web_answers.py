"""What every answer of the application has, and what none may have."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from shared.clock import ManualClock
from shared.errors import EncompassError, Misuse
from shared.web.headers import ALWAYS, CONTENT_SECURITY_POLICY
from shared.web.problems import Answers, LastResort, of_error
from tests.web import FAILURES, HTTPS, SECRET, browser_like, events, in_pieces, tiny_app, tiny_frame

EVERY_KIND = [
    ("GET", "/visit", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/reviews", 401),
    ("POST", "/visit", 403),
    ("GET", "/failures/unforeseen", 500),
    ("GET", "/failures/unavailable", 503),
    ("DELETE", "/visit", 405),
    ("GET", "/gap", 500),
    ("GET", "/openapi.json", 200),
    ("GET", "/v1/people/1", 200),
    ("GET", "/v1/people/x", 422),
    ("GET", "/v1/nowhere", 404),
    ("PUT", "/v1/people", 405),
    ("GET", "/v1/failures/unforeseen", 500),
    ("GET", "/static/x/site.css", 200),
    ("GET", "/static/x/nothing.css", 404),
    ("GET", "/static/x/../app.py", 404),
    ("GET", "/docs", 404),
]


@pytest.fixture
def app_client() -> httpx.AsyncClient:
    return browser_like(tiny_app(tiny_frame()))


@pytest.mark.parametrize(("method", "path", "status"), EVERY_KIND)
async def test_every_answer_carries_the_headers(app_client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await app_client.request(method, path, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["strict-transport-security"] == "max-age=63072000"
    assert "server" not in answer.headers


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


async def test_plain_http_is_not_told_to_be_strict() -> None:
    client = browser_like(tiny_app(tiny_frame(public_url="http://127.0.0.1:8000")), "http://127.0.0.1:8000")
    assert "strict-transport-security" not in (await client.get("/visit")).headers


async def test_a_file_is_kept_for_a_year_under_its_present_address_only(app_client: httpx.AsyncClient) -> None:
    address = tiny_frame().assets.url("govuk/govuk-frontend.min.css")
    present = await app_client.get(address)
    assert present.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert present.headers["content-type"].startswith("text/css")
    assert present.headers["content-encoding"] == "gzip"
    assert b"Transport" not in present.content
    plain = await app_client.get(address, headers={"accept-encoding": "identity"})
    assert plain.content == present.content
    old = await app_client.get("/static/0123456789abcdef/govuk/govuk-frontend.min.css")
    assert (old.content, old.headers["cache-control"]) == (present.content, "no-store")


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_a_failure_quotes_nothing(app_client: httpx.AsyncClient, prefix: str, kind: str) -> None:
    with capture_logs() as logged:
        answer = await app_client.get(f"{prefix}/failures/{kind}")
    assert SECRET not in answer.text + str(answer.headers) + str(logged)
    assert answer.headers["content-type"].split(";")[0] == ("application/problem+json" if prefix else "text/html")
    failed = events(logged, "http.failed")
    assert bool(failed) == (answer.status_code >= 500)
    if answer.status_code == 500:
        assert failed[0]["error_id"] in answer.text
        assert failed[0]["error"] == type(FAILURES[kind]).__name__
        assert failed[0]["route"] == f"{prefix}/failures/{{kind}}"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("refused", 422, "refused"),
        ("not-found", 404, "not-found"),
        ("conflict", 409, "conflict"),
        ("not-allowed", 403, "not-allowed"),
        ("report", 422, "report-refused"),
        ("report-unreadable", 400, "report-refused"),
        ("unavailable", 503, "unavailable"),
        ("constraint", 500, "failed"),
        ("misuse", 500, "failed"),
        ("unforeseen", 500, "failed"),
    ],
)
async def test_each_error_is_a_problem_of_its_status(app_client: httpx.AsyncClient, kind: str, status: int, code: str) -> None:
    answer = await app_client.get(f"/v1/failures/{kind}")
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"].endswith(code)
    assert (answer.headers.get("retry-after") == "10") == (status == 503)


@pytest.mark.parametrize("kind", ["unavailable", "constraint", "misuse", "bare"])
def test_a_failure_of_ours_says_nothing_of_itself(kind: str) -> None:
    error = FAILURES[kind]
    assert isinstance(error, EncompassError)
    assert (of_error(error).code, of_error(error).text) == ("", "")


async def test_a_refused_report_says_where(app_client: httpx.AsyncClient) -> None:
    body = (await app_client.get("/v1/failures/report")).json()
    assert body["errors"] == [{"place": "body", "pointer": "/children", "code": "missing", "text": "This is mandatory and is missing."}]


@pytest.mark.parametrize(
    ("content", "status", "pointers"),
    [
        (b'{"name": "Seeded Q. Namesake", "age": "Seeded Q. Namesake"}', 422, ["/age"]),
        (b'{"name": "x", "age": 1, "Seeded Q. Namesake": "Seeded Q. Namesake"}', 422, [""]),
        (b'{"name": "x", "age": 1, "notes": {"Seeded Q. Namesake": "x"}}', 422, ["/notes"]),
        (b'{"age": 1}', 422, ["/name"]),
        (b'{"name": "Seeded Q. Namesake', 400, None),
        (b'"Seeded Q. Namesake"', 422, [""]),
        (b"\xff\xfe", 400, None),
        (b"[" * 50_000, 400, None),
        (b"", 422, [""]),
    ],
)
async def test_a_body_that_does_not_fit_is_pointed_at_and_not_quoted(
    app_client: httpx.AsyncClient, content: bytes, status: int, pointers: list[str] | None
) -> None:
    with capture_logs() as logged:
        answer = await app_client.post("/v1/people", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert SECRET not in answer.text + str(logged)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json().get("errors", [])] == (pointers or [])


async def test_a_thousand_faults_are_not_a_thousand_pointers(app_client: httpx.AsyncClient) -> None:
    body = {"name": "x", "age": 1} | {f"unknown{number}": 1 for number in range(1000)}
    answer = await app_client.post("/v1/people", json=body)
    assert len(answer.json()["errors"]) == 100


@pytest.mark.parametrize(
    ("path", "most", "taken"),
    [("/v1/incidents", 256 * 1024, 202), ("/visit", 64 * 1024, 403), ("/v1/people", 64 * 1024, 400)],
)
@pytest.mark.parametrize("pieces", [0, 8])
async def test_a_body_has_a_size(app_client: httpx.AsyncClient, path: str, most: int, taken: int, pieces: int) -> None:
    media = "application/json" if path.startswith("/v1") else "application/x-www-form-urlencoded"
    headers = {"content-type": media}
    whole, more = (in_pieces(most, pieces), in_pieces(most + 8, pieces)) if pieces else (b"x" * most, b"x" * (most + 1))
    assert (await app_client.post(path, content=whole, headers=headers)).status_code == taken
    refused = await app_client.post(path, content=more, headers=headers)
    assert refused.status_code == 413
    assert refused.headers["connection"] == "close"
    assert ("problem" in refused.headers["content-type"]) == path.startswith("/v1")
    assert refused.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("declared", ["9" * 30, "262145"])
async def test_a_declared_size_is_refused_before_anything_is_read(app_client: httpx.AsyncClient, declared: str) -> None:
    answer = await app_client.post("/v1/incidents", content=b"", headers={"content-length": declared})
    assert answer.status_code == 413


async def test_the_log_names_the_route_and_never_the_address(app_client: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        await app_client.get(f"/v1/people/{SECRET}?{SECRET}={SECRET}", headers={"x-something": SECRET})
        await app_client.get("/v1/nested/7")
        await app_client.get(f"/{SECRET}")
        await app_client.request("SEEDED", "/visit")
        await app_client.get(f"/sign-in/{'t' * 43}")
    answered = events(logged, "http.answered")
    assert [(entry["method"], entry["route"], entry["status"]) for entry in answered] == [
        ("GET", "/v1/people/{number}", 422),
        ("GET", "/v1/nested/{number}", 200),
        ("GET", "-", 404),
        ("other", "/visit", 405),
        ("GET", "/sign-in/{token}", 303),
    ]
    assert set(answered[0]) == {"event", "log_level", "method", "route", "status", "milliseconds"}
    assert "Seeded" not in str(logged)
    assert "ttt" not in str(logged)


async def test_openapi_describes_the_api_and_no_page(app_client: httpx.AsyncClient) -> None:
    schema = (await app_client.get("/openapi.json")).json()
    assert {path.split("/")[1] for path in schema["paths"]} == {"v1"}
    answers = schema["paths"]["/v1/people"]["post"]["responses"]
    assert set(answers) == {"200", "4XX", "5XX"}
    assert list(answers["4XX"]["content"]) == ["application/problem+json"]


async def test_a_client_has_so_many_calls_and_then_waits() -> None:
    clock = ManualClock(datetime(2026, 11, 23, 7, 0, tzinfo=UTC))
    client = browser_like(tiny_app(tiny_frame(clock=clock)))
    assert [(await client.get("/v1/limited")).status_code for _ in range(3)] == [200, 200, 429]
    refused = await client.get("/v1/limited")
    assert (refused.headers["retry-after"], refused.json()["code"]) == ("1", "too-many-requests")
    clock.move_to(clock.now() + timedelta(seconds=1))
    assert [(await client.get("/v1/limited")).status_code for _ in range(2)] == [200, 429]
    assert HTTPS not in refused.text


async def messages(receive: Receive, *, reads: bool = False) -> list[str]:
    """What a page that begins an answer, or reads its body, and then fails gets out to the server."""
    sent: list[str] = []

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        if reads:
            await Request(scope, receive).body()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError(SECRET)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    last = LastResort(breaks, answers=Answers(pages=tiny_frame().layout))
    await last({"type": "http", "method": "POST", "path": "/x", "headers": []}, receive, send)
    return sent


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def test_an_answer_that_breaks_off_is_not_taken_for_whole() -> None:
    with capture_logs() as logged, pytest.raises(Misuse) as broken:
        await messages(nothing)
    assert broken.value.__context__ is None
    assert events(logged, "http.failed")[0]["error"] == "ValueError"
    assert SECRET not in str(logged)


async def test_who_has_gone_is_neither_answered_nor_a_failure() -> None:
    with capture_logs() as logged:
        assert await messages(nothing, reads=True) == []
    assert logged == []
