"""A file of a watched folder that failed, or whose rows came back, is an alarm with an owner; a folder without a policy is refused."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.ingest.handlers import Intake
from services.ingest.handlers_correct import Corrections
from services.ingest.handlers_folder import Folder, FolderIntake
from services.ingest.loops_folder import Folders
from shared.db.tables.ingest_feed import ingest_alarm
from shared.scope import Scope
from shared.web.sessions import Role
from tests.directory_samples import FORCE
from tests.exports import EXAMPLES, example, row, written
from tests.scenario.solo import environment, prepared
from tests.servers import free_port
from tests.whole import Whole, whole

pytestmark = pytest.mark.sqlite_daily

LABEL = "nightly export of the records system, written by its own scheduler"
FAILED, RETURNED = "folder-failed", "folder-returned"
BROKEN = b"Some,Other\n1,2\n"


@pytest.fixture
async def w(database_url: str, tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(database_url, tmp_path) as w:
        (w.folder / "exports").mkdir()
        yield w


def drop(w: Whole, name: str, content: bytes) -> None:
    """Write a file into the folder, now."""
    path, at = w.folder / "exports" / name, w.clock.now().timestamp()
    path.write_bytes(content)
    os.utime(path, (at, at))


async def night(w: Whole, *, sandbox: bool = False) -> list[tuple[str, bool]]:
    """The folder's files are taken and the alarms judged: each alarm there ever was, and whether it is open."""
    parts = w.parts
    folder = Folder(path=w.folder / "exports", export=example(), force=FORCE, label=LABEL, sandbox=sandbox)
    intake = Intake(database=parts.database, vault=parts.vault, retention_months=6)
    corrections = Corrections(database=parts.database, vault=parts.vault)
    loop = Folders(
        [FolderIntake(folder, database=parts.database, vault=parts.vault, clock=w.clock, intake=intake, corrections=corrections)]
    )
    await loop.run_once()
    w.clock.move_to(w.clock.now() + timedelta(seconds=3))
    while await loop.run_once():
        pass
    await loop.close()
    await w.advance_by(timedelta(minutes=1))
    return [(one["kind"], one["cleared_at"] is None) for one in await alarms(w)]


async def alarms(w: Whole) -> list[dict[str, Any]]:
    async with w.parts.database.reading() as reading:
        found = await reading.execute(select(ingest_alarm).order_by(ingest_alarm.c.opened_at, ingest_alarm.c.kind))
        return [dict(one) for one in found.mappings()]


def good(reference: str) -> bytes:
    return written([row(reference, "C1")])


def partly(reference: str) -> bytes:
    return written([row(reference, "C1"), row(f"{reference}-2", "C1"), row(f"{reference}-2", "C1")])


async def test_a_file_that_failed_is_an_alarm_until_a_later_one_goes_through(w: Whole) -> None:
    drop(w, "1.csv", BROKEN)
    assert await night(w) == [(FAILED, True)]
    (alarm,) = await alarms(w)
    assert (alarm["force"], alarm["subject"], alarm["owner"]) == (FORCE, LABEL, "testshire-safeguarding-lead")
    browser = await w.signed_in(Role.OPERATOR, Scope.force(FORCE))
    page = (await browser.get("/control")).text
    assert "could not be read" in page
    assert LABEL in page
    drop(w, "2.csv", BROKEN + b"3,4\n")
    assert await night(w) == [(FAILED, True)]
    drop(w, "3.csv", good("A"))
    assert await night(w) == [(FAILED, False)]


async def test_rows_that_came_back_are_an_alarm_until_a_later_file_is_taken_whole(w: Whole) -> None:
    drop(w, "1.csv", partly("A"))
    assert await night(w) == [(RETURNED, True)]
    browser = await w.signed_in(Role.LEAD, Scope.force(FORCE))
    assert "were not taken" in (await browser.get("/control")).text
    drop(w, "2.csv", partly("B"))
    assert await night(w) == [(RETURNED, True)]
    drop(w, "3.csv", good("C"))
    assert await night(w) == [(RETURNED, False)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_file_that_lay_there_already_ends_no_alarm(w: Whole) -> None:
    """Both nights' exports are found together: what went through beside the trouble must not hide it before it was seen."""
    drop(w, "1.csv", BROKEN)
    w.clock.move_to(w.clock.now() + timedelta(seconds=1))
    drop(w, "2.csv", good("A"))
    assert await night(w) == [(FAILED, True)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_file_that_cannot_even_be_opened_is_an_alarm(w: Whole) -> None:
    (w.folder / "exports" / "taking").mkdir()
    (w.folder / "exports" / "taking" / "1.csv").symlink_to("/proc/self/mem")
    assert await night(w) == [(FAILED, True)]
    drop(w, "2.csv", good("A"))
    assert await night(w) == [(FAILED, False)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_is_for_trying_out_is_no_alarm(w: Whole) -> None:
    drop(w, "1.csv", BROKEN)
    drop(w, "2.csv", partly("A"))
    assert await night(w, sandbox=True) == []


@pytest.mark.parametrize("command", [("serve",), ("ingest", "watch", "--once")])
def test_a_folder_of_a_force_without_a_policy_refuses_the_start(sqlite_template: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    prepared(sqlite_template, tmp_path)
    (tmp_path / "exports").mkdir()
    (tmp_path / "folders.toml").write_text(
        f'[[folder]]\npath = "exports"\nmapping = "{EXAMPLES / "example-csv.toml"}"\nforce = "testshyre"\nlabel = "nightly"\n'
    )
    values = environment(tmp_path, port=str(free_port()), folders_file=str(tmp_path / "folders.toml"))
    done = subprocess.run([sys.executable, "-m", "services", *command], env=values, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    said = " ".join((done.stdout + done.stderr).split())
    assert "ENCOMPASS_FOLDERS_FILE: folder 1: its force has no policy in force" in said
    assert "testshyre" not in said
