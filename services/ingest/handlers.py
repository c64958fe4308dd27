"""Taking reports: the first thing that a force asks of ingest.

``Intake.accept`` takes a batch in one transaction; ``handlers_gather`` stands in front of it and makes one of the requests that come
together. Nothing is answered before the commit, and what is committed is the report (sealed), the incident, the fact and its outbox
pointer, all together (D1). Later versions are ``handlers_correct``'s, and what became of the children ``handlers_show``'s.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.ingest import store
from services.ingest.domain.quality import findings
from services.ingest.domain.sameness import same_body_hash
from services.ingest.domain.stamps import Order, Stamp, later, order
from services.ingest.handlers_stored import Receipt, is_same, receipt
from services.ingest.store import Incident
from shared.calendar.wall import london_date
from shared.db import Database, Transaction
from shared.directory import Directory
from shared.errors import Misuse, Unavailable, VaultSealed
from shared.events import INGEST, IncidentReceived
from shared.ids import new_id
from shared.log import logger
from shared.policy import PolicyRefused, deciding
from shared.report.findings import Finding
from shared.report.model import Report
from shared.report.read import read
from shared.report.reading import believed
from shared.report.sealed import KIND, SealedReport
from shared.report.store import Version, newest
from shared.vault import Content, Sealer, Vault, retention_month

FIRST_VERSION = 1
MOST_IN_BATCH = 500

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """One report to be taken, from one force's key. ``received_at`` is a UTC instant; ``sandbox``: nobody is ever told of it."""

    force: str
    key_id: str
    report: Report = field(repr=False)
    findings: tuple[Finding, ...]
    received_at: datetime
    sandbox: bool = False

    @property
    def identity(self) -> store.Identity:
        """What makes it this incident."""
        return self.force, self.report.system, self.report.reference, self.sandbox

    @property
    def stamp(self) -> Stamp:
        """What its source says of this version."""
        return Stamp(version=self.report.source_version, changed_at=self.report.source_changed_at)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A new incident: it is ours to lose from here on."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same report as before; ``receipt`` is that of the first time, and says so when it has been withdrawn since."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Different:
    """Another content under the same identity. Nothing was changed."""

    incident_id: str


Answer = Accepted | Repeated | Different


def received(body: bytes, *, force: str, key_id: str, received_at: datetime, sandbox: bool = False) -> Accept:
    """Read a body into what ``Intake.accept`` takes. Raises ReportRefused when it is no report."""
    taken = read(body, received_at=received_at)
    advice = dict.fromkeys((*taken.findings, *findings(taken.report)))
    return Accept(force=force, key_id=key_id, report=taken.report, findings=tuple(advice), received_at=received_at, sandbox=sandbox)


class Intake:
    """Takes reports. ``retention_months`` counts from the month of receipt; a force's policy (``directory``) may keep its own for less."""

    def __init__(self, *, database: Database, vault: Vault, retention_months: int, directory: Directory | None = None) -> None:
        self._database = database
        self._vault = vault
        self._retention_months = retention_months
        self._directory = directory

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
            came_at = {one.incident_id: one.received_at for one in stored.values()}
            if corrected := [one.incident_id for one in stored.values() if one.incident_version > FIRST_VERSION]:
                came_at |= {incident_id: version.received_at for incident_id, version in (await newest(tx, corrected)).items()}
            answers: list[Answer] = []
            for one in batch:
                incident = stored[one.identity]
                slip = receipt(incident, came_at[incident.incident_id])
                if one is firsts[one.identity] and incident.incident_id in new:
                    answers.append(Accepted(slip))
                elif await is_same(self._vault, tx, one.report, incident):
                    answers.append(Repeated(slip))
                else:
                    answers.append(Different(incident.incident_id))
            await self._restamp(tx, [(stored[one.identity], one) for one, said in zip(batch, answers, strict=True) if _is_confirmed(said)])
        for entry in entries:
            if entry.incident.incident_id in new:
                log.info("incident.received", incident_id=entry.incident.incident_id, children=len(entry.child_ids))
        return answers

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
            source_version=one.stamp.version,
            source_changed_at=one.stamp.changed_at,
            sandbox=one.sandbox,
        )
        return _Entry(incident=incident, report=one.report, child_ids={child.reference: new_id() for child in one.report.children})

    async def _keep(self, tx: Transaction, entries: Sequence["_Entry"]) -> None:
        """The sealed report, the children and the fact of each new incident."""
        if not entries:
            return
        sealers = await self._sealers(tx, [entry.incident for entry in entries])
        await self._vault.put_sealed_by(tx, [(sealers[entry.incident.incident_id], entry.content) for entry in entries])
        await store.add_children(tx, [(entry.incident.incident_id, tuple(entry.child_ids.values())) for entry in entries])
        await store.add_versions(tx, [entry.version for entry in entries])
        await tx.record(INGEST, [entry.fact for entry in entries])

    async def _sealers(self, tx: Transaction, incidents: Sequence[Incident]) -> Mapping[str, Sealer]:
        """Raises Unavailable without a month's key: whoever keeps the keyring extends it, and the sender tries again meanwhile."""
        kept = await self._kept_months(tx, {one.force for one in incidents})
        months = {one.incident_id: retention_month(london_date(one.received_at), kept[one.force]) for one in incidents}
        try:
            return await self._vault.new_scopes(tx, months)
        except VaultSealed:
            log.error("keyring.short", key_id=max(months.values()))
            raise Unavailable("the keyring does not reach the report's retention month", code="keyring-short") from None

    async def _kept_months(self, tx: Transaction, forces: Collection[str]) -> Mapping[str, int]:
        """How long the reports of each force are kept: as the installation does, or less by the policy that the force has in force. A
        policy that cannot be read shortens nothing, and refuses no report."""
        months = dict.fromkeys(forces, self._retention_months)
        if self._directory is None:
            return months
        try:
            policies = await self._directory.policies(tx)
        except PolicyRefused:
            log.error("policy.unreadable")
            return months
        on = london_date(tx.clock.now())
        own = {force: deciding(policies, force, None, on) for force in forces}
        return {force: min(kept, by.retention_months or kept) if (by := own[force]) else kept for force, kept in months.items()}

    async def _restamp(self, tx: Transaction, repeats: Sequence[tuple[Incident, Accept]]) -> None:
        """The same content under a later stamp: what is older than that stamp is old from now on."""
        newer = [(stored, one) for stored, one in repeats if order(stored.stamp, one.stamp) is Order.NEWER]
        if not newer:
            return
        heads = await store.held(tx, {stored.incident_id for stored, _ in newer})
        stamps = {incident_id: head.stamp for incident_id, head in heads.items()}
        for stored, one in newer:
            here = stamps[stored.incident_id]
            if heads[stored.incident_id].incident_version == stored.incident_version and order(here, one.stamp) is Order.NEWER:
                stamps[stored.incident_id] = later(here, one.stamp)
        await store.restamp(tx, [(head, stamps[incident_id]) for incident_id, head in heads.items()])


def _is_confirmed(said: Answer) -> bool:
    """Whether its source sent what stands. A withdrawn report does not stand: its stamp stays, so that a PUT under it still opens it."""
    return isinstance(said, Repeated) and said.receipt.withdrawn_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What would be kept if this incident is new."""

    incident: Incident
    report: Report = field(repr=False)
    child_ids: Mapping[str, str] = field(repr=False)

    @property
    def content(self) -> Content:
        """What is sealed of it."""
        return self.incident.content_id, KIND, SealedReport(report=self.report, child_ids=self.child_ids).to_bytes()

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
            sandbox=self.incident.sandbox,
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
            sandbox=self.incident.sandbox,
        )
