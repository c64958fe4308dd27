"""Ingest's rows of the ordered feed: what was last told of each child, and every change of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from services.ingest.domain.feed import Told
from shared.db import Reading, Transaction
from shared.db.journal import Place
from shared.db.tables.ingest import ingest_incident
from shared.db.tables.ingest_feed import ingest_feed, ingest_feed_place, ingest_heard, ingest_outcome
from shared.errors import Misuse
from shared.scope import Scope, ScopeKind

NAME = "feed"
REPORT, LIST = "report", "list"
_TOLD = tuple(Told.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A child's outcome has changed: a row of the feed before it has its position. ``since_at`` and ``told_at`` are UTC."""

    force: str
    sandbox: bool
    incident_id: str
    child_id: str
    since_at: datetime
    told_at: datetime
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A row of the feed with the incident's ``system`` and ``reference`` as the sender knows it."""

    position: int
    change: Change
    system: str
    reference: str


# --- writing: by whoever holds the place ------------------------------------------------------------------------------


async def place(reading: Reading) -> Place:
    """How far the journal has been read."""
    row = (await reading.execute(select(ingest_feed_place).where(ingest_feed_place.c.name == NAME))).one()
    return Place(txid=row.txid, seq=row.seq)


async def held_place(tx: Transaction) -> tuple[Place, int] | None:
    """The same, and the feed's last position, held until the transaction ends; None while another process holds it."""
    statement = select(ingest_feed_place).where(ingest_feed_place.c.name == NAME).with_for_update(skip_locked=True)
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else (Place(txid=row.txid, seq=row.seq), row.position)


async def move(tx: Transaction, reached: Place, position: int) -> None:
    """The journal was read up to ``reached``, and the feed's last position is ``position``."""
    statement = update(ingest_feed_place).where(ingest_feed_place.c.name == NAME)
    await tx.execute(statement.values(txid=reached.txid, seq=reached.seq, position=position))


async def due(reading: Reading, now: datetime, limit: int) -> tuple[str, ...]:
    """Up to ``limit`` incidents with a child whose outcome may have changed with time, the longest overdue first."""
    overdue = ingest_outcome.c.due_at <= now
    rows = await reading.execute(select(ingest_outcome.c.incident_id).where(overdue).order_by(ingest_outcome.c.due_at).limit(limit))
    return tuple(dict.fromkeys(rows.scalars()))


async def last_told(reading: Reading, incident_ids: Iterable[str]) -> dict[str, Told]:
    """What was last told of the children of these incidents, by child."""
    rows = await reading.execute(select(ingest_outcome).where(ingest_outcome.c.incident_id.in_(set(incident_ids))))
    return {row["child_id"]: Told(**{name: row[name] for name in _TOLD}) for row in rows.mappings()}


async def children(reading: Reading, incident_ids: Iterable[str]) -> dict[str, set[str]]:
    """Every child of these incidents that anything was told of."""
    place = ingest_outcome.c.incident_id.in_(set(incident_ids))
    found: dict[str, set[str]] = {}
    for row in await reading.execute(select(ingest_outcome.c.incident_id, ingest_outcome.c.child_id).where(place)):
        found.setdefault(row.incident_id, set()).add(row.child_id)
    return found


async def append(tx: Transaction, position: int, changes: Sequence[Change]) -> int:
    """Put ``changes`` behind ``position``, in their order; returns the new last position."""
    if changes:
        rows = [_row(change) | {"position": at} for at, change in enumerate(changes, position + 1)]
        await tx.execute(insert(ingest_feed), rows)
    return position + len(changes)


async def keep(tx: Transaction, rows: Sequence[tuple[str, str, Told, datetime | None]]) -> None:
    """What is told of each child from now on: ``(incident_id, child_id, told, due_at)``."""
    if not rows:
        return
    statement = tx.insert(ingest_outcome)
    newly = {name: statement.excluded[name] for name in (*_TOLD, "due_at")}
    values = [{"incident_id": one, "child_id": child, "due_at": at} | asdict(said) for one, child, said, at in rows]
    await tx.execute(statement.on_conflict_do_update(index_elements=["child_id"], set_=newly), values)


async def heard(tx: Transaction, kind: str, when: Mapping[tuple[str, str], datetime]) -> None:
    """A force's report, or its system's control list, came: ``(force, system)`` → the instant. An older one changes nothing."""
    if not when:
        return
    statement = tx.insert(ingest_heard)
    later = statement.excluded.heard_at > ingest_heard.c.heard_at
    rows = [{"force": force, "kind": kind, "system": system, "heard_at": at} for (force, system), at in sorted(when.items())]
    newly = {"heard_at": statement.excluded.heard_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=["force", "kind", "system"], set_=newly, where=later), rows)


# --- reading ----------------------------------------------------------------------------------------------------------


async def page(reading: Reading, scope: Scope, *, sandbox: bool, after: int, limit: int, up_to: int | None = None) -> tuple[Stored, ...]:
    """Up to ``limit`` entries of the force behind position ``after`` (and not behind ``up_to``), in order."""
    if scope.kind is not ScopeKind.FORCE:
        raise Misuse("a feed is a force's")
    own = [ingest_feed.c.force == scope.id, ingest_feed.c.sandbox.is_(sandbox), ingest_feed.c.position > after]
    if up_to is not None:
        own.append(ingest_feed.c.position <= up_to)
    statement = (
        select(ingest_feed, ingest_incident.c.system, ingest_incident.c.reference)
        .join(ingest_incident, ingest_incident.c.incident_id == ingest_feed.c.incident_id)
        .where(*own)
        .order_by(ingest_feed.c.position)
        .limit(limit)
    )
    return tuple(_stored(row) for row in (await reading.execute(statement)).mappings())


async def end(reading: Reading) -> int:
    """The feed's last position."""
    statement = select(ingest_feed_place.c.position).where(ingest_feed_place.c.name == NAME)
    return int((await reading.execute(statement)).scalar_one())


def _row(change: Change) -> dict[str, Any]:
    names = [name for name in Change.__dataclass_fields__ if name != "told"]
    return {name: getattr(change, name) for name in names} | asdict(change.told)


def _stored(row: RowMapping) -> Stored:
    names = [name for name in Change.__dataclass_fields__ if name != "told"]
    told = Told(**{name: row[name] for name in _TOLD})
    change = Change(**{name: row[name] for name in names}, told=told)
    return Stored(position=row["position"], change=change, system=row["system"], reference=row["reference"])
