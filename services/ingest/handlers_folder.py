"""Taking the exports of a watched folder, each exactly once, whenever the process ends.

A file is moved in, then known by a row with the keyed hash of its content. Its incidents go through ``Intake`` in batches, one that says
something else than what is here as a correction; after each batch the row says how far it is, and how long what is given back is. Whoever
carries on repeats at most one batch, whose incidents are then repeats (D1), and writes its refused rows over those of the turn that was
cut short. The file leaves only when all of it is there.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO

from services.ingest import handlers_folder_files as files
from services.ingest import store_folder as store
from services.ingest.domain.mapping import Export
from services.ingest.domain.mapping_files import FILE_BYTES_MAX, ExportRefused, incidents
from services.ingest.domain.mapping_rows import REASONS, Fault, Row, built, fault
from services.ingest.handlers import Accept, Accepted, Answer, Different, Intake, received
from services.ingest.handlers_correct import Change, Corrections
from services.ingest.keys_internal import internal_key
from services.ingest.store_folder import File
from shared.clock import Clock
from shared.db import Database
from shared.errors import Refused
from shared.ids import new_id
from shared.log import logger
from shared.report.findings import ReportRefused
from shared.vault import Vault

INCIDENTS_AT_ONCE = 50
LOOK_SECONDS = 2.0
"""How long a file must lie unchanged before it is taken for complete."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A watched folder: its files are read by ``export`` and are of ``force``. ``label`` tells it from the force's other ways in."""

    path: Path
    export: Export
    force: str
    label: str
    sandbox: bool = False


@dataclass(slots=True)
class _Open:
    """A file whose rows are being taken."""

    path: Path
    file: File
    header: tuple[str, ...]
    groups: Iterator[tuple[Row, ...]] = field(repr=False)


@dataclass(slots=True)
class _Batch:
    """What became of some incidents: rows to be given back, each with its reason, and counts by name."""

    refused: list[tuple[Sequence[str], str]] = field(default_factory=list, repr=False)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by

    def refuse(self, rows: Sequence[Row], why: Fault) -> None:
        self.refused += [(row.written, f"{why.code}: {why.text}") for row in rows]
        self.count("refused", len(rows))


class FolderIntake:
    """Takes the files of one folder, one after another."""

    def __init__(self, folder: Folder, *, database: Database, vault: Vault, clock: Clock, intake: Intake, corrections: Corrections) -> None:
        self.folder = folder
        self._database, self._vault, self._clock = database, vault, clock
        self._intake, self._corrections = intake, corrections
        self._held: IO[str] | None = None
        self._open: _Open | None = None
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}

    async def turn(self) -> int:
        """Go one step on: a batch of the file that is being taken, or taking the next; how much that was. Raises OSError, Unavailable.

        0 also while another process has the folder.
        """
        if self._held is None:
            self._held = await asyncio.to_thread(files.prepare, self.folder.path)
            if self._held is None:
                return 0
        path = await asyncio.to_thread(files.taking, self.folder.path)
        if path is None:
            await self._end_moved()
            path = await self._pick_up()
            return int(path is not None)
        try:
            if self._open is None or self._open.path != path:
                self._open = await self._opened(path)
            if self._open is not None:
                await self._step(self._open)
        except BaseException:
            self._open = None  # where it was is in its row
            raise
        return 1

    async def failed(self, code: str) -> bool:
        """Put the file away that cannot be read, so that others go on; whether there was one. Raises OSError when even that fails."""
        self._open = None
        path = await asyncio.to_thread(files.taking, self.folder.path) if self._held is not None else None
        if path is None:
            return False
        file_id = new_id()
        try:
            file = replace(await self._known(path), state="failed", reason=code, ended_at=self._clock.real())
            file_id = file.file_id
            async with self._database.transaction() as tx:
                await store.keep(tx, file)
        except (OSError, ExportRefused):
            pass  # it cannot even be read, or is too much to be: there is no hash to know it by
        await asyncio.to_thread(files.fail, path, file_id, code)
        async with self._database.transaction() as tx:
            await store.add_unread(tx, self._unread(file_id, code))  # without a row nothing would make it an alarm
        log.error("folder.file-failed", force=self.folder.force, file_id=file_id, reason=code)
        return True

    def close(self) -> None:
        """Let the folder go."""
        if self._held is not None:
            self._held.close()
            self._held = None

    async def _pick_up(self) -> Path | None:
        """Move in the oldest file that lay unchanged between two looks."""
        now, found = self._clock.monotonic(), await asyncio.to_thread(files.waiting, self.folder.path)
        seen = {name: self._seen[name] for name, said in found.items() if name in self._seen and self._seen[name][0] == said}
        self._seen = {name: (said, now) for name, said in found.items()} | seen
        complete = next((name for name, (_, since) in self._seen.items() if now - since >= LOOK_SECONDS), None)
        return None if complete is None else await asyncio.to_thread(files.take, self.folder.path, complete)

    async def _end_moved(self) -> None:
        """Files that were read and lie here no more have been moved: a process was killed before it could say so."""
        one = self.folder
        async with self._database.reading() as reading:
            if not await store.in_state(reading, one.force, one.label, "read", sandbox=one.sandbox):
                return
        async with self._database.transaction() as tx:
            await store.end_moved(tx, one.force, one.label, self._clock.real(), sandbox=one.sandbox)

    async def _known(self, path: Path) -> File:
        """The row of the file, made when its content was never seen. Raises OSError, and ExportRefused before reading one too large."""
        one, keyring = self.folder, self._vault.keyring
        size, file_at = await asyncio.to_thread(files.size_and_instant, path)
        if size > FILE_BYTES_MAX:
            raise ExportRefused("too-large")
        hashes = await asyncio.to_thread(files.hashes, path, keyring.index_keys)
        async with self._database.transaction() as tx:
            known = await store.by_hash(tx, one.force, one.label, hashes, sandbox=one.sandbox)
            if known is not None:
                return known
            file = File(
                file_id=new_id(),
                force=one.force,
                label=one.label,
                sandbox=one.sandbox,
                content_hash=hashes[keyring.current_index_key_id],
                hash_key_id=keyring.current_index_key_id,
                bytes=size,
                state="taking",
                file_at=file_at,
                found_at=self._clock.real(),
            )
            await store.add(tx, file)
        return file

    def _unread(self, file_id: str, code: str) -> File:
        """The row of a file of which nothing is known."""
        one, now = self.folder, self._clock.real()
        return File(
            file_id=file_id,
            force=one.force,
            label=one.label,
            sandbox=one.sandbox,
            content_hash=file_id,
            hash_key_id=self._vault.keyring.current_index_key_id,
            bytes=0,
            state="failed",
            reason=code,
            file_at=now,
            found_at=now,
            ended_at=now,
        )

    async def _opened(self, path: Path) -> _Open | None:
        """The file at the place where it was left; None when there is nothing left to take."""
        file = await self._known(path)
        if file.state == "done":
            await asyncio.to_thread(files.move, path, files.REPEATED, new_id())
            log.warning("folder.file-repeated", force=file.force, file_id=file.file_id)
            return None
        if file.state == "read":
            await self._finish(path, file)
            return None
        await asyncio.to_thread(files.cut, self.folder.path, file.file_id, file.refused_bytes)
        found = await asyncio.to_thread(incidents, self.folder.export, lambda: files.blocks(path))
        groups = await asyncio.to_thread(_behind, found.groups, file.incidents_done)
        return _Open(path, replace(file, state="taking", reason=None, ended_at=None), found.header, groups)

    async def _step(self, here: _Open) -> None:
        """Take a batch, give back what of it was refused, and write down how far the file is: in that order."""
        groups = await asyncio.to_thread(_some, here.groups)
        file = here.file
        if groups:
            batch = await self._taken(groups, file.file_at)
            length = file.refused_bytes
            if batch.refused:
                export = self.folder.export
                delimiter = export.delimiter if export.format == "csv" else ","
                length = await asyncio.to_thread(
                    files.give_back, self.folder.path, file.file_id, length, here.header, delimiter, batch.refused
                )
            counts = {name: getattr(file, name) + number for name, number in batch.counts.items()}
            here.file = file = replace(file, incidents_done=file.incidents_done + len(groups), refused_bytes=length, **counts)
        if len(groups) < INCIDENTS_AT_ONCE:
            file = replace(file, state="read")
        async with self._database.transaction() as tx:
            await store.keep(tx, file)
        if file.state == "read":
            self._open = None
            await self._finish(here.path, file)

    async def _finish(self, path: Path, file: File) -> None:
        """Give back what was refused, move the file away, and say so."""
        if file.refused_bytes:
            await asyncio.to_thread(files.given_back, path, file.file_id)
        await asyncio.to_thread(files.move, path, files.DONE, file.file_id)
        async with self._database.transaction() as tx:
            await store.keep(tx, replace(file, state="done", ended_at=self._clock.real()))
        log.info("folder.file-done", force=file.force, file_id=file.file_id, count=file.incidents_done, refused=file.refused)

    async def _taken(self, groups: Sequence[tuple[Row, ...]], file_at: datetime) -> _Batch:
        """Let ingest have the incidents of these rows."""
        one, batch = self.folder, _Batch()
        async with self._database.transaction() as tx:
            key_id = await internal_key(tx, one.force, f"folder: {one.label}"[:80], sandbox=one.sandbox)
        asked: list[tuple[tuple[Row, ...], Accept]] = []
        for rows in groups:
            made = self._accept(rows, key_id, file_at)
            if isinstance(made, Fault):
                batch.refuse(rows, made)
            else:
                asked.append((rows, made))
        answers = await self._intake.accept([accept for _, accept in asked]) if asked else []
        for (rows, accept), answer in zip(asked, answers, strict=True):
            await self._answered(batch, rows, accept, answer)
        return batch

    def _accept(self, rows: Sequence[Row], key_id: str, file_at: datetime) -> Accept | Fault:
        if rows[0].fault:
            return fault(rows[0].fault)
        made = built(self.folder.export, rows, file_at)
        if isinstance(made, Fault):
            return made
        one = self.folder
        try:
            return received(made.body, force=one.force, key_id=key_id, received_at=self._clock.now(), sandbox=one.sandbox)
        except ReportRefused as refused:
            said = (f"{problem.pointer or 'the whole'}: {problem.text}" for problem in refused.problems[:5])
            return fault("report-refused", " ".join(said))

    async def _answered(self, batch: _Batch, rows: Sequence[Row], accept: Accept, answer: Answer) -> None:
        if not isinstance(answer, Different):
            batch.count("accepted" if isinstance(answer, Accepted) else "repeated")
            return
        try:
            changed = await self._corrections.correct(answer.incident_id, accept, None)
        except Refused as refused:
            batch.refuse(rows, fault(refused.code if refused.code in REASONS else "conflict"))
            return
        batch.count({Change.TAKEN: "corrected", Change.REPEATED: "repeated", Change.OLDER: "older"}[changed.change])


def _behind(groups: Iterator[tuple[Row, ...]], done: int) -> Iterator[tuple[Row, ...]]:
    for _ in islice(groups, done):
        pass
    return groups


def _some(groups: Iterator[tuple[Row, ...]]) -> list[tuple[Row, ...]]:
    return list(islice(groups, INCIDENTS_AT_ONCE))
