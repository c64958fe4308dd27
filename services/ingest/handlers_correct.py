"""Later versions of a report: a correction replaces the whole of it, a withdrawal takes it back (D1 holds for both).

Records systems resend a record many times a night, late and in the wrong order. What is older than what is here is ignored, the same
content makes no version, and of several that come at once each is measured against the one that was taken before it. A child is the
same child in every version by its own reference, also when it was taken out and put back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from services.ingest import store
from services.ingest.domain.precondition import Expected
from services.ingest.domain.sameness import same_body_hash
from services.ingest.domain.stamps import Order, later, order
from services.ingest.domain.withdrawal import REASONS
from services.ingest.handlers import Accept
from services.ingest.handlers_stored import Receipt, is_same, receipt, told
from services.ingest.store import Incident
from shared.db import Database, Transaction
from shared.errors import Conflict, Misuse, NotFound, Refused, Unavailable, VaultSealed
from shared.events import INGEST, IncidentCorrected, IncidentWithdrawn
from shared.ids import new_id
from shared.log import logger
from shared.report.reading import believed
from shared.report.sealed import KIND, SealedReport
from shared.report.store import Version, newest
from shared.scope import Scope
from shared.vault import Sealer, Vault

log = logger(__name__)


class Stale(Refused):
    """The sender's ``If-Match`` names another version than the one that is here, which is ``incident_version``."""

    code = "stale"
    http_status = 412

    def __init__(self, incident_version: int) -> None:
        super().__init__("The incident stands in another version than If-Match names. Read it, and send what is right now.")
        self.incident_version = incident_version


class Unconditional(Refused):
    """Neither a stamp nor ``If-Match``: nobody could tell a resend of an old version from a correction."""

    code = "precondition-required"
    http_status = 428

    def __init__(self) -> None:
        super().__init__("Send source_version or source_changed_at in the report, or the version that it replaces in If-Match.")


class Erased(Refused):
    """The report's key has been destroyed: there is nothing to correct, and nothing more is kept of it."""

    code = "erased"
    http_status = 410

    def __init__(self) -> None:
        super().__init__("The report has been erased and takes no other version. What became of its children can still be read.")


class OtherIdentity(Refused):
    """The body names another incident than the address. ``field_name`` is where."""

    code = "other-identity"

    def __init__(self, field_name: str) -> None:
        super().__init__("The body is another incident's report: system and reference are those of the first version, for good.")
        self.field_name = field_name


class Change(Enum):
    """What became of a version that was sent."""

    TAKEN = auto()
    REPEATED = auto()
    """It is what is here already."""
    OLDER = auto()
    """Its source has sent a later one before: it was ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The receipt of the version that is here now, and whether it is the one that was sent."""

    receipt: Receipt
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One report to be taken back by its force. ``reason`` is a code of ``domain/withdrawal.py``; ``withdrawn_at`` a UTC instant."""

    incident_id: str
    force: str
    key_id: str
    reason: str
    withdrawn_at: datetime
    expected: Expected | None = None
    sandbox: bool = False


class Corrections:
    """Takes later versions."""

    def __init__(self, *, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def correct(self, incident_id: str, one: Accept, expected: Expected | None) -> Changed:
        """Let ``one`` replace the report; durable when this returns.

        Raises NotFound for an incident that is unknown or another force's, Unconditional, OtherIdentity, Stale, Erased, Conflict for
        another content under the stamp that is here, or a stamp of another kind, and Unavailable when nothing was taken.
        """
        if expected is None and one.stamp.is_missing:
            raise Unconditional
        async with self._database.transaction() as tx:
            head, here, sealer = await self._held(tx, incident_id, Scope.force(one.force), sandbox=one.sandbox)
            _same_identity(head, one)
            _fresh(head, expected)
            said = order(head.stamp, one.stamp)
            same = await is_same(self._vault, tx, one.report, head)
            change = _change(head, said, same=same, named=expected is not None and not expected.any_version)
            if change is Change.REPEATED and said is Order.NEWER:
                await store.restamp(tx, [(head, later(head.stamp, one.stamp))])
            if change is not Change.TAKEN:
                return Changed(receipt=receipt(head, here.received_at), change=change)
            newer, version = await self._keep(tx, head, here, one, sealer)
        log.info("incident.corrected", incident_id=incident_id, incident_version=newer.incident_version, children=len(version.child_ids))
        return Changed(receipt=receipt(newer, version.received_at), change=Change.TAKEN)

    async def withdraw(self, one: Withdrawal) -> Changed:
        """Take the report back; durable when this returns. What was taken back before stays so, with its first reason.

        Raises NotFound, Stale, Erased and Unavailable as ``correct`` does, Misuse for a reason that is no code of the list.
        """
        if one.reason not in REASONS:
            raise Misuse("a reason for a withdrawal that is not in the list")
        async with self._database.transaction() as tx:
            head, here, _ = await self._held(tx, one.incident_id, Scope.force(one.force), sandbox=one.sandbox)
            if head.withdrawn_at is not None:
                return Changed(receipt=receipt(head, here.received_at), change=Change.REPEATED)
            _fresh(head, one.expected)
            number = head.incident_version + 1
            newer = replace(head, incident_version=number, key_id=one.key_id, withdrawn_at=one.withdrawn_at)
            version = replace(
                here, incident_version=number, kind="withdrawn", child_ids=(), received_at=one.withdrawn_at, reason=one.reason
            )
            await store.replace_head(tx, newer)
            await store.add_versions(tx, [version])
            fact = IncidentWithdrawn(
                incident_id=one.incident_id,
                incident_version=number,
                force=head.force,
                reason=one.reason,
                withdrawn_at=one.withdrawn_at,
                sandbox=head.sandbox,
            )
            await tx.record(INGEST, [fact])
        log.info("incident.withdrawn", incident_id=one.incident_id, incident_version=number, reason=one.reason)
        return Changed(receipt=receipt(newer, version.received_at), change=Change.TAKEN)

    async def _held(self, tx: Transaction, incident_id: str, scope: Scope, *, sandbox: bool) -> tuple[Incident, Version, Sealer]:
        """The head, which nobody else changes until the end, its version, and what seals another one under the same data key."""
        head = await store.incident(tx, incident_id, scope, sandbox=sandbox, hold=True)
        if head is None:
            raise NotFound("There is nothing here, or it is not yours.")
        try:
            sealer = await self._vault.seal_for(tx, incident_id)
        except VaultSealed:
            if await self._vault.is_erased(tx, incident_id):
                raise Erased from None
            log.error("keyring.short", incident_id=incident_id)
            raise Unavailable("the keyring lacks the report's key", code="keyring-short") from None
        return head, (await newest(tx, [incident_id]))[incident_id], sealer

    async def _keep(self, tx: Transaction, head: Incident, here: Version, one: Accept, sealer: Sealer) -> tuple[Incident, Version]:
        """The sealed report, the version, the children that are new, the head and the fact."""
        child_ids = await self._child_ids(tx, head, one)
        keyring, number = self._vault.keyring, head.incident_version + 1
        stamp = later(head.stamp, one.stamp)
        newer = replace(
            head,
            incident_version=number,
            body_hash=same_body_hash(one.report, keyring.current_index_key),
            hash_key_id=keyring.current_index_key_id,
            content_id=new_id(),
            findings=one.findings,
            key_id=one.key_id,
            source_version=stamp.version,
            source_changed_at=stamp.changed_at,
            withdrawn_at=None,
        )
        version = replace(
            here,
            incident_version=number,
            kind="corrected",
            content_id=newer.content_id,
            child_ids=tuple(child_ids.values()),
            received_at=one.received_at,
            believed_at=believed(one.report, head.received_at),
            reason=None,
        )
        content = SealedReport(report=one.report, child_ids=child_ids).to_bytes()
        await self._vault.put(tx, head.incident_id, [(newer.content_id, KIND, content)], sealer=sealer)
        await store.replace_head(tx, newer)
        await store.add_versions(tx, [version])
        known = await store.child_ids(tx, head.incident_id)
        fresh = [child_id for child_id in version.child_ids if child_id not in known]
        await store.add_children(tx, [(head.incident_id, fresh)], behind=len(known))
        await tx.record(INGEST, [_fact(version)])
        return newer, version

    async def _child_ids(self, tx: Transaction, head: Incident, one: Accept) -> Mapping[str, str]:
        """Reference → child_id, in the report's order: the id that the reference has had in any version, else a new one."""
        contents = await self._vault.get_many(tx, [head.content_id], Scope.force(head.force))
        newest_report = SealedReport.from_bytes(contents[head.content_id])
        wanted = [child.reference for child in one.report.children]
        known = await told(
            self._vault,
            tx,
            head.incident_id,
            Scope.force(head.force),
            newest=newest_report,
            named=set(wanted) <= newest_report.child_ids.keys(),
        )
        had = {reference: child_id for child_id, reference in known.references.items()}
        return {reference: had.get(reference) or new_id() for reference in wanted}


def _fact(version: Version) -> IncidentCorrected:
    return IncidentCorrected(
        incident_id=version.incident_id,
        incident_version=version.incident_version,
        force=version.force,
        child_ids=version.child_ids,
        received_at=version.received_at,
        believed_at=version.believed_at,
        sandbox=version.sandbox,
    )


def _same_identity(head: Incident, one: Accept) -> None:
    for name in ("system", "reference"):
        if getattr(one.report, name) != getattr(head, name):
            raise OtherIdentity(name)


def _fresh(head: Incident, expected: Expected | None) -> None:
    if expected is not None and not expected.admits(head.incident_version):
        raise Stale(head.incident_version)


def _change(head: Incident, said: Order, *, same: bool, named: bool) -> Change:
    """What a version is that says ``same`` as the one here, or not. ``named``: the sender knows which version it replaces.

    Of a withdrawn report, a resend of what was withdrawn is a resend; whoever names the withdrawal, or has a later stamp, sends it anew.
    """
    if said is Order.OLDER:
        return Change.OLDER
    if said is Order.OTHERWISE and not named:
        raise Conflict(
            "This incident's versions are told apart by the other stamp: send both source_version and source_changed_at, or If-Match.",
            code="other-stamp",
        )
    if same and (head.withdrawn_at is None or (said is Order.SAME and not named)):
        return Change.REPEATED
    if said is Order.SAME and not same:
        raise Conflict("Another content came under this very stamp before, and stands. Send a later stamp.", code="same-stamp")
    return Change.TAKEN
