"""What router has of incidents so far, and ending reviews that a later version has answered. Codes and ids only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from services.router import store_destinations
from services.router.domain.revision import (
    CHANGED_AFTER_DECISION,
    NOT_DECIDED,
    RECALL,
    WITHDRAWN,
    Kept,
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
"""Evidence of a recall begins so, and goes on with the destination's id; so does that of taking out a child of whom a person decided."""

_SINCE = (WITHDRAWN, CHANGED_AFTER_DECISION, NOT_DECIDED)
"""Behind a person's decision these take nothing of it away: the child is out of the report, or back in it and a person is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """One incident as it stands: its destinations, each child that was ever decided, and the last round of each child, over all versions.

    ``recalled`` are pairs of a child and the destination that sent it back; ``pupil_ids`` whom a child was last decided to be.
    """

    known: tuple[Known, ...] = ()
    children: Mapping[str, Standing] = field(default_factory=dict)
    last_rounds: Mapping[str, int] = field(default_factory=dict)
    recalled: frozenset[tuple[str, str]] = frozenset()
    pupil_ids: Mapping[str, str] = field(default_factory=dict)


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
            kept=_kept(known, [one for one in decisions if one.child_id == child_id]) if row.rule in _SINCE else None,
        )
        for child_id, row in standing_rows.items()
    }
    pupil_ids = {child_id: row.pupil_id for child_id, row in standing_rows.items() if row.pupil_id is not None}
    return Stood(known=known, children=children, last_rounds=last_rounds, recalled=recalled, pupil_ids=pupil_ids)


def _kept(known: Sequence[Known], decisions: Sequence[Any]) -> Kept | None:
    """A person's decision on one child that she was then taken out of the report with; None where a rule or a setting came between."""
    behind: list[Any] = []
    for row in sorted(decisions, key=lambda row: row.round, reverse=True):
        if row.decided_by is not None or row.rule not in _SINCE:
            break
        behind.append(row)
    else:
        return None
    taken_out = next((one for one in reversed(behind) if one.rule == WITHDRAWN), None)
    if row.decided_by is None or taken_out is None:
        return None
    left = [one for one in known if f"{DESTINATION}{one.destination_id}" in taken_out.evidence]
    return Kept(
        outcome=row.outcome,
        rule=row.rule,
        incident_version=row.incident_version,
        evidence=tuple(row.evidence),
        decided_by=row.decided_by,
        pupil_id=row.pupil_id,
        setting_ids=tuple(dict.fromkeys(one.ref for one in left if one.kind == "setting")),
        # Who is told while a setting is closed follows from the setting.
        team_ids=tuple(dict.fromkeys(one.ref for one in left if one.kind == "team" and one.purpose != "holiday-live")),
    )
