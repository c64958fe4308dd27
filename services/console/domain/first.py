"""What needs somebody first, of everything that a board shows. Pure; no name, no child, no content."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.console.domain.board import Board, Promise, Review
from shared.outcome import Outcome

SOON = timedelta(hours=1)
"""What falls due within it needs somebody now, although it is still in time."""
MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A promise or a review, one of both; ``why`` is ``lost``, ``late``, ``soon``, or the review's state."""

    why: str
    deadline_at: datetime
    promise: Promise | None = None
    review: Review | None = None


def first(seen: Board, now: datetime) -> tuple[Need, ...]:
    """At most ten, the gravest first and then by deadline: lost, reviews that nobody has, late, escalated reviews, what falls due soon."""
    order = ("lost", "overdue", "late", "escalated", "soon", "open")
    found = sorted(_needs(seen, now), key=lambda need: (order.index(need.why), need.deadline_at))
    return tuple(found[:MOST])


def _needs(seen: Board, now: datetime) -> Iterator[Need]:
    for promise in seen.promises:
        if promise.outcome in (Outcome.LOST, Outcome.LATE):
            yield Need(why=promise.outcome.value, deadline_at=promise.deadline_at, promise=promise)
        elif promise.deadline_at <= now + SOON:
            yield Need(why="soon", deadline_at=promise.deadline_at, promise=promise)
    for review in seen.reviews:
        if review.state in ("overdue", "escalated") or review.deadline_at <= now + SOON:
            yield Need(why=review.state, deadline_at=review.deadline_at, review=review)
