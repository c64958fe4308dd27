"""The stored reports of an incident, version by version, for every service that works on it. Ingest alone writes them
(``services/ingest/store.py``)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, tuple_

from shared.db import Reading
from shared.db.tables.ingest import ingest_version
from shared.errors import NotFound
from shared.report.sealed import SealedReport
from shared.scope import Scope
from shared.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an incident, without anything personal; instants are UTC.

    ``kind``: ``received``, ``corrected`` or ``withdrawn`` (then without children, with a ``reason``, and the content of the version
    before it). ``first_received_at`` is when the first version came, ``received_at`` when this one did.
    """

    incident_id: str
    incident_version: int
    kind: str
    force: str
    content_id: str
    child_ids: tuple[str, ...]
    first_received_at: datetime
    received_at: datetime
    believed_at: datetime
    reason: str | None = None
    sandbox: bool = False

    @property
    def is_withdrawal(self) -> bool:
        """Whether the force took the report back."""
        return self.kind == "withdrawn"


async def newest(reading: Reading, incident_ids: Iterable[str]) -> dict[str, Version]:
    """The newest version of each of these incidents; one that is not here yet is left out."""
    rows = await reading.execute(_NEWEST, {"wanted": list(set(incident_ids))})
    return {row.incident_id: _version(row) for row in rows}


async def versions(reading: Reading, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Version]:
    """Those of these versions, each an incident's id and a number, that are here."""
    key = tuple_(ingest_version.c.incident_id, ingest_version.c.incident_version)
    rows = await reading.execute(select(ingest_version).where(key.in_(set(wanted))))
    return {(row.incident_id, row.incident_version): _version(row) for row in rows}


async def version(reading: Reading, incident_id: str, incident_version: int) -> Version:
    """That very version. Raises NotFound when it is not here."""
    at = (ingest_version.c.incident_id == incident_id, ingest_version.c.incident_version == incident_version)
    row = (await reading.execute(select(ingest_version).where(*at))).one_or_none()
    if row is None:
        raise NotFound("there is no such version of a report")
    return _version(row)


async def load(vault: Vault, reading: Reading, incident_id: str, scope: Scope, incident_version: int | None = None) -> SealedReport:
    """The report of that incident, the newest without ``incident_version``. Raises NotFound when there is none, VaultSealed when it has
    been erased.

    ``scope`` says for whom; the caller has made sure that the incident is theirs to see, and records the view.
    """
    if incident_version is not None:
        return await opened(vault, reading, await version(reading, incident_id, incident_version), scope)
    return (await load_many(vault, reading, [incident_id], scope))[incident_id]


async def opened(vault: Vault, reading: Reading, one: Version, scope: Scope) -> SealedReport:
    """The report of a version that has been read. Raises as ``load`` does."""
    return SealedReport.from_bytes(await vault.get(reading, one.content_id, scope))


async def load_many(vault: Vault, reading: Reading, incident_ids: Iterable[str], scope: Scope) -> dict[str, SealedReport]:
    """The newest report of each incident, with two statements for all. Raises as ``load`` does when any of them is missing or erased."""
    wanted = set(incident_ids)
    versions = await newest(reading, wanted)
    if versions.keys() != wanted:
        raise NotFound("there is no such report")
    contents = await vault.get_many(reading, [one.content_id for one in versions.values()], scope)
    return {incident_id: SealedReport.from_bytes(contents[one.content_id]) for incident_id, one in versions.items()}


_LAST = (
    select(ingest_version.c.incident_id, func.max(ingest_version.c.incident_version).label("last"))
    .where(ingest_version.c.incident_id.in_(bindparam("wanted", expanding=True)))
    .group_by(ingest_version.c.incident_id)
    .subquery()
)
_NEWEST = select(ingest_version).join(
    _LAST, (ingest_version.c.incident_id == _LAST.c.incident_id) & (ingest_version.c.incident_version == _LAST.c.last)
)


def _version(row: Any) -> Version:
    values = {name: getattr(row, name) for name in Version.__slots__}
    return Version(**values | {"child_ids": tuple(row.child_ids)})
