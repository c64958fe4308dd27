"""What was decided, in the database: decisions and reviews. Codes and ids only; nothing here names a person.

``router_incident`` is the aggregate: whoever decides about an incident holds its row until the end of the transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from shared.db import Reading, Transaction
from shared.db.tables.router import (
    router_decision,
    router_incident,
    router_review,
)
from shared.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """A decision on one child. ``evidence`` are codes, never values."""

    incident_id: str
    incident_version: int
    child_id: str
    round: int
    outcome: str
    rule: str
    evidence: tuple[str, ...]
    pupil_id: str | None
    policy_version: str | None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """A decision that a person owes by ``deadline_at``."""

    review_id: str
    incident_id: str
    child_id: str
    round: int
    reason: str
    force: str
    authority: str | None
    owner: str
    escalates_to: str
    policy_version: str
    deadline_at: datetime
    sandbox: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """A review that has just passed to its second owner."""

    review_id: str
    incident_id: str
    child_id: str
    owner: str


async def hold(tx: Transaction, incident_ids: Iterable[str]) -> dict[str, int]:
    """Hold these incidents, entering those that are new; the version decided of each, 0 for none.

    In the order of their ids, so that two batches never wait for each other.
    """
    wanted = sorted(set(incident_ids))
    rows = [{"incident_id": incident_id, "incident_version": 0, "decided_at": tx.clock.now()} for incident_id in wanted]
    await tx.execute(tx.insert(router_incident).values(rows).on_conflict_do_nothing())
    return await held(tx, wanted)


async def held(tx: Transaction, incident_ids: Iterable[str]) -> dict[str, int]:
    """Hold those of these incidents that are known; the version decided of each."""
    statement = (
        select(router_incident.c.incident_id, router_incident.c.incident_version)
        .where(router_incident.c.incident_id.in_(set(incident_ids)))
        .order_by(router_incident.c.incident_id)
        .with_for_update()
    )
    return {row.incident_id: row.incident_version for row in await tx.execute(statement)}


async def decided(tx: Transaction, versions: Mapping[str, int]) -> None:
    """Note the version that was decided of each incident."""
    statement = (
        update(router_incident)
        .where(router_incident.c.incident_id == bindparam("held_id"))
        .values(incident_version=bindparam("decided_version"), decided_at=tx.clock.now())
    )
    await tx.execute(statement, [{"held_id": one, "decided_version": version} for one, version in versions.items()])


async def add_decisions(tx: Transaction, decisions: Sequence[NewDecision]) -> None:
    rows = [
        {
            "decision_id": new_id(),
            "incident_id": one.incident_id,
            "incident_version": one.incident_version,
            "child_id": one.child_id,
            "round": one.round,
            "outcome": one.outcome,
            "rule": one.rule,
            "evidence": list(one.evidence),
            "pupil_id": one.pupil_id,
            "policy_version": one.policy_version,
            "decided_by": one.decided_by,
            "decided_at": tx.clock.now(),
        }
        for one in decisions
    ]
    await _insert(tx, router_decision, rows)


async def add_reviews(tx: Transaction, reviews: Sequence[NewReview]) -> None:
    """Open reviews: their next action is their deadline, at which they escalate."""
    rows = [
        {
            "review_id": one.review_id,
            "incident_id": one.incident_id,
            "child_id": one.child_id,
            "round": one.round,
            "reason": one.reason,
            "force": one.force,
            "authority": one.authority,
            "owner": one.owner,
            "escalates_to": one.escalates_to,
            "state": "open",
            "policy_version": one.policy_version,
            "deadline_at": one.deadline_at,
            "next_action_at": one.deadline_at,
            "opened_at": tx.clock.now(),
            "sandbox": one.sandbox,
        }
        for one in reviews
    ]
    await _insert(tx, router_review, rows)


async def escalate_due(tx: Transaction, now: datetime, limit: int) -> tuple[Escalated, ...]:
    """Pass up to ``limit`` open reviews whose next action is due to their second owner; rows that another process holds are left to it."""
    due = (
        select(router_review.c.review_id)
        .where(router_review.c.state == "open", router_review.c.next_action_at <= now)
        .order_by(router_review.c.next_action_at, router_review.c.review_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    passed = (
        update(router_review)
        .where(router_review.c.review_id.in_(due), router_review.c.state == "open")
        .values(state="escalated", owner=router_review.c.escalates_to, escalated_at=now, next_action_at=None)
        .returning(router_review.c.review_id, router_review.c.incident_id, router_review.c.child_id, router_review.c.owner)
    )
    return tuple(
        Escalated(review_id=row.review_id, incident_id=row.incident_id, child_id=row.child_id, owner=row.owner)
        for row in await tx.execute(passed)
    )


async def next_review_at(reading: Reading) -> datetime | None:
    """When the next open review is due."""
    statement = select(func.min(router_review.c.next_action_at)).where(router_review.c.state == "open")
    found: datetime | None = (await reading.execute(statement)).scalar_one()
    return found


async def _insert(tx: Transaction, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await tx.execute(insert(table), list(rows))
