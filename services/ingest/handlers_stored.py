"""What is stored of an incident, for whoever takes another report of it or shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.ingest import store
from services.ingest.domain.sameness import same_body_hash
from services.ingest.store import Incident
from shared.db import Reading
from shared.errors import VaultSealed
from shared.log import logger
from shared.report import store as reports
from shared.report.findings import Finding
from shared.report.model import Report
from shared.report.sealed import SealedReport
from shared.report.store import Version, load
from shared.scope import Scope
from shared.vault import Vault

OPENED_AT_ONCE = 100

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the sender may quote of one version. ``reference`` is the sender's own; ``received_at`` is when this version came.

    ``withdrawn_at`` is set when that version is a withdrawal.
    """

    incident_id: str
    incident_version: int
    reference: str
    received_at: datetime
    findings: tuple[Finding, ...]
    withdrawn_at: datetime | None = None


def receipt(incident: Incident, received_at: datetime) -> Receipt:
    """The receipt of the version that ``incident`` stands in, which came at ``received_at``."""
    return Receipt(
        incident_id=incident.incident_id,
        incident_version=incident.incident_version,
        reference=incident.reference,
        received_at=received_at,
        findings=incident.findings,
        withdrawn_at=incident.withdrawn_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The reports of an incident that are needed to name all its children: the newest, and older ones when a child is in none later.

    ``references`` is child_id → the sender's own reference.
    """

    reports: tuple[Report, ...] = field(repr=False)
    references: Mapping[str, str] = field(repr=False)


async def opened(vault: Vault, reading: Reading, incident_id: str, scope: Scope, newest: Version | None = None) -> SealedReport | None:
    """The newest report; None once it has been erased: what became of its children outlives it. ``newest`` saves reading which it is."""
    try:
        return await (load(vault, reading, incident_id, scope) if newest is None else reports.opened(vault, reading, newest, scope))
    except VaultSealed:
        log.warning("report.sealed", incident_id=incident_id)
        return None


async def told(vault: Vault, reading: Reading, incident_id: str, scope: Scope, *, newest: SealedReport, named: bool) -> Told:
    """With ``named`` false, every version is opened; else the newest names all that is asked for."""
    sealed = [newest]
    if not named:
        content_ids = await store.content_ids(reading, incident_id)
        for start in range(0, len(content_ids), OPENED_AT_ONCE):
            contents = await vault.get_many(reading, content_ids[start : start + OPENED_AT_ONCE], scope)
            sealed += [SealedReport.from_bytes(content) for content in contents.values()]
    references = {child_id: reference for one in sealed for reference, child_id in one.child_ids.items()}
    return Told(reports=tuple(one.report for one in sealed), references=references)


async def is_same(vault: Vault, reading: Reading, report: Report, stored: Incident) -> bool:
    """Whether ``report`` says what is stored: by the hash, under the key that made it; by the report once that key has left the keyring."""
    if stored.hash_key_id in vault.keyring.index_keys:
        return same_body_hash(report, vault.keyring.index_key(stored.hash_key_id)) == stored.body_hash
    sealed = await opened(vault, reading, stored.incident_id, Scope.force(stored.force))
    return sealed is not None and sealed.report.to_canonical() == report.to_canonical()
