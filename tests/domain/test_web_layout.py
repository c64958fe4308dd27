"""What the pages say, and to whom."""

import re
from datetime import UTC, date, datetime

import pytest
from jinja2 import UndefinedError
from starlette.requests import Request

from shared.errors import Misuse, SettingsRefused
from shared.scope import Scope
from shared.web.assets import STATIC, Assets
from shared.web.layout import ERROR_PAGES
from shared.web.problems import BY_STATUS, Problem
from shared.web.sessions import Role, Session
from shared.web.words import day, when
from tests.web import browser_like, tiny_app, tiny_frame

TELLING = re.compile(r"encompass|police|abuse|safeguard|domestic|violen|crime|victim|incident", re.IGNORECASE)
PUBLIC = ("/visit", "/visit?error=1", "/sign-in", "/signed-out", "/nowhere", "/reviews", "/failures/unforeseen", "/failures/conflict")


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("demo", [False, True])
async def test_a_public_page_does_not_say_what_it_is_about(path: str, demo: bool) -> None:
    answer = await browser_like(tiny_app(tiny_frame(demo=demo))).get(path)
    assert not TELLING.findall(answer.text)
    assert ("Demonstration" in answer.text) == demo


@pytest.mark.parametrize("problem", [*(Problem(status=status) for status in BY_STATUS), Problem(status=403, code="form-out-of-date")])
def test_every_error_page_is_neutral_and_complete(problem: Problem) -> None:
    page = bytes(tiny_frame().layout.error(problem).body).decode()
    assert not TELLING.findall(page)
    assert "<h1" in page


def test_every_error_page_says_what_to_do_next() -> None:
    assert all(paragraphs for _, paragraphs in ERROR_PAGES.values())


def staff_page(role: Role, path: str = "/reviews", *, demo: bool = False) -> str:
    session = Session(session_id="s", role=role, scope=Scope.authority("E09000001"), expires_at=datetime(2026, 11, 23, tzinfo=UTC))
    request = Request({"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "server": ("x", 1)})
    return bytes(tiny_frame(demo=demo).layout.staff(request, session, "reviews.html").body).decode()


def test_a_staff_page_has_the_product_the_navigation_of_the_role_and_the_way_out() -> None:
    page = staff_page(Role.OPERATOR)
    assert "<title>Reviews – Encompass</title>" in page
    assert "operator, authority E09000001" in page
    assert 'action="/sign-out"' in page
    assert 'href="/delivery"' in page
    assert 'href="/reviews"' not in page
    assert 'aria-current="page"' in staff_page(Role.REVIEWER)
    assert "Demonstration" in staff_page(Role.REVIEWER, demo=True)


@pytest.mark.parametrize("page", [staff_page, None])
async def test_nothing_inline_nothing_from_elsewhere_nothing_indexed(page: object) -> None:
    text = staff_page(Role.COORDINATOR) if page else (await browser_like(tiny_app(tiny_frame())).get("/visit")).text
    assert "<style" not in text
    assert not re.findall(r"<script(?![^>]*src=)|\son[a-z]+=|\sstyle=|javascript:", text)
    links = re.findall(r'(?:src|href)="([^"#]+)"', text)
    assert links
    assert all(link.startswith("/") and not link.startswith("//") for link in links)
    assert '<meta name="robots" content="noindex, nofollow">' in text
    assert '<html lang="en"' in text
    assert "govuk-skip-link" in text
    assert not re.findall(r"crown|crest|govuk-logo|Transport", text)


async def test_a_value_is_escaped() -> None:
    layout = tiny_frame().layout
    page = layout._page("error.html", 200, {"heading": "<b>&", "paragraphs": ['"><script>'], "error_id": ""})
    assert b"&lt;b&gt;&amp;" in page.body
    assert b"<script>" not in page.body


def test_a_value_that_was_not_given_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        tiny_frame().layout.public("gap.html")


def test_a_file_that_is_not_there_is_found_out_at_the_start() -> None:
    with pytest.raises(SettingsRefused, match="make setup"):
        Assets(STATIC / "govuk")
    with pytest.raises(Misuse):
        Assets().url("nothing.css")


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (datetime(2026, 11, 23, 7, 40, tzinfo=UTC), "7:40am on Monday 23 November 2026"),
        (datetime(2026, 6, 1, 7, 0, tzinfo=UTC), "8am on Monday 1 June 2026"),
        (datetime(2026, 11, 23, 12, 0, tzinfo=UTC), "midday on Monday 23 November 2026"),
        (datetime(2026, 6, 1, 23, 0, tzinfo=UTC), "midnight on Tuesday 2 June 2026"),
        (datetime(2026, 11, 23, 0, 5, tzinfo=UTC), "12:05am on Monday 23 November 2026"),
        (datetime(2026, 11, 23, 13, 30, tzinfo=UTC), "1:30pm on Monday 23 November 2026"),
    ],
)
def test_instants_are_written_as_london_reads_them(instant: datetime, words: str) -> None:
    assert when(instant) == words


def test_a_date_has_its_weekday() -> None:
    assert day(date(2026, 12, 5)) == "Saturday 5 December 2026"
