"""Telling a force what became of every child of its own incident."""

from collections import OrderedDict
from dataclasses import dataclass, field

from services.ingest import store
from services.ingest.domain.hiding import hides
from services.ingest.handlers_stored import opened, told
from services.ingest.store import Incident
from shared.clock import Clock
from shared.db import Database, journal
from shared.errors import NotFound
from shared.events import INGEST, IncidentReceived, IncidentViewed
from shared.outcome import ChildOutcome, outcomes
from shared.report.model import Report
from shared.report.store import Version, newest
from shared.scope import Scope
from shared.vault import Vault

SAME_LOOK_SECONDS = 60.0
"""A program that asks again and again looks once a minute: each look is one fact, and the journal only grows."""
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSeen:
    """One child as its force sees it; ``reference`` is None once the report has been erased."""

    reference: str | None = field(repr=False)
    outcome: ChildOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSeen:
    """One incident as its force sees it: every child that any version told of. ``hides_destinations``: nobody is told where they are.

    ``report`` is the newest one; None once it has been erased.
    """

    incident: Incident
    version: Version
    received: IncidentReceived
    report: Report | None = field(repr=False)
    children: tuple[ChildSeen, ...]
    hides_destinations: bool


class Views:
    """Shows incidents."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._looked: OrderedDict[tuple[str, str, int], float] = OrderedDict()

    async def show(self, incident_id: str, *, force: str, reader: str, sandbox: bool = False) -> IncidentSeen:
        """What became of every child, now. Raises NotFound for an incident that is unknown or another force's.

        ``reader`` is the key's id: that it looked at this version is recorded before anything is shown (design rule 7.10), once a minute.
        """
        scope = Scope.force(force)
        async with self._database.reading() as reading:
            incident = await store.incident(reading, incident_id, scope, sandbox=sandbox)
            if incident is None:
                raise NotFound("There is nothing here, or it is not yours.")
            child_ids = await store.child_ids(reading, incident_id)
            version = (await newest(reading, [incident_id]))[incident_id]
            envelopes = await journal.of_incident(reading, incident_id, without=IncidentViewed.TYPE)
            sealed = await opened(self._vault, reading, incident_id, scope, version)
            known = None
            if sealed is not None:
                named = set(child_ids) <= set(sealed.child_ids.values())
                known = await told(self._vault, reading, incident_id, scope, newest=sealed, named=named)
        await self._record(incident, reader)
        return IncidentSeen(
            incident=incident,
            version=version,
            received=next(envelope.fact for envelope in envelopes if isinstance(envelope.fact, IncidentReceived)),
            report=None if sealed is None else sealed.report,
            children=tuple(
                ChildSeen(reference=known.references.get(outcome.child_id) if known else None, outcome=outcome)
                for outcome in outcomes(child_ids, envelopes, self._clock.now())
            ),
            hides_destinations=known is None or any(hides(report) for report in known.reports),
        )

    async def _record(self, incident: Incident, reader: str) -> None:
        """What is remembered here has been committed before; it lies in this process, so that another one records a look of its own."""
        look, now = (reader, incident.incident_id, incident.incident_version), self._clock.monotonic()
        if look in self._looked and now - self._looked[look] < SAME_LOOK_SECONDS:
            return
        async with self._database.transaction() as tx:
            await tx.record(INGEST, [IncidentViewed(incident_id=incident.incident_id, reader=reader, viewed_at=self._clock.now())])
        self._looked[look] = now
        self._looked.move_to_end(look)
        if len(self._looked) > MOST_REMEMBERED:
            self._looked.popitem(last=False)
