"""Notifier's facts: what each destination was told, and what it said."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared.events.base import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFact(Fact):
    """A fact about one notification. ``next_action_at`` is what the plan does next (None: nothing is waiting on the clock)."""

    notification_id: str

    @property
    def subject(self) -> str:
        return self.notification_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationOpened(NotificationFact):
    """The promise is made and its plan frozen (D2)."""

    TYPE: ClassVar[str] = "notification.opened"
    destination_id: str
    destination_kind: str
    destination_ref: str
    purpose: str
    child_ids: tuple[str, ...]
    deadline_at: datetime
    next_action_at: datetime
    policy_version: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted(NotificationFact):
    """A message is about to be handed over; written before the call, so a crash leaves a trace."""

    TYPE: ClassVar[str] = "attempt.started"
    attempt_id: str
    rung: int
    contact_id: str
    channel: str
    repeat: bool
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded(NotificationFact):
    """``result``: ``handed-over`` (the channel took it), ``try-again``, ``refused`` (permanent), or ``unknown`` (broken off, or the channel
    may have taken it). Never a proof that anyone read it. ``reason`` is a code."""

    TYPE: ClassVar[str] = "attempt.ended"
    attempt_id: str
    rung: int
    channel: str
    result: str
    ended_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReturned(NotificationFact):
    """A message that had been handed over came back: ``kind`` is ``bounced`` or ``out-of-office``. It reached nobody who can act."""

    TYPE: ClassVar[str] = "attempt.returned"
    attempt_id: str
    rung: int
    channel: str
    kind: str
    returned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RungClimbed(NotificationFact):
    """One rung of the plan was carried out; ``next_action_at`` is the next one's instant, None after the last."""

    TYPE: ClassVar[str] = "rung.climbed"
    rung: int
    outcome: str
    next_action_at: datetime | None
    climbed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTaskOpened(NotificationFact):
    """A named team must telephone: ``owner`` is the team's id, ``reason`` a code."""

    TYPE: ClassVar[str] = "phone-task.opened"
    phone_task_id: str
    owner: str
    reason: str
    due_at: datetime
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMade(NotificationFact):
    """Somebody telephoned. ``outcome`` is a code; ``contact_id`` is whom she spoke to, if it is a registered one.

    ``entered_at``: a call that was made from the duty desk's list and entered afterwards, by ``caller``.
    """

    TYPE: ClassVar[str] = "call.made"
    phone_task_id: str
    outcome: str
    caller: str
    called_at: datetime
    contact_id: str | None = None
    entered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneTaskEnded(NotificationFact):
    """Nobody needs to make this call any more. ``outcome``: ``acknowledged`` (by telephone) or ``not-needed``."""

    TYPE: ClassVar[str] = "phone-task.ended"
    phone_task_id: str
    outcome: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRevised(NotificationFact):
    """A later version of the incident was taken into this notification.

    ``child_ids`` are its children from here on. ``changed_child_ids`` are those whose page has changed, and new ones: what was
    acknowledged of them before counts no more. ``next_action_at`` is None when nothing is owed.
    """

    TYPE: ClassVar[str] = "notification.revised"
    incident_version: int
    destination_id: str
    child_ids: tuple[str, ...]
    changed_child_ids: tuple[str, ...]
    deadline_at: datetime
    next_action_at: datetime | None
    revised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSent(NotificationFact):
    """A message outside the ladder: ``kind`` is ``changed``, ``withdrawn``, ``picked-up`` or ``call-owed``; ``result`` as an attempt's."""

    TYPE: ClassVar[str] = "notice.sent"
    notice_id: str
    kind: str
    contact_id: str
    channel: str
    result: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationLate(NotificationFact):
    """The deadline passed without an acknowledgement; the phone task's ``owner`` has it now.

    ``reason``: ``late-on-arrival``, ``held-too-long``, ``service-was-down`` or ``nobody-answered``.
    """

    TYPE: ClassVar[str] = "notification.late"
    owner: str
    phone_task_id: str
    deadline_at: datetime
    late_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFetched(NotificationFact):
    """The link was fetched, by a person or a machine: it proves nothing (D4)."""

    TYPE: ClassVar[str] = "link.fetched"
    contact_id: str
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntered(NotificationFact):
    """The code from the contact's other channel was entered: from here on she is shown names and dates of birth of these children."""

    TYPE: ClassVar[str] = "code.entered"
    contact_id: str
    entered_at: datetime
    child_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentViewed(NotificationFact):
    """The content about these children was shown to this contact."""

    TYPE: ClassVar[str] = "content.viewed"
    contact_id: str
    child_ids: tuple[str, ...]
    viewed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildAnswered(NotificationFact):
    """The setting said of one child: ``on-our-roll``, ``not-ours`` or ``has-left``."""

    TYPE: ClassVar[str] = "child.answered"
    child_id: str
    contact_id: str
    answer: str
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRecalled(NotificationFact):
    """This destination was wrong for this child: links died and the child went back to review (design rule 7.9)."""

    TYPE: ClassVar[str] = "child.recalled"
    child_id: str
    destination_id: str
    destination_kind: str
    destination_ref: str
    reason: str
    recalled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationAcknowledged(NotificationFact):
    """A registered person said that she is acting on it today: the one thing that stops the ladder (D5).

    ``acknowledged_at`` is when she said so; ``entered_at`` when it was written down, where that was later.
    """

    TYPE: ClassVar[str] = "notification.acknowledged"
    contact_id: str
    child_ids: tuple[str, ...]
    acknowledged_at: datetime
    way: str = "link"
    """``link`` or ``telephone``."""
    entered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationPassedOn(NotificationFact):
    """Seen, cannot act: the next rung is due at once."""

    TYPE: ClassVar[str] = "notification.passed-on"
    contact_id: str
    next_action_at: datetime
    passed_on_at: datetime
