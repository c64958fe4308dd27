"""Settlements in the database: what a reviewer decided, until it takes effect; and the decision that remains of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from services.router.domain.settling import REVIEWER, Choice
from shared.db import Reading, Transaction
from shared.db.tables.router import router_decision, router_pupil, router_pupil_setting, router_roll
from shared.db.tables.router_desk import router_settlement
from shared.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One settlement that waits. ``incident_version`` is the one that its reviewer was shown."""

    settlement_id: str
    review_id: str
    incident_id: str
    child_id: str
    incident_version: int
    choice: Choice
    decided_by: str
    decided_at: datetime
    effect_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PupilPlace:
    """Where a pupil of a live roll is, without anything of who she is."""

    pupil_id: str
    authority: str
    restricted: bool
    setting_ids: tuple[str, ...]


async def add(tx: Transaction, settlement: Settlement) -> None:
    """Let it wait. Raises DatabaseRefused when the review has one already."""
    choice = settlement.choice
    await tx.execute(
        insert(router_settlement).values(
            settlement_id=settlement.settlement_id,
            review_id=settlement.review_id,
            incident_id=settlement.incident_id,
            child_id=settlement.child_id,
            incident_version=settlement.incident_version,
            kind=choice.kind,
            refs=list(choice.refs),
            pupil_id=choice.pupil_id,
            code=choice.code,
            state="pending",
            decided_by=settlement.decided_by,
            decided_at=settlement.decided_at,
            effect_at=settlement.effect_at,
        )
    )


async def pending(reading: Reading, review_id: str) -> Settlement | None:
    """The settlement of a review that waits."""
    statement = select(router_settlement).where(router_settlement.c.review_id == review_id, router_settlement.c.state == "pending")
    row = (await reading.execute(statement)).one_or_none()
    return None if row is None else _settlement(row)


async def due(reading: Reading, now: datetime, limit: int) -> tuple[Settlement, ...]:
    """Settlements that wait no longer, the oldest first."""
    statement = select(router_settlement).where(router_settlement.c.state == "pending", router_settlement.c.effect_at <= now)
    ordered = statement.order_by(router_settlement.c.effect_at, router_settlement.c.settlement_id).limit(limit)
    return tuple(_settlement(row) for row in await reading.execute(ordered))


async def next_due_at(reading: Reading) -> datetime | None:
    """When the next one takes effect."""
    statement = select(func.min(router_settlement.c.effect_at)).where(router_settlement.c.state == "pending")
    found: datetime | None = (await reading.execute(statement)).scalar_one()
    return found


async def end(tx: Transaction, settlement_id: str, state: str) -> bool:
    """``done``, ``undone`` or ``void``; False when it waits no more."""
    statement = update(router_settlement).where(router_settlement.c.settlement_id == settlement_id, router_settlement.c.state == "pending")
    return (await tx.execute(statement.values(state=state, ended_at=tx.clock.now()))).rowcount == 1


async def add_decision(tx: Transaction, settlement: Settlement, incident_version: int, round: int, reason: str) -> None:  # noqa: A002
    """The decision that remains: rule ``reviewer``, with the session that decided."""
    choice = settlement.choice
    evidence = [f"held-{reason}", f"chose-{choice.kind}", *([f"because-{choice.code}"] if choice.code else [])]
    await tx.execute(
        insert(router_decision).values(
            decision_id=new_id(),
            incident_id=settlement.incident_id,
            incident_version=incident_version,
            child_id=settlement.child_id,
            round=round,
            outcome="excluded" if choice.kind == "excluded" else "matched",
            rule=REVIEWER,
            evidence=evidence,
            pupil_id=choice.pupil_id,
            decided_by=settlement.decided_by,
            decided_at=tx.clock.now(),
        )
    )


async def pupil(reading: Reading, pupil_id: str) -> PupilPlace | None:
    """Where a pupil of a live roll is."""
    joined = router_pupil.join(router_roll, router_roll.c.roll_id == router_pupil.c.roll_id).outerjoin(
        router_pupil_setting, router_pupil_setting.c.pupil_id == router_pupil.c.pupil_id
    )
    columns = (router_pupil.c.restricted, router_roll.c.authority, router_pupil_setting.c.setting_id)
    of_pupil = (router_pupil.c.pupil_id == pupil_id, router_roll.c.state == "live")
    rows = (await reading.execute(select(*columns).select_from(joined).where(*of_pupil))).all()
    if not rows:
        return None
    setting_ids = tuple(sorted(row.setting_id for row in rows if row.setting_id is not None))
    return PupilPlace(pupil_id=pupil_id, authority=rows[0].authority, restricted=rows[0].restricted, setting_ids=setting_ids)


def _settlement(row: Any) -> Settlement:
    return Settlement(
        settlement_id=row.settlement_id,
        review_id=row.review_id,
        incident_id=row.incident_id,
        child_id=row.child_id,
        incident_version=row.incident_version,
        choice=Choice(kind=row.kind, refs=tuple(row.refs), pupil_id=row.pupil_id, code=row.code),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        effect_at=row.effect_at,
    )
