"""``encompass demo``: its world is whole on any day, and its check walks a report to an acknowledgement at any hour."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.client import PoliceSystem
from services.demo.messages import Messages
from services.demo.people import pupils
from services.demo.places import SETTINGS
from services.demo.report import sample_report
from services.demo.terms import AROUND, half_terms
from services.demo.walk import Walk, WalkFailed
from services.demo.world import write_world
from services.router.domain.evidence import compact_upn
from shared.report.read import read

TOP = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 90
DAYS = st.dates(date(2025, 1, 1), date(2035, 12, 31))


def run_demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command as ``make demo`` runs it, without this process's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ENCOMPASS_")}
    command = [sys.executable, "-m", "services", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, env=environment, cwd=TOP, check=False)


@pytest.mark.parametrize(
    "beginning",
    [
        (),
        ("--at", "2026-12-25T11:00"),  # a bank holiday before a weekend and another bank holiday
        ("--at", "2027-08-12T23:30"),  # the summer holidays of everywhere else
        ("--at", "2027-03-08T07:40"),  # twenty minutes before a deadline: every rung is due at once
        ("--at", "2027-03-08T08:20"),  # after the deadline: late on arrival
    ],
    ids=["now", "christmas", "summer", "urgent", "late"],
)
def test_the_check_walks_a_report_to_its_acknowledgement(beginning: Sequence[str]) -> None:
    ended = run_demo("--check", *beginning)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 children in the report: 3 acknowledged; 0 lost" in ended.stdout
    assert ended.stderr == ""


def test_what_it_is_told_to_keep_it_keeps_and_a_folder_in_use_it_refuses(tmp_path: Path) -> None:
    kept = tmp_path / "demo"
    assert run_demo("--check", "--folder", str(kept)).returncode == 0
    assert {"encompass.db", "keyring", "messages", "report.json", "testshire"} <= {path.name for path in kept.iterdir()}
    again = run_demo("--check", "--folder", str(kept))
    assert again.returncode == 2
    assert "name a new one" in again.stderr


def police(answer: Callable[[httpx.Request], httpx.Response]) -> PoliceSystem:
    """A sender whose other side is ``answer``."""
    return PoliceSystem(httpx.AsyncClient(base_url="http://encompass.example", transport=httpx.MockTransport(answer)))


def forgets_a_child(request: httpx.Request) -> httpx.Response:
    """Takes a report, and later knows the first of its children only."""
    if request.method == "POST":
        return httpx.Response(202, json={"incident_id": "1", "received_at": "2026-11-22T22:00:00Z"})
    return httpx.Response(200, json={"children": [{"reference": "C1", "outcome": "acknowledged", "destinations": []}]})


async def test_a_child_of_whom_the_api_says_nothing_is_lost(tmp_path: Path) -> None:
    walk = Walk("http://encompass.example", police(forgets_a_child), Messages(tmp_path), print)
    counted = await walk.carry_out(b"{}", ["C1", "C2"])
    assert counted.by_outcome == {"acknowledged": 1, "lost": 1}
    assert counted.lost == 1
    assert not counted.is_well


async def test_a_failing_step_is_named(tmp_path: Path) -> None:
    walk = Walk("http://encompass.example", police(lambda _request: httpx.Response(503)), Messages(tmp_path), print)
    with pytest.raises(WalkFailed, match="posts the report: POST /v1/incidents was answered 503"):
        await walk.carry_out(b"{}", ["C1"])


@given(DAYS)
def test_there_is_term_around_any_day_and_no_two_half_terms_overlap(today: date) -> None:
    terms = half_terms(today)
    assert all(earlier.last_on < later.first_on for earlier, later in itertools.pairwise(terms))
    assert any(term.first_on <= today - AROUND and today + AROUND <= term.last_on for term in terms)
    assert terms[0].first_on <= today - timedelta(days=300)
    assert today + timedelta(days=300) <= terms[-1].last_on


@given(DAYS)
def test_everyone_on_the_roll_is_of_an_age_for_the_setting_and_has_a_sound_upn(today: date) -> None:
    known = pupils(today, seed=1, families=84)
    ages = {row[0]: range(row[6] - 1, row[7] + 2) for row in SETTINGS if row[5] == "open"}
    assert 180 <= len(known) <= 240
    assert all((today - pupil.date_of_birth).days // 365 in ages[pupil.setting_id] for pupil in known)
    upns = [pupil.upn for pupil in known if pupil.upn]
    assert all(compact_upn(upn) == upn for upn in upns)
    assert len(set(upns)) == len(upns)


def test_the_world_is_the_same_for_the_same_day(tmp_path: Path) -> None:
    worlds = [write_world(tmp_path / name, date(2026, 11, 22), families=84) for name in ("one", "two")]
    texts = [[path.read_text(encoding="utf-8") for path in (*dict(world.directory).values(), world.roll)] for world in worlds]
    assert texts[0] == texts[1]
    assert write_world(tmp_path / "other", date(2026, 11, 22), seed=2, families=84).pupils != worlds[0].pupils


@given(st.integers(0, 10 * 365 * 24 * 60))
def test_the_sample_report_is_read_without_anything_set_aside(minutes: int) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    taken = read(json.dumps(sample_report(pupils(now.date(), seed=1, families=1), now)).encode(), received_at=now)
    assert taken.findings == ()
    assert len(taken.report.children) == 3
