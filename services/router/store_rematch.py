"""Destinations whose children are to be looked for on the roll again before their first staff day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update

from shared.db import Reading, Transaction
from shared.db.tables.directory import directory_setting
from shared.db.tables.router import router_destination, router_roll
from shared.policy import Route

BEFORE = timedelta(hours=1)
"""How long before it is told a setting's children are looked for again: a reviewer who is asked still has time."""

_WAITING = (
    router_destination.c.purpose == "first-staff-day",
    router_destination.c.ended_at.is_(None),
    router_destination.c.rematched_at.is_(None),
)


_CLOSED = select(directory_setting.c.setting_id).where(directory_setting.c.status == "closed")
_MOVES = and_(
    router_destination.c.ended_at.is_(None),
    router_destination.c.moved_at.is_(None),
    or_(
        and_(router_destination.c.kind == "setting", router_destination.c.ref.in_(_CLOSED)),
        and_(router_destination.c.kind == "team", router_destination.c.route == Route.NO_SETTING.value),
    ),
)


async def due(reading: Reading, now: datetime, limit: int) -> tuple[str, ...]:
    """The incidents, at most ``limit``, that have such a destination now."""
    statement = select(router_destination.c.incident_id).where(*_WAITING, router_destination.c.send_at <= now + BEFORE)
    grouped = statement.group_by(router_destination.c.incident_id)
    ordered = grouped.order_by(func.min(router_destination.c.send_at), router_destination.c.incident_id).limit(limit)
    return tuple((await reading.execute(ordered)).scalars())


async def moving(reading: Reading, limit: int) -> tuple[str, ...]:
    """The incidents, at most ``limit``, that have a destination whose children are somewhere else by now: a setting that closed, or a team
    that had those without a setting, since a roll came."""
    statement = select(router_destination.c.incident_id).where(_MOVES).distinct().order_by(router_destination.c.incident_id)
    return tuple((await reading.execute(statement.limit(limit))).scalars())


async def take_moving(tx: Transaction, incident_id: str) -> frozenset[str]:
    """Mark them as looked at; their ids. The incident is held by the caller."""
    marked = update(router_destination).where(router_destination.c.incident_id == incident_id, _MOVES).values(moved_at=tx.clock.now())
    return frozenset((await tx.execute(marked.returning(router_destination.c.destination_id))).scalars())


async def roll_came(tx: Transaction) -> None:
    """Let the children whom teams have for want of a setting be looked for again: a roll may know now where they go."""
    theirs = (
        router_destination.c.kind == "team",
        router_destination.c.route == Route.NO_SETTING.value,
        router_destination.c.ended_at.is_(None),
    )
    await tx.execute(update(router_destination).where(*theirs, router_destination.c.moved_at.is_not(None)).values(moved_at=None))


async def next_due_at(reading: Reading) -> datetime | None:
    """When the next one is due."""
    found: datetime | None = (await reading.execute(select(func.min(router_destination.c.send_at)).where(*_WAITING))).scalar_one()
    return None if found is None else found - BEFORE


async def take(tx: Transaction, incident_id: str) -> frozenset[str]:
    """Mark this incident's destinations that are due as looked at; their ids. The incident is held by the caller."""
    now = tx.clock.now()
    theirs = (router_destination.c.incident_id == incident_id, router_destination.c.send_at <= now + BEFORE)
    marked = update(router_destination).where(*_WAITING, *theirs).values(rematched_at=now).returning(router_destination.c.destination_id)
    return frozenset((await tx.execute(marked)).scalars())


async def with_roll(reading: Reading, authorities: Iterable[str]) -> frozenset[str]:
    """Those of these authorities that give a live roll."""
    live = (router_roll.c.authority.in_(set(authorities)), router_roll.c.state == "live")
    return frozenset((await reading.execute(select(router_roll.c.authority).where(*live))).scalars())
