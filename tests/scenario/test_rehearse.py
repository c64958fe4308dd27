"""``encompass rehearse``: a generated year in which nobody is lost, a planted loss that is found, a comparison, and a picture."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from services.__main__ import app
from services.rehearsal import counts, generated
from services.rehearsal.lost import lost, stands
from services.rehearsal.replay import Replay
from services.rehearsal.values import Incident, Outcome, Policies
from shared.directory import Published
from shared.policy import version

SMALL = ("--generate-year", "2025", "--settings", "40", "--incidents", "400")
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
POLICY = """\
owner_kind = "authority"
owner = "999"
name = "Tried out"
effective_from_on = 2025-01-01
{more}
[teams]
review = "testshire-education-safeguarding"
live = "testshire-out-of-hours"
phone = "testshire-phone-desk"
authority_lead = "testshire-safeguarding-lead"
[[duty]]
team = "{duty}"
[[duty]]
team = "testshire-education-safeguarding"
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["rehearse", *words], catch_exceptions=False)


def report(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "report.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def year() -> tuple[tuple[Incident, ...], list[Outcome]]:
    made = generated.generate(2025, seed=3, settings=40, incidents=400)
    known = Policies(published=tuple(Published(version=version(one), policy=one, published_at=UNTIL) for one in generated.policies()))
    replay = Replay(made.area, known, seed=3)
    return made.incidents, [outcome for incident in made.incidents for outcome in replay.play(incident)]


def test_a_year_ends_with_nobody_lost_and_somebody_live_for_each_holiday_child(tmp_path: Path) -> None:
    told = run(*SMALL, "--seed", "2", "--out", str(tmp_path))
    assert told.exit_code == 0, told.output
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (found["incidents"], found["lost"]) == (400, 0)
    assert found["holiday"]["live_recipient"] == found["holiday"]["children"] > 50
    assert sum(found[phase]["children"] for phase in counts.PHASES) + found["excluded"] == found["children"] > 600
    for phase in counts.PHASES:
        some = found[phase]
        assert some["acknowledged_before_deadline"] <= some["told_before_deadline"] <= some["children"]
        assert some["acknowledged_before_deadline"] + some["late"] == some["children"]
    assert "Lost: 0" in told.output


def test_the_same_seed_is_the_same_year(tmp_path: Path) -> None:
    for folder, seed in (("one", "5"), ("again", "5"), ("other", "6")):
        assert run(*SMALL, "--seed", seed, "--out", str(tmp_path / folder)).exit_code == 0
    assert report(tmp_path / "one") == report(tmp_path / "again") != report(tmp_path / "other")


def test_a_planted_loss_is_found(year: tuple[tuple[Incident, ...], list[Outcome]]) -> None:
    incidents, became = year
    assert lost(incidents, became, UNTIL) == ()
    place = next(number for number, one in enumerate(became) if one.told and one.told[0].acknowledged_at is not None)
    one = became[place]
    told = one.told[0]
    spoilt = {
        "no record": [],
        "two records": [one, one],
        "nobody told": [replace(one, told=(), review=None)],
        "nobody acts": [replace(one, told=(replace(told, acknowledged_at=None, rungs=(), call_owner=""),))],
        "no owner when late": [replace(one, told=(replace(told, acknowledged_at=told.deadline_at + timedelta(days=1), call_owner=""),))],
        "excluded by nobody": [replace(one, told=(), excluded="over-18", decider="")],
    }
    for what, records in spoilt.items():
        found = lost(incidents, [*became[:place], *records, *became[place + 1 :]], UNTIL)
        assert found == ((one.reference, one.child_id),), what


def test_a_child_who_is_held_beyond_her_review_is_lost_unless_somebody_else_owns_her(
    year: tuple[tuple[Incident, ...], list[Outcome]],
) -> None:
    held = next(one for one in year[1] if one.review is not None and one.review.settled_at > one.review.due_at)
    assert held.review is not None
    between = held.review.due_at + timedelta(minutes=1)
    assert stands(held, between) == "held"
    assert stands(replace(held, review=replace(held.review, escalates_to="")), between) == "lost"


def test_two_policies_are_compared_and_the_same_differs_in_nothing(tmp_path: Path) -> None:
    usual, earlier = tmp_path / "usual.toml", tmp_path / "earlier.toml"
    usual.write_text(POLICY.format(more="", duty="testshire-out-of-hours"), encoding="utf-8")
    earlier.write_text(POLICY.format(more="day_start = 07:30:00\nstaff_day_send = 06:00:00", duty="testshire-police-hub"), encoding="utf-8")
    same = run(*SMALL, "--policy", str(usual), "--against", str(usual), "--out", str(tmp_path / "same"))
    assert (same.exit_code, "nothing changes" in same.output) == (0, True)
    told = run(*SMALL, "--policy", str(earlier), "--out", str(tmp_path / "out"))
    assert told.exit_code == 0
    against = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["against"]
    assert against["children"]["newly_late"] > 0
    assert against["children"]["other_recipients"] > 0
    assert len(against["incidents"]["newly_late"]) > 0


def test_the_picture_is_one_and_says_in_words_what_it_shows(tmp_path: Path) -> None:
    assert run(*SMALL, "--out", str(tmp_path)).exit_code == 0
    picture = ET.fromstring((tmp_path / "rehearsal.svg").read_text(encoding="utf-8"))  # noqa: S314  our own
    names = {"svg": "http://www.w3.org/2000/svg"}
    assert picture.get("role") == "img"
    assert "Rehearsal of 1 January 2025" in str(picture.findtext("svg:title", namespaces=names))
    assert "400 incidents" in str(picture.findtext("svg:desc", namespaces=names))
    days = [one.text or "" for one in picture.findall("svg:g/svg:title", names)]
    assert len(days) >= 365
    assert sum(int(words.split(": ")[1].split(" ")[0]) for words in days) == 400
    assert {"January 2025", "December 2025"} <= {one.text for one in picture.findall("svg:text", names)}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give --from and --to"),
        (("--from", "2025-02-01", "--to", "2025-01-01"), "in this order"),
        (("--generate-year", "1999"), "bank holidays of 1999 are not known"),
    ],
)
def test_what_cannot_be_rehearsed_is_told_in_a_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    told = run(*words, "--out", str(tmp_path))
    assert told.exit_code == 2
    assert said in " ".join(told.output.split())


def test_a_broken_policy_is_not_rehearsed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(POLICY.format(more="margin = 4", duty="testshire-out-of-hours"), encoding="utf-8")
    told = run(*SMALL, "--policy", str(broken), "--out", str(tmp_path))
    assert (told.exit_code, "margin: not a key of a policy" in told.output) == (1, True)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_whole_year_of_one_authority(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--generate-year", "2025", "--seed", str(seed), "--out", str(tmp_path)).exit_code == 0
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (found["incidents"], found["lost"]) == (generated.INCIDENTS, 0)
    assert found["holiday"]["live_recipient"] == found["holiday"]["children"]
    with capsys.disabled():
        print(f"\nseed {seed}: {json.dumps(found)}")  # noqa: T201  what the run is for
