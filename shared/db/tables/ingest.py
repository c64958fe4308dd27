"""Ingest's tables: API keys, and which incidents were accepted. The report itself is sealed in the vault."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint
from sqlalchemy.types import JSON

from shared.db.tables.base import Instant, metadata

ingest_api_key = Table(
    "ingest_api_key",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("label", String(80), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Index(None, "force"),
)

#: One accepted report. Identity is force + system + reference; ``body_hash`` is keyed, and ``hash_key_id`` names its key.
ingest_incident = Table(
    "ingest_incident",
    metadata,
    Column("incident_id", String(36), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("system", String(32), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("incident_version", Integer, nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("hash_key_id", String(32), nullable=False),
    Column("content_id", String(36), nullable=False),
    Column("findings", JSON, nullable=False),
    Column("key_id", String(16), ForeignKey("ingest_api_key.key_id"), nullable=False),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("force", "system", "reference"),
    Index(None, "received_at"),
)

#: The children of an incident, in the report's order. Their references are sealed inside the report.
ingest_child = Table(
    "ingest_child",
    metadata,
    Column("child_id", String(36), primary_key=True),
    Column("incident_id", String(36), ForeignKey("ingest_incident.incident_id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    UniqueConstraint("incident_id", "ordinal"),
)
