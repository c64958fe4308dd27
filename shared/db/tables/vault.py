"""The vault's tables: a wrapped data key for each scope, and what is sealed under it. Written through ``shared/vault`` alone.

A row of ``vault_key`` outlives its key: destroyed, it says when, and nothing sealed under it can ever be opened again.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, text

from shared.db.tables.base import Instant, metadata

#: A scope is what is erased together: an incident, a roll. ``kek_id`` names the wrapping key, which lives in the keyring and never here.
vault_key = Table(
    "vault_key",
    metadata,
    Column("scope_id", String(64), primary_key=True),
    Column("kek_id", String(32), nullable=False),
    Column("wrapped", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("destroyed_at", Instant),
    CheckConstraint("(wrapped IS NULL) <> (destroyed_at IS NULL)", name="wrapped_or_destroyed"),
    Index(
        "ix_vault_key_live", "kek_id", "scope_id", postgresql_where=text("wrapped IS NOT NULL"), sqlite_where=text("wrapped IS NOT NULL")
    ),
)

#: One sealed document. Its data key is the scope's; its identity (id and kind) is bound into the seal.
vault_content = Table(
    "vault_content",
    metadata,
    Column("content_id", String(36), primary_key=True),
    Column("scope_id", String(64), ForeignKey("vault_key.scope_id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "scope_id"),
)

#: Wrapping keys that have been rotated away or destroyed. The database refuses a data key wrapped under one: a process that still holds
#: an old keyring would seal what nobody can ever open.
vault_retired = Table(
    "vault_retired",
    metadata,
    Column("kek_id", String(32), primary_key=True),
    Column("retired_at", Instant, nullable=False),
)
