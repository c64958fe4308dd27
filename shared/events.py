"""The facts: everything that services tell one another, and everything the journal knows.

A fact is ``noun.past-participle``, a frozen value, and carries identifiers, codes and instants only: never a name, an address,
a date of birth or free text (D3). ``SUBSCRIBERS`` is the whole topology: a fact with subscribers gets an outbox pointer and
crosses the bus; one without lives in the journal alone.

Instants are aware UTC datetimes. An envelope's attributes are those of CloudEvents 1.0 (id, source, type, subject, time).
"""

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to one incident. Subclasses add identifiers, codes and instants."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1

    incident_id: str

    @property
    def subject(self) -> str:
        """The aggregate that the fact is about."""
        return self.incident_id


# --- ingest -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReceived(Fact):
    """A report was accepted: it is ours to lose from here on."""

    TYPE: ClassVar[str] = "incident.received"
    incident_version: int
    force: str
    child_ids: tuple[str, ...]
    received_at: datetime
    believed_at: datetime
    reported_at: datetime | None = None
    occurred_from_at: datetime | None = None
    occurred_to_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentViewed(Fact):
    """Someone read the report's personal data (``reader``: a key's id, a session's id)."""

    TYPE: ClassVar[str] = "incident.viewed"
    reader: str
    viewed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentErased(Fact):
    """The report's key was destroyed, for ever; what became of its children stays known. ``reason`` is a code."""

    TYPE: ClassVar[str] = "incident.erased"
    reason: str
    erased_at: datetime


# --- router -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRouted(Fact):
    """One destination of one incident version was decided, for these children.

    ``destination_id`` names the row; ``destination_kind`` is ``setting`` or ``team`` and ``destination_ref`` its identifier in the
    directory. ``purpose``: ``school-day`` (before the bell), ``holiday-live`` (a live recipient now, while the setting is closed) or
    ``first-staff-day`` (the setting, on its first staff day back). Nothing is sent before ``send_at``; ``deadline_at`` is the instant
    by which someone must have acknowledged. ``urgency``: ``ordinary``, ``urgent`` (too near at receipt) or ``late-on-arrival``.
    """

    TYPE: ClassVar[str] = "incident.routed"
    incident_version: int
    destination_id: str
    destination_kind: str
    destination_ref: str
    purpose: str
    child_ids: tuple[str, ...]
    send_at: datetime
    deadline_at: datetime
    urgency: str
    policy_version: str
    routed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildHeld(Fact):
    """A person must decide: ``owner`` is the team that has to, by ``review_deadline_at``."""

    TYPE: ClassVar[str] = "child.held"
    incident_version: int
    child_id: str
    review_id: str
    reason: str
    owner: str
    review_deadline_at: datetime
    policy_version: str
    held_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEscalated(Fact):
    """A review passed its own deadline and now belongs to a named owner."""

    TYPE: ClassVar[str] = "review.escalated"
    child_id: str
    review_id: str
    owner: str
    escalated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildExcluded(Fact):
    """A recorded decision not to tell anyone about this child: ``reason`` is a code, ``decider`` a policy version or a person's id."""

    TYPE: ClassVar[str] = "child.excluded"
    incident_version: int
    child_id: str
    reason: str
    decider: str
    excluded_at: datetime


# --- notifier ---------------------------------------------------------------------------------------------------------


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
class NotificationLate(NotificationFact):
    """The deadline passed without an acknowledgement; the phone task's ``owner`` has it now."""

    TYPE: ClassVar[str] = "notification.late"
    owner: str
    phone_task_id: str
    deadline_at: datetime
    late_at: datetime


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
    """A registered person said that she is acting on it today: the one thing that stops the ladder (D5)."""

    TYPE: ClassVar[str] = "notification.acknowledged"
    contact_id: str
    child_ids: tuple[str, ...]
    acknowledged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationPassedOn(NotificationFact):
    """Seen, cannot act: the next rung is due at once."""

    TYPE: ClassVar[str] = "notification.passed-on"
    contact_id: str
    next_action_at: datetime
    passed_on_at: datetime


INGEST, ROUTER, NOTIFIER, CONSOLE = "ingest", "router", "notifier", "console"

FACTS: tuple[type[Fact], ...] = (
    IncidentReceived, IncidentViewed, IncidentErased, IncidentRouted, ChildHeld, ReviewEscalated, ChildExcluded, NotificationOpened,
    AttemptStarted, AttemptEnded, RungClimbed, PhoneTaskOpened, NotificationLate, LinkFetched, CodeEntered, ContentViewed, ChildAnswered,
    ChildRecalled, NotificationAcknowledged, NotificationPassedOn,
)  # fmt: skip

SUBSCRIBERS: Mapping[str, tuple[str, ...]] = {
    IncidentReceived.TYPE: (ROUTER,),
    IncidentRouted.TYPE: (NOTIFIER,),
    ChildRecalled.TYPE: (ROUTER,),
}

BY_TYPE: Mapping[str, type[Fact]] = {fact.TYPE: fact for fact in FACTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A fact with what identifies it: ``id`` is unique for ever; ``source`` is the service that states it."""

    id: str
    source: str
    time: datetime
    fact: Fact

    @property
    def type(self) -> str:
        return self.fact.TYPE


def subscribed(service: str) -> tuple[str, ...]:
    """The fact types that ``service`` handles."""
    return tuple(fact_type for fact_type, services in SUBSCRIBERS.items() if service in services)


def to_data(fact: Fact) -> dict[str, Any]:
    """The fact as JSON values: instants as RFC 3339 in UTC, tuples as lists."""
    return {field.name: _plain(getattr(fact, field.name)) for field in fields(fact)}


def from_data(fact_type: str, version: int, data: Mapping[str, Any]) -> Fact:
    """The fact that ``to_data`` made. Raises KeyError for an unknown type, ValueError for an unknown version or a missing field.

    Fields that this program does not know are ignored, so an older program reads a newer minor addition.
    """
    kind = BY_TYPE[fact_type]
    if version != kind.VERSION:
        raise ValueError(f"{fact_type} version {version} is not known here")
    hints = _hints(kind)
    try:
        return kind(**{name: _typed(hint, data[name]) for name, hint in hints.items() if name in data})
    except TypeError as error:
        raise ValueError(f"{fact_type} lacks a field") from error


def dump(envelopes: Sequence[Envelope]) -> list[dict[str, Any]]:
    """The envelopes in CloudEvents' JSON form."""
    return [
        {
            "specversion": "1.0",
            "id": envelope.id,
            "source": f"/encompass/{envelope.source}",
            "type": f"{envelope.type}.v{envelope.fact.VERSION}",
            "subject": envelope.fact.subject,
            "time": _plain(envelope.time),
            "datacontenttype": "application/json",
            "data": to_data(envelope.fact),
        }
        for envelope in envelopes
    ]


def load(event: Mapping[str, Any]) -> Envelope:
    """The envelope of one CloudEvents JSON object. Raises ValueError or KeyError when it is not one of ours."""
    fact_type, _, version = str(event["type"]).rpartition(".v")
    return Envelope(
        id=str(event["id"]),
        source=str(event["source"]).removeprefix("/encompass/"),
        time=datetime.fromisoformat(event["time"]),
        fact=from_data(fact_type, int(version), event["data"]),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


_HINTS: dict[type[Fact], dict[str, Any]] = {}


def _hints(kind: type[Fact]) -> dict[str, Any]:
    if kind not in _HINTS:
        every = typing.get_type_hints(kind)
        _HINTS[kind] = {field.name: every[field.name] for field in fields(kind)}
    return _HINTS[kind]


def _typed(hint: Any, value: Any) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(option for option in hint.__args__ if option is not type(None))
    if hint is datetime:
        return datetime.fromisoformat(value)
    if typing.get_origin(hint) is tuple:
        return tuple(value)
    return value
