"""A watched folder of a real process that is killed again and again: every good row is taken once, every bad one comes back once."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.exports import EXAMPLES, came_back, export
from tests.scenario.solo import environment, prepared
from tests.servers import free_port
from tests.waiting import wait_until

MADE = export(seed=5, incidents=160)


class Watched:
    """The process, its folder, and what its database says."""

    def __init__(self, template: Path, at: Path) -> None:
        self.at, self.folder = at, at / "exports"
        self.folder.mkdir()
        prepared(template, at)
        (at / "folders.toml").write_text(
            f'[[folder]]\npath = "exports"\nmapping = "{EXAMPLES / "example-csv.toml"}"\nforce = "testshire"\nlabel = "nightly"\n'
        )

    def start(self) -> "subprocess.Popen[bytes]":
        values = environment(self.at, port=str(free_port()), folders_file=str(self.at / "folders.toml"))
        with (self.at / "log").open("ab") as output:
            command = [sys.executable, "-m", "services", "serve"]
            return subprocess.Popen(command, env=values, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def asked(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of the database; none while it is busy."""
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(f"file:{self.at / 'solo.db'}?mode=ro", uri=True)) as db,
        ):
            return db.execute(statement).fetchall()
        return []

    def done(self) -> bool:
        return self.asked("SELECT state FROM ingest_folder_file") == [("done",)]


POINTS: list[tuple[str, Callable[[Watched], bool]]] = [
    ("the file is moved in", lambda one: any((one.folder / "taking").glob("*"))),
    ("a batch is behind it", lambda one: one.asked("SELECT max(incidents_done) >= 50 FROM ingest_folder_file") == [(1,)]),
    ("what is given back appears", lambda one: any((one.folder / "refused").glob("*.csv"))),
]


@pytest.mark.long
def test_a_folder_is_taken_once_whenever_the_process_is_killed(sqlite_template: Path, tmp_path: Path) -> None:
    one = Watched(sqlite_template, tmp_path)
    (one.folder / "night.csv.part").write_bytes(MADE.content)
    (one.folder / "night.csv.part").rename(one.folder / "night.csv")
    for what, reached in POINTS:
        process = one.start()
        wait_until(lambda reached=reached: reached(one) or one.done(), what=what)  # type: ignore[misc]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    process = one.start()
    try:
        wait_until(one.done, what="the file to be done")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    taken = one.asked("SELECT i.reference, count(*) FROM ingest_incident i JOIN ingest_child USING (incident_id) GROUP BY i.incident_id")
    assert Counter(taken) == Counter(MADE.good.items())
    assert one.asked("SELECT count(*) FROM ingest_version") == [(len(MADE.good),)]
    refused = one.folder / "refused" / "night.csv"
    assert Counter(came_back(refused)) == Counter(MADE.bad)
    assert refused.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in sorted(one.folder.rglob("*")) if path.is_file()] == [".encompass.lock", "night.csv", "night.csv"]
    assert (one.folder / "done" / "night.csv").read_bytes() == MADE.content
    said = (one.at / "log").read_text(encoding="utf-8")
    assert "Samiro" not in said
    assert "EX-5" not in said
