"""What the console shows first: the gravest, then what is due first; never what can wait."""

from datetime import UTC, datetime, timedelta

from services.console.domain.board import Board, Promise, Review
from services.console.domain.first import MOST, first
from shared.outcome import Outcome

NOW = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)


def promise(outcome: Outcome, minutes: int) -> Promise:
    """One whose deadline is so many minutes ahead."""
    at = NOW + timedelta(minutes=minutes)
    return Promise(incident_id="1", kind="setting", ref="900001", outcome=outcome, deadline_at=at, owner=None, children=1)


def review(state: str, minutes: int) -> Review:
    """The same for a review."""
    return Review(incident_id="1", reason="twin", owner="a-desk", deadline_at=NOW + timedelta(minutes=minutes), state=state)


def board(*promises: Promise, reviews: tuple[Review, ...] = ()) -> Board:
    """A board with these."""
    return Board(counts={}, late={}, promises=promises, reviews=reviews)


def test_the_gravest_stands_first_and_what_is_due_first_within_it() -> None:
    seen = board(
        promise(Outcome.WAITING, 30),
        promise(Outcome.LATE, -10),
        promise(Outcome.LATE, -60),
        promise(Outcome.LOST, -5),
        reviews=(review("open", 40), review("escalated", -90), review("overdue", -20)),
    )
    assert [need.why for need in first(seen, NOW)] == ["lost", "overdue", "late", "late", "escalated", "soon", "open"]
    assert [need.deadline_at for need in first(seen, NOW) if need.why == "late"] == [
        NOW - timedelta(minutes=60),
        NOW - timedelta(minutes=10),
    ]


def test_what_can_wait_is_not_there() -> None:
    assert first(board(promise(Outcome.WAITING, 61), reviews=(review("open", 61),)), NOW) == ()


def test_there_are_never_more_than_somebody_reads() -> None:
    assert len(first(board(*[promise(Outcome.LATE, -number) for number in range(40)]), NOW)) == MOST
