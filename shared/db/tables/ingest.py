"""Ingest's tables: API keys, and which incidents were accepted. The report itself is sealed in the vault."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text
from sqlalchemy.types import JSON

from shared.db.tables.base import Instant, metadata

ingest_api_key = Table(
    "ingest_api_key",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("label", String(80), nullable=False),
    Column("sandbox", Boolean, nullable=False, server_default=text("false")),
    Column("secret_hash", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Index(None, "force"),
)

#: One accepted report, as it stands in its newest version. Identity is force + system + reference, once for real and once more for trying
#: out (``sandbox``); ``body_hash`` is keyed, and ``hash_key_id`` names its key. ``source_version`` and ``source_changed_at`` are what the
#: records system says of this version; ``received_at`` is the first version's; ``withdrawn_at`` stands while the newest version is a
#: withdrawal.
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
    Column("source_version", BigInteger),
    Column("source_changed_at", Instant),
    Column("sandbox", Boolean, nullable=False, server_default=text("false")),
    Column("received_at", Instant, nullable=False),
    Column("withdrawn_at", Instant),
    UniqueConstraint("force", "system", "reference", "sandbox"),
    Index(None, "received_at"),
)

#: Every child that an incident has had in any version, in the order in which they were first told of. Their references are sealed inside
#: the report.
ingest_child = Table(
    "ingest_child",
    metadata,
    Column("child_id", String(36), primary_key=True),
    Column("incident_id", String(36), ForeignKey("ingest_incident.incident_id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    UniqueConstraint("incident_id", "ordinal"),
)

#: Every version of an incident, never changed: what router and notifier work from. ``child_ids`` in the report's order; a withdrawal has
#: none, and the content of the version before it. ``first_received_at`` is the first version's receipt, ``received_at`` this one's.
ingest_version = Table(
    "ingest_version",
    metadata,
    Column("incident_id", String(36), ForeignKey("ingest_incident.incident_id"), primary_key=True),
    Column("incident_version", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("force", String(32), nullable=False),
    Column("content_id", String(36), nullable=False),
    Column("child_ids", JSON, nullable=False),
    Column("first_received_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("believed_at", Instant, nullable=False),
    Column("reason", String(32)),
    Column("sandbox", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("kind IN ('received', 'corrected', 'withdrawn')", name="kind"),
    CheckConstraint("kind <> 'withdrawn' OR reason IS NOT NULL", name="withdrawn_says_why"),
)
