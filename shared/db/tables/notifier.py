"""Notifier's tables: the promise to one destination, its frozen plan, every message, every answer."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text
from sqlalchemy.types import JSON

from shared.db.tables.base import Instant, metadata

#: One incident for one destination. ``plan`` is frozen at the opening (D2). While open, ``next_action_at`` is when the plan moves next;
#: after the last rung it is when the phone task is chased, so an open notification always has a next action.
#: ``next_rung_at`` is when the next rung is due: as planned, or sooner when somebody passed it on or nobody was reached; else NULL.
#: ``leased_until_at`` is a real instant: whoever holds the lease is carrying out the next rung.
#: ``incident_version`` is the version that is shown. A change after the acknowledgement opens it again, with more rungs behind those done.
notifier_notification = Table(
    "notifier_notification",
    metadata,
    Column("notification_id", String(36), primary_key=True),
    Column("incident_id", String(36), nullable=False),
    Column("destination_id", String(36), nullable=False, unique=True),
    Column("destination_kind", String(16), nullable=False),
    Column("destination_ref", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("policy_version", String(64), nullable=False),
    Column("plan", JSON, nullable=False),
    Column("rungs_done", Integer, nullable=False, server_default=text("0")),
    Column("deadline_at", Instant, nullable=False),
    Column("next_rung_at", Instant),
    Column("next_action_at", Instant),
    Column("leased_until_at", Instant),
    Column("late_at", Instant),
    Column("opened_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("incident_version", Integer, nullable=False, server_default=text("1")),
    Column("supplement", Boolean, nullable=False, server_default=text("false")),
    Column("sandbox", Boolean, nullable=False, server_default=text("false")),
    Column("call_team", String(64)),
    Column("route", String(32)),
    Column("legal_class", String(16)),
    CheckConstraint("state IN ('open', 'acknowledged', 'recalled', 'withdrawn')", name="state"),
    CheckConstraint("state <> 'open' OR next_action_at IS NOT NULL", name="open_is_due"),
    CheckConstraint("state = 'open' OR ended_at IS NOT NULL", name="ended_when"),
    Index(None, "incident_id"),
    Index("ix_notifier_due", "next_action_at", postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
)

#: Confirmation, acknowledgement and recall are for each child. ``telephoned_at``: a registered person took it over the telephone, where no
#: child is named; so it counts before she has confirmed the child behind her link.
notifier_child = Table(
    "notifier_child",
    metadata,
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id"), primary_key=True),
    Column("child_id", String(36), primary_key=True),
    Column("answer", String(16)),
    Column("answered_by", String(36)),
    Column("answered_at", Instant),
    Column("acknowledged_by", String(36)),
    Column("acknowledged_at", Instant),
    Column("recalled_at", Instant),
    Column("withdrawn_at", Instant),
    Column("telephoned_at", Instant),
    CheckConstraint("answer IS NULL OR answer IN ('on-our-roll', 'not-ours', 'has-left')", name="answer"),
    CheckConstraint(
        "acknowledged_at IS NULL OR answer = 'on-our-roll' OR (answer IS NULL AND telephoned_at IS NOT NULL)", name="acknowledged_is_ours"
    ),
)

#: One message to one contact on one channel. The row stands before the call; a crash leaves ``started``.
#: The identity (notification, rung, contact, channel, round) is decided before any send, so a repeat is known to be one.
#: ``carried_by``: no message of its own, because that attempt's stands for this notification too.
#: ``returned``: what came back of a message that had been handed over: it bounced, or nobody is there to read it.
notifier_attempt = Table(
    "notifier_attempt",
    metadata,
    Column("attempt_id", String(36), primary_key=True),
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id"), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("contact_id", String(36), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("is_repeat", Boolean, nullable=False),
    Column("result", String(16), nullable=False),
    Column("reason", String(48)),
    Column("provider_reference", String(120)),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("carried_by", String(36)),
    Column("returned", String(16)),
    Column("returned_at", Instant),
    UniqueConstraint("notification_id", "rung", "contact_id", "channel", "round"),
    CheckConstraint("result IN ('started', 'handed-over', 'try-again', 'refused', 'unknown')", name="result"),
    CheckConstraint("result = 'started' OR ended_at IS NOT NULL", name="ended_when"),
    Index(None, "carried_by"),
)

#: A link in one message, for one contact. Only its hash is kept.
notifier_link = Table(
    "notifier_link",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("link_id", String(36), nullable=False, unique=True),
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id"), nullable=False),
    Column("attempt_id", String(36), ForeignKey("notifier_attempt.attempt_id"), nullable=False),
    Column("contact_id", String(36), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index(None, "notification_id"),
)

#: A one-time code, sent over the contact's other channel. Low entropy, so its hash is keyed and its tries are few.
notifier_code = Table(
    "notifier_code",
    metadata,
    Column("code_id", String(36), primary_key=True),
    Column("link_id", String(36), ForeignKey("notifier_link.link_id"), nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("hash_key_id", String(32), nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "link_id"),
)

#: One contact's open visit after link and code: what the cookie stands for.
notifier_visit = Table(
    "notifier_visit",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("visit_id", String(36), nullable=False, unique=True),
    Column("link_id", String(36), ForeignKey("notifier_link.link_id"), nullable=False),
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id"), nullable=False),
    Column("contact_id", String(36), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "notification_id"),
)

#: A call that a named team owes. A claim ends at a real instant; ``again_at`` is when to ring next, ``passed_on_at`` when the call became
#: another team's: business instants. ``round`` is how much of the plan was history when it was opened: a
#: notification that was opened again owes its calls anew.
notifier_phone_task = Table(
    "notifier_phone_task",
    metadata,
    Column("phone_task_id", String(36), primary_key=True),
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id"), nullable=False),
    Column("team_id", String(64), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("claimed_by", String(36)),
    Column("claimed_until_at", Instant),
    Column("again_at", Instant),
    Column("passed_on_at", Instant),
    Column("round", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("notification_id", "reason", "round"),
    CheckConstraint("state IN ('open', 'done', 'not-needed')", name="state"),
    CheckConstraint("state = 'open' OR ended_at IS NOT NULL", name="ended_when"),
    CheckConstraint("(claimed_by IS NULL) = (claimed_until_at IS NULL)", name="claimed_until"),
    Index("ix_notifier_phone_task_open", "due_at", postgresql_where=text("state = 'open'"), sqlite_where=text("state = 'open'")),
)

#: The call log: every telephone call that was made for a task, by whose session. ``contact_id`` is whom the caller spoke to, or whose
#: number was wrong. A call that was entered afterwards was made at ``called_at`` by ``made_by`` and entered at ``entered_at``.
notifier_call = Table(
    "notifier_call",
    metadata,
    Column("call_id", String(36), primary_key=True),
    Column("phone_task_id", String(36), ForeignKey("notifier_phone_task.phone_task_id"), nullable=False),
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id"), nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("contact_id", String(36)),
    Column("caller", String(36), nullable=False),
    Column("called_at", Instant, nullable=False),
    Column("called_real_at", Instant, nullable=False),
    Column("made_by", String(64)),
    Column("entered_at", Instant),
    CheckConstraint(
        "outcome IN ('no-answer', 'engaged', 'wrong-number', 'not-registered', 'wrong-passphrase', 'no-passphrase', 'acknowledged')",
        name="outcome",
    ),
    CheckConstraint("outcome <> 'acknowledged' OR contact_id IS NOT NULL", name="acknowledged_by_whom"),
    Index(None, "phone_task_id"),
    Index(None, "notification_id"),
)

#: A disclosure to the wrong setting, from the moment that the setting said so (design rule 7.9).
notifier_breach = Table(
    "notifier_breach",
    metadata,
    Column("breach_id", String(36), primary_key=True),
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id"), nullable=False),
    Column("child_id", String(36), nullable=False),
    Column("contact_id", String(36), nullable=False),
    Column("content_was_shown", Boolean, nullable=False),
    Column("opened_at", Instant, nullable=False),
    UniqueConstraint("notification_id", "child_id"),
)

#: A message outside the ladder, to one contact, once: *changed*, *withdrawn*, *picked up* of a notification, or that a team owes something.
#: ``subject_id`` is what it is about (a notification's id with its version, an incident, a phone task). ``due_at`` is a business instant.
notifier_notice = Table(
    "notifier_notice",
    metadata,
    Column("notice_id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject_id", String(80), nullable=False),
    Column("notification_id", String(36), ForeignKey("notifier_notification.notification_id")),
    Column("contact_id", String(36), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Instant),
    Column("leased_until_at", Instant),
    Column("channel", String(16)),
    Column("result", String(16)),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("kind", "subject_id", "contact_id"),
    CheckConstraint("kind IN ('changed', 'withdrawn', 'picked-up', 'review-owed', 'call-owed')", name="kind"),
    CheckConstraint("state IN ('owed', 'sent', 'failed')", name="state"),
    CheckConstraint("state <> 'owed' OR due_at IS NOT NULL", name="owed_is_due"),
    CheckConstraint("state = 'owed' OR ended_at IS NOT NULL", name="ended_when"),
    Index("ix_notifier_notice_due", "due_at", postgresql_where=text("state = 'owed'"), sqlite_where=text("state = 'owed'")),
)

#: A setting is told of a break before it begins, once: a row for each contact, with her link, her code and her visit, all as hashes.
#: Without a contact nobody could be told. ``due_at`` and ``expires_at`` are business instants; those of codes, visits and leases are
#: real ones.
notifier_briefing = Table(
    "notifier_briefing",
    metadata,
    Column("briefing_id", String(36), primary_key=True),
    Column("setting_id", String(32), nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("policy_version", String(64), nullable=False),
    Column("contact_id", String(36)),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Instant),
    Column("leased_until_at", Instant),
    Column("channel", String(16)),
    Column("result", String(16)),
    Column("token_hash", String(64), unique=True),
    Column("expires_at", Instant),
    Column("code_hash", String(64)),
    Column("code_key_id", String(32)),
    Column("code_at", Instant),
    Column("codes", Integer, nullable=False, server_default=text("0")),
    Column("code_tries", Integer, nullable=False, server_default=text("0")),
    Column("code_used_at", Instant),
    Column("visit_hash", String(64), unique=True),
    Column("visit_until_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("setting_id", "begins_on", "contact_id"),
    CheckConstraint("state IN ('owed', 'sent', 'failed')", name="state"),
    CheckConstraint("state <> 'owed' OR (due_at IS NOT NULL AND contact_id IS NOT NULL)", name="owed_is_due"),
    CheckConstraint("state = 'owed' OR ended_at IS NOT NULL", name="ended_when"),
    Index("ix_notifier_briefing_due", "due_at", postgresql_where=text("state = 'owed'"), sqlite_where=text("state = 'owed'")),
)

#: Nothing is sent to this setting, team or contact, or over this channel, until ``until_at``; then it is owed at once.
#: ``reason`` is a code; ``decider`` and ``ended_by`` are a team's id or a post.
notifier_suppression = Table(
    "notifier_suppression",
    metadata,
    Column("suppression_id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("ref", String(64), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("decider", String(64), nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String(64)),
    CheckConstraint("kind IN ('setting', 'team', 'contact', 'channel')", name="kind"),
    CheckConstraint("until_at > decided_at", name="ends"),
    Index(None, "until_at"),
)

#: The lists that were written for a duty desk that works without the service: when, and of how many promises. The newest ones alone.
notifier_list = Table(
    "notifier_list",
    metadata,
    Column("list_id", String(36), primary_key=True),
    Column("written_at", Instant, nullable=False),
    Column("entries", Integer, nullable=False),
    Index(None, "written_at"),
)
