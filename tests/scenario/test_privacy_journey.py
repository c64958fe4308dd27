"""The seeded search for personal data, when everything goes as it should (design section 7.1; issue 2, done when 4).

One night with every outcome: acknowledged, passed on and late, not theirs and recalled, held and escalated, excluded, withheld; reports
sent again and sent differently; staff looking on. Afterwards every table, file, message, log line and answer is searched for every word.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from shared.scope import Scope
from shared.web.sessions import Role
from tests import backends
from tests.directory_samples import AUTHORITY, FORCE
from tests.scenario.journey import NOT_OURS, arrives, picked_up
from tests.scenario.leaks import Search, listening, postgres_places, sqlite_places
from tests.scenario.night import FRIDAY, MONDAY, at
from tests.scenario.seeded import Recorder, Seeded, contact_markers, contact_words, roll_markers, seeded
from tests.whole import Whole, whole

TOLD = seeded(0, "900001", "900002")
WRONG = seeded(1, "900001")
UNKNOWN = seeded(2, "900001", "900001", "900002")
GROWN = seeded(3, "900001")
GROWN.report["children"][0]["date_of_birth"] = "2004-02-29"
HIDDEN = seeded(4, "900001", handling_flags=["refuge"])
REPORTS = (TOLD, WRONG, UNKNOWN, GROWN, HIDDEN)
ON_ROLL = (TOLD, WRONG, HIDDEN)
PAGES = ("/", "/console", "/console/reviews", "/console/readiness", "/console/parked")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The application with its log on, and one recorder for each kind of reader."""

    w: Whole
    url: str
    heard: StringIO
    search: Search
    recorders: dict[str, Recorder]

    def seen_by(self, reader: str) -> Whole:
        """The application as that reader's browsers see it."""
        recorder = self.recorders.setdefault(reader, Recorder(self.w.app))
        return replace(self.w, app=recorder)  # type: ignore[arg-type]

    async def posted(self, one: Seeded, **changes: Any) -> Any:
        """What the API answers to the report."""
        client = await self.seen_by("police").browser()
        return await client.post("/v1/incidents", json=one.report | changes, headers=await self.w.headers())

    async def asked(self, incident_id: str) -> dict[str, Any]:
        client = await self.seen_by("police").browser()
        told: dict[str, Any] = (await client.get(f"/v1/incidents/{incident_id}", headers=await self.w.headers())).json()
        return told


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    with listening() as heard:
        async with whole(database_url, tmp_path, reports=[one.report for one in ON_ROLL]) as w:
            markers = [marker for one in REPORTS for marker in one.markers]
            search = Search([*markers, *contact_markers(), *roll_markers(tmp_path / "directory" / "roll.csv")])
            yield Scene(w=w, url=database_url, heard=heard, search=search, recorders={})


async def the_night(scene: Scene) -> Mapping[str, str]:
    """Every report and everybody's part in it; the incidents' ids."""
    w, incidents = scene.w, {}
    for name, one in (("told", TOLD), ("unknown", UNKNOWN), ("grown", GROWN), ("hidden", HIDDEN)):
        incidents[name] = (await scene.posted(one)).json()["incident_id"]
    assert (await scene.posted(TOLD)).json()["repeated"] is True
    assert (await scene.posted(TOLD, place_kind="street")).status_code == 409
    await w.settle()
    await picked_up(scene.seen_by("dsl"), "dsl@900001")
    passing = await arrives(scene.seen_by("other dsl"), "dsl@900002")
    await passing.enters(await passing.asks_for_code())
    await passing.confirms()
    await passing.passes_on()
    await w.advance_by(timedelta(minutes=5))
    incidents["wrong"] = (await scene.posted(WRONG)).json()["incident_id"]
    await w.settle()
    mistaken = await arrives(scene.seen_by("mistaken dsl"), "dsl@900001")
    await mistaken.enters(await mistaken.asks_for_code())
    child_id = (await scene.asked(incidents["wrong"]))["children"][0]["child_id"]
    await mistaken.says({child_id: NOT_OURS})
    await w.advance(at(FRIDAY, "09:30"))
    for role in Role:
        for scope in (Scope.force(FORCE), Scope.authority(AUTHORITY)):
            browser = await scene.seen_by("staff").signed_in(role, scope)
            for page in PAGES:
                assert (await browser.get(page)).status_code in (200, 403)
    anybody = await scene.seen_by("anybody").browser()
    for path in ("/openapi.json", "/healthz", "/readyz", "/message", "/message/content", "/nothing", "/v1/nothing"):
        await anybody.get(path)
    await w.advance(at(MONDAY, "12:00"))
    return incidents


async def database_places(scene: Scene) -> Mapping[str, str | bytes]:
    """Every row, as whoever has stolen the database would read it."""
    if scene.url.startswith("sqlite"):
        return sqlite_places(Path(scene.url.partition(":///")[2]))
    return await postgres_places(backends.with_database(backends.postgres_admin(), scene.url.rpartition("/")[2]))


def message_places(w: Whole) -> Mapping[str, str | bytes]:
    """Subject and body of every message; whom it is for is on the envelope."""
    messages = [(box.name, one) for box in (w.mail, w.phone) for one in box.messages()]
    return {f"{name} {one.attempt_id}": f"{one.attempt_id}\n{one.subject}\n{one.body}" for name, one in messages}


def other_files(w: Whole) -> Mapping[str, str | bytes]:
    """Whatever else a process has left in its folder. The directory's own files were there before it."""
    ours = ("directory", "mail", "phone")
    return {
        str(path.relative_to(w.folder)): path.read_bytes()
        for path in w.folder.rglob("*")
        if path.is_file() and path.relative_to(w.folder).parts[0] not in ours
    }


async def test_a_night_with_every_outcome_leaves_nothing_personal_behind(scene: Scene) -> None:
    incidents = await the_night(scene)
    outcomes = {name: [child["outcome"] for child in (await scene.asked(one))["children"]] for name, one in incidents.items()}
    assert outcomes == {
        "told": ["acknowledged", "late"],
        "unknown": ["held"] * 3,
        "grown": ["excluded"],
        "hidden": ["held"],
        "wrong": ["held"],
    }
    rows = await database_places(scene)
    assert sum(map(len, rows.values())) > 50_000
    assert not scene.search.hits(rows)
    messages = message_places(scene.w)
    assert len(messages) > 10
    assert not scene.search.hits(messages)
    assert not scene.search.hits(other_files(scene.w))
    log = scene.heard.getvalue()
    assert log.count("\n") > 100
    assert not scene.search.hits({"log": log})
    assert not [line for line in log.splitlines() if not line.startswith("{")], "nobody else has written there"
    assert not answers(scene)


def answers(scene: Scene) -> list[str]:
    """What anybody was shown that was not hers to see."""
    police = set().union(*(one.references() for one in REPORTS))
    dsl, other = contact_words("dsl@900001"), contact_words("dsl@900002")
    children, content, done = ("GET", "/message/children"), ("GET", "/message/content"), ("GET", "/message/")
    granted: dict[str, dict[tuple[str, str], set[str]]] = {
        "police": {("GET", "/v1/incidents/"): police},
        "dsl": {children: TOLD.shown_before_content(0), content: TOLD.shown_with_content(0), done: dsl},
        "other dsl": {children: TOLD.shown_before_content(1), content: TOLD.shown_with_content(1), done: other},
        "mistaken dsl": {children: WRONG.shown_before_content(0), done: dsl},
        "staff": {},
        "anybody": {("GET", "/openapi.json"): {"2018-03-04"}},  # its example was born on the day of two pupils of the roll
    }
    assert scene.recorders.keys() == granted.keys()
    assert all(recorder.answers for recorder in scene.recorders.values())
    return [f"{reader}: {hit}" for reader, recorder in scene.recorders.items() for hit in recorder.hits(scene.search, granted[reader])]


async def test_the_search_of_the_night_can_fail(scene: Scene) -> None:
    """The same places hold what they may hold: without the grants the search finds it; and a planted word in each kind is found."""
    (await scene.posted(TOLD)).raise_for_status()
    await scene.w.settle()
    visitor = await picked_up(scene.seen_by("dsl"), "dsl@900001")
    hits = scene.recorders["dsl"].hits(scene.search, {})
    assert {hit.partition(":")[0] for hit in hits} >= {"GET /message/children 200", "GET /message/content 200"}
    assert visitor.page.path == "/message/done"
    word = TOLD.child(1)["full_name"].split()[0]
    planted: dict[str, str | bytes] = {"log": json.dumps({"event": "x.done", "reason": word}), "mail": f"for {word}".encode("utf-16")}
    assert len(scene.search.hits(planted)) == 2
