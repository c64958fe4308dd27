"""Ingest's rows of incidents, their versions and their children. The report itself goes into the vault (``shared/report/store.py``)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, bindparam, insert, select, tuple_, update

from services.ingest.domain.stamps import Stamp
from shared.db import Reading, Transaction
from shared.db.tables.ingest import ingest_child, ingest_incident, ingest_version
from shared.db.tables.vault import vault_key
from shared.errors import Misuse
from shared.report.findings import Finding
from shared.report.store import Version
from shared.scope import Scope, ScopeKind

Identity = tuple[str, str, str, bool]
"""Force, system, reference, and whether it is for trying out: what makes an incident this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident as its newest version stands, without anything personal. Instants are UTC; ``received_at`` is the first version's."""

    incident_id: str
    force: str
    system: str
    reference: str
    incident_version: int
    body_hash: str
    hash_key_id: str
    content_id: str
    findings: tuple[Finding, ...]
    key_id: str
    received_at: datetime
    source_version: int | None = None
    source_changed_at: datetime | None = None
    sandbox: bool = False
    withdrawn_at: datetime | None = None

    @property
    def identity(self) -> Identity:
        """What the sender knows it by."""
        return self.force, self.system, self.reference, self.sandbox

    @property
    def stamp(self) -> Stamp:
        """What the source says of this version."""
        return Stamp(version=self.source_version, changed_at=self.source_changed_at)


async def add_new(tx: Transaction, incidents: Sequence[Incident]) -> set[str]:
    """Insert those whose identity is not there yet; returns the ids of the inserted.

    Who sends the same identity at the same time waits here for the other's commit. ``incidents`` are sorted by identity by the caller, so
    that two batches cannot wait for each other.
    """
    statement = tx.insert(ingest_incident).on_conflict_do_nothing(index_elements=["force", "system", "reference", "sandbox"])
    rows = await tx.execute(statement.returning(ingest_incident.c.incident_id), [_row(incident) for incident in incidents])
    return set(rows.scalars())


async def add_children(tx: Transaction, child_ids: Iterable[tuple[str, Sequence[str]]], *, behind: int = 0) -> None:
    """Insert children of incidents: ``(incident_id, child_ids in the report's order)``, behind those that the incident has already."""
    rows = [
        {"child_id": child_id, "incident_id": incident_id, "ordinal": ordinal}
        for incident_id, ids in child_ids
        for ordinal, child_id in enumerate(ids, behind)
    ]
    if rows:
        await tx.execute(insert(ingest_child), rows)


async def add_versions(tx: Transaction, versions: Sequence[Version]) -> None:
    """Insert versions of incidents, the first ones and later ones."""
    rows = [{name: getattr(one, name) for name in Version.__slots__} | {"child_ids": list(one.child_ids)} for one in versions]
    await tx.execute(insert(ingest_version), rows)


async def by_identity(reading: Reading, identities: Sequence[Identity]) -> dict[Identity, Incident]:
    """The accepted incidents among these."""
    incident = ingest_incident.c
    place = tuple_(incident.force, incident.system, incident.reference, incident.sandbox)
    rows = await reading.execute(select(ingest_incident).where(place.in_(identities)))
    found = [_incident(row) for row in rows.mappings()]
    return {incident.identity: incident for incident in found}


async def incident(reading: Reading, incident_id: str, scope: Scope, *, sandbox: bool, hold: bool = False) -> Incident | None:
    """The incident, if there is one, it is within ``scope``, which must be a force's, and it is a trial exactly if ``sandbox`` says so.

    Why there is none is never told. With ``hold`` nobody else changes it until the transaction ends.
    """
    if scope.kind is not ScopeKind.FORCE:
        raise Misuse("an incident is read here for its own force")
    own = (ingest_incident.c.incident_id == incident_id, ingest_incident.c.force == scope.id, ingest_incident.c.sandbox.is_(sandbox))
    statement = select(ingest_incident).where(*own)
    row = (await reading.execute(statement.with_for_update() if hold else statement)).mappings().one_or_none()
    return None if row is None else _incident(row)


async def held(tx: Transaction, incident_ids: Iterable[str]) -> dict[str, Incident]:
    """These incidents, which nobody else changes until the transaction ends. Locked in the order of their ids: nobody waits crosswise."""
    statement = select(ingest_incident).where(ingest_incident.c.incident_id.in_(set(incident_ids)))
    rows = await tx.execute(statement.order_by(ingest_incident.c.incident_id).with_for_update())
    return {row["incident_id"]: _incident(row) for row in rows.mappings()}


async def replace_head(tx: Transaction, newer: Incident) -> None:
    """Let the incident stand as ``newer`` does, which must follow the version that is here. Raises Misuse when it does not."""
    before = (ingest_incident.c.incident_id == newer.incident_id, ingest_incident.c.incident_version == newer.incident_version - 1)
    changed = await tx.execute(update(ingest_incident).where(*before).values(_row(newer)))
    if changed.rowcount != 1:
        raise Misuse("a version that does not follow the one before it")


async def restamp(tx: Transaction, stamped: Iterable[tuple[Incident, Stamp]]) -> None:
    """Give incidents, which the transaction holds, another stamp."""
    statement = update(ingest_incident).where(ingest_incident.c.incident_id == bindparam("one"))
    values: dict[str, Any] = {"source_version": bindparam("counted"), "source_changed_at": bindparam("changed")}
    rows = [{"one": one.incident_id, "counted": stamp.version, "changed": stamp.changed_at} for one, stamp in stamped]
    await tx.execute(statement.values(values), rows)


async def child_ids(reading: Reading, incident_id: str) -> tuple[str, ...]:
    """The ids of every child that it has had in any version, in the order in which they were first told of."""
    statement = select(ingest_child.c.child_id).where(ingest_child.c.incident_id == incident_id).order_by(ingest_child.c.ordinal)
    return tuple((await reading.execute(statement)).scalars())


async def content_ids(reading: Reading, incident_id: str) -> tuple[str, ...]:
    """The sealed reports of all its versions, newest first."""
    statement = select(ingest_version.c.content_id).where(ingest_version.c.incident_id == incident_id)
    return tuple(dict.fromkeys((await reading.execute(statement.order_by(ingest_version.c.incident_version.desc()))).scalars()))


async def hashed_otherwise(reading: Reading, key_id: str, after: str, limit: int) -> tuple[str, ...]:
    """Up to ``limit`` incidents behind ``after`` whose report is readable and whose hash is under another key than ``key_id``.

    Nobody corrects them until the transaction ends: the hash must be that of the report that is here then.
    """
    statement = _readable().where(ingest_incident.c.hash_key_id != key_id, ingest_incident.c.incident_id > after)
    held = statement.order_by(ingest_incident.c.incident_id).limit(limit).with_for_update(of=ingest_incident)
    return tuple((await reading.execute(held)).scalars())


async def rehash(tx: Transaction, key_id: str, hashes: Sequence[tuple[str, str]]) -> None:
    """Set the hashes, ``(incident_id, body_hash)``, made under ``key_id``."""
    statement = update(ingest_incident).where(ingest_incident.c.incident_id == bindparam("one"))
    rows = [{"one": incident_id, "made": body_hash} for incident_id, body_hash in hashes]
    await tx.execute(statement.values(body_hash=bindparam("made"), hash_key_id=key_id), rows)


async def needs_index_key(reading: Reading, key_id: str) -> bool:
    """Whether the hash of any readable report is under this key: of an erased one nobody can make another."""
    return (await reading.execute(_readable().where(ingest_incident.c.hash_key_id == key_id).limit(1))).first() is not None


def _readable() -> Select[tuple[str]]:
    return select(ingest_incident.c.incident_id).join(
        vault_key, and_(vault_key.c.scope_id == ingest_incident.c.incident_id, vault_key.c.wrapped.is_not(None))
    )


def _row(incident: Incident) -> dict[str, Any]:
    return {
        "incident_id": incident.incident_id,
        "force": incident.force,
        "system": incident.system,
        "reference": incident.reference,
        "incident_version": incident.incident_version,
        "body_hash": incident.body_hash,
        "hash_key_id": incident.hash_key_id,
        "content_id": incident.content_id,
        "findings": [{"pointer": one.pointer, "code": one.code, "text": one.text} for one in incident.findings],
        "key_id": incident.key_id,
        "received_at": incident.received_at,
        "source_version": incident.source_version,
        "source_changed_at": incident.source_changed_at,
        "sandbox": incident.sandbox,
        "withdrawn_at": incident.withdrawn_at,
    }


def _incident(row: RowMapping) -> Incident:
    return Incident(**{**row, "findings": tuple(Finding(**one) for one in row["findings"])})
