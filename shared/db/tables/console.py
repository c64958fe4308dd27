"""Console's own tables: one-time sign-in links, and the sessions they open. Of each token only the SHA-256 is here.

Every service serves pages behind the one sign-in, so every service's role may redeem and end (``shared.db.guards``).
"""

from sqlalchemy import CheckConstraint, Column, String, Table, text

from shared.db.tables.base import Instant, metadata

_ROLE = "role IN ('reviewer', 'lead', 'coordinator', 'operator')"
_SCOPE = "scope_kind IN ('force', 'authority')"

#: ``label`` is how the desk calls whoever signs in, as a record names her.

#: A link that opens one session, once: ``used_at`` is set by a conditional UPDATE. All instants are real ones, never a moved clock's.
console_sign_in = Table(
    "console_sign_in",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("scope_kind", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("label", String(80), nullable=False, server_default=text("''")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    CheckConstraint(_ROLE, name="role"),
    CheckConstraint(_SCOPE, name="scope_kind"),
)

#: What the session cookie stands for: one role and one scope until an instant.
console_session = Table(
    "console_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("session_id", String(36), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("scope_kind", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("label", String(80), nullable=False, server_default=text("''")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    CheckConstraint(_ROLE, name="role"),
    CheckConstraint(_SCOPE, name="scope_kind"),
)
