"""Ingest's rows of files from watched folders."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update

from shared.db import Reading, Transaction
from shared.db.tables.ingest_folder import ingest_folder_file


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file by the keyed hash of its content. Counts are of incidents, ``refused`` of rows; ``file_at`` is when it was last written."""

    file_id: str
    force: str
    label: str
    sandbox: bool
    content_hash: str
    hash_key_id: str
    bytes: int
    state: str
    file_at: datetime
    found_at: datetime
    reason: str | None = None
    incidents_done: int = 0
    refused_bytes: int = 0
    accepted: int = 0
    corrected: int = 0
    repeated: int = 0
    older: int = 0
    refused: int = 0
    ended_at: datetime | None = None


async def add(tx: Transaction, file: File) -> None:
    """Insert a file that is being taken."""
    await tx.execute(tx.insert(ingest_folder_file), _row(file))


async def by_hash(reading: Reading, force: str, label: str, hashes: Mapping[str, str], *, sandbox: bool) -> File | None:
    """The file with one of these hashes (index key → hash) that came by that folder."""
    c = ingest_folder_file.c
    of_it = (c.force == force, c.label == label, c.sandbox.is_(sandbox), c.content_hash.in_(sorted(hashes.values())))
    row = (await reading.execute(select(ingest_folder_file).where(*of_it).limit(1))).mappings().one_or_none()
    return None if row is None else File(**row)


async def keep(tx: Transaction, file: File) -> None:
    """Write how far it is."""
    await tx.execute(update(ingest_folder_file).where(ingest_folder_file.c.file_id == file.file_id).values(_row(file)))


async def end_moved(tx: Transaction, force: str, label: str, now: datetime, *, sandbox: bool) -> int:
    """Those of a folder that were read are done: they have been moved. How many."""
    c = ingest_folder_file.c
    of_it = (c.force == force, c.label == label, c.sandbox.is_(sandbox), c.state == "read")
    return (await tx.execute(update(ingest_folder_file).where(*of_it).values(state="done", ended_at=now))).rowcount


async def in_state(reading: Reading, force: str, label: str, state: str, *, sandbox: bool) -> int:
    """How many files of that folder stand in ``state``."""
    c = ingest_folder_file.c
    of_it = (c.force == force, c.label == label, c.sandbox.is_(sandbox), c.state == state)
    return len((await reading.execute(select(c.file_id).where(*of_it))).all())


async def add_unread(tx: Transaction, file: File) -> None:
    """Insert a file that failed before its content was known, unless it has a row: its id stands where the hash of another's would."""
    await tx.execute(tx.insert(ingest_folder_file).on_conflict_do_nothing(index_elements=["file_id"]), _row(file))


Trouble = tuple[str, str, datetime]
"""Force, label, and since when (real time)."""


async def failed(reading: Reading) -> tuple[Trouble, ...]:
    """The folders with a file that failed behind which nothing has gone through since; those for trying out left aside."""
    c = ingest_folder_file.c
    return await _troubled(reading, c.state == "failed", through=c.state == "done")


async def returned(reading: Reading) -> tuple[Trouble, ...]:
    """The folders with a file of which rows came back, behind which none has gone through whole; those for trying out left aside."""
    c = ingest_folder_file.c
    done = c.state == "done"
    return await _troubled(reading, done & (c.refused > 0), through=done & (c.refused == 0))


async def _troubled(reading: Reading, wrong: ColumnElement[bool], *, through: ColumnElement[bool]) -> tuple[Trouble, ...]:
    """What lay there already when the trouble came ends it for nobody: it takes a file that was written afterwards."""
    c = ingest_folder_file.c
    live, folder = c.sandbox.is_(False), (c.force, c.label)
    well = select(*folder, func.max(c.file_at).label("at")).where(live, through).group_by(*folder).subquery()
    same = (well.c.force == c.force) & (well.c.label == c.label)
    since = (
        select(*folder, func.min(c.ended_at).label("since_at"))
        .outerjoin(well, same)
        .where(live, wrong, well.c.at.is_(None) | (well.c.at <= c.ended_at))
    )
    rows = await reading.execute(since.group_by(*folder).order_by(*folder))
    return tuple((row.force, row.label, row.since_at) for row in rows)


def _row(file: File) -> dict[str, Any]:
    return {name: getattr(file, name) for name in File.__slots__}
