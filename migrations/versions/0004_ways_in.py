"""What watched folders need to remember."""

import sqlalchemy as sa
from alembic import op

from shared.db import guards
from shared.db.tables.base import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Tables first, then the grants."""
    counts = [
        sa.Column(name, kind, server_default=sa.text("0"), nullable=False)
        for name, kind in (
            ("incidents_done", sa.Integer()),
            ("refused_bytes", sa.BigInteger()),
            ("accepted", sa.Integer()),
            ("corrected", sa.Integer()),
            ("repeated", sa.Integer()),
            ("older", sa.Integer()),
            ("refused", sa.Integer()),
        )
    ]
    op.create_table(
        "ingest_folder_file",
        sa.Column("file_id", sa.String(length=36), nullable=False),
        sa.Column("force", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("hash_key_id", sa.String(length=32), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        *counts,
        sa.Column("file_at", Instant(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("state IN ('taking', 'read', 'done', 'failed')", name=op.f("ck_ingest_folder_file_state")),
        sa.CheckConstraint("state <> 'failed' OR reason IS NOT NULL", name=op.f("ck_ingest_folder_file_failed_says_why")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_ingest_folder_file")),
        sa.UniqueConstraint(
            "force", "label", "sandbox", "content_hash", name=op.f("uq_ingest_folder_file_force_label_sandbox_content_hash")
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        guards.grant(op.get_bind())
