"""Ingest's rows: API keys, accepted incidents and their children. The report itself goes into the vault (``shared/report/store.py``)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, bindparam, insert, select, tuple_, update

from shared.db import Reading, Transaction
from shared.db.tables.ingest import ingest_api_key, ingest_child, ingest_incident, ingest_version
from shared.db.tables.vault import vault_key
from shared.errors import Misuse
from shared.report.findings import Finding
from shared.report.store import Version
from shared.scope import Scope, ScopeKind

Identity = tuple[str, str, str]
"""Force, system, reference: what makes an incident this one."""


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
        return self.force, self.system, self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept: ``secret_hash`` is the SHA-256 of its secret, in hexadecimal. Instants are real ones (``Clock.real``)."""

    key_id: str
    force: str
    label: str
    secret_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    sandbox: bool = False
    """Whatever comes with it is for trying out: nobody is told."""

    def is_valid(self, now: datetime) -> bool:
        """Whether it may still be used at the real instant ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


# --- incidents --------------------------------------------------------------------------------------------------------


async def add_new(tx: Transaction, incidents: Sequence[Incident]) -> set[str]:
    """Insert those whose identity is not there yet; returns the ids of the inserted.

    Who sends the same identity at the same time waits here for the other's commit. ``incidents`` are sorted by identity by the caller, so
    that two batches cannot wait for each other.
    """
    statement = tx.insert(ingest_incident).on_conflict_do_nothing(index_elements=["force", "system", "reference"])
    rows = await tx.execute(statement.returning(ingest_incident.c.incident_id), [_row(incident) for incident in incidents])
    return set(rows.scalars())


async def add_children(tx: Transaction, child_ids: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Insert the children of new incidents: ``(incident_id, child_ids in the report's order)``."""
    rows = [
        {"child_id": child_id, "incident_id": incident_id, "ordinal": ordinal}
        for incident_id, ids in child_ids
        for ordinal, child_id in enumerate(ids)
    ]
    await tx.execute(insert(ingest_child), rows)


async def add_versions(tx: Transaction, versions: Sequence[Version]) -> None:
    """Insert versions of incidents, the first ones and later ones."""
    rows = [{name: getattr(one, name) for name in Version.__slots__} | {"child_ids": list(one.child_ids)} for one in versions]
    await tx.execute(insert(ingest_version), rows)


async def by_identity(reading: Reading, identities: Sequence[Identity]) -> dict[Identity, Incident]:
    """The accepted incidents among these."""
    place = tuple_(ingest_incident.c.force, ingest_incident.c.system, ingest_incident.c.reference)
    rows = await reading.execute(select(ingest_incident).where(place.in_(identities)))
    found = [_incident(row) for row in rows.mappings()]
    return {incident.identity: incident for incident in found}


async def incident(reading: Reading, incident_id: str, scope: Scope) -> Incident | None:
    """The incident, if there is one and it is within ``scope``, which must be a force's. The two are never told apart."""
    if scope.kind is not ScopeKind.FORCE:
        raise Misuse("an incident is read here for its own force")
    own = (ingest_incident.c.incident_id == incident_id, ingest_incident.c.force == scope.id)
    row = (await reading.execute(select(ingest_incident).where(*own))).mappings().one_or_none()
    return None if row is None else _incident(row)


async def child_ids(reading: Reading, incident_id: str) -> tuple[str, ...]:
    """The ids of its children, in the report's order."""
    statement = select(ingest_child.c.child_id).where(ingest_child.c.incident_id == incident_id).order_by(ingest_child.c.ordinal)
    return tuple((await reading.execute(statement)).scalars())


async def hashed_otherwise(reading: Reading, key_id: str, after: str, limit: int) -> tuple[str, ...]:
    """Up to ``limit`` incidents behind ``after`` whose report is readable and whose hash is under another key than ``key_id``."""
    statement = _readable().where(ingest_incident.c.hash_key_id != key_id, ingest_incident.c.incident_id > after)
    return tuple((await reading.execute(statement.order_by(ingest_incident.c.incident_id).limit(limit))).scalars())


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


# --- keys -------------------------------------------------------------------------------------------------------------


async def add_key(tx: Transaction, key: ApiKey) -> None:
    """Insert a new key."""
    row = {
        "key_id": key.key_id,
        "force": key.force,
        "label": key.label,
        "sandbox": key.sandbox,
        "secret_hash": key.secret_hash,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
    await tx.execute(insert(ingest_api_key), row)


async def revoke_key(tx: Transaction, key_id: str, now: datetime) -> bool:
    """Mark it revoked from ``now`` on; False when there is none, or it was revoked before."""
    statement = update(ingest_api_key).where(ingest_api_key.c.key_id == key_id, ingest_api_key.c.revoked_at.is_(None))
    return (await tx.execute(statement.values(revoked_at=now))).rowcount == 1


async def key(reading: Reading, key_id: str) -> ApiKey | None:
    """The key with that id, valid or not."""
    row = (await reading.execute(select(ingest_api_key).where(ingest_api_key.c.key_id == key_id))).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def keys(reading: Reading, force: str | None = None) -> tuple[ApiKey, ...]:
    """Every key of ``force`` (of all forces without one), oldest first."""
    statement = select(ingest_api_key).order_by(ingest_api_key.c.created_at, ingest_api_key.c.key_id)
    if force is not None:
        statement = statement.where(ingest_api_key.c.force == force)
    return tuple(ApiKey(**row) for row in (await reading.execute(statement)).mappings())
