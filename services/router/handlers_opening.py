"""Opening destinations for children of one incident: rows with their right round, and the facts that tell of them.

For whoever decides about a child outside the main handler, such as a reviewer who settles one:

    opening = Opening(tx=tx, version=version, incident_version=decided, policies=await policies(directory, tx), days=days)
    await opening.to_settings(child_id, [setting, other])       # any number of children, settings and teams
    await opening.to_team(other_child_id, team)
    facts = await opening.routed()                              # writes the rows; record the facts with your own

``taken_back`` is the other way. Where an incident stands (its destinations, each child's standing decision, open reviews, and the last
round, after which the next decision and review is numbered) is ``store_standing.stood``; a decision of a person has ``decided_by``. The
caller holds the incident's row (``store.held``) and gives the version that router has decided (what ``held`` returned).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.router import store_destinations
from services.router.domain.deadline import Obligation
from services.router.domain.destination import Destination, Owed, gathered
from services.router.domain.routes import legal_class
from services.router.domain.standing import Known, is_supplement, next_round
from services.router.handlers_days import Days, Policies
from services.router.handlers_live import owed_at
from services.router.store import NewReview
from services.router.store_destinations import Member, NewDestination
from shared.calendar import london_date
from shared.db import Transaction
from shared.directory import Setting, Team
from shared.events import ChildHeld, DestinationRevised, IncidentRouted
from shared.ids import new_id
from shared.policy import Route
from shared.report.store import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """New destinations of one incident, gathered and then written together.

    Deadlines are counted from belief as ever, with now in the place of receipt: who is settled late is late. Raises Unavailable when no
    policy is in force. ``homes``: the authorities where the children live, where that is known.
    """

    tx: Transaction
    version: Version
    incident_version: int
    policies: Policies
    days: Days
    owed: list[Owed] = field(default_factory=list)
    homes: Mapping[str, str] = field(default_factory=dict)

    async def to_settings(self, child_id: str, settings: Sequence[Setting], weekdays: Mapping[str, frozenset[int]] | None = None) -> None:
        """This child is told of at each of these settings; while one is closed for long, whoever is live is told too. ``weekdays``: by
        setting the days on which she attends one that she does not attend on all."""
        now = self.tx.clock.now()
        await self.days.load(settings)
        for setting in settings:
            days = (weekdays or {}).get(setting.setting_id)
            self.owed.extend(await owed_at(self, child_id, setting, self.version, now, weekdays=days))

    async def to_team(self, child_id: str, team: Team, route: Route | None = None) -> None:
        """This child is told of to a team, by the first weekday morning that is not a bank holiday. ``route``: None where a person chose
        it; then it is that for which the policy names this team, if there is just one."""
        now = self.tx.clock.now()
        by = self.policies.deciding(self.version.force, team.authority, london_date(now))
        obligation = await self.days.owed_to_team(self.version.force, team.authority, by, self.version.believed_at, now)
        owed = Owed(child_id=child_id, kind="team", ref=team.team_id, obligation=obligation, policy_version=by.version)
        named = [route] if route is not None else [one for one, ref in by.policy.teams.routes.items() if ref == team.team_id]
        self.owed.append(owed.on(named[0], legal_class(by.policy, named[0])) if len(named) == 1 else owed)

    async def routed(self) -> tuple[IncidentRouted, ...]:
        """Write the destinations, each a new row beside those that the incident has; the facts, not recorded yet."""
        of_incident = await store_destinations.known(self.tx, [self.version.incident_id])
        known = of_incident.get(self.version.incident_id, ())
        new = [opened(self.version, self.incident_version, destination, known) for destination in gathered(self.owed)]
        await store_destinations.add(self.tx, new)
        return tuple(routed_fact(one, self.version, known, self.tx) for one in new)


async def taken_back(
    tx: Transaction, version: Version, incident_version: int, child_ids: Sequence[str], policies: Policies, days: Days
) -> tuple[DestinationRevised, ...]:
    """Take these children out of every destination that is told of them, because a person settled it so; the facts, not recorded yet.

    The caller holds the incident's row, as for ``Opening``. A destination that is then told of nobody ends.
    """
    gone = frozenset(child_ids)
    of_incident = (await store_destinations.known(tx, [version.incident_id])).get(version.incident_id, ())
    touched = [one for one in of_incident if one.is_live and one.child_ids & gone]
    facts = []
    for one in touched:
        again = await days.again(one, version.force, policies.frozen(one.policy_version), tx.clock.now())
        facts.append(revised_fact(one, version, incident_version, one.child_ids - gone, again, "settled", tx))
    members = [Member(destination_id=one.destination_id, child_id=child_id) for one in touched for child_id in sorted(one.child_ids & gone)]
    await store_destinations.leave(tx, members)
    return tuple(facts)


def revised_fact(
    known: Known, version: Version, incident_version: int, told: frozenset[str], due: Obligation, reason: str, tx: Transaction
) -> DestinationRevised:
    """The fact that tells a destination of whom it is told from here on, in the report's order."""
    return DestinationRevised(
        incident_id=version.incident_id,
        incident_version=incident_version,
        destination_id=known.destination_id,
        child_ids=tuple(sorted(told, key=lambda one: (one not in version.child_ids, _index(version, one), one))),
        reason=reason,
        send_at=due.send_at,
        deadline_at=due.deadline_at,
        urgency=due.urgency,
        revised_at=tx.clock.now(),
    )


def _index(version: Version, child_id: str) -> int:
    return version.child_ids.index(child_id) if child_id in version.child_ids else 0


def opened(version: Version, incident_version: int, destination: Destination, known: Sequence[Known]) -> NewDestination:
    """The row of a destination that is new beside the ``known`` ones of its incident."""
    return NewDestination(
        destination_id=new_id(),
        incident_id=version.incident_id,
        incident_version=incident_version,
        destination=destination,
        round=next_round(known, destination, incident_version),
    )


def routed_fact(new: NewDestination, version: Version, known: Sequence[Known], tx: Transaction) -> IncidentRouted:
    """The fact that tells of it; ``known`` are the destinations that the incident had before."""
    destination = new.destination
    return IncidentRouted(
        incident_id=new.incident_id,
        incident_version=new.incident_version,
        destination_id=new.destination_id,
        destination_kind=destination.kind,
        destination_ref=destination.ref,
        purpose=destination.purpose,
        child_ids=destination.child_ids,
        send_at=destination.send_at,
        deadline_at=destination.deadline_at,
        urgency=destination.urgency,
        policy_version=destination.policy_version,
        routed_at=tx.clock.now(),
        supplement=is_supplement(known, destination),
        sandbox=version.sandbox,
        route=destination.route,
        legal_class=destination.legal_class,
    )


def held_fact(review: NewReview, incident_version: int, tx: Transaction) -> ChildHeld:
    """The fact that tells of a review just opened."""
    return ChildHeld(
        incident_id=review.incident_id,
        incident_version=incident_version,
        child_id=review.child_id,
        review_id=review.review_id,
        reason=review.reason,
        owner=review.owner,
        review_deadline_at=review.deadline_at,
        policy_version=review.policy_version,
        held_at=tx.clock.now(),
        sandbox=review.sandbox,
    )
