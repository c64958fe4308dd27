"""What the feed says of a child, when it must be looked at again, and how an entry is written as JSON. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import (
    CodeEntered,
    ContentViewed,
    IncidentErased,
    IncidentViewed,
    LinkFetched,
    NoticeSent,
    ReviewClaimed,
    ReviewViewed,
    RollSearched,
)
from shared.outcome import ChildOutcome, Outcome
from shared.outcome.standing import GRACE

WITHOUT_EFFECT = frozenset(
    fact.TYPE
    for fact in (
        *(IncidentViewed, IncidentErased, LinkFetched, CodeEntered, ContentViewed, NoticeSent),
        *(ReviewClaimed, ReviewViewed, RollSearched),
    )
)
"""Facts that leave every outcome as it is."""

LOOK_AGAIN = timedelta(minutes=1)
"""For what is overdue while somebody is at work on it: only time tells whether that ends well."""

_ON_THE_CLOCK = frozenset({Outcome.WAITING, Outcome.HELD, Outcome.RECALLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of a child; when any of it changes, that is an entry. Instants are UTC.

    ``acknowledged_at`` stands while the outcome is *acknowledged*; ``late_at`` from the first time that any destination was late.
    """

    outcome: str
    reason: str | None
    owner: str | None
    deadline_at: datetime | None
    acknowledged_at: datetime | None
    late_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One change, as its force sees it. ``cursor`` is what to go on from; references are the sender's own, None once erased."""

    cursor: str
    incident_id: str
    system: str
    reference: str | None = field(repr=False)
    child_id: str
    child_reference: str | None = field(repr=False)
    outcome: str
    since: datetime
    reason: str | None
    owner: str | None
    deadline_at: datetime | None
    acknowledged_at: datetime | None
    late_at: datetime | None


def told(child: ChildOutcome) -> Told:
    """What is told of a child with this outcome."""
    standing = child.standing
    acknowledged = [one.acknowledged_at for one in child.destinations if one.acknowledged_at is not None and one.recalled_at is None]
    late = [one.late_at for one in child.destinations if one.late_at is not None]
    return Told(
        outcome=standing.outcome.value,
        reason=standing.reason,
        owner=standing.owner,
        deadline_at=standing.deadline_at,
        acknowledged_at=max(acknowledged, default=None) if standing.outcome is Outcome.ACKNOWLEDGED else None,
        late_at=min(late, default=None),
    )


def look_again_at(child: ChildOutcome, now: datetime) -> datetime | None:
    """When time alone may have changed the outcome, whichever of the child's obligations it is; None when only a fact can."""
    standings = [child.standing, *(one.standing for one in child.destinations)]
    if child.review is not None:
        standings.append(child.review)
    running = [one for one in standings if one.outcome in _ON_THE_CLOCK and one.next_action_at is not None]
    said = [at for one in running for at in (one.next_action_at, one.deadline_at) if at is not None]
    ahead = [at for said_at in said for at in (said_at, said_at + GRACE) if at > now]
    overdue = any(one.next_action_at is not None and one.next_action_at + GRACE <= now for one in running)
    return min([*ahead, *([now + LOOK_AGAIN] if overdue else [])], default=None)


def as_json(entry: FeedEntry) -> Mapping[str, Any]:
    """The entry as JSON values: instants in RFC 3339, UTC."""
    values = {one.name: getattr(entry, one.name) for one in fields(entry)}
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in values.items()}


def instant(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
