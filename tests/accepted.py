"""Ingest's rows of an accepted report, for tests of the services behind it."""

from sqlalchemy import insert, update

from shared.db import Transaction
from shared.db.tables.ingest import ingest_api_key, ingest_incident, ingest_version
from shared.events import IncidentReceived
from shared.report.model import Report
from shared.report.store import Version


async def accepted(tx: Transaction, report: Report, fact: IncidentReceived, content_id: str) -> None:
    """Ingest's own rows of a first version: no foreign key may dangle, and router reads which version is the newest."""
    key = {"key_id": "0" * 16, "force": fact.force, "label": "test", "secret_hash": "0" * 64, "created_at": fact.received_at}
    await tx.execute(tx.insert(ingest_api_key).values(**key).on_conflict_do_nothing())
    incident = {
        "incident_id": fact.incident_id,
        "force": fact.force,
        "system": report.system,
        "reference": f"{report.reference}-{fact.incident_id}"[:64],
        "incident_version": 1,
        "body_hash": "0" * 64,
        "hash_key_id": "none",
        "content_id": content_id,
        "findings": [],
        "key_id": key["key_id"],
        "received_at": fact.received_at,
        "sandbox": fact.sandbox,
    }
    version = {
        "incident_id": fact.incident_id,
        "incident_version": 1,
        "kind": "received",
        "force": fact.force,
        "content_id": content_id,
        "child_ids": list(fact.child_ids),
        "first_received_at": fact.received_at,
        "received_at": fact.received_at,
        "believed_at": fact.believed_at,
        "sandbox": fact.sandbox,
    }
    await tx.execute(insert(ingest_incident), incident)
    await tx.execute(insert(ingest_version), version)


async def renewed(tx: Transaction, version: Version) -> None:
    """Ingest's own rows of a later version: it is the newest from here on."""
    row = {name: getattr(version, name) for name in Version.__slots__} | {"child_ids": list(version.child_ids)}
    await tx.execute(insert(ingest_version), row)
    head = {"incident_version": version.incident_version, "content_id": version.content_id}
    head |= {"withdrawn_at": version.received_at if version.is_withdrawal else None}
    await tx.execute(update(ingest_incident).where(ingest_incident.c.incident_id == version.incident_id).values(head))
