"""Ingest's table of the files that came by a watched folder."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, String, Table, UniqueConstraint, text

from shared.db.tables.base import Instant, metadata

#: One file, known by the keyed hash of its content: no name of it is kept. ``taking`` its rows are being taken; ``read`` all are, and it
#: has yet to be moved; ``done``; ``failed`` it could not be read. ``incidents_done`` and ``refused_bytes`` say how far it is. The counts
#: are of incidents, ``refused`` of rows; ``file_at`` is when the file was last written.
ingest_folder_file = Table(
    "ingest_folder_file",
    metadata,
    Column("file_id", String(36), primary_key=True),
    Column("force", String(32), nullable=False),
    Column("label", String(80), nullable=False),
    Column("sandbox", Boolean, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("hash_key_id", String(32), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("incidents_done", Integer, nullable=False, server_default=text("0")),
    Column("refused_bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("accepted", Integer, nullable=False, server_default=text("0")),
    Column("corrected", Integer, nullable=False, server_default=text("0")),
    Column("repeated", Integer, nullable=False, server_default=text("0")),
    Column("older", Integer, nullable=False, server_default=text("0")),
    Column("refused", Integer, nullable=False, server_default=text("0")),
    Column("file_at", Instant, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("force", "label", "sandbox", "content_hash"),
    CheckConstraint("state IN ('taking', 'read', 'done', 'failed')", name="state"),
    CheckConstraint("state <> 'failed' OR reason IS NOT NULL", name="failed_says_why"),
)
