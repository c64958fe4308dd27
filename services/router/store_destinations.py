"""Destinations in the database: which there are of an incident, which children each is told of, and what becomes of them.

A destination is live until ``ended_at``; so is a child in one. Rows are never deleted, for they say who was told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, exists, insert, select, update

from services.router.domain.destination import Destination
from services.router.domain.standing import Known
from services.router.store_rematch import BEFORE
from shared.db import Reading, Transaction
from shared.db.tables.router import router_destination, router_destination_child


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDestination:
    """A destination decided at ``incident_version``; ``round`` counts those of one version, kind, recipient and purpose."""

    destination_id: str
    incident_id: str
    incident_version: int
    destination: Destination
    round: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One child at one destination."""

    destination_id: str
    child_id: str


async def known(reading: Reading, incident_ids: Iterable[str]) -> dict[str, tuple[Known, ...]]:
    """Every destination that these incidents ever had, with its children, the oldest first. An incident without any is left out."""
    columns = (router_destination_child.c.child_id, router_destination_child.c.ended_at.label("child_ended_at"))
    statement = (
        select(router_destination, *columns)
        .outerjoin(router_destination_child, router_destination_child.c.destination_id == router_destination.c.destination_id)
        .where(router_destination.c.incident_id.in_(set(incident_ids)))
        .order_by(router_destination.c.incident_version, router_destination.c.round, router_destination.c.destination_id)
    )
    rows: dict[str, list[Any]] = {}
    for row in await reading.execute(statement):
        rows.setdefault(row.destination_id, []).append(row)
    found: dict[str, list[Known]] = {}
    for group in rows.values():
        found.setdefault(group[0].incident_id, []).append(_known(group))
    return {incident_id: tuple(some) for incident_id, some in found.items()}


async def add(tx: Transaction, destinations: Sequence[NewDestination]) -> None:
    """Insert destinations with their children."""
    now = tx.clock.now()
    rows = [
        {
            "destination_id": one.destination_id,
            "incident_id": one.incident_id,
            "incident_version": one.incident_version,
            "kind": one.destination.kind,
            "ref": one.destination.ref,
            "purpose": one.destination.purpose,
            "send_at": one.destination.send_at,
            "deadline_at": one.destination.deadline_at,
            "urgency": one.destination.urgency,
            "calendar_known": one.destination.calendar_known,
            "policy_version": one.destination.policy_version,
            "route": one.destination.route,
            "legal_class": one.destination.legal_class,
            "routed_at": now,
            "round": one.round,
            # What is told so soon was looked for on the roll just now.
            "rematched_at": now if one.destination.send_at <= now + BEFORE else None,
            # A team that has whoever is without a setting is looked at when a roll comes; what else is told may move when a setting closes.
            "moved_at": now if one.destination.kind == "team" else None,
        }
        for one in destinations
    ]
    children = [{"destination_id": one.destination_id, "child_id": child} for one in destinations for child in one.destination.child_ids]
    await _insert(tx, router_destination, rows)
    await _insert(tx, router_destination_child, children)


async def join(tx: Transaction, members: Sequence[Member]) -> None:
    """Tell live destinations of these children too; a child that had been taken out of one comes back to it."""
    if not members:
        return
    rows = [{"destination_id": one.destination_id, "child_id": one.child_id, "ended_at": None} for one in members]
    statement = tx.insert(router_destination_child).values(rows)
    keys = ["destination_id", "child_id"]
    await tx.execute(statement.on_conflict_do_update(index_elements=keys, set_={"ended_at": None}))


async def leave(tx: Transaction, members: Sequence[Member]) -> None:
    """Take these children out of their destinations. A destination that is then told of nobody ends."""
    if not members:
        return
    now = tx.clock.now()
    of_child = router_destination_child.c
    statement = update(router_destination_child).where(
        of_child.destination_id == bindparam("from_id"), of_child.child_id == bindparam("whom_id"), of_child.ended_at.is_(None)
    )
    await tx.execute(statement.values(ended_at=now), [{"from_id": one.destination_id, "whom_id": one.child_id} for one in members])
    still_told = exists().where(of_child.destination_id == router_destination.c.destination_id, of_child.ended_at.is_(None))
    left = router_destination.c.destination_id.in_({one.destination_id for one in members})
    await tx.execute(update(router_destination).where(left, router_destination.c.ended_at.is_(None), ~still_told).values(ended_at=now))


async def revised(tx: Transaction, versions: Sequence[tuple[str, int]]) -> None:
    """Note the newest version that reached each destination: ``(destination_id, incident_version)``."""
    if not versions:
        return
    statement = update(router_destination).where(router_destination.c.destination_id == bindparam("reached_id"))
    rows = [{"reached_id": destination_id, "version": version} for destination_id, version in versions]
    await tx.execute(statement.values(revised_version=bindparam("version")), rows)


def _known(group: Sequence[Any]) -> Known:
    """One destination from its rows, one for each child."""
    first = group[0]
    children: list[tuple[str, datetime | None]] = [(row.child_id, row.child_ended_at) for row in group if row.child_id is not None]
    return Known(
        destination_id=first.destination_id,
        incident_version=first.incident_version,
        round=first.round,
        kind=first.kind,
        ref=first.ref,
        purpose=first.purpose,
        policy_version=first.policy_version,
        is_live=first.ended_at is None,
        child_ids=frozenset(child_id for child_id, ended_at in children if ended_at is None),
        former_ids=frozenset(child_id for child_id, ended_at in children if ended_at is not None),
    )


async def _insert(tx: Transaction, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await tx.execute(insert(table), list(rows))
