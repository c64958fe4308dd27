"""Bringing one incident up to a version: rows and facts, from where it stands and what follows for each child (``domain/revision``).

A first version stands nowhere. Deadlines of what is live never move; a change that must be told again has new ones in its own fact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.router import handlers_keeping as keeping
from services.router.domain import release
from services.router.domain.decision import Decision, Excluded, Held, Matched, every_child_once
from services.router.domain.destination import Destination, Owed, gathered, stricter
from services.router.domain.revision import (
    CHANGED_AFTER_DECISION,
    NOT_DECIDED,
    WITHDRAWN,
    Change,
    Follow,
    Kept,
    every_child_somewhere,
    follow,
)
from services.router.domain.standing import Known
from services.router.handlers_days import Days, Policies
from services.router.handlers_defects import attempted
from services.router.handlers_live import owed_at
from services.router.handlers_opening import held_fact, opened, revised_fact, routed_fact
from services.router.handlers_outcomes import Outcomes
from services.router.handlers_reports import Incident
from services.router.handlers_routes import Desk, owed_by_routes
from services.router.handlers_transfer import owed_between
from services.router.store import NewDecision, NewReview
from services.router.store_destinations import Member, NewDestination
from shared.calendar import london_date
from shared.db import Transaction
from shared.directory import Directory, Published, Setting, Team
from shared.events import ChildExcluded, DestinationRevised, IncidentDecided, ReviewSettled
from shared.ids import new_id
from shared.policy import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What an incident is decided in; ``homes``: the authorities where children live, where that is known."""

    tx: Transaction
    settings: Mapping[str, Setting]
    policies: Policies
    days: Days
    teams: Mapping[str, Team] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    directory: Directory | None = None
    desks: Mapping[tuple[str, Route], Desk] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """One incident on its way to a version. Use ``run``, and ``undecided`` when that failed of a defect, each once on one of its own."""

    incident: Incident
    around: Around
    owed: list[Owed] = field(default_factory=list)
    out: Outcomes = field(default_factory=Outcomes)

    async def run(self) -> Outcomes:
        """All that follows. Raises Misuse when a child would come out without an outcome, Unavailable without a policy in force."""
        incident = self.incident
        for child_id in self._children():
            standing = incident.stood.children.get(child_id)
            await self._child(child_id, follow(standing, incident.changed(child_id, standing), incident.decisions.get(child_id)))
        new = await self._destinations()
        self._check(new)
        self._brought()
        return self.out

    async def undecided(self) -> Outcomes:
        """Every child is held for a person, and where she is told of already that stays."""
        failed: Decision = Held(reason=NOT_DECIDED)
        for child_id in self._children():
            standing = self.incident.stood.children.get(child_id)
            if standing is None or not standing.is_withdrawn or child_id in self.incident.version.child_ids:
                await self._child(child_id, follow(standing, Change.CHANGED, failed))
        self._brought()
        return self.out

    def _children(self) -> tuple[str, ...]:
        """Those of the version in the report's order, then those that only earlier ones had."""
        return tuple(dict.fromkeys([*self.incident.version.child_ids, *self.incident.stood.children]))

    async def _child(self, child_id: str, follows: Follow) -> None:
        decision, by = follows.decision, None
        if follows.is_withdrawn:
            evidence = keeping.taken_out(self.incident.stood.children[child_id], follows)
            self._excluded(child_id, Excluded(reason=WITHDRAWN, evidence=evidence), None)
        elif follows.kept is not None:
            by = await self._keep(child_id, follows.kept)
        elif follows != Follow():
            by = self._deciding(child_id, decision)
        if by is not None and isinstance(decision, Matched):
            self._note(child_id, decision, "matched", decision.rule, by)
            self.owed.extend(await self._owed(child_id, follows.setting_ids, decision))
            self.owed.extend(await owed_between(self.around, child_id, decision, self.incident.version))
            self.owed.extend(await owed_by_routes(self.around.days, child_id, decision, self.around.desks, self.incident.version))
        elif by is not None and isinstance(decision, Held):
            self._note(child_id, decision, "held", decision.reason, by)
        elif by is not None and isinstance(decision, Excluded):
            self._excluded(child_id, decision, by)
        if by is not None and follows.review is not None:
            await self._hold(child_id, follows.review, by)
        self._end(child_id, follows, by)

    def _deciding(self, child_id: str, decision: Decision | None) -> Published:
        authority = decision.authority if isinstance(decision, Matched) else self._authority(child_id)
        version = self.incident.version
        return self.around.policies.deciding(version.force, authority, london_date(version.received_at))

    async def _owed(self, child_id: str, setting_ids: Iterable[str], decision: Matched | None = None) -> list[Owed]:
        version, owed = self.incident.version, list[Owed]()
        for one in setting_ids:
            is_new, days = (bool(decision.leaving), decision.weekdays.get(one)) if decision is not None else (False, None)
            setting = self.around.settings[one]
            owed += await owed_at(self.around, child_id, setting, version, version.received_at, is_new=is_new, weekdays=days)
        return owed

    async def _keep(self, child_id: str, kept: Kept) -> Published:
        """What a person had decided stands again; where a place of it is no more, a person is asked again."""
        around, version, by = self.around, self.incident.version, self._deciding(child_id, None)
        if not keeping.is_still_there(kept, around.settings, around.teams):
            self._note(child_id, Held(reason=CHANGED_AFTER_DECISION), "held", CHANGED_AFTER_DECISION, by)
            await self._hold(child_id, CHANGED_AFTER_DECISION, by)
            return by
        self.out.decisions.append(keeping.noted(child_id, kept, version, self._round(child_id)))
        self.owed.extend(await self._owed(child_id, kept.setting_ids))
        self.owed.extend(await keeping.owed_to_teams(child_id, kept, version, around.teams, around.policies, around.days))
        if kept.outcome == "excluded":
            self.out.facts.append(keeping.excluded_again(child_id, kept, version, self._now))
        return by

    def _end(self, child_id: str, follows: Follow, by: Published | None) -> None:
        """Reviews that are answered, and destinations that she leaves."""
        self.out.left.extend([Member(destination_id=one, child_id=child_id) for one in sorted(follows.leaves)])
        for review_id in follows.ends:
            decider = self.incident.version.force if by is None else by.version
            self.out.ended[review_id] = decider
            self.out.facts.append(
                ReviewSettled(
                    incident_id=self.incident.version.incident_id,
                    child_id=child_id,
                    review_id=review_id,
                    settlement="superseded",
                    decider=decider,
                    settled_at=self._now,
                )
            )

    async def _hold(self, child_id: str, reason: str, by: Published) -> None:
        version, authority = self.incident.version, self._authority(child_id)
        fresh = await attempted(
            version.incident_id,
            lambda: self.around.days.review_deadline(version.force, authority, by, version.believed_at, version.received_at),
            version.received_at + timedelta(minutes=by.policy.review_minimum_minutes),
        )
        standing = self.incident.stood.children.get(child_id)
        if release.is_release(reason):
            fresh = release.due_at(by.policy, version.received_at, fresh)
        # A review that takes the place of an open one has no more time than that had.
        earlier = [one.deadline_at for one in (standing.reviews if standing is not None else ()) if one.deadline_at > self._now]
        review = NewReview(
            review_id=new_id(),
            incident_id=version.incident_id,
            child_id=child_id,
            round=self._round(child_id),
            reason=reason,
            force=version.force,
            authority=authority,
            owner=release.owner(by.policy, reason),
            escalates_to=by.policy.teams.authority_lead,
            policy_version=by.version,
            deadline_at=min([fresh, *earlier]),
            sandbox=version.sandbox,
        )
        self.out.reviews.append(review)
        self.out.facts.append(held_fact(review, version.incident_version, self.around.tx))

    def _excluded(self, child_id: str, excluded: Excluded, by: Published | None) -> None:
        version = self.incident.version
        self._note(child_id, excluded, "excluded", excluded.reason, by)
        self.out.facts.append(
            ChildExcluded(
                incident_id=version.incident_id,
                incident_version=version.incident_version,
                child_id=child_id,
                reason=excluded.reason,
                decider=version.force if by is None else by.version,
                excluded_at=self._now,
            )
        )

    async def _destinations(self) -> list[NewDestination]:
        """Children owed at a recipient that is told of others already join them; else a destination opens. Every live one is revised."""
        version, known = self.incident.version, self.incident.stood.known
        gained: dict[str, Destination] = {}
        new: list[NewDestination] = []
        for destination in gathered(self.owed):
            there = next((one for one in known if one.is_live and one.is_for(destination)), None)
            if there is None:
                new.append(opened(version, version.incident_version, destination, known))
            else:
                gained[there.destination_id] = destination
        for one in known:
            if one.is_live:
                await self._revise(one, gained.get(one.destination_id))
        self.out.destinations.extend(new)
        self.out.facts.extend([routed_fact(one, version, known, self.around.tx) for one in new])
        return new

    async def _revise(self, known: Known, gained: Destination | None) -> None:
        version = self.incident.version
        policy = self.around.policies.frozen(known.policy_version)
        again = await self.around.days.again(known, version.force, policy, version.received_at)
        wanted = frozenset() if gained is None else frozenset(gained.child_ids)
        self.out.left[:] = [one for one in self.out.left if one.destination_id != known.destination_id or one.child_id not in wanted]
        joining = sorted(wanted - known.child_ids)
        told = self._told(known) | wanted
        due = stricter(again, gained if joining else None)
        self.out.joined.extend([Member(destination_id=known.destination_id, child_id=child_id) for child_id in joining])
        self.out.reached.append((known.destination_id, version.incident_version))
        reason = "withdrawn" if version.is_withdrawal else "corrected"
        self.out.facts.append(revised_fact(known, version, version.incident_version, told, due, reason, self.around.tx))

    def _told(self, known: Known) -> frozenset[str]:
        """Who of those that a live destination is told of stays in it."""
        return known.child_ids - {one.child_id for one in self.out.left if one.destination_id == known.destination_id}

    def _check(self, new: Iterable[NewDestination]) -> None:
        """No child of the version comes out without an outcome; of a first version, none with two."""
        version, stood = self.incident.version, self.incident.stood
        revised = [fact for fact in self.out.facts if isinstance(fact, DestinationRevised)]
        told = [child for one in new for child in one.destination.child_ids] + [child for fact in revised for child in fact.child_ids]
        held = [one.child_id for one in self.out.reviews]
        excluded = [one.child_id for one in self.out.decisions if one.outcome == "excluded"]
        if not stood.children:
            every_child_once(version.child_ids, told, held, excluded)
            return
        still = {child_id: one for child_id, one in stood.children.items() if any(r.review_id not in self.out.ended for r in one.reviews)}
        decided = {one.child_id for one in self.out.decisions}
        excluded += [one for one, standing in stood.children.items() if standing.outcome == "excluded" and one not in decided]
        every_child_somewhere(version.child_ids, told, [*held, *still], excluded)

    def _brought(self) -> None:
        version = self.incident.version
        decided = IncidentDecided(incident_id=version.incident_id, incident_version=version.incident_version, decided_at=self._now)
        self.out.facts.append(decided)

    def _authority(self, child_id: str) -> str | None:
        """Whose area a child without a match is taken to be of: that of a setting that is told of her or named by its URN; else unknown."""
        standing, child = self.incident.stood.children.get(child_id), self.incident.told.children.get(child_id)
        refs = sorted(standing.live_settings) if standing is not None else []
        if child is not None and child.school is not None and child.school.urn is not None:
            refs = [child.school.urn, *refs]
        return next((self.around.settings[one].authority for one in refs if one in self.around.settings), None)

    def _round(self, child_id: str) -> int:
        """One more than every round of the child so far, over all versions."""
        return self.incident.stood.last_rounds.get(child_id, 0) + 1

    def _note(self, child_id: str, decision: Decision, outcome: str, rule: str, by: Published | None) -> None:
        self.out.decisions.append(
            NewDecision(
                incident_id=self.incident.version.incident_id,
                incident_version=self.incident.version.incident_version,
                child_id=child_id,
                round=self._round(child_id),
                outcome=outcome,
                rule=rule,
                evidence=decision.evidence,
                pupil_id=decision.pupil_id if isinstance(decision, Matched) else None,
                policy_version=None if by is None else by.version,
            )
        )

    @property
    def _now(self) -> datetime:
        return self.around.tx.clock.now()
