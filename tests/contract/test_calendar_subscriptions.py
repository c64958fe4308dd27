"""A calendar where it is published: taken when nothing is in doubt, kept out when something is; a real server, both databases."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from services.console import store_subscriptions
from services.console.handlers_subscriptions import subscribe, unsubscribe
from services.console.loops_subscriptions import SubscriptionWatch
from services.console.store_subscriptions import Subscription
from shared.calendar import DayKind
from shared.errors import NotFound, Refused
from shared.scope import Scope
from shared.web.sessions import Role
from tests.contract.test_bank_holidays import serving
from tests.directory_samples import AUTHORITY
from tests.whole import Whole, whole

TUESDAY = date(2026, 11, 24)


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


def published(*events: tuple[str, str, str]) -> bytes:
    """An iCalendar of whole days: what, from, until (not included)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, (summary, begin, end) in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}@test.example", "DTSTAMP:20261101T000000Z", f"SUMMARY:{summary}"]
        lines += [f"DTSTART;VALUE=DATE:{begin}", f"DTEND;VALUE=DATE:{end}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


INSET = ("INSET day", "20261124", "20261125")
BACKWARDS = ("INSET day", "20261126", "20261120")


async def looked(w: Whole) -> Subscription:
    await SubscriptionWatch(w.parts).run_once()
    async with w.parts.database.reading() as reading:
        [one] = await store_subscriptions.every(reading)
    return one


async def kind(w: Whole, on: date = TUESDAY) -> DayKind:
    async with w.parts.database.reading() as reading:
        setting = await w.parts.directory.setting(reading, "900001")
        return (await w.parts.directory.calendar(reading, setting, setting.authority)).day(on).kind


async def readiness(w: Whole) -> str:
    coordinator = await w.signed_in(Role.COORDINATOR, Scope.authority(AUTHORITY))
    return (await coordinator.get("/console/readiness")).text


async def test_what_is_in_no_doubt_is_taken_and_looked_at_again_a_day_later(w: Whole) -> None:
    answers = [(200, published(INSET)), (200, published(INSET, ("INSET day", "20261125", "20261126")))]
    with serving(answers) as url:
        await subscribe("900001", url, "the school's site", (), w.parts)
        assert (await looked(w)).state == "taken"
        assert await kind(w) is DayKind.STAFF_ONLY
        assert await SubscriptionWatch(w.parts).run_once() == 0
        w.clock.move_to(w.clock.now() + timedelta(days=1))
        assert (await looked(w)).state == "taken"
        assert await kind(w, date(2026, 11, 25)) is DayKind.STAFF_ONLY
    await unsubscribe("900001", w.parts)
    assert await kind(w) is DayKind.STAFF_ONLY


async def test_what_contradicts_itself_is_kept_out_until_a_person_has_looked(w: Whole) -> None:
    with serving([(200, published(INSET, BACKWARDS))]) as url:
        await subscribe("900001", url, "the school's site", (), w.parts)
        one = await looked(w)
        assert (one.state, one.finding) == ("kept-out", "reversed")
        assert await kind(w) is DayKind.SCHOOL
        assert "its published calendar is kept out (reversed)" in await readiness(w)
        await subscribe("900001", url, "the school's site", ("reversed",), w.parts)
        assert (await looked(w)).state == "taken"
        assert await kind(w) is DayKind.STAFF_ONLY
        assert "kept out" not in await readiness(w)


async def test_one_that_cannot_be_read_is_tried_every_hour_and_a_finding_after_days(w: Whole) -> None:
    with serving([(200, published(INSET)), (503, b""), (200, b"<html>")]) as url:
        await subscribe("900001", url, "the school's site", (), w.parts)
        assert (await looked(w)).state == "taken"
        w.clock.move_to(w.clock.now() + timedelta(days=1))
        one = await looked(w)
        assert (one.state, one.finding) == ("not-read", "http-503")
        w.clock.move_to(w.clock.now() + timedelta(hours=1))
        assert (await looked(w)).finding == "file-refused"
        assert "could not be read for days" not in await readiness(w)
        w.clock.move_to(w.clock.now() + timedelta(days=4))
        await looked(w)
        assert await kind(w) is DayKind.STAFF_ONLY  # what was read stays
        assert "its published calendar is kept out" not in await readiness(w)


async def test_what_is_not_understood_is_left_out_and_a_person_hears_of_it(w: Whole) -> None:
    with serving([(200, published(INSET, ("Disaggregated day", "20261125", "20261126")))]) as url:
        await subscribe("900001", url, "the school's site", (), w.parts)
        one = await looked(w)
        assert (one.state, one.finding) == ("taken", "left-out")
        assert "was not understood and left out" in await readiness(w)


@pytest.mark.parametrize(
    ("owner", "url", "source", "accept", "wrong"),
    [
        ("900001", "ftp://example.org/x.ics", "site", (), Refused),
        ("900001", "https://example.org/x.ics", " ", (), Refused),
        ("900001", "https://example.org/x.ics", "site", ("everything",), Refused),
        ("999999", "https://example.org/x.ics", "site", (), NotFound),
    ],
)
async def test_what_cannot_be_subscribed_to(
    w: Whole, owner: str, url: str, source: str, accept: tuple[str, ...], wrong: type[Exception]
) -> None:
    with pytest.raises(wrong):
        await subscribe(owner, url, source, accept, w.parts)
    with pytest.raises(NotFound):
        await unsubscribe("900001", w.parts)
