"""Closing for a day and taking it back, for one setting or a whole area, over both databases."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert

from services.console.handlers_closing import REASONS, close, reopen
from shared.calendar import DayKind
from shared.db.tables.directory import directory_day
from shared.errors import NotFound, Refused
from tests.directory_samples import AUTHORITY
from tests.whole import Whole, whole

FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as everything:
        yield everything


async def kind(w: Whole, setting_id: str, on: date) -> DayKind:
    async with w.parts.database.reading() as reading:
        setting = await w.parts.directory.setting(reading, setting_id)
        return (await w.parts.directory.calendar(reading, setting, setting.authority)).day(on).kind


async def test_it_is_shown_before_it_counts_and_a_whole_area_closes_at_once(w: Whole) -> None:
    shown = await close(AUTHORITY, FRIDAY, FRIDAY, "snow", w.parts, apply=False)
    assert shown.settings > 2
    assert shown.changed == 0
    assert await kind(w, "900001", FRIDAY) is DayKind.SCHOOL
    stored = await close(AUTHORITY, FRIDAY, FRIDAY, "snow", w.parts, apply=True)
    assert stored.changed == stored.settings == shown.settings
    assert [await kind(w, one, FRIDAY) for one in ("900001", "900002")] == [DayKind.CLOSED, DayKind.CLOSED]
    assert (await close(AUTHORITY, FRIDAY, FRIDAY, "snow", w.parts, apply=True)).changed == 0


async def test_one_of_them_opens_after_all(w: Whole) -> None:
    await close(AUTHORITY, FRIDAY, FRIDAY, "strike", w.parts, apply=True)
    assert (await reopen("900001", FRIDAY, FRIDAY, w.parts, apply=True)).changed == 1
    assert [await kind(w, one, FRIDAY) for one in ("900001", "900002")] == [DayKind.SCHOOL, DayKind.CLOSED]


async def test_an_inset_day_has_its_staff(w: Whole) -> None:
    await close("900001", FRIDAY, FRIDAY, "inset", w.parts, apply=True)
    assert await kind(w, "900001", FRIDAY) is DayKind.STAFF_ONLY


@pytest.mark.parametrize(
    ("first_on", "last_on", "reason", "code"),
    [
        (FRIDAY, FRIDAY, "because", "unknown-reason"),
        (SATURDAY, FRIDAY, "snow", "order"),
        (date(2026, 11, 18), FRIDAY, "snow", "past"),
        (FRIDAY, date(2026, 12, 10), "snow", "too-long"),
    ],
)
async def test_what_it_refuses(w: Whole, first_on: date, last_on: date, reason: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await close("900001", first_on, last_on, reason, w.parts, apply=True)
    assert refused.value.code == code


async def test_an_unknown_code_closes_nothing(w: Whole) -> None:
    with pytest.raises(NotFound):
        await close("nowhere", FRIDAY, FRIDAY, next(iter(REASONS)), w.parts, apply=True)


async def test_opening_again_takes_away_what_closing_added_and_nothing_else(w: Whole) -> None:
    async with w.parts.database.transaction() as tx:
        row = {"setting_id": "900001", "on": FRIDAY, "kind": "staff-only", "source": "the school's calendar"}
        await tx.execute(insert(directory_day), row)
    await close(AUTHORITY, FRIDAY, FRIDAY, "snow", w.parts, apply=True)
    await reopen(AUTHORITY, FRIDAY, FRIDAY, w.parts, apply=True)
    assert [await kind(w, one, FRIDAY) for one in ("900001", "900002")] == [DayKind.STAFF_ONLY, DayKind.SCHOOL]
