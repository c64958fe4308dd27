"""Router's facts: what was decided about each child."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared.events.base import Fact


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
    supplement: bool = False
    """This destination has been told of the incident before: these children were settled later."""
    sandbox: bool = False
    route: str | None = None
    """By which route: ``school``, ``early-years``, ``health-visiting`` and so on; None where a person chose a team."""
    legal_class: str | None = None
    """``statutory`` (Domestic Abuse Act 2021 s.49A) or ``local-agreement``; None in facts of before this was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRevised(Fact):
    """A later version of the incident reached a destination that was routed before.

    ``child_ids`` are all children it is told of from here on; without any, it is told of nobody any more. Where what changed must be told
    again, that is owed from ``send_at`` on and by ``deadline_at``. ``reason``: ``corrected``, ``withdrawn``,
    ``settled``, or ``rematched`` (the roll said otherwise before the setting's first staff day).
    """

    TYPE: ClassVar[str] = "destination.revised"
    incident_version: int
    destination_id: str
    child_ids: tuple[str, ...]
    reason: str
    send_at: datetime
    deadline_at: datetime
    urgency: str
    revised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentDecided(Fact):
    """Every child of this version of the incident has been decided, also where nothing changed."""

    TYPE: ClassVar[str] = "incident.decided"
    incident_version: int
    decided_at: datetime


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
    sandbox: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEscalated(Fact):
    """A review passed its own deadline and now belongs to a named owner."""

    TYPE: ClassVar[str] = "review.escalated"
    child_id: str
    review_id: str
    owner: str
    escalated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFact(Fact):
    """A fact about one review; ``reader`` and ``decider`` are the ids of sessions."""

    child_id: str
    review_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewClaimed(ReviewFact):
    """A reviewer took the review: candidates are shown to nobody else until ``claimed_until_at``."""

    TYPE: ClassVar[str] = "review.claimed"
    reader: str
    claimed_at: datetime
    claimed_until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewViewed(ReviewFact):
    """The child and the candidates were shown to the reviewer. ``candidates`` counts them."""

    TYPE: ClassVar[str] = "review.viewed"
    reader: str
    candidates: int
    viewed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RollSearched(ReviewFact):
    """The roll was searched for a child under review. ``reason`` is a code, ``found`` counts what was shown."""

    TYPE: ClassVar[str] = "roll.searched"
    reader: str
    reason: str
    found: int
    searched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAsked(ReviewFact):
    """The review was passed to another desk, ``owner``, which has to decide by ``review_deadline_at``."""

    TYPE: ClassVar[str] = "review.asked"
    owner: str
    decider: str
    review_deadline_at: datetime
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettled(ReviewFact):
    """A review ended. ``settlement``: ``pupil``, ``setting``, ``team``, ``excluded`` or ``superseded`` (a correction decided it).

    ``decider`` is the session of whoever decided, or the policy's version where a rule did. What follows is told by other facts.
    """

    TYPE: ClassVar[str] = "review.settled"
    settlement: str
    decider: str
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildExcluded(Fact):
    """A recorded decision not to tell anyone about this child: ``reason`` is a code, ``decider`` a policy version or a person's id."""

    TYPE: ClassVar[str] = "child.excluded"
    incident_version: int
    child_id: str
    reason: str
    decider: str
    excluded_at: datetime
