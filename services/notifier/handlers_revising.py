"""Bringing notifications to the newest word on their destinations: opening them, and every later version of the incident.

``incident.routed`` and ``destination.revised`` are hints (D9). Each destination is brought, under its notification's row, to what the
journal says of it now: opened if it has not been, then revised once, to the newest version. So the two may come in any order, late and
often.
"""

from collections.abc import Sequence
from datetime import date, datetime

from services.notifier import store, store_notices, store_words
from services.notifier.domain.notices import Kind
from services.notifier.domain.revision import Revision, Shown, revise, shown
from services.notifier.domain.states import ChildState
from services.notifier.handlers import Opening
from services.notifier.handlers_ending import ended, messaged, owe
from services.notifier.handlers_planning import Planning, Wanted
from services.notifier.store import Notification
from shared.calendar import london_date
from shared.db import Transaction
from shared.directory import Directory
from shared.errors import Misuse, NotFound, VaultSealed
from shared.events import NOTIFIER, DestinationRevised, Envelope, IncidentRouted, NotificationRevised
from shared.log import logger
from shared.policy import Policy
from shared.report.store import load
from shared.scope import Scope
from shared.vault import Vault

log = logger(__name__)


class Revising:
    """Handles ``incident.routed`` and ``destination.revised``."""

    def __init__(self, directory: Directory, vault: Vault) -> None:
        self._directory = directory
        self._planning = Planning(directory)
        self._opening = Opening(directory)
        self._vault = vault

    async def routed(self, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        """Open a notification for each destination that has none yet, at its newest version. Raises NotFound for an unknown policy."""
        facts = [envelope.fact for envelope in envelopes if isinstance(envelope.fact, IncidentRouted)]
        await self._opening.open(tx, facts)
        newest = await store_words.newest_words(tx, {fact.destination_id: fact.incident_id for fact in facts})
        for destination_id in sorted(newest):
            await self._bring(tx, newest[destination_id])

    async def revised(self, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        """Bring each destination's notification to its newest version. Raises NotFound when the destination was never routed."""
        facts = {fact.destination_id: fact for fact in (one.fact for one in envelopes) if isinstance(fact, DestinationRevised)}
        for destination_id in sorted(facts):
            incident_id = facts[destination_id].incident_id
            if await store.hold_of(tx, destination_id) is None:
                await self._opening.open(tx, [await store_words.routed(tx, incident_id, destination_id)])
            newest = await store_words.newest_words(tx, {destination_id: incident_id})
            await self._bring(tx, newest.get(destination_id, facts[destination_id]))

    async def _bring(self, tx: Transaction, word: DestinationRevised) -> None:
        """Take ``word`` into its notification, unless that shows a later version, or the same one of the same children, already."""
        notification = await store.hold_of(tx, word.destination_id)
        if notification is None:
            raise NotFound("there is no notification for that destination")
        notification_id, now = notification.notification_id, tx.clock.now()
        before = await store.children(tx, notification_id)
        if notification.incident_version > word.incident_version or _is_as_told(notification, before, word):
            return
        policy = await self._directory.policy(tx, notification.policy_version)
        revision = revise(
            before,
            word.child_ids,
            await self._changed(tx, notification, word, before, policy),
            stage=notification.state,
            messaged=await messaged(tx, notification_id),
            shown_to=await store_words.shown_to(tx, notification.incident_id, notification_id),
            at=now,
        )
        await store.revise_children(tx, notification_id, before, revision.children)
        await store.bring(tx, notification_id, word.incident_version)
        asked: frozenset[str] = frozenset()
        if revision.reopens:
            asked = await self._reopen(tx, notification, word, policy)
        else:
            await ended(tx, notification, None, now)
        after = await store.get(tx, notification_id)
        await tx.record(NOTIFIER, [_told(after, word, revision, now)])
        waiting = await store_notices.waiting(tx, Kind.CHANGED, notification_id)
        await owe(tx, after, Kind.CHANGED, revision.tell_changed - asked - waiting)
        await owe(tx, after, Kind.WITHDRAWN, revision.tell_withdrawn)
        log.info("notification.revise", notification_id=notification_id, incident_version=word.incident_version, state=after.state.value)

    async def _changed(
        self, tx: Transaction, notification: Notification, word: DestinationRevised, children: Sequence[ChildState], policy: Policy
    ) -> frozenset[str]:
        """The children that both versions tell of and whose page differs. An erased report shows nothing, so nothing of it changes."""
        ids = [child.child_id for child in children if child.is_own and child.child_id in word.child_ids]
        today = london_date(tx.clock.now())
        try:
            old = await self._shown(tx, notification, notification.incident_version, ids, policy, today)
            new = await self._shown(tx, notification, word.incident_version, ids, policy, today)
        except (VaultSealed, Misuse) as error:
            log.error("report.sealed", notification_id=notification.notification_id, error=error.code)
            return frozenset()
        return frozenset(child_id for child_id in ids if old[child_id] != new[child_id])

    async def _shown(
        self, tx: Transaction, notification: Notification, version: int, child_ids: Sequence[str], policy: Policy, today: date
    ) -> dict[str, Shown | None]:
        report = await load(self._vault, tx, notification.incident_id, Scope.service(NOTIFIER), version)
        found = {child_id: report.child(child_id) for child_id in child_ids}
        return {
            child_id: None if child is None else shown(report.report, child.reference, policy, today, notification.told)
            for child_id, child in found.items()
        }

    async def _reopen(self, tx: Transaction, notification: Notification, word: DestinationRevised, policy: Policy) -> frozenset[str]:
        """Open it again with rungs added behind those done; the contacts whom these tell at once."""
        kind, ref = notification.destination_kind, notification.destination_ref
        wanted = Wanted(owed=word, purpose=notification.purpose, kind=kind, ref=ref, policy=policy)
        ((fresh, by_role),) = await self._planning.plans(tx, [wanted])
        plan = notification.plan.added_to(notification.rungs_done, fresh)
        await store.reopen(tx, notification.notification_id, plan)
        first_at = plan.present[0].due_at
        roles = {rung.role for rung in plan.present if rung.due_at <= max(first_at, tx.clock.now())}
        return frozenset(contact.contact_id for role in roles for contact in by_role.get(role, ()))


def _is_as_told(notification: Notification, children: Sequence[ChildState], word: DestinationRevised) -> bool:
    """Whether it shows that very version already, of the children that the word names; a child that it sent back stays away."""
    sent_back = {child.child_id for child in children if child.recalled_at is not None}
    own = {child.child_id for child in children if child.is_own}
    return notification.incident_version == word.incident_version and own == set(word.child_ids) - sent_back


def _told(after: Notification, word: DestinationRevised, revision: Revision, now: datetime) -> NotificationRevised:
    return NotificationRevised(
        incident_id=after.incident_id,
        notification_id=after.notification_id,
        incident_version=after.incident_version,
        destination_id=word.destination_id,
        child_ids=revision.own,
        changed_child_ids=(*revision.changed, *revision.added),
        deadline_at=after.deadline_at,
        next_action_at=after.next_rung_at,
        revised_at=now,
    )
