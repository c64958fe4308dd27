"""What router has of incidents so far, and ending reviews that a later version has answered. Codes and ids only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from services.router import store_destinations
from services.router.domain.revision import (
    RECALL,
    OpenReview,
    Standing,
    live_in,
    recalled_refs,
)
from services.router.domain.standing import Known
from shared.db import Reading, Transaction
from shared.db.tables.router import router_decision, router_review

SUPERSEDED = "superseded"
DESTINATION = "destination-"
"""Evidence of a recall begins so, and goes on with the destination's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """One incident as it stands: its destinations, each child that was ever decided, and the last round of each child, over all versions.

    ``recalled`` are pairs of a child and the destination that sent it back.
    """

    known: tuple[Known, ...] = ()
    children: Mapping[str, Standing] = field(default_factory=dict)
    last_rounds: Mapping[str, int] = field(default_factory=dict)
    recalled: frozenset[tuple[str, str]] = frozenset()


async def stood(reading: Reading, incident_ids: Iterable[str]) -> dict[str, Stood]:
    """Where each of these incidents stands, with three statements for all."""
    wanted = set(incident_ids)
    known = await store_destinations.known(reading, wanted)
    decisions = await _by_incident(reading, select(router_decision).where(router_decision.c.incident_id.in_(wanted)))
    reviews = await _by_incident(reading, select(router_review).where(router_review.c.incident_id.in_(wanted)))
    return {one: _stood(known.get(one, ()), decisions.get(one, ()), reviews.get(one, ())) for one in wanted}


async def supersede(tx: Transaction, reviews: Mapping[str, str]) -> frozenset[str]:
    """End these reviews, ``review_id`` → who decided, because a later version has answered them; the ids of those that were still open."""
    ended: set[str] = set()
    for decider in sorted(set(reviews.values())):
        these = sorted(review_id for review_id, by in reviews.items() if by == decider)
        statement = (
            update(router_review)
            .where(router_review.c.review_id.in_(these), router_review.c.state != "settled")
            .values(
                state="settled",
                settlement=SUPERSEDED,
                settled_by=decider,
                settled_at=tx.clock.now(),
                next_action_at=None,
                claimed_by=None,
                claimed_until_at=None,
            )
            .returning(router_review.c.review_id)
        )
        ended |= set((await tx.execute(statement)).scalars())
    return frozenset(ended)


async def _by_incident(reading: Reading, statement: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in await reading.execute(statement):
        found.setdefault(row.incident_id, []).append(row)
    return found


def _stood(known: tuple[Known, ...], decisions: Sequence[Any], reviews: Sequence[Any]) -> Stood:
    last_rounds: dict[str, int] = {}
    for row in (*decisions, *reviews):
        last_rounds[row.child_id] = max(row.round, last_rounds.get(row.child_id, 0))
    recalled = frozenset(
        (row.child_id, code.removeprefix(DESTINATION))
        for row in decisions
        for code in row.evidence
        if row.rule == RECALL and code.startswith(DESTINATION)
    )
    standing_rows = {row.child_id: row for row in sorted(decisions, key=lambda row: row.round)}
    children = {
        child_id: Standing(
            outcome=row.outcome,
            rule=row.rule,
            incident_version=row.incident_version,
            evidence=tuple(row.evidence),
            is_by_person=row.decided_by is not None,
            live=live_in(known, child_id),
            reviews=tuple(
                OpenReview(review_id=review.review_id, reason=review.reason, deadline_at=review.deadline_at)
                for review in reviews
                if review.child_id == child_id and review.state != "settled"
            ),
            recalled_refs=recalled_refs(known, [destination_id for child, destination_id in recalled if child == child_id]),
        )
        for child_id, row in standing_rows.items()
    }
    return Stood(known=known, children=children, last_rounds=last_rounds, recalled=recalled)
