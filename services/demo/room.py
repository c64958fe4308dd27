"""What the demonstration's pages are built from, and the words in which they tell of facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.demo.client import Visitors
from services.demo.messages import Messages
from services.demo.pace import Pace
from services.demo.places import name_of
from services.demo.world import World
from shared.events import Envelope
from shared.service import Parts
from shared.web.cookies import Cookie

DEMO = Cookie(name="demonstration", lifetime=timedelta(days=1), same_site="lax")
"""What the forms of these pages are bound to: nobody signs in here."""

SAYINGS: Mapping[str, str] = {
    "incident.received": "A report came in",
    "incident.corrected": "The police corrected a report",
    "incident.withdrawn": "The police took a report back",
    "incident.routed": "{place} is to be told",
    "destination.revised": "What a place is to be told has changed",
    "child.held": "A child is held for a person: {reason}",
    "child.excluded": "Nobody is told of a child: {reason}",
    "review.claimed": "A reviewer took a case",
    "review.asked": "A reviewer asked another desk: {owner}",
    "review.settled": "A reviewer settled a case",
    "review.escalated": "A case that nobody settled in time passed to {owner}",
    "notification.opened": "The promise to {place} is made and its plan frozen",
    "attempt.started": "A message left ({channel})",
    "rung.climbed": "Rung {rung} of a ladder was carried out",
    "notification.late": "The deadline passed; {owner} owes a telephone call",
    "phone-task.opened": "{owner} must telephone",
    "phone-task.ended": "A telephone call is no longer owed",
    "call.made": "Somebody telephoned",
    "code.entered": "A recipient entered her code",
    "content.viewed": "A recipient read the content",
    "child.answered": "A setting answered: {answer}",
    "child.recalled": "A child was recalled from {place}",
    "notification.acknowledged": "Somebody is acting on it today",
    "notification.passed-on": "A recipient passed it on",
    "notification.revised": "A notification was brought up to date",
    "notice.sent": "Those who had been told before were told of a change",
}
"""What happened, in words. A fact that is not here is not told on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A report that the police desk has posted: the sender's own list has one for each."""

    incident_id: str
    reference: str
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The running demonstration, for its pages."""

    parts: Parts
    world: World
    pace: Pace
    messages: Messages
    visitors: Visitors
    key: str = field(repr=False)
    posted: list[Posted] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One thing that happened, in words; ``at`` is its business instant, ``times`` how often it happened then."""

    at: datetime
    text: str
    times: int = 1


def happened(facts: list[Envelope]) -> list[Happened]:
    """The facts in words, the newest first; the same thing at the same minute stands there once."""
    found: dict[tuple[datetime, str], int] = {}
    for envelope in reversed(facts):
        if text := told(envelope):
            key = (envelope.time.replace(second=0, microsecond=0), text)
            found[key] = found.get(key, 0) + 1
    return [Happened(at=at, text=text, times=times) for (at, text), times in found.items()]


def told(envelope: Envelope) -> str:
    """One fact in words; empty for what is not told."""
    saying, fact = SAYINGS.get(envelope.fact.TYPE, ""), envelope.fact
    channel = {"email": "e-mail", "sms": "text message"}.get(getattr(fact, "channel", ""), "")
    return saying.format(
        place=name_of(getattr(fact, "destination_ref", "")),
        owner=name_of(getattr(fact, "owner", "")),
        reason=getattr(fact, "reason", ""),
        rung=getattr(fact, "rung", ""),
        answer=getattr(fact, "answer", ""),
        channel=channel,
    )
