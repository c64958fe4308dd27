"""Ingest's rows of an accepted report, for tests of the services behind it."""

from sqlalchemy import insert

from shared.db import Transaction
from shared.db.tables.ingest import ingest_api_key, ingest_incident, ingest_version
from shared.events import IncidentReceived
from shared.report.model import Report


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
    }
    await tx.execute(insert(ingest_incident), incident)
    await tx.execute(insert(ingest_version), version)
