"""Briefings with a real database: once for each break and person, a page behind a code, and nothing of a child on it."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from services.console.handlers import import_file
from services.notifier.domain.messages import Refused
from services.notifier.loops_briefings import Briefings
from shared.clock import Clock, ManualClock
from shared.db.tables.directory import directory_day
from tests.contract.notifier_world import DEPUTY, DSL, DSL_PHONE, PUBLIC, World, world
from tests.directory_samples import AUTHORITY, policy_toml
from tests.samples import personal_words, sample_report
from tests.web import browser_like, hidden_token

__all__ = ["world"]

MONDAY = datetime(2026, 12, 14, 8, 0, tzinfo=UTC)
"""The last week of term: Christmas begins on Saturday."""
NINE = timedelta(hours=1)


@pytest.fixture
def clock() -> Clock:
    return ManualClock(MONDAY)


def loop(world: World) -> Briefings:
    return Briefings(
        database=world.database, clock=world.clock, directory=world.directory, channels=dict(world.channels), public_url=PUBLIC
    )


async def runs(world: World, until: datetime | None = None) -> None:
    """A process of its own, until it has nothing to do at that instant."""
    world.clock.move_to(until or MONDAY + NINE)
    briefings = loop(world)
    while await briefings.run_once():
        pass


def to_school(world: World) -> list[str]:
    return [one for channel in world.channels.values() for one in channel.to if "900001" in one or one == DSL_PHONE]


async def closed_on(world: World, *days: date) -> None:
    async with world.database.transaction() as tx:
        for on in days:
            await tx.execute(insert(directory_day), {"setting_id": "900001", "on": on, "kind": "closed", "source": "snow"})


async def test_each_lead_is_told_once_for_each_break(world: World) -> None:
    briefings = loop(world)
    assert await briefings.run_once() == 0  # not before nine
    assert await briefings.next_due() == MONDAY + NINE
    await runs(world)
    assert to_school(world) == [DSL]
    assert len(world.email.to) == len(set(world.email.to)) > 3  # and that of every other setting with a break
    assert "college" not in " ".join(world.email.to)
    before = list(world.email.to)
    for day in range(1, 6):
        await runs(world, MONDAY + NINE + timedelta(days=day))
    assert world.email.to == before
    body = world.email.sent[0].body
    assert not [word for word in ("abuse", "police", "child") if word in body.lower()]
    assert {row["state"] for row in await world.rows("notifier_briefing") if row["contact_id"]} == {"sent"}


async def test_nobody_is_told_in_the_evening_or_on_a_day_on_which_nobody_is_there(world: World) -> None:
    await closed_on(world, date(2026, 12, 14))
    await runs(world, MONDAY.replace(hour=17))
    assert world.email.to == []
    world.clock.move_to(MONDAY + timedelta(days=1))
    await closed_on(world, date(2026, 12, 15))
    await runs(world, MONDAY + NINE + timedelta(days=1))
    assert to_school(world) == []
    assert world.email.to != []
    await runs(world, MONDAY + NINE + timedelta(days=2))
    assert to_school(world) == [DSL]


async def test_a_calendar_that_changes_brings_no_second_one(world: World) -> None:
    await runs(world)
    await closed_on(world, date(2026, 12, 17), date(2026, 12, 18))
    await runs(world, MONDAY + NINE + timedelta(days=1))
    assert to_school(world) == [DSL]
    await runs(world, datetime(2027, 2, 10, 10, tzinfo=UTC))  # the next break is another one
    assert to_school(world) == [DSL, DSL]


async def test_two_processes_owe_and_send_one(world: World) -> None:
    world.clock.move_to(MONDAY + NINE)
    one, other = loop(world), loop(world)
    while sum(await asyncio.gather(one.run_once(), other.run_once())):
        pass
    assert to_school(world) == [DSL]
    assert len([row for row in await world.rows("notifier_briefing") if row["setting_id"] == "900001"]) == 1


async def test_without_a_lead_the_deputy_and_without_anybody_it_is_written_down(world: World) -> None:
    await world.suspend(DSL, "dsl@900002.example", "deputy@900002.example", "head@900002.example")
    await runs(world)
    assert to_school(world) == [DEPUTY]
    [row] = [row for row in await world.rows("notifier_briefing") if row["setting_id"] == "900002"]
    assert (row["contact_id"], row["state"]) == (None, "failed")


async def test_a_mailbox_that_refuses_leaves_the_telephone(world: World) -> None:
    world.email.answers[DSL] = [Refused(reason="bad-address")]
    await runs(world)
    assert to_school(world) == [DSL, DSL_PHONE]


async def test_a_policy_may_do_without(world: World, tmp_path: Path) -> None:
    path = tmp_path / "without.toml"
    document = policy_toml("authority", AUTHORITY, effective_from_on="2026-01-01") + "[holiday]\nbriefing_days = 0\n"
    path.write_text(document, encoding="utf-8")
    result = await import_file("policies", path, world.database, world.vault, world.clock, lambda _done, _total: None)
    assert result.applied, result.refused
    await runs(world)
    assert world.email.sent == []


def link(world: World) -> str:
    found = re.search(re.escape(PUBLIC) + r"(/b/[\w-]+)", next(one.body for one in world.email.sent if one.to == DSL))
    assert found
    return found[1]


async def test_the_page_is_behind_a_code_and_counts_by_week(world: World) -> None:
    bodies = [sample_report(seed=seed) for seed in range(3)]
    for days, body in zip((30, 29, 3), bodies, strict=True):
        world.clock._now = MONDAY - timedelta(days=days)
        await world.opened("C1", body=body)
    world.clock._now = MONDAY
    await runs(world)
    async with browser_like(world.app()) as client:
        moved = await client.get(link(world))
        assert (moved.status_code, moved.headers["location"]) == (303, "/briefing")
        arrival = await client.get("/briefing")
        assert "There is a page for Testwood Primary" in arrival.text
        assert (await client.get("/briefing/read")).status_code == 401
        asked = await client.post("/briefing/code", data={"csrf": hidden_token(arrival)})
        wrong = await client.post("/briefing/open", data={"csrf": hidden_token(asked), "code": "000000"})
        assert "The code is not right" in wrong.text
        opened = await client.post("/briefing/open", data={"csrf": hidden_token(asked), "code": world.code(DSL_PHONE)})
        assert opened.headers["location"] == "/briefing/read"
        page = (await client.get("/briefing/read")).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "The break begins on 19 December 2026" in text
    assert "3 of 3 have no answer yet" in text
    assert "Testshire out-of-hours desk" in text
    words = {word for body in bodies for word in personal_words(body)}
    assert not [word for word in words if word.lower() in text.lower()]


async def test_a_link_ends_and_belongs_to_one_who_may_be_told(world: World) -> None:
    await runs(world)
    address = link(world)

    async def answers() -> httpx.Response:
        async with browser_like(world.app()) as client:
            await client.get(address)
            return await client.get("/briefing")

    assert (await answers()).status_code == 200
    await world.suspend(DSL)
    assert (await answers()).status_code == 404
    await world.change_contacts(DSL, state="verified")
    world.clock.move_to(datetime(2027, 1, 20, tzinfo=UTC))
    assert (await answers()).status_code == 404
