"""Router's main handler: a report was received; every one of its children gets an outcome, in one transaction.

A fact is a hint (D9): the incident's row is held, and what is still owed for the version is done. A repeat finds it done. The number of
statements depends on how many authorities are named, not on how many incidents or children a batch has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.router import store
from services.router.domain.decision import Decision, Excluded, Held, Matched, decide, every_child_once, flags, twins, without_shared_pupils
from services.router.domain.destination import Destination, Owed, gathered, owed_about
from services.router.domain.evidence import Pupil
from services.router.handlers_days import Days, Policies
from services.router.handlers_find import candidates
from services.router.store import NewDecision, NewReview
from shared.calendar import london_date
from shared.db import Transaction
from shared.directory import Directory, Setting
from shared.errors import Misuse
from shared.events import ROUTER, ChildExcluded, ChildHeld, Envelope, Fact, IncidentReceived, IncidentRouted
from shared.ids import new_id
from shared.log import logger
from shared.report.model import Child
from shared.report.sealed import SealedReport
from shared.report.store import load_many
from shared.scope import Scope
from shared.vault import Vault

log = logger(__name__)

READER = Scope.service(ROUTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Incident:
    """An incident version that is owed a decision."""

    fact: IncidentReceived
    report: SealedReport
    decisions: Mapping[str, Decision] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Outcomes:
    """What is to be written, gathered over the batch."""

    decisions: list[NewDecision] = field(default_factory=list)
    destinations: list[tuple[str, str, int, Destination]] = field(default_factory=list)
    reviews: list[NewReview] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


class Routing:
    """Handles ``incident.received``."""

    def __init__(self, vault: Vault, directory: Directory) -> None:
        self._vault = vault
        self._directory = directory

    async def received(self, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        """Decide what is not decided yet. Raises NotFound while a report is not there, Unavailable without a policy in force."""
        newest = _newest(envelopes)
        done = await store.hold(tx, newest)
        owed = {one: fact for one, fact in newest.items() if done[one] < fact.incident_version}
        if not owed:
            return
        reports = await load_many(self._vault, tx, owed, READER)
        incidents = [_Incident(fact=fact, report=reports[one]) for one, fact in owed.items()]
        children = {child_id: child for incident in incidents for child_id, child in incident.report.children.items()}
        found = await candidates(tx, self._vault, children)
        settings = await self._settings(tx, children.values(), found)
        decided = [_Incident(fact=one.fact, report=one.report, decisions=_decided(one, found, settings)) for one in incidents]
        outcomes = await self._outcomes(tx, decided, settings)
        await _write(tx, outcomes)
        await store.decided(tx, {one: fact.incident_version for one, fact in owed.items()})
        for incident in decided:
            log.info("incident.routed", incident_id=incident.fact.incident_id, children=len(incident.decisions))

    async def _settings(self, tx: Transaction, children: Iterable[Child], found: Mapping[str, Sequence[Pupil]]) -> Mapping[str, Setting]:
        """The settings of all candidates, those that reports name by URN, and, where one is named by name alone, all of its area."""
        schools = [child.school for child in children if child.school is not None]
        pupils = [pupil for some in found.values() for pupil in some]
        urns = {school.urn for school in schools if school.urn is not None}
        settings = await self._directory.settings(tx, urns | {one for pupil in pupils for one in pupil.setting_ids})
        if any(school.urn is None and school.name is not None for school in schools):
            areas = {pupil.authority for pupil in pupils} | {
                settings[one].authority for pupil in pupils for one in pupil.setting_ids if one in settings
            }
            settings |= await self._directory.settings_in(tx, areas)
        return settings

    async def _outcomes(self, tx: Transaction, incidents: Sequence[_Incident], settings: Mapping[str, Setting]) -> _Outcomes:
        policies, days = Policies(await self._directory.published(tx)), Days(tx, self._directory)
        matched = [one for incident in incidents for one in incident.decisions.values() if isinstance(one, Matched)]
        await days.load(settings[one] for one in sorted({setting_id for match in matched for setting_id in match.setting_ids}))
        outcomes = _Outcomes()
        for incident in incidents:
            await _Deciding(tx=tx, incident=incident, settings=settings, policies=policies, days=days, outcomes=outcomes).run()
        return outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deciding:
    """One incident's outcomes: rows and facts."""

    tx: Transaction
    incident: _Incident
    settings: Mapping[str, Setting]
    policies: Policies
    days: Days
    outcomes: _Outcomes

    async def run(self) -> None:
        owed: list[Owed] = []
        settled: list[Fact] = []
        for child_id, decision in self.incident.decisions.items():
            if isinstance(decision, Matched):
                owed += await self._matched(child_id, decision)
            elif isinstance(decision, Held):
                settled.append(await self._held(child_id, decision))
            else:
                settled.append(self._excluded(child_id, decision))
        routed = self._routed(owed)
        every_child_once(
            self.incident.report.children,
            [child_id for fact in routed for child_id in fact.child_ids],
            [fact.child_id for fact in settled if isinstance(fact, ChildHeld)],
            [fact.child_id for fact in settled if isinstance(fact, ChildExcluded)],
        )
        self.outcomes.facts += [*routed, *settled]

    async def _matched(self, child_id: str, match: Matched) -> list[Owed]:
        fact = self.incident.fact
        on = london_date(fact.received_at)
        self._note(child_id, match, "matched", match.rule, self.policies.deciding(fact.force, match.authority, on).version)
        owed: list[Owed] = []
        for setting_id in match.setting_ids:
            setting = self.settings[setting_id]
            by = self.policies.deciding(fact.force, setting.authority, on)
            obligations = await self.days.owed(setting, by, fact.believed_at, fact.received_at)
            owed += owed_about(child_id, setting_id, obligations, by.policy, by.version)
        return owed

    async def _held(self, child_id: str, held: Held) -> ChildHeld:
        fact, authority = self.incident.fact, self._authority(child_id)
        by = self.policies.deciding(fact.force, authority, london_date(fact.received_at))
        deadline_at = await self.days.review_deadline(fact.force, authority, by, fact.believed_at, fact.received_at)
        review = NewReview(
            review_id=new_id(),
            incident_id=fact.incident_id,
            child_id=child_id,
            round=1,
            reason=held.reason,
            force=fact.force,
            authority=authority,
            owner=by.policy.teams.review,
            escalates_to=by.policy.teams.authority_lead,
            policy_version=by.version,
            deadline_at=deadline_at,
        )
        self._note(child_id, held, "held", held.reason, by.version)
        self.outcomes.reviews.append(review)
        return held_fact(review, fact.incident_version, self.tx)

    def _excluded(self, child_id: str, excluded: Excluded) -> ChildExcluded:
        fact = self.incident.fact
        by = self.policies.deciding(fact.force, self._authority(child_id), london_date(fact.received_at))
        self._note(child_id, excluded, "excluded", excluded.reason, by.version)
        return ChildExcluded(
            incident_id=fact.incident_id,
            incident_version=fact.incident_version,
            child_id=child_id,
            reason=excluded.reason,
            decider=by.version,
            excluded_at=self.tx.clock.now(),
        )

    def _routed(self, owed: Sequence[Owed]) -> list[IncidentRouted]:
        fact = self.incident.fact
        facts = []
        for destination in gathered(owed):
            destination_id = new_id()
            self.outcomes.destinations.append((destination_id, fact.incident_id, fact.incident_version, destination))
            facts.append(
                IncidentRouted(
                    incident_id=fact.incident_id,
                    incident_version=fact.incident_version,
                    destination_id=destination_id,
                    destination_kind=destination.kind,
                    destination_ref=destination.ref,
                    purpose=destination.purpose,
                    child_ids=destination.child_ids,
                    send_at=destination.send_at,
                    deadline_at=destination.deadline_at,
                    urgency=destination.urgency,
                    policy_version=destination.policy_version,
                    routed_at=self.tx.clock.now(),
                )
            )
        return facts

    def _authority(self, child_id: str) -> str | None:
        """Whose area a child without a match is taken to be of: that of the setting named by its URN, else nobody knows."""
        school = self.incident.report.children[child_id].school
        named = self.settings.get(school.urn) if school is not None and school.urn is not None else None
        return named.authority if named is not None else None

    def _note(self, child_id: str, decision: Decision, outcome: str, rule: str, policy_version: str) -> None:
        self.outcomes.decisions.append(
            NewDecision(
                incident_id=self.incident.fact.incident_id,
                incident_version=self.incident.fact.incident_version,
                child_id=child_id,
                round=1,
                outcome=outcome,
                rule=rule,
                evidence=decision.evidence,
                pupil_id=decision.pupil_id if isinstance(decision, Matched) else None,
                policy_version=policy_version,
            )
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
    )


def _newest(envelopes: Sequence[Envelope]) -> dict[str, IncidentReceived]:
    """The newest version told of each incident, by incident_id."""
    newest: dict[str, IncidentReceived] = {}
    for envelope in envelopes:
        fact = envelope.fact
        if not isinstance(fact, IncidentReceived):
            raise Misuse("not a fact of a received incident")
        if fact.incident_id not in newest or newest[fact.incident_id].incident_version < fact.incident_version:
            newest[fact.incident_id] = fact
    return newest


def _decided(incident: _Incident, found: Mapping[str, Sequence[Pupil]], settings: Mapping[str, Setting]) -> Mapping[str, Decision]:
    report, children = incident.report.report, incident.report.children
    believed_on, born_together = london_date(incident.fact.believed_at), twins(children.values())
    return without_shared_pupils(
        {
            child_id: decide(
                child,
                found[child_id],
                settings,
                flags(report, child),
                believed_on,
                twin_in_report=child.date_of_birth in born_together,
            )
            for child_id, child in children.items()
        }
    )


async def _write(tx: Transaction, outcomes: _Outcomes) -> None:
    await store.add_decisions(tx, outcomes.decisions)
    await store.add_destinations(tx, outcomes.destinations)
    await store.add_reviews(tx, outcomes.reviews)
    await tx.record(ROUTER, outcomes.facts)
