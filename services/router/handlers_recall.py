"""A destination was wrong for a child: back to a person, at once (design rule 7.9).

The child may have other destinations, which stay; but she may be at a setting that nobody has told, and that is for a person to find out.
"""

from collections import defaultdict
from collections.abc import Sequence

from services.router import store
from services.router.handlers import held_fact
from services.router.handlers_days import Days, Policies
from services.router.store import RECALL, NewDecision, NewReview, Rounds
from shared.calendar import london_date
from shared.db import Transaction, journal
from shared.directory import Directory
from shared.errors import Misuse, Unavailable
from shared.events import ROUTER, ChildRecalled, Envelope, IncidentReceived
from shared.ids import new_id
from shared.log import logger

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
        rounds = await store.rounds(tx, incident_ids)
        owed = _owed(facts, rounds)
        if not owed:
            return
        reviews = await self._reviews(tx, owed, rounds)
        await store.add_decisions(tx, [_decision(fact, review, versions) for fact, review in zip(owed, reviews, strict=True)])
        await store.add_reviews(tx, reviews)
        await tx.record(ROUTER, [held_fact(review, versions[review.incident_id], tx) for review in reviews])
        for review in reviews:
            log.info("child.held", incident_id=review.incident_id, child_id=review.child_id, reason=review.reason)

    async def _reviews(self, tx: Transaction, owed: Sequence[ChildRecalled], rounds: dict[str, Rounds]) -> list[NewReview]:
        received = await _received(tx, {fact.incident_id for fact in owed})
        authorities = await self._authorities(tx, owed)
        policies, days = Policies(await self._directory.published(tx)), Days(tx, self._directory)
        round_of: dict[str, int] = defaultdict(int)
        reviews = []
        for fact in owed:
            first = received[fact.incident_id]
            authority = authorities.get((fact.destination_kind, fact.destination_ref))
            by = policies.deciding(first.force, authority, london_date(first.received_at))
            round_of[fact.child_id] = max(round_of[fact.child_id], rounds[fact.incident_id].last[fact.child_id]) + 1
            reviews.append(
                NewReview(
                    review_id=new_id(),
                    incident_id=fact.incident_id,
                    child_id=fact.child_id,
                    round=round_of[fact.child_id],
                    reason=fact.reason,
                    force=first.force,
                    authority=authority,
                    owner=by.policy.teams.review,
                    escalates_to=by.policy.teams.authority_lead,
                    policy_version=by.version,
                    deadline_at=await days.review_deadline(first.force, authority, by, first.believed_at, tx.clock.now()),
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


def _owed(facts: Sequence[ChildRecalled], rounds: dict[str, Rounds]) -> list[ChildRecalled]:
    """The recalls that have had no effect yet, each child and destination once. Raises Unavailable for a child not decided yet."""
    owed: dict[tuple[str, str], ChildRecalled] = {}
    for fact in facts:
        known = rounds.get(fact.incident_id)
        if known is None or fact.child_id not in known.last:
            raise Unavailable("the child has not been decided here yet", code="not-routed")
        if (fact.child_id, _mark(fact)) not in known.recalled:
            owed.setdefault((fact.child_id, fact.destination_id), fact)
    return list(owed.values())


def _mark(fact: ChildRecalled) -> str:
    """The evidence that this very destination was recalled."""
    return f"destination-{fact.destination_id}"


def _decision(fact: ChildRecalled, review: NewReview, versions: dict[str, int]) -> NewDecision:
    return NewDecision(
        incident_id=fact.incident_id,
        incident_version=versions[fact.incident_id],
        child_id=fact.child_id,
        round=review.round,
        outcome="held",
        rule=RECALL,
        evidence=(fact.reason, _mark(fact)),
        pupil_id=None,
        policy_version=review.policy_version,
    )


async def _received(tx: Transaction, incident_ids: set[str]) -> dict[str, IncidentReceived]:
    """How each incident came in, from the journal; the newest version."""
    histories = await journal.of_incidents(tx, incident_ids)
    return {
        one: [envelope.fact for envelope in history if isinstance(envelope.fact, IncidentReceived)][-1]
        for one, history in histories.items()
    }
