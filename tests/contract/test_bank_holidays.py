"""The published list over a real HTTP server and both databases: what is decided from then on counts by it, and a bad answer by none."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from services import composition
from services.console.handlers_days_client import BYTES_MAX, fetch
from services.console.loops_bank_holidays import BankHolidayWatch
from shared.calendar import DayKind
from shared.directory import BankHolidays
from shared.errors import SettingsRefused, Unavailable
from shared.scope import Scope
from shared.settings import checked, refuse_doubtful
from shared.web.sessions import Role
from tests.directory_samples import AUTHORITY
from tests.domain.test_published_days import published
from tests.whole import Whole, whole

FRIDAY = date(2026, 11, 20)


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


@contextmanager
def serving(answers: list[tuple[int, bytes]]) -> Iterator[str]:
    """A server that gives these answers one after the other, the last for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/bank-holidays.json"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def watch(w: Whole, url: str) -> BankHolidayWatch:
    return BankHolidayWatch(url=url, database=w.parts.database, clock=w.clock, packaged=BankHolidays.bundled(), private=True)


async def kind(w: Whole) -> DayKind:
    async with w.parts.database.reading() as reading:
        return (await w.parts.directory.calendar(reading, None, AUTHORITY)).day(FRIDAY).kind


async def test_a_holiday_is_added_is_kept_when_the_answer_is_bad_and_is_taken_back(w: Whole) -> None:
    answers = [(200, published(added=(FRIDAY,))), (500, b""), (200, b"<html>"), (200, published())]
    with serving(answers) as url:
        looking = watch(w, url)
        assert await kind(w) is DayKind.SCHOOL
        assert await looking.run_once() == 1
        assert await kind(w) is DayKind.CLOSED
        assert await looking.run_once() == 0  # once a day
        for _ in range(2):
            w.clock.move_to(w.clock.now() + timedelta(days=1))
            assert await looking.run_once() == 0
            assert await kind(w) is DayKind.CLOSED
        w.clock.move_to(w.clock.now() + timedelta(hours=1))
        assert await looking.run_once() == 1
        assert await kind(w) is DayKind.SCHOOL


@pytest.mark.parametrize("body", [b"x" * (BYTES_MAX + 1), b""])
async def test_an_answer_that_is_too_long_or_no_success_is_none(w: Whole, body: bytes) -> None:
    with serving([(200 if body else 404, body)]) as url, pytest.raises(Unavailable):
        await fetch(url, private=True)


async def test_an_address_inside_is_refused_before_anything_is_asked(w: Whole) -> None:
    with serving([(200, published())]) as url, pytest.raises(Unavailable) as refused:
        await fetch(url)
    assert refused.value.code == "address-refused"


async def test_nobody_at_the_other_end_is_an_error_of_ours(w: Whole) -> None:
    with serving([(200, b"")]) as url:
        gone = url
    with pytest.raises(Unavailable):
        await fetch(gone, private=True)
    assert await watch(w, gone).run_once() == 0


async def test_readiness_says_that_the_list_has_not_been_read(w: Whole) -> None:
    settings = w.parts.settings.model_copy(update={"bank_holidays_url": "https://example.org/list.json"})
    process = composition.process(replace(w.parts, settings=settings))
    for path in (replace(w, app=composition.application(process, drive=False)), w):
        coordinator = await path.signed_in(Role.COORDINATOR, Scope.authority(AUTHORITY))
        page = (await coordinator.get("/console/readiness")).text
        assert ("the published list could not be read for days" in page) == (path is not w)


def test_outside_a_demonstration_the_list_comes_over_https_alone() -> None:
    with pytest.raises(SettingsRefused, match="ENCOMPASS_BANK_HOLIDAYS_URL"):
        refuse_doubtful(checked({"mode": "live", "bank_holidays_url": "http://example.org/list.json"}))
