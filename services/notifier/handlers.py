"""Opening notifications: one for each destination that the router decided, with its plan frozen (D2)."""

from collections.abc import Mapping, Sequence

from services.notifier import store
from services.notifier.domain.plan import Plan
from services.notifier.domain.states import Stage
from services.notifier.handlers_planning import Planning, Wanted
from services.notifier.store import Notification
from shared.db import Transaction
from shared.directory import Directory
from shared.events import NOTIFIER, IncidentRouted, NotificationOpened
from shared.ids import new_id
from shared.log import logger
from shared.policy import Policy

log = logger(__name__)


class Opening:
    """Opens notifications for routed destinations."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._planning = Planning(directory)

    async def open(self, tx: Transaction, facts: Sequence[IncidentRouted]) -> None:
        """Open a notification for each of these destinations that has none yet. Raises NotFound for an unknown policy version."""
        by_id = {fact.destination_id: fact for fact in facts}
        ordered = [by_id[destination_id] for destination_id in sorted(by_id)]
        policies = {version: await self._directory.policy(tx, version) for version in {fact.policy_version for fact in ordered}}
        notifications = await self._notifications(tx, ordered, policies)
        inserted = await store.add(tx, notifications)
        opened = [(one, by_id[one.destination_id]) for one in notifications if one.notification_id in inserted]
        await store.add_children(tx, [(one.notification_id, fact.child_ids) for one, fact in opened])
        await tx.record(NOTIFIER, [_opened(one, fact) for one, fact in opened])
        for one, _ in opened:
            log.info("notification.open", incident_id=one.incident_id, notification_id=one.notification_id)

    async def _notifications(self, tx: Transaction, facts: Sequence[IncidentRouted], policies: Mapping[str, Policy]) -> list[Notification]:
        wanted = [
            Wanted(
                owed=fact,
                purpose=fact.purpose,
                kind=fact.destination_kind,
                ref=fact.destination_ref,
                policy=policies[fact.policy_version],
            )
            for fact in facts
        ]
        plans = await self._planning.plans(tx, wanted)
        return [_notification(tx, fact, plan, one.policy.teams.phone) for fact, one, (plan, _) in zip(facts, wanted, plans, strict=True)]


def _notification(tx: Transaction, fact: IncidentRouted, plan: Plan, call_team: str) -> Notification:
    return Notification(
        notification_id=new_id(),
        incident_id=fact.incident_id,
        destination_id=fact.destination_id,
        destination_kind=fact.destination_kind,
        destination_ref=fact.destination_ref,
        purpose=fact.purpose,
        state=Stage.OPEN,
        policy_version=fact.policy_version,
        plan=plan,
        rungs_done=0,
        deadline_at=fact.deadline_at,
        next_rung_at=plan.rungs[0].due_at,
        next_action_at=plan.rungs[0].due_at,
        leased_until_at=None,
        late_at=None,
        opened_at=tx.clock.now(),
        ended_at=None,
        incident_version=fact.incident_version,
        supplement=fact.supplement,
        sandbox=fact.sandbox,
        call_team=call_team,
        route=fact.route,
        legal_class=fact.legal_class,
    )


def _opened(one: Notification, fact: IncidentRouted) -> NotificationOpened:
    return NotificationOpened(
        incident_id=one.incident_id,
        notification_id=one.notification_id,
        destination_id=one.destination_id,
        destination_kind=one.destination_kind,
        destination_ref=one.destination_ref,
        purpose=one.purpose,
        child_ids=fact.child_ids,
        deadline_at=one.deadline_at,
        next_action_at=one.plan.rungs[0].due_at,
        policy_version=one.policy_version,
        opened_at=one.opened_at,
    )
