"""A watched folder takes each export exactly once, gives back what it cannot take, and goes on with the others."""

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from services.ingest.handlers import Accept, Answer, Intake
from services.ingest.handlers_folder import Folder, FolderIntake
from services.ingest.loops_folder import Folders
from shared.clock import ManualClock
from shared.db import Database
from shared.db.tables.ingest_folder import ingest_folder_file
from shared.errors import Unavailable
from shared.report.store import load
from shared.scope import Scope
from tests.contract.folder_world import DyingDatabase, Killed, Place
from tests.contract.ingest_world import FORCE, NOW, a_world
from tests.exports import Made, came_back, example, export, row, written

pytestmark = pytest.mark.sqlite_daily


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def place(database: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Place]:
    (tmp_path / "exports").mkdir()
    async with a_world(database, clock) as world:
        yield Place(world=world, path=tmp_path / "exports")


def everything(made: Made, place: Place) -> None:
    assert Counter(came_back(place.path / "refused" / "night.csv")) == Counter(made.bad)
    assert place.files() == ["done/night.csv", "refused/night.csv"]


async def test_good_rows_are_taken_and_bad_ones_come_back(place: Place) -> None:
    made = export(seed=1, incidents=70)
    place.drop("night.csv", made.content)
    await place.settle()
    assert await place.taken() == made.good
    everything(made, place)
    (file,) = await place.world.rows("ingest_folder_file")
    assert (file["state"], file["accepted"], file["refused"]) == ("done", len(made.good), len(made.bad))
    keys = [key for key in await place.world.rows("ingest_api_key") if key["label"].startswith("folder")]
    assert [key["revoked_at"] is not None for key in keys] == [True]


@pytest.mark.parametrize("after", [False, True])
async def test_a_process_that_ends_at_any_batch_is_carried_on(place: Place, after: bool) -> None:
    made = export(seed=2, incidents=120)
    place.drop("night.csv", made.content)
    for _ in range(2):
        with pytest.raises(Killed):
            await place.settle(place.dying(2, after=after))
    await place.settle()
    assert await place.taken() == made.good
    assert await place.world.count("ingest_version") == len(made.good)
    everything(made, place)


async def test_a_process_that_ends_before_any_transaction_is_carried_on(place: Place, database_url: str) -> None:
    made = export(seed=7, incidents=120)
    place.drop("night.csv", made.content)
    one, killed = place.world, 0
    for number in (1, 2, 3, 4, 5, 4, 3, 4):
        database = DyingDatabase.at(database_url, one.clock)
        assert isinstance(database, DyingDatabase)
        database.dies_at = number
        intake = Intake(database=database, vault=one.vault, retention_months=6)
        folder = Folder(path=place.path, export=example(), force=FORCE, label="nightly")
        parts = {"database": database, "vault": one.vault, "clock": one.clock}
        loop = Folders([FolderIntake(folder, **parts, intake=intake, corrections=one.corrections)])  # type: ignore[arg-type]
        try:
            await place.settle(loop)
        except Killed:
            killed += 1
        finally:
            await database.close()
    await place.settle()
    assert killed == 8
    assert await place.taken() == made.good
    everything(made, place)


@pytest.mark.parametrize("moved", [False, True])
async def test_a_process_that_ends_before_the_file_is_said_to_be_done(place: Place, moved: bool) -> None:
    made = export(seed=3, incidents=40)
    place.drop("night.csv", made.content)
    await place.settle()
    async with place.world.database.transaction() as tx:
        await tx.execute(update(ingest_folder_file).values(state="read"))
    if not moved:
        (place.path / "done" / "night.csv").rename(place.path / "taking" / "night.csv")
        (file,) = await place.world.rows("ingest_folder_file")
        (place.path / "refused" / "night.csv").rename(place.path / "refused" / f".{file['file_id']}.part")
    await place.settle()
    assert [file["state"] for file in await place.world.rows("ingest_folder_file")] == ["done"]
    everything(made, place)


async def test_the_same_content_under_another_name_is_not_taken_again(place: Place) -> None:
    made = export(seed=4, incidents=20)
    place.drop("night.csv", made.content)
    await place.settle()
    place.drop("again.csv", made.content)
    await place.settle()
    assert "repeated/again.csv" in place.files()
    assert await place.world.count("ingest_folder_file") == 1


async def test_what_is_not_complete_stays_where_it_is(place: Place) -> None:
    loop = place.loop()
    place.drop("growing.csv", written([row("A", "C1")]))
    for name in ("x.part", ".hidden.csv", "~$x.csv", "x.lock"):
        place.drop(name, written([row("B", "C1")]))
    (place.path / "link.csv").symlink_to(place.path / "x.part")
    for minutes in (1, 2, 3):
        place.world.clock.move_to(place.world.clock.now() + timedelta(seconds=3))
        place.drop("growing.csv", written([row("A", f"C{number}") for number in range(minutes)]), minutes)
        assert await loop.run_once() == 0
    await loop.close()
    await place.settle()
    assert await place.taken() == {"A": 3}
    assert {"x.part", ".hidden.csv", "~$x.csv", "x.lock"} <= set(place.files())


async def test_a_later_export_corrects_and_an_older_one_does_nothing(place: Place) -> None:
    place.drop("1.csv", written([row("A", "C1", Last_Updated="19/11/2026 23:15:00")]))
    await place.settle()
    place.drop("2.csv", written([row("A", "C1", Last_Updated="19/11/2026 23:40:00", Child_Name="Samvela Testerby")]), 1)
    await place.settle()
    place.drop("3.csv", written([row("A", "C1", Last_Updated="19/11/2026 23:20:00", Child_Name="Samolda Testerby")]), 2)
    await place.settle()
    (incident,) = await place.world.rows("ingest_incident")
    async with place.world.database.reading() as reading:
        sealed = await load(place.world.vault, reading, incident["incident_id"], Scope.force(FORCE))
    assert (incident["incident_version"], sealed.report.children[0].full_name) == (2, "Samvela Testerby")
    counts = [(one["accepted"], one["corrected"], one["older"]) for one in await place.world.rows("ingest_folder_file")]
    assert sorted(counts) == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]


async def test_another_content_under_the_same_stamp_comes_back(place: Place) -> None:
    place.drop("1.csv", written([row("A", "C1")]))
    await place.settle()
    place.drop("2.csv", written([row("A", "C1", Crimed="NC")]), 1)
    await place.settle()
    assert came_back(place.path / "refused" / "2.csv") == [("C1", "same-stamp")]


async def test_what_came_back_can_be_mended_and_dropped_again(place: Place) -> None:
    place.drop("1.csv", written([row("A", "C1"), row("A", "C1")]))
    await place.settle()
    rows = list(csv.reader(io.StringIO((place.path / "refused" / "1.csv").read_text(encoding="utf-8"), newline="")))
    rows[2][rows[0].index("Child Id")] = "C2"
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    place.drop("mended.csv", text.getvalue().encode())
    await place.settle()
    assert await place.taken() == {"A": 2}


async def test_a_file_that_cannot_be_read_is_put_away_and_others_go_on(place: Place) -> None:
    place.drop("1.csv", b"Some,Other\n1,2\n")
    place.drop("2.csv", written([row("A", "C1")])[:-1] + b"\xff", 1)
    place.drop("3.csv", written([row("B", "C1")]), 2)
    await place.settle()
    assert await place.taken() == {"B": 1}
    failed = [f"failed/{name}{more}" for name in ("1.csv", "2.csv") for more in ("", ".reason.txt")]
    assert place.files() == ["done/3.csv", *failed]
    assert (place.path / "failed" / "2.csv.reason.txt").read_text(encoding="utf-8").startswith("encoding: ")
    reasons = [one["reason"] for one in await place.world.rows("ingest_folder_file") if one["state"] == "failed"]
    assert sorted(reasons) == ["columns", "encoding"]


async def test_a_folder_in_which_nothing_can_be_moved_does_not_hold_up_the_others(place: Place, tmp_path: Path) -> None:
    broken = Place(world=place.world, path=tmp_path / "broken")
    broken.path.mkdir()
    broken.drop("done", b"a file where a folder should be")
    place.drop("1.csv", written([row("A", "C1")]))
    loops = [one.loop() for one in (broken, place)]
    both = Folders([folder for loop in loops for folder in loop.folders])
    await place.settle(both)
    assert await place.taken() == {"A": 1}
    assert broken.files() == ["done"]


async def test_what_cannot_be_given_back_is_put_away_and_carried_on_when_it_comes_again(place: Place) -> None:
    made = export(seed=6, incidents=40)
    place.drop("night.csv", made.content)
    loop = place.loop()
    await loop.run_once()
    place.world.clock.move_to(place.world.clock.now() + timedelta(seconds=3))
    await loop.run_once()
    (place.path / "refused").rmdir()
    (place.path / "refused").write_bytes(b"no folder")
    assert await loop.run_once() == 1
    await loop.close()
    (place.path / "refused").unlink()
    assert (place.path / "failed" / "night.csv.reason.txt").read_text(encoding="utf-8").startswith("unreadable: ")
    (place.path / "failed" / "night.csv").rename(place.path / "night.csv")
    await place.settle()
    assert await place.taken() == made.good
    assert Counter(came_back(place.path / "refused" / "night.csv")) == Counter(made.bad)


async def test_while_the_database_is_away_the_file_waits(place: Place) -> None:
    class Away(Intake):
        async def accept(self, batch: Sequence[Accept]) -> list[Answer]:
            raise Unavailable("away")

    place.drop("1.csv", written([row("A", "C1")]))
    with pytest.raises(Unavailable):
        await place.settle(place.loop(Away(database=place.world.database, vault=place.world.vault, retention_months=6)))
    assert place.files() == ["taking/1.csv"]
    await place.settle()
    assert await place.taken() == {"A": 1}


async def test_a_folder_is_one_process_s(place: Place) -> None:
    first, second = place.loop(), place.loop()
    place.drop("1.csv", written([row("A", "C1")]))
    assert await first.run_once() == 0
    for _ in range(3):
        place.world.clock.move_to(place.world.clock.now() + timedelta(seconds=3))
        assert await second.run_once() == 0
    assert place.files() == ["1.csv"]
    await first.close()
    await place.settle(second)
    assert place.files() == ["done/1.csv"]


@pytest.mark.parametrize("name", [".encompass.lock", "taking", "refused", "done"])
async def test_a_link_in_the_place_of_the_folder_s_own_leads_nowhere(place: Place, tmp_path: Path, name: str) -> None:
    """Whoever may drop exports could otherwise empty a file of ours, or have another force's exports read as theirs."""
    theirs = tmp_path / "another"
    theirs.mkdir()
    (theirs / "night.csv").write_bytes(written([row("THEIRS", "C1")]))
    (tmp_path / "keyring.json").write_text("precious")
    (place.path / name).symlink_to(tmp_path / "keyring.json" if name.startswith(".") else theirs)
    place.drop("1.csv", written([row("A", "C1")]))
    await place.settle()
    assert await place.taken() == {}
    assert (tmp_path / "keyring.json").read_text() == "precious"
    assert [path.name for path in theirs.iterdir()] == ["night.csv"]


async def test_a_link_where_a_file_was_is_put_away_unread(place: Place, tmp_path: Path) -> None:
    """The folder's user may exchange a file for a link between our look and our move."""
    (tmp_path / "theirs.csv").write_bytes(written([row("THEIRS", "C1")]))
    loop = place.loop()
    await loop.run_once()
    (place.path / "taking" / "night.csv").symlink_to(tmp_path / "theirs.csv")
    await place.settle(loop)
    place.drop("1.csv", written([row("A", "C1")]))
    await place.settle()
    assert await place.taken() == {"A": 1}
    assert (place.path / "failed" / "night.csv").is_symlink()
    assert (place.path / "failed" / "night.csv.reason.txt").read_text(encoding="utf-8").startswith("unreadable: ")


async def test_a_file_that_is_far_too_large_is_put_away_before_it_is_read(place: Place) -> None:
    """A sparse file of a terabyte costs its sender nothing; reading it would hold up every other folder."""
    place.drop("huge.csv", b"x")
    with (place.path / "huge.csv").open("r+b") as handle:
        handle.truncate(2**40)
    place.drop("1.csv", written([row("A", "C1")]), 1)
    await place.settle()
    assert await place.taken() == {"A": 1}
    assert (place.path / "failed" / "huge.csv.reason.txt").read_text(encoding="utf-8").startswith("too-large: ")
