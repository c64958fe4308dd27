"""What is owed to whom, across services, as the journal and notifier's own rows say it: for the duty desk's list alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from shared.db import Reading, Transaction, journal
from shared.db.tables.journal import journal as journal_table
from shared.db.tables.notifier import notifier_list
from shared.events import (
    ChildExcluded,
    ChildHeld,
    ChildRecalled,
    Fact,
    IncidentDecided,
    IncidentReceived,
    IncidentRouted,
    ReviewAsked,
    ReviewEscalated,
    ReviewSettled,
)
from shared.ids import new_id

KEPT = 100
"""Rows of lists that were written: a day of them."""

_FIRST, _LATER = journal_table.alias("first"), journal_table.alias("later")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A child for whom nobody has decided: held by a review of ``owner``, or still the router's, which has no owner."""

    incident_id: str
    child_id: str
    why: str
    owner: str | None
    deadline_at: datetime | None


async def undecided(reading: Reading) -> tuple[Waiting, ...]:
    """Every child with an open review, every child of a report that has not been decided, and every one that was recalled and has not
    been decided since; nobody of a sandbox."""
    held = {
        fact.review_id: fact for fact in await _without(reading, ChildHeld, ReviewSettled, same="review_id") if isinstance(fact, ChildHeld)
    }
    newest = await _newest_owners(reading, {fact.incident_id for fact in held.values()})
    found = []
    for review_id, fact in held.items():
        owner, deadline_at = newest.get(review_id, (fact.owner, None))
        by = deadline_at or fact.review_deadline_at
        if not fact.sandbox:
            found.append(Waiting(incident_id=fact.incident_id, child_id=fact.child_id, why=fact.reason, owner=owner, deadline_at=by))
    for received in await _without(reading, IncidentReceived, IncidentDecided):
        if isinstance(received, IncidentReceived) and not received.sandbox:
            found += [_routers(received.incident_id, child_id, "not-routed") for child_id in received.child_ids]
    for recalled in await _without(reading, ChildRecalled, ChildHeld, IncidentRouted, ChildExcluded, IncidentDecided):
        if isinstance(recalled, ChildRecalled):
            found.append(_routers(recalled.incident_id, recalled.child_id, recalled.reason))
    return tuple(found)


async def last_written_at(reading: Reading) -> datetime | None:
    """When the newest list was written; None when none ever was."""
    newest = select(notifier_list.c.written_at).order_by(notifier_list.c.written_at.desc()).limit(1)
    return (await reading.execute(newest)).scalar_one_or_none()


async def written(tx: Transaction, entries: int) -> None:
    """A list was written now."""
    await tx.execute(insert(notifier_list).values(list_id=new_id(), written_at=tx.clock.now(), entries=entries))
    old = select(notifier_list.c.list_id).order_by(notifier_list.c.written_at.desc()).offset(KEPT)
    ids = list((await tx.execute(old)).scalars())
    if ids:
        await tx.execute(delete(notifier_list).where(notifier_list.c.list_id.in_(ids)))


def _routers(incident_id: str, child_id: str, why: str) -> Waiting:
    return Waiting(incident_id=incident_id, child_id=child_id, why=why, owner=None, deadline_at=None)


async def _without(reading: Reading, kind: type[Fact], *answers: type[Fact], same: str | None = None) -> Sequence[Fact]:
    """The facts of that kind that no later one of the same incident answers; ``same`` names a field that both must agree in."""
    answered = [
        _LATER.c.incident_id == _FIRST.c.incident_id,
        _LATER.c.seq > _FIRST.c.seq,
        _LATER.c.type.in_([answer.TYPE for answer in answers]),
    ]
    if same is not None:
        answered.append(_LATER.c.data[same].as_string() == _FIRST.c.data[same].as_string())
    statement = select(_FIRST).where(_FIRST.c.type == kind.TYPE, ~select(_LATER.c.seq).where(*answered).exists()).order_by(_FIRST.c.seq)
    return [journal.envelope(row).fact for row in await reading.execute(statement)]


async def _newest_owners(reading: Reading, incident_ids: set[str]) -> dict[str, tuple[str, datetime | None]]:
    """Whose each review has become since it was opened, and its deadline where that is another."""
    table = journal_table
    types = (ReviewEscalated.TYPE, ReviewAsked.TYPE)
    statement = select(table).where(table.c.incident_id.in_(incident_ids), table.c.type.in_(types)).order_by(table.c.seq)
    found: dict[str, tuple[str, datetime | None]] = {}
    for row in await reading.execute(statement):
        match journal.envelope(row).fact:
            case ReviewEscalated() as fact:
                found[fact.review_id] = (fact.owner, found.get(fact.review_id, (fact.owner, None))[1])
            case ReviewAsked() as asked:
                found[asked.review_id] = (asked.owner, asked.review_deadline_at)
    return found
