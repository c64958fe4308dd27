"""The journal and what moves its facts: outbox, inbox, seal (design 2 and 4).

Written only through ``shared/db`` and ``shared/bus``; each row names its service. The journal and its seal are insert-only, by
privilege on PostgreSQL and by triggers on both databases.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text
from sqlalchemy.types import JSON

from shared.db.tables.base import Instant, Sequence64, metadata

#: ``seq`` is given before the commit, so a lower one may become visible after a higher one. ``txid`` is the transaction that wrote the row
#: (PostgreSQL fills it in; SQLite has one writer and leaves 0): what lies behind the oldest running one is complete.
journal = Table(
    "journal",
    metadata,
    Column("seq", Sequence64, primary_key=True, autoincrement=True),
    Column("fact_id", String(36), nullable=False, unique=True),
    Column("service", String(16), nullable=False),
    Column("type", String(48), nullable=False),
    Column("version", Integer, nullable=False),
    Column("incident_id", String(36), nullable=False),
    Column("subject", String(36), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("data", JSON, nullable=False),
    Column("txid", BigInteger, nullable=False, server_default=text("0")),
    Index(None, "incident_id", "seq"),
    Index(None, "type", "recorded_at"),
    Index(None, "txid", "seq"),
)

journal_seal = Table(
    "journal_seal",
    metadata,
    Column("first_seq", Sequence64, primary_key=True, autoincrement=False),
    Column("last_seq", Sequence64, nullable=False, unique=True),
    Column("previous_hash", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("sealed_at", Instant, nullable=False),
    CheckConstraint("last_seq >= first_seq", name="range"),
)

#: A pointer to a fact that the broker has not yet confirmed. ``due_at`` is a real instant: a claim moves it on by the length of its lease.
outbox = Table(
    "outbox",
    metadata,
    Column("seq", Sequence64, primary_key=True, autoincrement=True),
    Column("fact_id", String(36), ForeignKey("journal.fact_id"), nullable=False, unique=True),
    Column("service", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Index(None, "service", "due_at"),
)

#: What a service has made of a fact. ``due_at`` is a real instant; ``received_at`` a business one.
inbox = Table(
    "inbox",
    metadata,
    Column("service", String(16), primary_key=True),
    Column("fact_id", String(36), primary_key=True),
    Column("type", String(48), nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant),
    Column("error", String(120)),
    Column("received_at", Instant, nullable=False),
    CheckConstraint("state IN ('done', 'retry', 'parked')", name="state"),
    CheckConstraint("state <> 'retry' OR due_at IS NOT NULL", name="retry_is_due"),
    CheckConstraint("state <> 'parked' OR error IS NOT NULL", name="parked_says_why"),
    Index("ix_inbox_owed", "service", "due_at", postgresql_where=text("state = 'retry'"), sqlite_where=text("state = 'retry'")),
    Index("ix_inbox_parked", "service", postgresql_where=text("state = 'parked'"), sqlite_where=text("state = 'parked'")),
)
