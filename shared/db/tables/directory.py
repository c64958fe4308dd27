"""The directory: authorities, settings, teams, contacts, calendars, policies. Console writes it; ``shared/directory`` reads it for all."""

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
    Text,
    text,
)
from sqlalchemy.types import JSON

from shared.db.tables.base import Instant, metadata

directory_authority = Table(
    "directory_authority",
    metadata,
    Column("authority", String(32), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("nation", String(16), nullable=False),
    Column("force", String(32), nullable=False),
    CheckConstraint("nation IN ('england', 'wales', 'scotland', 'northern-ireland')", name="nation"),
)

#: ``successor`` is the setting that a closed one has become. ``passphrase_hash`` is what a caller compares with what she hears
#: (``shared.directory.passphrase``); nobody can read it back.
directory_setting = Table(
    "directory_setting",
    metadata,
    Column("setting_id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("phase", String(32), nullable=False),
    Column("authority", String(32), ForeignKey("directory_authority.authority"), nullable=False),
    Column("town", String(80)),
    Column("postcode", String(10)),
    Column("telephone", String(32)),
    Column("status", String(16), nullable=False),
    Column("low_age", Integer),
    Column("high_age", Integer),
    Column("provision", String(32), nullable=False, server_default=text("'mainstream'")),
    Column("successor", String(32)),
    Column("passphrase_hint", String(80)),
    Column("passphrase_hash", String(160)),
    CheckConstraint("kind IN ('school', 'college', 'early-years')", name="kind"),
    CheckConstraint("status IN ('open', 'closing', 'closed')", name="status"),
    CheckConstraint("provision IN ('mainstream', 'independent', 'alternative', 'residential', 'hospital')", name="provision"),
    Index(None, "authority"),
)

directory_team = Table(
    "directory_team",
    metadata,
    Column("team_id", String(64), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("authority", String(32), ForeignKey("directory_authority.authority")),
    Column("force", String(32)),
    Column("telephone", String(32)),
    Column("owner", String(120), nullable=False),
    Column("passphrase_hint", String(80)),
    Column("passphrase_hash", String(160)),
    CheckConstraint("kind IN ('education', 'social-care', 'health', 'police')", name="kind"),
)

#: A person at a setting or in a team. ``sealed`` holds name, e-mail and phone under the data key of ``scope_id``.
#: An unverified contact receives nothing (design rule 7.8). ``holiday``: she may be told while her setting is closed for long.
directory_contact = Table(
    "directory_contact",
    metadata,
    Column("contact_id", String(36), primary_key=True),
    Column("reference", String(64), nullable=False, unique=True),
    Column("setting_id", String(32), ForeignKey("directory_setting.setting_id")),
    Column("team_id", String(64), ForeignKey("directory_team.team_id")),
    Column("role", String(16), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("verified_at", Instant),
    Column("has_email", Boolean, nullable=False),
    Column("has_phone", Boolean, nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("holiday", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("(setting_id IS NULL) <> (team_id IS NULL)", name="one_destination"),
    CheckConstraint("role IN ('dsl', 'deputy', 'head', 'trust', 'authority', 'duty', 'lead')", name="role"),
    CheckConstraint("state IN ('unverified', 'verified', 'suspended')", name="state"),
    CheckConstraint("state <> 'verified' OR verified_at IS NOT NULL", name="verified_when"),
    Index(None, "setting_id"),
    Index(None, "team_id"),
)

#: Which authority the postcodes that begin so lie in: ``AA9``, ``AA9A 9`` or a whole one, in their written form.
directory_area = Table(
    "directory_area",
    metadata,
    Column("postcodes", String(8), primary_key=True),
    Column("authority", String(32), ForeignKey("directory_authority.authority"), nullable=False),
    Column("source", String(120), nullable=False),
)

#: Which team looks after the children who live where postcodes begin so, by route: health visitors, midwives, another force's desk.
directory_area_team = Table(
    "directory_area_team",
    metadata,
    Column("postcodes", String(8), primary_key=True),
    Column("route", String(32), primary_key=True),
    Column("team_id", String(64), ForeignKey("directory_team.team_id"), nullable=False),
    Column("source", String(120), nullable=False),
)

#: Where an authority or a setting publishes its calendar, and what came of it. ``state``: ``new``, ``taken``, ``kept-out`` (it contradicts
#: itself or what is here: ``finding`` has the codes) or ``not-read``. ``seen_hash`` is that of the file that was looked at last.
directory_subscription = Table(
    "directory_subscription",
    metadata,
    Column("owner", String(32), primary_key=True),
    Column("url", String(500), nullable=False),
    Column("source", String(120), nullable=False),
    Column("accept", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("finding", String(200), nullable=False),
    Column("seen_hash", String(64)),
    Column("looked_at", Instant),
    Column("read_at", Instant),
    CheckConstraint("state IN ('new', 'taken', 'kept-out', 'not-read')", name="state"),
)

#: What the published list of bank holidays says otherwise than the one that came with the program.
directory_bank_holiday = Table(
    "directory_bank_holiday",
    metadata,
    Column("nation", String(16), primary_key=True),
    Column("on", Date, primary_key=True),
    Column("is_holiday", Boolean, nullable=False),
)

#: Where people find support: ``area`` is ``all``, a nation, ``force:CODE`` or an authority; ``closed`` are pairs of ISO dates.
directory_support = Table(
    "directory_support",
    metadata,
    Column("support_id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(120), nullable=False),
    Column("area", String(40), nullable=False),
    Column("audience", String(16), nullable=False),
    Column("how", String(300), nullable=False),
    Column("hours", String(120)),
    Column("phone", String(32)),
    Column("link", String(200)),
    Column("holiday", String(16)),
    Column("closed", JSON, nullable=False),
    Column("source", String(120), nullable=False),
    Column("as_at_on", Date, nullable=False),
    Column("is_withdrawn", Boolean, nullable=False),
    CheckConstraint("audience IN ('public', 'staff')", name="audience"),
    CheckConstraint("holiday IS NULL OR holiday IN ('open', 'closed', 'dates')", name="holiday"),
    Index(None, "area"),
)

#: A range of term days, of an authority or (``setting_id``) of one setting, which then replaces the authority's.
directory_term = Table(
    "directory_term",
    metadata,
    Column("term_id", String(36), primary_key=True),
    Column("authority", String(32), ForeignKey("directory_authority.authority"), nullable=False),
    Column("setting_id", String(32), ForeignKey("directory_setting.setting_id")),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("label", String(80), nullable=False),
    Column("source", String(120), nullable=False),
    Column("as_at_on", Date, nullable=False),
    CheckConstraint("last_on >= first_on", name="range"),
    Index(None, "authority"),
)

directory_day = Table(
    "directory_day",
    metadata,
    Column("setting_id", String(32), ForeignKey("directory_setting.setting_id"), primary_key=True),
    Column("on", Date, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("source", String(120), nullable=False),
    Column("as_at_on", Date),
    CheckConstraint("kind IN ('school', 'staff-only', 'closed')", name="kind"),
)

#: A published policy document; ``version`` is its content's hash, so a version never changes.
directory_policy = Table(
    "directory_policy",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("owner_kind", String(16), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("effective_from_on", Date, nullable=False),
    Column("document", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    CheckConstraint("owner_kind IN ('force', 'authority')", name="owner_kind"),
    Index(None, "owner_kind", "owner"),
)

directory_import = Table(
    "directory_import",
    metadata,
    Column("import_id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("rows_taken", Integer, nullable=False),
    Column("rows_refused", Integer, nullable=False),
    Column("imported_at", Instant, nullable=False),
    Index(None, "kind", "imported_at"),
)
