"""Control lists and the watch over a force: what never came is listed to an owner, and silence is noticed."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from services.ingest.api_calling import REFUSALS_BURST
from services.ingest.domain.control import GAP_OWED_WITHIN
from services.ingest.handlers_watch import set_watch
from services.ingest.handlers_webhook import Webhooks
from shared.db.tables import metadata
from shared.scope import Scope
from shared.web.sessions import Role
from tests.contract.feed_world import caught_up
from tests.directory_samples import FORCE
from tests.samples import sample_report
from tests.web import hidden_token
from tests.whole import NIGHT, Whole, whole

pytestmark = pytest.mark.sqlite_daily

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
REPORT = sample_report(seed=1)


JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path, reports=[REPORT]) as w:
        yield w


async def listed(w: Whole, references: Iterable[str], *, force: str = FORCE, on: str = "2026-11-19") -> httpx.Response:
    """What the API answers to a control list."""
    body = {"system": REPORT["system"], "on": on, "references": list(references)}
    return await w.client.post("/v1/control-lists", json=body, headers=await w.headers(force))


async def rows(w: Whole, table: str) -> list[dict[str, Any]]:
    async with w.parts.database.reading() as reading:
        return [dict(row) for row in (await reading.execute(select(metadata.tables[table]))).mappings()]


async def alarms(w: Whole) -> list[tuple[str, bool]]:
    """Each alarm there ever was, and whether it is open."""
    return [(row["kind"], row["cleared_at"] is None) for row in await rows(w, "ingest_alarm")]


async def settled(w: Whole) -> None:
    """Everything that is due now is done, and the feed is at the journal's end."""
    await w.settle()
    await caught_up(w.parts.database, next(loop for loop in w.process.loops if loop.name == "ingest.feed"))


async def later(w: Whole, time: timedelta) -> None:
    """Let business time pass."""
    await w.advance(w.clock.now() + time)


async def test_a_reference_that_never_came_has_an_owner_until_it_comes(w: Whole) -> None:
    answer = (await listed(w, [REPORT["reference"], "EX-2"])).json()
    assert answer["gaps"] == [{"reference": one, "kind": "no-report"} for one in (REPORT["reference"], "EX-2")]
    assert answer["known"] == []
    gaps = {row["reference"]: row for row in await rows(w, "ingest_control_gap")}
    assert {row["owner"] for row in gaps.values()} == {"testshire-police-hub"}

    posted = (await w.post_report(REPORT)).json()
    await settled(w)
    await later(w, timedelta(minutes=1))
    gaps = {row["reference"]: row for row in await rows(w, "ingest_control_gap")}
    assert (gaps[REPORT["reference"]]["reason"], gaps[REPORT["reference"]]["closed_by"]) == ("report-arrived", "ingest")
    assert gaps["EX-2"]["closed_at"] is None
    again = (await listed(w, [REPORT["reference"], "EX-2"])).json()
    assert again["known"] == [{"reference": REPORT["reference"], "incident_id": posted["incident_id"]}]
    assert [gap["reference"] for gap in again["gaps"]] == ["EX-2"]
    assert len(await rows(w, "ingest_control_gap")) == 2  # listed again, it is the same gap

    await later(w, GAP_OWED_WITHIN)
    (gap,) = [row for row in await rows(w, "ingest_control_gap") if row["closed_at"] is None]
    assert gap["escalated_at"] is not None


@on_sqlite
async def test_a_report_whose_children_are_lost_is_listed(w: Whole) -> None:
    await w.post_report(REPORT)
    feeding = next(loop for loop in w.process.loops if loop.name == "ingest.feed")
    w.clock.move_to(w.clock.now() + timedelta(minutes=6))  # and the router has done nothing
    while await feeding.run_once():
        pass
    assert (await listed(w, [REPORT["reference"]])).json()["gaps"] == [{"reference": REPORT["reference"], "kind": "no-outcome"}]
    await w.settle()
    await later(w, timedelta(minutes=1))
    (gap,) = await rows(w, "ingest_control_gap")
    assert gap["reason"] == "outcome-known"


@on_sqlite
async def test_a_person_closes_a_reference_with_a_reason(w: Whole) -> None:
    await listed(w, ["EX-2"])
    browser = await w.signed_in(Role.COORDINATOR, Scope.force(FORCE))
    page = await browser.get("/control")
    assert "EX-2" in page.text
    assert "Nobody learns of it" in page.text
    (gap,) = await rows(w, "ingest_control_gap")
    form = {"csrf": hidden_token(page), "gap": gap["gap_id"]}
    assert "There is a problem" in (await browser.post("/control", data=form)).text
    assert (await browser.post("/control", data=form | {"reason": "no-child"})).status_code == 303
    assert (await browser.post("/control", data=form | {"reason": "no-child"})).status_code == 404
    (gap,) = await rows(w, "ingest_control_gap")
    assert gap["reason"] == "no-child"
    await listed(w, ["EX-2"])
    assert len(await rows(w, "ingest_control_gap")) == 1  # what a person has settled is not asked again


@on_sqlite
async def test_another_force_and_an_authority_see_nothing_of_it(w: Whole) -> None:
    await listed(w, ["EX-2"])
    (gap,) = await rows(w, "ingest_control_gap")
    for scope in (Scope.force("otherforce"), Scope.authority("testshire")):
        browser = await w.signed_in(Role.COORDINATOR, scope)
        page = await browser.get("/control")
        assert "EX-2" not in page.text
        form = {"csrf": hidden_token(page), "gap": gap["gap_id"], "reason": "no-child"}
        assert (await browser.post("/control", data=form)).status_code == 404


@on_sqlite
async def test_a_list_is_small_and_of_references(w: Whole) -> None:
    assert (await listed(w, (f"EX-{number}" for number in range(10_000)))).status_code == 200
    assert (await listed(w, (f"EX-{number}" for number in range(10_001)))).status_code == 422
    refused = await listed(w, ["line\nbreak Seeded Namesake"])
    assert refused.status_code == 422
    assert "Namesake" not in refused.text


@on_sqlite
async def test_a_silent_force_is_an_alarm_until_its_next_report(w: Whole) -> None:
    async with w.parts.database.transaction() as tx:
        await set_watch(tx, FORCE, 12, NIGHT)
    await later(w, timedelta(hours=11))
    assert await alarms(w) == []
    await later(w, timedelta(hours=1))
    assert await alarms(w) == [("silent", True)]
    browser = await w.signed_in(Role.OPERATOR, Scope.force(FORCE))
    assert "Neither a report nor a control list" in (await browser.get("/control")).text
    await w.post_report(REPORT)
    await settled(w)
    await later(w, timedelta(minutes=1))
    assert await alarms(w) == [("silent", False)]


@on_sqlite
async def test_a_list_that_does_not_come_is_an_alarm_by_noon(w: Whole) -> None:
    await listed(w, [])
    noon = datetime.fromisoformat("2026-11-20T12:00:00Z")
    await w.advance(noon - timedelta(minutes=1))
    assert await alarms(w) == []
    await w.advance(noon)
    assert await alarms(w) == [("list-missing", True)]
    await w.advance(noon + timedelta(hours=20))  # the next morning: what did not come yesterday has not come yet
    assert await alarms(w) == [("list-missing", True)]
    await listed(w, [], on="2026-11-20")
    await later(w, timedelta(minutes=1))
    assert await alarms(w) == [("list-missing", False)]


@on_sqlite
async def test_a_paused_webhook_is_an_alarm_unless_it_is_for_trying_out(w: Whole) -> None:
    webhooks = Webhooks(database=w.parts.database, vault=w.parts.vault, clock=w.clock, plain=True)
    for sandbox in (True, False):
        await webhooks.set(FORCE, "http://127.0.0.1:9/", sandbox=sandbox)
    webhook = metadata.tables["ingest_webhook"]
    for sandbox, expected in ((True, []), (False, [("webhook-paused", True)])):
        async with w.parts.database.transaction() as tx:
            await tx.execute(update(webhook).where(webhook.c.sandbox.is_(sandbox)).values(state="paused", reason="gone"))
        await later(w, timedelta(minutes=1))
        assert await alarms(w) == expected


async def test_without_a_key_nothing_of_the_body_is_read(w: Whole) -> None:
    """A body that is no JSON is answered as any other, and counts as a try."""
    refused = [await w.client.post("/v1/control-lists", content=b"{", headers=JSON) for _ in range(REFUSALS_BURST + 1)]
    assert [answer.status_code for answer in refused] == [401] * REFUSALS_BURST + [429]
    assert (await w.client.post("/v1/control-lists", content=b"{", headers=JSON | await w.headers())).status_code == 400
