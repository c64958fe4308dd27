"""Taking reports and telling what became of them: the two things that a force asks of ingest.

``Intake.accept`` takes a batch in one transaction. Today each request is a batch of its own; a group commit can stand in front of it
without a change here. Nothing is answered before the commit, and what is committed is the report (sealed), the incident, the fact and
its outbox pointer, all together (D1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.ingest import store
from services.ingest.domain.quality import findings
from services.ingest.domain.sameness import same_body_hash
from services.ingest.store import Incident
from shared.calendar.wall import london_date
from shared.clock import Clock
from shared.db import Database, Reading, Transaction, journal
from shared.errors import Misuse, NotFound, Unavailable, VaultSealed
from shared.events import INGEST, IncidentReceived, IncidentViewed
from shared.ids import new_id
from shared.log import logger
from shared.outcome import ChildOutcome, outcomes
from shared.report.codes import HandlingFlag
from shared.report.findings import Finding
from shared.report.model import Report
from shared.report.read import read
from shared.report.reading import believed
from shared.report.sealed import KIND, SealedReport
from shared.report.store import Version, load
from shared.scope import Scope
from shared.vault import Sealer, Vault, retention_month

FIRST_VERSION = 1
MOST_IN_BATCH = 500
HIDING = frozenset({HandlingFlag.PROTECTED_IDENTITY, HandlingFlag.REFUGE, HandlingFlag.ADOPTION})
"""Flags under which nobody learns where a child is, on any path (design rule 7.3)."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """One report to be taken, from one force's key. ``received_at`` is a UTC instant."""

    force: str
    key_id: str
    report: Report = field(repr=False)
    findings: tuple[Finding, ...]
    received_at: datetime

    @property
    def identity(self) -> store.Identity:
        """What makes it this incident."""
        return self.force, self.report.system, self.report.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the sender may quote. ``reference`` is the sender's own."""

    incident_id: str
    incident_version: int
    reference: str
    received_at: datetime
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A new incident: it is ours to lose from here on."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same report as before; ``receipt`` is that of the first time."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Different:
    """Another content under the same identity. Nothing was changed."""

    incident_id: str


Answer = Accepted | Repeated | Different


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSeen:
    """One child as its force sees it; ``reference`` is None once the report has been erased."""

    reference: str | None = field(repr=False)
    outcome: ChildOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSeen:
    """One incident as its force sees it. ``hides_destinations``: nobody is told where these children are."""

    incident: Incident
    received: IncidentReceived
    children: tuple[ChildSeen, ...]
    hides_destinations: bool


def received(body: bytes, *, force: str, key_id: str, received_at: datetime) -> Accept:
    """Read a body into what ``Intake.accept`` takes. Raises ReportRefused when it is no report."""
    taken = read(body, received_at=received_at)
    advice = dict.fromkeys((*taken.findings, *findings(taken.report)))
    return Accept(force=force, key_id=key_id, report=taken.report, findings=tuple(advice), received_at=received_at)


class Intake:
    """Takes reports and shows incidents. ``retention_months`` counts from the month of receipt."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock, retention_months: int) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._retention_months = retention_months

    async def accept(self, batch: Sequence[Accept]) -> list[Answer]:
        """Take every report of the batch in one transaction; the answers are in the batch's order, and durable when this returns.

        A repeat, or another content under the same identity, is an answer of its own and disturbs nobody else's. Raises
        Unavailable when nothing was taken (no database, or no key to seal with), and Misuse for an over-long batch.
        """
        if len(batch) > MOST_IN_BATCH:
            raise Misuse("too many reports at once")
        # Of several under one identity the first is taken. In order of identity, so that two batches never wait for each other.
        firsts = {one.identity: one for one in reversed(batch)}
        entries = [self._entry(firsts[identity]) for identity in sorted(firsts)]
        async with self._database.transaction() as tx:
            new = await store.add_new(tx, [entry.incident for entry in entries]) if entries else set()
            await self._keep(tx, [entry for entry in entries if entry.incident.incident_id in new])
            stored = {entry.incident.identity: entry.incident for entry in entries if entry.incident.incident_id in new}
            missing = [identity for identity in firsts if identity not in stored]
            stored |= await store.by_identity(tx, missing) if missing else {}
            answers = [await self._answer(tx, one, stored[one.identity], one is firsts[one.identity], new) for one in batch]
        for entry in entries:
            if entry.incident.incident_id in new:
                log.info("incident.received", incident_id=entry.incident.incident_id, children=len(entry.child_ids))
        return answers

    async def show(self, incident_id: str, *, force: str, reader: str) -> IncidentSeen:
        """What became of every child, now. Raises NotFound for an incident that is unknown or another force's.

        ``reader`` is the key's id: that it looked is recorded before anything is shown (design rule 7.10).
        """
        scope = Scope.force(force)
        async with self._database.reading() as reading:
            incident = await store.incident(reading, incident_id, scope)
            if incident is None:
                raise NotFound("There is nothing here, or it is not yours.")
            child_ids = await store.child_ids(reading, incident_id)
            envelopes = await journal.of_incident(reading, incident_id)
            sealed = await self._opened(reading, incident_id, scope)
        async with self._database.transaction() as tx:
            await tx.record(INGEST, [IncidentViewed(incident_id=incident_id, reader=reader, viewed_at=self._clock.now())])
        seen = outcomes(child_ids, envelopes, self._clock.now())
        references = {child_id: child.reference for child_id, child in sealed.children.items()} if sealed else {}
        return IncidentSeen(
            incident=incident,
            received=next(envelope.fact for envelope in envelopes if isinstance(envelope.fact, IncidentReceived)),
            children=tuple(ChildSeen(reference=references.get(outcome.child_id), outcome=outcome) for outcome in seen),
            hides_destinations=sealed is None or _hides(sealed.report),
        )

    def _entry(self, one: Accept) -> "_Entry":
        keyring = self._vault.keyring
        incident = Incident(
            incident_id=new_id(),
            force=one.force,
            system=one.report.system,
            reference=one.report.reference,
            incident_version=FIRST_VERSION,
            body_hash=same_body_hash(one.report, keyring.current_index_key),
            hash_key_id=keyring.current_index_key_id,
            content_id=new_id(),
            findings=one.findings,
            key_id=one.key_id,
            received_at=one.received_at,
        )
        return _Entry(incident=incident, report=one.report, child_ids={child.reference: new_id() for child in one.report.children})

    async def _keep(self, tx: Transaction, entries: Sequence["_Entry"]) -> None:
        """The sealed report, the children and the fact of each new incident."""
        if not entries:
            return
        for entry in entries:
            incident = entry.incident
            month = retention_month(london_date(incident.received_at), self._retention_months)
            sealer = await self._sealer(tx, incident.incident_id, month)
            content = SealedReport(report=entry.report, child_ids=entry.child_ids).to_bytes()
            await self._vault.put(tx, incident.incident_id, [(incident.content_id, KIND, content)], sealer=sealer)
        await store.add_children(tx, [(entry.incident.incident_id, tuple(entry.child_ids.values())) for entry in entries])
        await store.add_versions(tx, [entry.version for entry in entries])
        await tx.record(INGEST, [entry.fact for entry in entries])

    async def _sealer(self, tx: Transaction, incident_id: str, month: str) -> Sealer:
        """Raises Unavailable without that month's key: whoever keeps the keyring extends it, and the sender tries again meanwhile."""
        try:
            return await self._vault.new_scope(tx, incident_id, month)
        except VaultSealed:
            log.error("keyring.short", key_id=month)
            raise Unavailable("the keyring does not reach the report's retention month", code="keyring-short") from None

    async def _answer(self, tx: Transaction, one: Accept, stored: Incident, is_first: bool, new: set[str]) -> Answer:
        receipt = Receipt(
            incident_id=stored.incident_id,
            incident_version=stored.incident_version,
            reference=stored.reference,
            received_at=stored.received_at,
            findings=stored.findings,
        )
        if is_first and stored.incident_id in new:
            return Accepted(receipt)
        return Repeated(receipt) if await self._is_same(tx, one, stored) else Different(stored.incident_id)

    async def _is_same(self, tx: Transaction, one: Accept, stored: Incident) -> bool:
        """By the hash, under the key that made it; by the report itself once that key has left the keyring."""
        keyring = self._vault.keyring
        if stored.hash_key_id in keyring.index_keys:
            return same_body_hash(one.report, keyring.index_key(stored.hash_key_id)) == stored.body_hash
        sealed = await self._opened(tx, stored.incident_id, Scope.force(one.force))
        return sealed is not None and sealed.report.to_canonical() == one.report.to_canonical()

    async def _opened(self, reading: Reading, incident_id: str, scope: Scope) -> SealedReport | None:
        """None once the report has been erased: what became of its children outlives it."""
        try:
            return await load(self._vault, reading, incident_id, scope)
        except VaultSealed:
            log.warning("report.sealed", incident_id=incident_id)
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What would be kept if this incident is new."""

    incident: Incident
    report: Report = field(repr=False)
    child_ids: Mapping[str, str] = field(repr=False)

    @property
    def version(self) -> Version:
        """The first version, as the other services read it."""
        return Version(
            incident_id=self.incident.incident_id,
            incident_version=self.incident.incident_version,
            kind="received",
            force=self.incident.force,
            content_id=self.incident.content_id,
            child_ids=tuple(self.child_ids.values()),
            first_received_at=self.incident.received_at,
            received_at=self.incident.received_at,
            believed_at=believed(self.report, self.incident.received_at),
        )

    @property
    def fact(self) -> IncidentReceived:
        return IncidentReceived(
            incident_id=self.incident.incident_id,
            incident_version=self.incident.incident_version,
            force=self.incident.force,
            child_ids=tuple(self.child_ids.values()),
            received_at=self.incident.received_at,
            believed_at=believed(self.report, self.incident.received_at),
            reported_at=self.report.reported_at,
            occurred_from_at=self.report.occurred_from_at,
            occurred_to_at=self.report.occurred_to_at,
        )


def _hides(report: Report) -> bool:
    """A flag that hides, on the report or any child: siblings live together. A flag that is not known here hides as well."""
    flags = {*report.handling_flags, *(flag for child in report.children for flag in child.handling_flags)}
    return bool(flags & HIDING) or any("/handling_flags" in place for place in report.unrecognised)
