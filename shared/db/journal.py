"""Writing and reading the journal. Insert-only: there is no update here, and the database would refuse one.

A fact and its outbox pointer are rows of the caller's own transaction (D1): either the state, the fact and the pointer are all there,
or none is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, insert, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

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


async def of_incident(reading: "Reading", incident_id: str, *, without: str | None = None) -> tuple[Envelope, ...]:
    """Everything that happened to one incident, in order; but for the facts of the type ``without``."""
    statement = select(journal).where(journal.c.incident_id == incident_id).order_by(journal.c.seq)
    if without is not None:
        statement = statement.where(journal.c.type != without)
    result = await reading.execute(statement)
    return tuple(envelope(row) for row in result)


async def of_incidents(reading: "Reading", incident_ids: Iterable[str], *, without: str | None = None) -> dict[str, tuple[Envelope, ...]]:
    """The same for several incidents at once, by incident."""
    wanted = list(incident_ids)
    found: dict[str, list[Envelope]] = {incident_id: [] for incident_id in wanted}
    statement = select(journal).where(journal.c.incident_id.in_(wanted)).order_by(journal.c.seq)
    if without is not None:
        statement = statement.where(journal.c.type != without)
    result = await reading.execute(statement)
    for row in result:
        found[row.incident_id].append(envelope(row))
    return {incident_id: tuple(envelopes) for incident_id, envelopes in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far the journal has been read in the order in which it becomes complete: by transaction, then by row."""

    txid: int
    seq: int


async def complete_after(reading: "Reading", place: Place, limit: int) -> tuple[Place, tuple[tuple[str, str], ...]]:
    """Up to ``limit`` facts behind ``place``, as ``(incident_id, type)``, and the place of the last of them.

    Whoever goes on from the place that this gave has missed nothing: facts are read only behind the oldest running transaction, and
    everything that commits later lies behind the place. Read by ``seq`` alone, the facts of a slow transaction would be skipped. Any long
    transaction of the database server that writes holds this up.

    A dump that was restored on another server brings transaction numbers that this one has not reached. Their facts are complete; once
    they are read the place goes back to the beginning, so facts may come again, but none is passed by.
    """
    behind = tuple_(journal.c.txid, journal.c.seq) > tuple_(place.txid, place.seq)
    statement = select(journal.c.txid, journal.c.seq, journal.c.incident_id, journal.c.type).order_by(journal.c.txid, journal.c.seq)
    rows = (await reading.execute(statement.where(behind, journal.c.txid < _OldestRunning()).limit(limit))).all()
    if not rows and place.txid and (await reading.execute(select(_Next()))).scalar_one() <= place.txid:
        rows = (await reading.execute(statement.where(behind).limit(limit))).all()
        if not rows:
            return Place(txid=0, seq=0), ()
    last = Place(txid=rows[-1].txid, seq=rows[-1].seq) if rows else place
    return last, tuple((row.incident_id, row.type) for row in rows)


class _OldestRunning(FunctionElement[int]):
    """The number of the oldest transaction that still runs; what lies before it is complete."""

    type = BigInteger()
    name = "oldest_running"
    inherit_cache = True


class _Next(FunctionElement[int]):
    """A transaction's number that nobody has been given yet."""

    type = BigInteger()
    name = "next_transaction"
    inherit_cache = True


@compiles(_OldestRunning)
@compiles(_Next)
def _one_writer(*_: Any, **__: Any) -> str:
    return str(2**63 - 1)


@compiles(_OldestRunning, "postgresql")
def _oldest_running(*_: Any, **__: Any) -> str:
    return "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"


@compiles(_Next, "postgresql")
def _next(*_: Any, **__: Any) -> str:
    return "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"


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
