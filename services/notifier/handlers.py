"""Opening notifications: one for each destination that the router decided, with its plan frozen (D2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notifier import store
from services.notifier.domain.plan import PHONE, Plan, Step, make_plan
from services.notifier.domain.states import Stage
from services.notifier.handlers_contacts import TEAM, ByRole, Contacts
from services.notifier.store import Notification
from shared.db import Transaction
from shared.directory import Directory
from shared.events import NOTIFIER, DestinationRevised, IncidentRouted, NotificationOpened
from shared.ids import new_id
from shared.log import logger
from shared.policy import Policy

ORDINARY = "ordinary"
NO_TIME_LEFT_MINUTES = 10**6
"""Router said that this one is urgent: it is too near whatever the clock says here, so every rung is due at once."""

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamStep:
    """One step of a team's own ladder."""

    role: str
    share: float | None = None
    minutes_before_deadline: int | None = None


TEAM_LADDER = (
    TeamStep(role="duty", share=0.0),
    TeamStep(role="lead", minutes_before_deadline=60),
    TeamStep(role=PHONE, minutes_before_deadline=15),
)
"""Whoever is on duty at once, the team's lead an hour before the deadline, and a telephone while there is still time to use it."""


class Opening:
    """Opens notifications for routed destinations."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._contacts = Contacts(directory)

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
        destinations = [(fact.destination_kind, fact.destination_ref, policies[fact.policy_version]) for fact in facts]
        contacts = await self._contacts.by_role(tx, destinations)
        return [
            _notification(tx, fact, plan_for(tx, fact, fact.destination_kind, policy, by_role), policy.teams.phone)
            for (fact, by_role), (_, _, policy) in zip(zip(facts, contacts, strict=True), destinations, strict=True)
        ]


def plan_for(tx: Transaction, owed: IncidentRouted | DestinationRevised, destination_kind: str, policy: Policy, contacts: ByRole) -> Plan:
    """A plan for one destination. It begins when the message may first be sent: a first staff day's waits for that morning."""
    ladder: Sequence[Step] = TEAM_LADDER if destination_kind == TEAM else policy.ladder
    return make_plan(
        ladder,
        deadline_at=owed.deadline_at,
        opened_at=max(tx.clock.now(), owed.send_at),
        roles_available={role for role, people in contacts.items() if people},
        too_near_minutes=policy.too_near_minutes if owed.urgency == ORDINARY else NO_TIME_LEFT_MINUTES,
    )


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
