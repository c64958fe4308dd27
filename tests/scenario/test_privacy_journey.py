"""The seeded search for personal data, when everything goes as it should (design section 7.1).

One night with every outcome: acknowledged, passed on and late, not theirs and recalled, held and escalated, excluded, withheld; reports
sent again and sent differently; staff looking on. Afterwards every table, file, message, log line and answer is searched for every word.
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from shared.scope import Scope
from shared.web.sessions import Role
from tests.directory_samples import AUTHORITY, FORCE
from tests.scenario.journey import NOT_OURS, arrives, picked_up
from tests.scenario.night import FRIDAY, MONDAY, at
from tests.scenario.scene import Granted, Scene, seeded_scene
from tests.scenario.seeded import contact_words, seeded

TOLD = seeded(0, "900001", "900002")
WRONG = seeded(1, "900001")
UNKNOWN = seeded(2, "900001", "900001", "900002")
GROWN = seeded(3, "900001")
GROWN.report["children"][0]["date_of_birth"] = "2004-02-29"
HIDDEN = seeded(4, "900001", handling_flags=["refuge"])
REPORTS = (TOLD, WRONG, UNKNOWN, GROWN, HIDDEN)
ON_ROLL = (TOLD, WRONG, HIDDEN)
PAGES = ("/", "/console", "/console/reviews", "/console/readiness", "/console/parked")


@pytest.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with seeded_scene(database_url, tmp_path, REPORTS, on_roll=ON_ROLL) as made:
        yield made


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
    assert sum(map(len, (await scene.rows()).values())) > 50_000
    assert len(scene.messages()) > 10
    assert scene.heard.getvalue().count("\n") > 100
    assert scene.recorders.keys() == {"police", *granted()}
    assert all(recorder.answers for recorder in scene.recorders.values())
    await scene.assert_nothing_personal(granted=granted())


def granted() -> Mapping[str, Granted]:
    """What each recipient may see: her own children's names after the code, the content after her answer, her own name."""
    dsl, other = contact_words("dsl@900001"), contact_words("dsl@900002")
    children, content, visit = ("GET", "/message/children"), ("GET", "/message/content"), ("GET", "/message/")
    return {
        "dsl": {children: TOLD.shown_before_content(0), content: TOLD.shown_with_content(0), visit: dsl},
        "other dsl": {children: TOLD.shown_before_content(1), content: TOLD.shown_with_content(1), visit: other},
        "mistaken dsl": {children: WRONG.shown_before_content(0), visit: dsl},
        "staff": {},
        "anybody": {("GET", "/openapi.json"): {"2018-03-04"}},  # its example was born on the day of two pupils of the roll
    }


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
