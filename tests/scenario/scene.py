"""The whole application with its log on, its answers recorded by reader, and every place in which something personal could be left."""

import contextlib
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

import httpx

from services import composition
from shared import run
from shared.service import Build
from tests import backends
from tests.scenario.leaks import Search, listening, postgres_places, sqlite_places
from tests.scenario.seeded import Recorder, Seeded, contact_markers, roll_markers
from tests.whole import Whole, whole

Granted = Mapping[tuple[str, str], set[str]]
"""By method and beginning of a path: which markers a body may hold."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """``reports`` are those whose words are searched for."""

    w: Whole
    url: str
    reports: Sequence[Seeded]
    heard: StringIO
    search: Search
    recorders: dict[str, Recorder] = field(default_factory=dict)

    # --- what is done -------------------------------------------------------------------------------------------------------

    def seen_by(self, reader: str) -> Whole:
        """The application as that reader's browsers see it."""
        recorder = self.recorders.setdefault(reader, Recorder(self.w.app))
        return replace(self.w, app=recorder)  # type: ignore[arg-type]

    def with_services(self, *builds: Build, **parts: Any) -> "Scene":
        """The same database and clock under other services or parts, as after a deployment."""
        changed = replace(self.w.parts, **parts)
        process = run.assembled(changed, builds)
        return replace(self, w=replace(self.w, parts=changed, process=process, app=composition.application(process, drive=False)))

    async def posted(self, one: Seeded, **changes: Any) -> httpx.Response:
        """What the API answers to the report."""
        client = await self.seen_by("police").browser()
        return await client.post("/v1/incidents", json=one.report | changes, headers=await self.w.headers())

    async def asked(self, incident_id: str) -> dict[str, Any]:
        """What the API tells of the incident."""
        client = await self.seen_by("police").browser()
        return dict((await client.get(f"/v1/incidents/{incident_id}", headers=await self.w.headers())).json())

    # --- what is left ---------------------------------------------------------------------------------------------------------

    async def rows(self) -> Mapping[str, str | bytes]:
        """Every row, as whoever has stolen the database would read it."""
        if self.url.startswith("sqlite"):
            return sqlite_places(Path(self.url.partition(":///")[2]))
        return await postgres_places(backends.with_database(backends.postgres_admin(), self.url.rpartition("/")[2]))

    def messages(self) -> Mapping[str, str | bytes]:
        """Subject and body of every message; whom it is for is on the envelope."""
        messages = [(box.name, one) for box in (self.w.mail, self.w.phone) for one in box.messages()]
        return {f"{name} {one.attempt_id}": f"{one.attempt_id}\n{one.subject}\n{one.body}" for name, one in messages}

    def files(self) -> Mapping[str, str | bytes]:
        """Whatever else a process has left in its folder. The directory's own files were there before it."""
        known = ("directory", "mail", "phone")
        found = [path for path in self.w.folder.rglob("*") if path.is_file()]
        return {path.name: path.read_bytes() for path in found if path.relative_to(self.w.folder).parts[0] not in known}

    async def assert_nothing_personal(self, *errors: BaseException, granted: Mapping[str, Granted] | None = None) -> None:
        """In rows, files, messages, log, answers; and in what is told of an error. ``granted``: by reader, what she may see."""
        assert not self.search.hits(await self.rows())
        assert not self.search.hits(self.files())
        assert not self.search.hits(self.messages())
        log = self.heard.getvalue()
        assert not self.search.hits({"log": log})
        assert not [line for line in log.splitlines() if not line.startswith("{")], "nobody else has written there"
        police: Granted = {("GET", "/v1/incidents/"): {text for one in self.reports for text in one.references()}}
        may_see = {"police": police} | dict(granted or {})
        for reader, recorder in self.recorders.items():
            assert not recorder.hits(self.search, may_see.get(reader, {})), reader
        for error in errors:
            assert not self.search.hits({"error": "".join(traceback.format_exception(error)), "repr": repr(error)})


@contextlib.asynccontextmanager
async def seeded_scene(database_url: str, folder: Path, reports: Sequence[Seeded], *, on_roll: Sequence[Seeded]) -> AsyncIterator[Scene]:
    """Everything set up, with the children of ``on_roll`` on the roll of their schools."""
    with listening() as heard:
        async with whole(database_url, folder, reports=[one.report for one in on_roll]) as w:
            markers = [marker for one in reports for marker in one.markers]
            search = Search([*markers, *contact_markers(), *roll_markers(folder / "directory" / "roll.csv")])
            yield Scene(w=w, url=database_url, reports=reports, heard=heard, search=search)
