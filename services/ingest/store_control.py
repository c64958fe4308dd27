"""Ingest's rows of control lists and of the references on them that have no outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, exists, func, insert, select, update

from services.ingest.domain.control import GapKind, Standing
from shared.db import Reading, Transaction
from shared.db.tables.ingest import ingest_incident
from shared.db.tables.ingest_feed import ingest_control_gap, ingest_control_list, ingest_outcome
from shared.errors import Misuse
from shared.ids import new_id
from shared.outcome import Outcome
from shared.scope import Scope, ScopeKind

AT_ONCE = 500
MOST_SHOWN = 200
BY_ITSELF = "ingest"
"""Who closes a gap when the report arrives."""

_OPEN = ingest_control_gap.c.closed_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One control list that came. ``covers_on`` is the London date that it is about."""

    list_id: str
    force: str
    system: str
    covers_on: date
    references_count: int
    gaps_count: int
    key_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A reference without an outcome, and whose it is: ``owner`` until ``deadline_at``, then ``second_owner`` (both teams)."""

    gap_id: str
    force: str
    system: str
    reference: str = field(repr=False)
    kind: str
    covers_on: date
    owner: str
    second_owner: str
    opened_at: datetime
    deadline_at: datetime
    escalated_at: datetime | None = None


_COLUMNS = [ingest_control_gap.c[name] for name in Gap.__dataclass_fields__]


async def standings(reading: Reading, scope: Scope, system: str, references: Sequence[str], *, sandbox: bool) -> dict[str, Standing]:
    """What is known of these references, 500 in a statement; one that is not here is left out."""
    incident = ingest_incident.c
    found: dict[str, Standing] = {}
    for start in range(0, len(references), AT_ONCE):
        statement = (
            select(incident.reference, incident.incident_id, incident.received_at, incident.withdrawn_at, ingest_outcome.c.outcome)
            .select_from(ingest_incident.outerjoin(ingest_outcome, ingest_outcome.c.incident_id == incident.incident_id))
            .where(_own(scope), incident.system == system, incident.sandbox.is_(sandbox))
            .where(incident.reference.in_(references[start : start + AT_ONCE]))
        )
        for row in await reading.execute(statement):
            before = found[row.reference].outcomes if row.reference in found else ()
            found[row.reference] = Standing(
                incident_id=row.incident_id,
                received_at=row.received_at,
                outcomes=before if row.outcome is None else (*before, row.outcome),
                withdrawn=row.withdrawn_at is not None,
            )
    return found


async def add_list(tx: Transaction, listed: Listed) -> None:
    """Insert a list that came."""
    await tx.execute(insert(ingest_control_list), {name: getattr(listed, name) for name in Listed.__dataclass_fields__})


async def open_gaps(tx: Transaction, first: Gap, gaps: Mapping[str, GapKind]) -> int:
    """Open a gap like ``first`` for each reference that has none open, and that no person has closed as it is; how many."""
    references, opened = list(gaps), 0
    statement = tx.insert(ingest_control_gap).on_conflict_do_nothing(index_elements=["force", "system", "reference"], index_where=_OPEN)
    of_system = and_(ingest_control_gap.c.force == first.force, ingest_control_gap.c.system == first.system)
    by_person = and_(of_system, ingest_control_gap.c.closed_by != BY_ITSELF)
    for start in range(0, len(references), AT_ONCE):
        part = references[start : start + AT_ONCE]
        closed = select(ingest_control_gap.c.reference, ingest_control_gap.c.kind).where(
            by_person, ingest_control_gap.c.reference.in_(part)
        )
        settled = {(row.reference, row.kind) for row in await tx.execute(closed)}
        same = {name: getattr(first, name) for name in Gap.__dataclass_fields__}
        rows = [
            same | {"gap_id": new_id(), "reference": one, "kind": gaps[one].value} for one in part if (one, gaps[one].value) not in settled
        ]
        if rows:
            opened += len((await tx.execute(statement.returning(ingest_control_gap.c.gap_id), rows)).all())
    return opened


async def shown(reading: Reading, scope: Scope) -> tuple[tuple[Gap, ...], int]:
    """The open gaps of a force, the oldest first, at most 200; and how many there are. Another scope has none."""
    if scope.kind is not ScopeKind.FORCE:
        return (), 0
    own = (_OPEN, ingest_control_gap.c.force == scope.id)
    statement = select(*_COLUMNS).where(*own).order_by(ingest_control_gap.c.opened_at, ingest_control_gap.c.gap_id).limit(MOST_SHOWN)
    rows = tuple(Gap(**row) for row in (await reading.execute(statement)).mappings())
    return rows, int((await reading.execute(select(func.count()).select_from(ingest_control_gap).where(*own))).scalar_one())


async def close(tx: Transaction, gap_id: str, scope: Scope, *, by: str, reason: str, now: datetime) -> bool:
    """Close an open gap of the force; whether there was one."""
    if scope.kind is not ScopeKind.FORCE:
        return False
    own = (_OPEN, ingest_control_gap.c.force == scope.id, ingest_control_gap.c.gap_id == gap_id)
    statement = update(ingest_control_gap).where(*own).values(closed_at=now, closed_by=by, reason=reason)
    return (await tx.execute(statement)).rowcount == 1


async def close_settled(tx: Transaction, now: datetime) -> tuple[Gap, ...]:
    """Close the gaps whose reference has an outcome for every child now; of a report that came and is lost, say so."""
    incident = and_(_incident_of_gap(), ~_lost())
    told = exists().where(ingest_outcome.c.incident_id == ingest_incident.c.incident_id)
    settled = exists(select(ingest_incident.c.incident_id).where(incident, told))
    come = exists(select(ingest_incident.c.incident_id).where(_incident_of_gap(), _lost()))
    reason = {GapKind.NO_REPORT: "report-arrived", GapKind.NO_OUTCOME: "outcome-known"}
    closed: list[Gap] = []
    for kind, code in reason.items():
        statement = update(ingest_control_gap).where(_OPEN, ingest_control_gap.c.kind == kind.value, settled)
        ended = statement.values(closed_at=now, closed_by=BY_ITSELF, reason=code).returning(*_COLUMNS)
        closed += [Gap(**row) for row in (await tx.execute(ended)).mappings()]
    lost = update(ingest_control_gap).where(_OPEN, ingest_control_gap.c.kind == GapKind.NO_REPORT.value, come)
    await tx.execute(lost.values(kind=GapKind.NO_OUTCOME.value))
    return tuple(closed)


async def any_open(reading: Reading) -> bool:
    """Whether any gap is open."""
    return (await reading.execute(select(ingest_control_gap.c.gap_id).where(_OPEN).limit(1))).first() is not None


async def escalate(tx: Transaction, now: datetime) -> tuple[Gap, ...]:
    """Give the gaps that are past their deadline to their second owner; which they are."""
    overdue = (_OPEN, ingest_control_gap.c.escalated_at.is_(None), ingest_control_gap.c.deadline_at <= now)
    statement = update(ingest_control_gap).where(*overdue).values(escalated_at=now).returning(*_COLUMNS)
    return tuple(Gap(**row) for row in (await tx.execute(statement)).mappings())


def _incident_of_gap() -> ColumnElement[bool]:
    gap, incident = ingest_control_gap.c, ingest_incident.c
    same = (incident.force == gap.force, incident.system == gap.system, incident.reference == gap.reference)
    return and_(*same, incident.sandbox.is_(False))


def _lost() -> ColumnElement[bool]:
    of_incident = ingest_outcome.c.incident_id == ingest_incident.c.incident_id
    return exists().where(of_incident, ingest_outcome.c.outcome == Outcome.LOST.value)


def _own(scope: Scope) -> ColumnElement[bool]:
    if scope.kind is not ScopeKind.FORCE:
        raise Misuse("a control list is a force's")
    return ingest_incident.c.force == scope.id
