"""Writing and reading the journal. Insert-only: there is no update here, and the database would refuse one.

A fact and its outbox pointer are rows of the caller's own transaction (D1): either the state, the fact and the pointer are all there,
or none is.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from shared.db.tables.journal import journal, outbox
from shared.events import SUBSCRIBERS, Envelope, Fact, IncidentReceived, from_data, to_data
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.db.database import Reading, Transaction


async def record(tx: "Transaction", service: str, facts: Sequence[Fact]) -> tuple[Envelope, ...]:
    """Insert ``facts`` as stated by ``service``, now; returns their envelopes in order."""
    if not facts:
        return ()
    now = tx.clock.now()
    envelopes = tuple(Envelope(id=new_id(), source=service, time=now, fact=fact) for fact in facts)
    await tx.execute(insert(journal), [_row(envelope) for envelope in envelopes])
    pointers = [
        {"fact_id": envelope.id, "service": service, "due_at": tx.clock.real()} for envelope in envelopes if envelope.type in SUBSCRIBERS
    ]
    if pointers:
        await tx.execute(insert(outbox), pointers)
    return envelopes


async def of_incident(reading: "Reading", incident_id: str) -> tuple[Envelope, ...]:
    """Everything that happened to one incident, in order."""
    result = await reading.execute(select(journal).where(journal.c.incident_id == incident_id).order_by(journal.c.seq))
    return tuple(envelope(row) for row in result)


async def of_incidents(reading: "Reading", incident_ids: Iterable[str]) -> dict[str, tuple[Envelope, ...]]:
    """The same for several incidents at once, by incident."""
    wanted = list(incident_ids)
    found: dict[str, list[Envelope]] = {incident_id: [] for incident_id in wanted}
    result = await reading.execute(select(journal).where(journal.c.incident_id.in_(wanted)).order_by(journal.c.seq))
    for row in result:
        found[row.incident_id].append(envelope(row))
    return {incident_id: tuple(envelopes) for incident_id, envelopes in found.items()}


async def received(reading: "Reading", ids: Iterable[str]) -> frozenset[str]:
    """Those of these ids that are incidents which were received."""
    of_report = (journal.c.incident_id.in_(set(ids)), journal.c.type == IncidentReceived.TYPE)
    return frozenset((await reading.execute(select(journal.c.incident_id).where(*of_report))).scalars())


def envelope(row: Any) -> Envelope:
    """The envelope that a journal row holds. Raises KeyError or ValueError for a fact that this program does not know."""
    return Envelope(id=row.fact_id, source=row.service, time=row.recorded_at, fact=from_data(row.type, row.version, row.data))


def _row(envelope: Envelope) -> dict[str, Any]:
    return {
        "fact_id": envelope.id,
        "service": envelope.source,
        "type": envelope.type,
        "version": envelope.fact.VERSION,
        "incident_id": envelope.fact.incident_id,
        "subject": envelope.fact.subject,
        "recorded_at": envelope.time,
        "data": to_data(envelope.fact),
    }
