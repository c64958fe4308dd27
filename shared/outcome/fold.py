"""What became of each child: a fold over an incident's facts, and nothing else (design section 1).

At every instant a child has exactly one outcome. Whatever a child is owed is an obligation: to be routed, to be reviewed, to be told
about at each destination, to be decided again after a recall. Each says whether it is in hand; the child's outcome is that of the
obligation which most needs somebody. What is owed in the past and in nobody's hands is *lost*, which is the outcome that must never be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.events import (
    AttemptEnded,
    ChildAnswered,
    ChildExcluded,
    ChildHeld,
    ChildRecalled,
    CodeEntered,
    ContentViewed,
    DestinationRevised,
    Envelope,
    Fact,
    IncidentCorrected,
    IncidentDecided,
    IncidentReceived,
    IncidentRouted,
    IncidentWithdrawn,
    LinkFetched,
    NotificationAcknowledged,
    NotificationFact,
    NotificationLate,
    NotificationOpened,
    NotificationRevised,
    ReviewAsked,
    ReviewEscalated,
    ReviewSettled,
)
from shared.outcome.standing import (
    GRACE,
    HAND_OVER,
    WITHDRAWN,
    NextAction,
    Outcome,
    Standing,
    after,
    at_destination,
    deadline,
    first,
    handed_over,
    last,
    lost,
    neediest,
)

_VERSIONS = IncidentReceived | IncidentCorrected | IncidentWithdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationOutcome:
    """One child at one destination, with every instant that is known of it (UTC). Answer and view are this child's."""

    destination_id: str
    kind: str
    ref: str
    purpose: str
    urgency: str
    route: str | None
    legal_class: str | None
    standing: Standing
    deadline_at: datetime
    send_at: datetime
    routed_at: datetime
    opened_at: datetime | None = None
    sent_at: datetime | None = None
    fetched_at: datetime | None = None
    code_entered_at: datetime | None = None
    viewed_at: datetime | None = None
    answered_at: datetime | None = None
    answer: str | None = None
    acknowledged_at: datetime | None = None
    late_at: datetime | None = None
    recalled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOutcome:
    """A child's one outcome, and each destination with its own. ``review`` is the open review, whatever else the child is owed."""

    child_id: str
    standing: Standing
    destinations: tuple[DestinationOutcome, ...] = ()
    review: Standing | None = None

    @property
    def outcome(self) -> Outcome:
        """What the child is in."""
        return self.standing.outcome


def outcomes(child_ids: Sequence[str], envelopes: Sequence[Envelope], now: datetime) -> tuple[ChildOutcome, ...]:
    """The outcome of each child at ``now`` (UTC, aware), in the order of ``child_ids``.

    ``envelopes`` are the incident's facts in the journal's order. A child of whom no fact speaks is lost: it was never received.
    """
    facts = [envelope.fact for envelope in envelopes]
    return tuple(_outcome(child_id, facts, now) for child_id in child_ids)


def _outcome(child_id: str, facts: Sequence[Fact], now: datetime) -> ChildOutcome:
    own = [fact for fact in facts if _concerns(fact, child_id)]
    ever = {fact.destination_id for fact in own if isinstance(fact, IncidentRouted | DestinationRevised)}
    routed = {fact.destination_id: fact for fact in facts if isinstance(fact, IncidentRouted) and fact.destination_id in ever}
    destinations = tuple(_destination(fact, own, facts, child_id, now) for fact in routed.values())
    reviews = [_reviewed(held, facts, now) for held in _open_reviews(own, facts)]
    owed = [*_brought_up(child_id, own, facts, now), *reviews, *_recalled(child_id, own, facts, now), *_excluded(own)]
    # A destination that was wrong, or is told of this child no more, is history: what has followed is what is owed.
    owed += [told.standing for told in destinations if told.standing.outcome not in (Outcome.RECALLED, Outcome.EXCLUDED)]
    return ChildOutcome(
        child_id=child_id, standing=neediest(owed, now), destinations=destinations, review=neediest(reviews, now) if reviews else None
    )


def _concerns(fact: Fact, child_id: str) -> bool:
    match fact:
        case IncidentReceived() | IncidentCorrected() | IncidentRouted() | DestinationRevised():
            return child_id in fact.child_ids
        case NotificationOpened() | NotificationRevised() | NotificationAcknowledged() | ContentViewed():
            return child_id in fact.child_ids
        case ChildHeld() | ChildExcluded() | ChildRecalled() | ChildAnswered():
            return fact.child_id == child_id
    return False


def _decides(fact: Fact) -> bool:
    return isinstance(fact, IncidentRouted | ChildHeld | ChildExcluded)


def _brought_up(child_id: str, own: Sequence[Fact], facts: Sequence[Fact], now: datetime) -> Iterable[Standing]:
    """Owed until the router has decided this child, and brought what it decided up to the newest version of the report.

    A child whom a later version took out was excluded by the force, whether or not the router ever knew of it.
    """
    told = [fact for fact in own if isinstance(fact, IncidentReceived | IncidentCorrected)]
    if not told:
        return
    newest = max((fact for fact in facts if isinstance(fact, _VERSIONS)), key=lambda fact: fact.incident_version)
    is_done = any(isinstance(fact, IncidentDecided) and fact.incident_version >= newest.incident_version for fact in facts)
    said_at = newest.withdrawn_at if isinstance(newest, IncidentWithdrawn) else newest.received_at
    is_in = not isinstance(newest, IncidentWithdrawn) and child_id in newest.child_ids
    if not any(_decides(fact) or isinstance(fact, DestinationRevised) for fact in own) and (is_in or not is_done):
        yield handed_over(NextAction.ROUTING, min(fact.received_at for fact in told), now)
    elif newest.incident_version > 1 and not is_done and now >= said_at + HAND_OVER:
        yield handed_over(NextAction.ROUTING, said_at, now)
    elif not is_in and is_done:
        yield Standing(outcome=Outcome.EXCLUDED, since=said_at, owner=newest.force, reason=WITHDRAWN)


def _open_reviews(own: Sequence[Fact], facts: Sequence[Fact]) -> Iterable[ChildHeld]:
    """Every review that has not been settled; of one told of twice the newest word."""
    settled = {fact.review_id for fact in facts if isinstance(fact, ReviewSettled)}
    held = {fact.review_id: fact for fact in own if isinstance(fact, ChildHeld)}
    return [fact for fact in held.values() if fact.review_id not in settled]


def _reviewed(held: ChildHeld, facts: Sequence[Fact], now: datetime) -> Standing:
    """Held until its deadline, which another desk that was asked has anew. Escalated, it is its owner's for as long as it takes."""
    owner, deadline_at, escalated = held.owner, held.review_deadline_at, False
    for fact in facts:
        match fact:
            case ReviewEscalated(review_id=held.review_id):
                owner, escalated = fact.owner, True
            case ReviewAsked(review_id=held.review_id):
                owner, deadline_at, escalated = fact.owner, fact.review_deadline_at, False
    standing = Standing(
        outcome=Outcome.HELD,
        since=held.held_at,
        next_action=NextAction.REVIEW,
        next_action_at=None if escalated else deadline_at,
        deadline_at=deadline_at,
        owner=owner,
        reason=held.reason,
    )
    return standing if escalated or now < deadline_at + GRACE else lost(standing, deadline_at)


def _recalled(child_id: str, own: Sequence[Fact], facts: Sequence[Fact], now: datetime) -> Iterable[Standing]:
    """Owed until the router has decided again where the child belongs (design rule 7.9).

    Nothing is owed for a destination that a later version of the report had taken the child away from already.
    """
    recall = last(ChildRecalled, own)
    if recall is None or any(_decides(fact) for fact in after(recall, own)):
        return
    of_it = [fact for fact in facts if isinstance(fact, DestinationRevised) and fact.destination_id == recall.destination_id]
    if of_it and child_id not in of_it[-1].child_ids:
        return
    standing = replace(handed_over(NextAction.ROUTING, recall.recalled_at, now), reason=recall.reason)
    yield replace(standing, outcome=Outcome.RECALLED) if standing.outcome is Outcome.WAITING else standing


def _excluded(own: Sequence[Fact]) -> Iterable[Standing]:
    excluded = last(ChildExcluded, own)
    if excluded is not None:
        yield Standing(outcome=Outcome.EXCLUDED, since=excluded.excluded_at, owner=excluded.decider, reason=excluded.reason)


def _destination(routed: IncidentRouted, own: Sequence[Fact], facts: Sequence[Fact], child_id: str, now: datetime) -> DestinationOutcome:
    """What is known of the child at this destination. A recall counts when it came after the routing that it takes back, and an
    acknowledgement when nothing that was shown of the child has changed since."""
    recalls = [fact for fact in after(routed, facts) if isinstance(fact, ChildRecalled) and fact.destination_id == routed.destination_id]
    history = _history(routed, own, facts)
    of_child = [fact for fact in history if _concerns(fact, child_id)]
    recall, answer = last(ChildRecalled, [fact for fact in recalls if fact.child_id == child_id]), last(ChildAnswered, of_child)
    changed = [fact for fact in of_child if isinstance(fact, NotificationRevised) and child_id in fact.changed_child_ids]
    acknowledged = first(NotificationAcknowledged, after(changed[-1], of_child) if changed else of_child)
    revised = last(DestinationRevised, [fact for fact in facts if _revises(fact, routed)])
    return DestinationOutcome(
        destination_id=routed.destination_id,
        kind=routed.destination_kind,
        ref=routed.destination_ref,
        purpose=routed.purpose,
        urgency=routed.urgency,
        route=routed.route,
        legal_class=routed.legal_class,
        standing=at_destination(routed, child_id, revised, history, recall, acknowledged, now),
        deadline_at=deadline(routed, history),
        send_at=routed.send_at,
        routed_at=routed.routed_at,
        opened_at=_earliest(fact.opened_at for fact in history if isinstance(fact, NotificationOpened)),
        sent_at=_earliest(fact.ended_at for fact in history if isinstance(fact, AttemptEnded) and fact.result == "handed-over"),
        fetched_at=_earliest(fact.fetched_at for fact in history if isinstance(fact, LinkFetched)),
        code_entered_at=_earliest(fact.entered_at for fact in history if isinstance(fact, CodeEntered)),
        viewed_at=_earliest(fact.viewed_at for fact in of_child if isinstance(fact, ContentViewed)),
        answered_at=answer.answered_at if answer else None,
        answer=answer.answer if answer else None,
        acknowledged_at=acknowledged.acknowledged_at if acknowledged else None,
        late_at=_earliest(fact.late_at for fact in history if isinstance(fact, NotificationLate)),
        recalled_at=recall.recalled_at if recall else None,
    )


def _revises(fact: Fact, routed: IncidentRouted) -> bool:
    return isinstance(fact, DestinationRevised) and fact.destination_id == routed.destination_id


def _history(routed: IncidentRouted, own: Sequence[Fact], facts: Sequence[Fact]) -> list[NotificationFact]:
    """Every fact of the notifications that tell this destination of this child."""
    opened = {
        fact.notification_id
        for fact in own
        if isinstance(fact, NotificationOpened | NotificationRevised) and fact.destination_id == routed.destination_id
    }
    return [fact for fact in facts if isinstance(fact, NotificationFact) and fact.notification_id in opened]


def _earliest(instants: Iterable[datetime]) -> datetime | None:
    return min(instants, default=None)
