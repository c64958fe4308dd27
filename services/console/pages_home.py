"""The top of the console's first page: what needs somebody first, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.console.domain import words
from services.console.domain.board import Board
from services.console.domain.first import Need, first

WHYS: Mapping[str, str] = {
    "lost": "Lost: nobody has it",
    "late": "Late: somebody must telephone",
    "soon": "Due within the hour",
    "overdue": "A review that nobody has",
    "escalated": "A review that passed its deadline",
    "open": "A review due within the hour",
}


def needs(seen: Board, names: Any, now: datetime) -> list[tuple[str, str, str, datetime, str]]:
    """What it is, whose or where, why, by when, and the incident; the gravest first. ``names`` are those of the page."""
    return [_said(need, names) for need in first(seen, now)]


def _said(need: Need, names: Any) -> tuple[str, str, str, datetime, str]:
    if need.promise is not None:
        owner = names.team(need.promise.owner)
        return WHYS[need.why], names.of(need.promise), owner, need.deadline_at, need.promise.incident_id
    assert need.review is not None
    return WHYS[need.why], words.reason(need.review.reason), names.team(need.review.owner), need.deadline_at, need.review.incident_id
