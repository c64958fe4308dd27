"""A form is taken only from the person it was shown to."""

import httpx
import pytest
from structlog.testing import capture_logs

from shared.web.forms import Fault, message, summary, token
from tests.web import HTTPS, SECRET, browser_like, hidden_token, tiny_app, tiny_frame

LINK = "L" * 43


@pytest.fixture
async def visitor() -> httpx.AsyncClient:
    """Someone who came by a link."""
    client = browser_like(tiny_app(tiny_frame()))
    await client.get(f"/sign-in/{LINK}")
    return client


async def test_the_form_that_was_shown_is_taken(visitor: httpx.AsyncClient) -> None:
    shown = await visitor.get("/visit")
    answer = await visitor.post("/visit", data={"csrf": hidden_token(shown), "code": " 123456 "})
    assert answer.status_code == 200
    assert "There is a problem" not in answer.text


@pytest.mark.parametrize("sent", ["", "0" * 64, token("another visit's cookie"), "é"])
async def test_another_token_is_not_taken_and_the_page_says_what_to_do(visitor: httpx.AsyncClient, sent: str) -> None:
    answer = await visitor.post("/visit", data={"csrf": sent, "code": SECRET})
    assert answer.status_code == 403
    assert "Nothing was saved" in answer.text
    assert "reload the page" in answer.text
    assert SECRET not in answer.text


async def test_a_token_without_its_cookie_is_nothing(visitor: httpx.AsyncClient) -> None:
    shown = await visitor.get("/visit")
    stranger = browser_like(tiny_app(tiny_frame()))
    assert (await stranger.post("/visit", data={"csrf": hidden_token(shown), "code": "123456"})).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site", "origin": HTTPS}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": HTTPS}, 200),
        ({"origin": "null"}, 200),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "http://messages.example"}, 403),
    ],
)
async def test_a_form_from_elsewhere_is_not_taken(visitor: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    right = hidden_token(await visitor.get("/visit"))
    answer = await visitor.post("/visit", data={"csrf": right, "code": "123456"}, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"csrf=x", "text/plain", 415),
        (b"csrf=x", "multipart/form-data; boundary=x", 415),
        (b'{"csrf": "x"}', "application/json", 415),
        (b"csrf=x", "", 415),
        (b"csrf=%ff", "application/x-www-form-urlencoded", 400),
        (b"csrf=\xc3\xa9", "application/x-www-form-urlencoded", 400),
        (b"csrf=%00", "application/x-www-form-urlencoded", 400),
        (b"%00=x", "application/x-www-form-urlencoded", 400),
        (b"a=b&" * 1000, "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded; charset=utf-8", 403),
        (b"&&&===", "application/x-www-form-urlencoded", 403),
    ],
)
async def test_a_body_that_is_no_form_of_ours_is_refused_clearly(
    visitor: httpx.AsyncClient, content: bytes, media: str, status: int
) -> None:
    with capture_logs() as logged:
        answer = await visitor.post("/visit", content=content, headers={"content-type": media})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert not [entry for entry in logged if entry["event"] == "http.failed"]


def test_faults_become_gov_uk_s_summary_and_messages() -> None:
    faults = [Fault(name="code", text="Enter the code"), Fault(name="name", text="Enter the name")]
    assert summary(faults)[1] == {"text": "Enter the name", "href": "#name"}
    assert message(faults, "code") == {"text": "Enter the code"}
    assert message(faults, "other") is None


async def test_a_fault_is_told_at_the_top_at_the_field_and_in_the_title() -> None:
    page = (await browser_like(tiny_app(tiny_frame())).get("/visit?error=1")).text
    assert "<title>Error: Message" in page
    assert 'href="#code"' in page
    assert 'id="code-error"' in page


@pytest.mark.parametrize(("public_url", "name", "secure"), [(HTTPS, "__Host-sign-in", True), ("http://127.0.0.1:8000", "sign-in", False)])
async def test_cookies_are_as_tight_as_the_address_allows(public_url: str, name: str, secure: bool) -> None:
    client = browser_like(tiny_app(tiny_frame(public_url=public_url)), public_url)
    cookie = (await client.get(f"/sign-in/{LINK}")).headers["set-cookie"]
    words = {word.strip() for word in cookie.split(";")}
    assert f"{name}={LINK}" in words
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=900"} <= words
    assert ("Secure" in words) == secure
    assert "domain" not in cookie.lower()
