"""Router's tables: the roll, and what was decided for each child of each incident version."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import JSON

from shared.db.tables.base import Instant, metadata

_MOVES = "ended_at IS NULL AND moved_at IS NULL"
_REMATCH = "purpose = 'first-staff-day' AND ended_at IS NULL AND rematched_at IS NULL"

#: One authority's extract. Exactly one is ``live`` for each authority; a new one goes live whole or not at all.
#: ``index_key_id`` names the index key under which every pupil of the roll has tokens, at every moment; other tokens may come or go.
router_roll = Table(
    "router_roll",
    metadata,
    Column("roll_id", String(36), primary_key=True),
    Column("authority", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("as_at_on", Date, nullable=False),
    Column("agreement", String(120), nullable=False),
    Column("pupils", Integer, nullable=False),
    Column("index_key_id", String(32), nullable=False),
    Column("loaded_at", Instant, nullable=False),
    CheckConstraint("state IN ('live', 'superseded')", name="state"),
    Index("ux_router_roll_live", "authority", unique=True, postgresql_where=text("state = 'live'"), sqlite_where=text("state = 'live'")),
)

#: One pupil. ``sealed`` holds UPN, names, date of birth and postcode under the data key of the roll (scope = ``roll_id``).
router_pupil = Table(
    "router_pupil",
    metadata,
    Column("pupil_id", String(36), primary_key=True),
    Column("roll_id", String(36), ForeignKey("router_roll.roll_id"), nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "roll_id", "pupil_id"),
)

router_pupil_setting = Table(
    "router_pupil_setting",
    metadata,
    Column("pupil_id", String(36), ForeignKey("router_pupil.pupil_id"), primary_key=True),
    Column("setting_id", String(32), primary_key=True),
)

#: Blind-index tokens: keyed hashes of several fields together. ``rule`` says of which, ``key_id`` under which key.
router_pupil_token = Table(
    "router_pupil_token",
    metadata,
    Column("token", LargeBinary(16), primary_key=True),
    Column("pupil_id", String(36), ForeignKey("router_pupil.pupil_id"), primary_key=True),
    Column("rule", String(16), nullable=False),
    Column("key_id", String(32), nullable=False),
    Index(None, "pupil_id"),  # a roll is deleted pupil by pupil, and the foreign key looks here each time
    Index(None, "key_id"),  # old tokens are removed, and looked for before an index key may go
)

#: A place that a pupil was offered for the next school year, under the token of her UPN alone; an import replaces all of its authority's.
router_offer = Table(
    "router_offer",
    metadata,
    Column("authority", String(32), primary_key=True),
    Column("token", LargeBinary(16), primary_key=True),
    Column("key_id", String(32), nullable=False),
    Column("setting_id", String(32), nullable=False),
    Column("from_on", Date, nullable=False),
    Index(None, "token"),
)

#: The aggregate that a handler locks: which version of the incident has been decided.
router_incident = Table(
    "router_incident",
    metadata,
    Column("incident_id", String(36), primary_key=True),
    Column("incident_version", Integer, nullable=False),
    Column("decided_at", Instant, nullable=False),
)

#: What was decided for one child: the rule that decided, the evidence by code (never by value), and who or what to look at again.
router_decision = Table(
    "router_decision",
    metadata,
    Column("decision_id", String(36), primary_key=True),
    Column("incident_id", String(36), ForeignKey("router_incident.incident_id"), nullable=False),
    Column("incident_version", Integer, nullable=False),
    Column("child_id", String(36), nullable=False),
    Column("round", Integer, nullable=False, server_default=text("1")),
    Column("outcome", String(16), nullable=False),
    Column("rule", String(32), nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("pupil_id", String(36)),
    Column("policy_version", String(64)),
    Column("decided_by", String(64)),
    Column("decided_at", Instant, nullable=False),
    UniqueConstraint("incident_id", "incident_version", "child_id", "round"),
    CheckConstraint("outcome IN ('matched', 'held', 'excluded')", name="outcome"),
)

#: One destination of one incident: a setting or a team, for one purpose. ``round`` counts those of one version (a child settled later is a
#: supplement); ``revised_version`` is the newest version that reached it; ``ended_at`` stands when it is told of nobody any more.
#: ``route`` and ``legal_class`` say by which way and on which footing; NULL where a person chose a team that is of no route.
#: ``rematched_at``: when the children of a first staff day's were looked for on the roll again; ``moved_at``: when those of a setting that
#: closed were, and those of a team that has whoever is between schools, which a new roll empties.
router_destination = Table(
    "router_destination",
    metadata,
    Column("destination_id", String(36), primary_key=True),
    Column("incident_id", String(36), ForeignKey("router_incident.incident_id"), nullable=False),
    Column("incident_version", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ref", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("send_at", Instant, nullable=False),
    Column("deadline_at", Instant, nullable=False),
    Column("urgency", String(16), nullable=False),
    Column("calendar_known", Boolean, nullable=False),
    Column("policy_version", String(64), nullable=False),
    Column("route", String(32)),
    Column("legal_class", String(16)),
    Column("routed_at", Instant, nullable=False),
    Column("round", Integer, nullable=False, server_default=text("1")),
    Column("revised_version", Integer),
    Column("ended_at", Instant),
    Column("rematched_at", Instant),
    Column("moved_at", Instant),
    UniqueConstraint("incident_id", "kind", "ref", "purpose", "incident_version", "round"),
    CheckConstraint("kind IN ('setting', 'team')", name="kind"),
    CheckConstraint("purpose IN ('school-day', 'holiday-live', 'first-staff-day')", name="purpose"),
    CheckConstraint("urgency IN ('ordinary', 'urgent', 'late-on-arrival')", name="urgency"),
    CheckConstraint("legal_class IS NULL OR legal_class IN ('statutory', 'local-agreement')", name="legal_class"),
    Index("ix_router_destination_first_staff_day", "send_at", postgresql_where=text(_REMATCH), sqlite_where=text(_REMATCH)),
    Index("ix_router_destination_moves", "ref", postgresql_where=text(_MOVES), sqlite_where=text(_MOVES)),
)

router_destination_child = Table(
    "router_destination_child",
    metadata,
    Column("destination_id", String(36), ForeignKey("router_destination.destination_id"), primary_key=True),
    Column("child_id", String(36), primary_key=True),
    Column("ended_at", Instant),
    Index(None, "child_id"),
)

#: A decision that a person owes. Open, it always has a next action; past its deadline it belongs to a named owner.
router_review = Table(
    "router_review",
    metadata,
    Column("review_id", String(36), primary_key=True),
    Column("incident_id", String(36), ForeignKey("router_incident.incident_id"), nullable=False),
    Column("child_id", String(36), nullable=False),
    Column("round", Integer, nullable=False, server_default=text("1")),
    Column("reason", String(32), nullable=False),
    Column("force", String(32), nullable=False),
    Column("authority", String(32)),
    Column("owner", String(64), nullable=False),
    Column("escalates_to", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("policy_version", String(64), nullable=False),
    Column("deadline_at", Instant, nullable=False),
    Column("next_action_at", Instant),
    Column("escalated_at", Instant),
    Column("opened_at", Instant, nullable=False),
    Column("claimed_by", String(36)),
    Column("claimed_until_at", Instant),
    Column("settlement", String(16)),
    Column("settled_by", String(64)),
    Column("settled_at", Instant),
    Column("sandbox", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("incident_id", "child_id", "round"),
    CheckConstraint("state IN ('open', 'escalated', 'settled')", name="state"),
    CheckConstraint("state <> 'settled' OR (settled_at IS NOT NULL AND settlement IS NOT NULL)", name="settled_when"),
    CheckConstraint("settlement IS NULL OR settlement IN ('pupil', 'setting', 'team', 'excluded', 'superseded')", name="settlement"),
    CheckConstraint("(claimed_by IS NULL) = (claimed_until_at IS NULL)", name="claimed_until"),
    CheckConstraint("state <> 'open' OR next_action_at IS NOT NULL", name="open_is_due"),
    CheckConstraint("state <> 'escalated' OR escalated_at IS NOT NULL", name="escalated_when"),
    Index("ix_router_review_due", "next_action_at", postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
)
