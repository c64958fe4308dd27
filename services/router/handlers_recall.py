"""A destination was wrong for a child: back to a person, at once (design rule 7.9).

The child may have other destinations, which stay; but she may be at a setting that nobody has told, and that is for a person to find out.
"""

from collections import defaultdict
from collections.abc import Sequence

from services.router import store, store_destinations, store_standing
from services.router.domain.revision import RECALL
from services.router.handlers_days import Days, policies
from services.router.handlers_opening import held_fact
from services.router.store import NewDecision, NewReview
from services.router.store_destinations import Member
from services.router.store_standing import DESTINATION, Stood
from shared.calendar import london_date
from shared.db import Transaction
from shared.directory import Directory
from shared.errors import Misuse, Unavailable
from shared.events import ROUTER, ChildRecalled, Envelope
from shared.ids import new_id
from shared.log import logger
from shared.report.store import newest

log = logger(__name__)


class Recalling:
    """Handles ``child.recalled``."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def recalled(self, tx: Transaction, envelopes: Sequence[Envelope]) -> None:
        """Open a review for each child and destination recalled, once. Raises Unavailable for an incident not routed yet."""
        facts = [_recall(envelope) for envelope in envelopes]
        incident_ids = {fact.incident_id for fact in facts}
        versions = await store.held(tx, incident_ids)
        if versions.keys() != incident_ids:
            raise Unavailable("the incident has not been routed here yet", code="not-routed")
        standing = await store_standing.stood(tx, incident_ids)
        owed = _owed(facts, standing)
        if not owed:
            return
        reviews = await self._reviews(tx, owed, standing)
        await store.add_decisions(tx, [_decision(fact, review, versions) for fact, review in zip(owed, reviews, strict=True)])
        await store_destinations.leave(tx, [Member(destination_id=fact.destination_id, child_id=fact.child_id) for fact in owed])
        await store.add_reviews(tx, reviews)
        await tx.record(ROUTER, [held_fact(review, versions[review.incident_id], tx) for review in reviews])
        for review in reviews:
            log.info("child.held", incident_id=review.incident_id, child_id=review.child_id, reason=review.reason)

    async def _reviews(self, tx: Transaction, owed: Sequence[ChildRecalled], standing: dict[str, Stood]) -> list[NewReview]:
        versions = await newest(tx, {fact.incident_id for fact in owed})
        authorities = await self._authorities(tx, owed)
        known, days = await policies(self._directory, tx), Days(tx, self._directory)
        round_of: dict[str, int] = defaultdict(int)
        reviews = []
        for fact in owed:
            version = versions[fact.incident_id]
            authority = authorities.get((fact.destination_kind, fact.destination_ref))
            by = known.deciding(version.force, authority, london_date(version.received_at))
            round_of[fact.child_id] = max(round_of[fact.child_id], standing[fact.incident_id].last_rounds[fact.child_id]) + 1
            reviews.append(
                NewReview(
                    review_id=new_id(),
                    incident_id=fact.incident_id,
                    child_id=fact.child_id,
                    round=round_of[fact.child_id],
                    reason=fact.reason,
                    force=version.force,
                    authority=authority,
                    owner=by.policy.teams.review,
                    escalates_to=by.policy.teams.authority_lead,
                    policy_version=by.version,
                    deadline_at=await days.review_deadline(version.force, authority, by, version.believed_at, tx.clock.now()),
                    sandbox=version.sandbox,
                )
            )
        return reviews

    async def _authorities(self, tx: Transaction, owed: Sequence[ChildRecalled]) -> dict[tuple[str, str], str | None]:
        """The authority of each destination recalled: who knows the area that the child was thought to belong to."""
        settings = await self._directory.settings(tx, {fact.destination_ref for fact in owed if fact.destination_kind == "setting"})
        teams = await self._directory.teams(tx, {fact.destination_ref for fact in owed if fact.destination_kind == "team"})
        return {("setting", ref): setting.authority for ref, setting in settings.items()} | {
            ("team", ref): team.authority for ref, team in teams.items()
        }


def _recall(envelope: Envelope) -> ChildRecalled:
    if not isinstance(envelope.fact, ChildRecalled):
        raise Misuse("not a fact of a recalled child")
    return envelope.fact


def _owed(facts: Sequence[ChildRecalled], standing: dict[str, Stood]) -> list[ChildRecalled]:
    """The recalls that have had no effect yet, each child and destination once. Raises Unavailable for a child not decided yet.

    A destination that a later version had taken the child from already has nothing to send back.
    """
    owed: dict[tuple[str, str], ChildRecalled] = {}
    for fact in facts:
        stood = standing[fact.incident_id]
        if fact.child_id not in stood.children:
            raise Unavailable("the child has not been decided here yet", code="not-routed")
        is_over = any(one.destination_id == fact.destination_id and fact.child_id in one.former_ids for one in stood.known)
        if not is_over and (fact.child_id, fact.destination_id) not in stood.recalled:
            owed.setdefault((fact.child_id, fact.destination_id), fact)
    return list(owed.values())


def _decision(fact: ChildRecalled, review: NewReview, versions: dict[str, int]) -> NewDecision:
    return NewDecision(
        incident_id=fact.incident_id,
        incident_version=versions[fact.incident_id],
        child_id=fact.child_id,
        round=review.round,
        outcome="held",
        rule=RECALL,
        evidence=(fact.reason, f"{DESTINATION}{fact.destination_id}"),
        pupil_id=None,
        policy_version=review.policy_version,
    )
