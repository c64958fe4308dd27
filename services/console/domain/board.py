"""What watches over delivery: children counted by outcome, promises by deadline, reviews by theirs. Pure; no name, no child, no content.

Everything is counted with ``shared.outcome``, which also answers the force: the two can never differ.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events import Envelope, IncidentCorrected, IncidentReceived
from shared.outcome import ChildOutcome, DestinationOutcome, NextAction, Outcome, Standing, neediest, outcomes

OWED = (Outcome.LOST, Outcome.LATE, Outcome.WAITING)
"""What of a promise somebody must still do something about, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The settings and the teams, by id, that one authority answers for."""

    settings: frozenset[str]
    teams: frozenset[str]

    def hold(self, told: DestinationOutcome) -> bool:
        """Whether a destination is one of them."""
        return told.ref in (self.settings if told.kind == "setting" else self.teams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One destination's open promise about ``children`` children. ``owner`` is the team that owes a telephone call, if one does."""

    incident_id: str
    kind: str
    ref: str
    outcome: Outcome
    deadline_at: datetime
    owner: str | None
    children: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One held child: ``state`` is ``open``, ``escalated`` (``owner`` is then who got it) or ``overdue`` (nobody has it)."""

    incident_id: str
    reason: str
    owner: str
    deadline_at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """``counts`` has every outcome, 0 included, ``late`` the children who are late by the code of the reason, empty for one of which none
    is known; promises and reviews are in the order in which somebody must look at them."""

    counts: Mapping[Outcome, int]
    late: Mapping[str, int]
    promises: tuple[Promise, ...]
    reviews: tuple[Review, ...]


def board(incidents: Iterable[Sequence[Envelope]], places: Places | None, now: datetime) -> Board:
    """The board at ``now`` (aware) from each incident's facts in the journal's order.

    ``places`` are those of the authority that looks: what happens to a child elsewhere is then not shown, and a child who is nowhere
    theirs is not counted. None: a force looks, at all of it. What was sent for trying out is nobody's work and is left out.
    """
    counts: Counter[Outcome] = Counter()
    late: Counter[str] = Counter()
    promises: list[Promise] = []
    reviews: list[Review] = []
    for envelopes in incidents:
        if any(isinstance(envelope.fact, IncidentReceived) and envelope.fact.sandbox for envelope in envelopes):
            continue
        incident_id, children = _children(envelopes, now)
        standings = [standing for child in children if (standing := _standing(child, places, now)) is not None]
        counts.update(standing.outcome for standing in standings)
        late.update(standing.reason or "" for standing in standings if standing.outcome is Outcome.LATE)
        promises += _promises(incident_id, children, places)
        reviews += _reviews(incident_id, children, places)
    return Board(
        counts={outcome: counts[outcome] for outcome in Outcome},
        late=dict(sorted(late.items(), key=lambda one: (-one[1], one[0]))),
        promises=tuple(sorted(promises, key=lambda one: (OWED.index(one.outcome), one.deadline_at, one.incident_id, one.ref))),
        reviews=tuple(sorted(reviews, key=lambda one: (one.deadline_at, one.incident_id, one.reason))),
    )


def _children(envelopes: Sequence[Envelope], now: datetime) -> tuple[str, tuple[ChildOutcome, ...]]:
    told = [envelope.fact for envelope in envelopes if isinstance(envelope.fact, IncidentReceived | IncidentCorrected)]
    child_ids = dict.fromkeys(child_id for fact in told for child_id in fact.child_ids)
    return envelopes[0].fact.incident_id, outcomes(tuple(child_ids), envelopes, now)


def _standing(child: ChildOutcome, places: Places | None, now: datetime) -> Standing | None:
    """How the child stands for who looks; None when nothing of it is theirs."""
    if places is None:
        return child.standing
    told = [one for one in child.destinations if places.hold(one)]
    review = child.review if _is_ours(child.review, places) else None
    if not told and review is None:
        return None
    if len(told) == len(child.destinations) and review is child.review:
        return child.standing
    return neediest([*(one.standing for one in told), *([review] if review else [])], now)


def _promises(incident_id: str, children: Sequence[ChildOutcome], places: Places | None) -> list[Promise]:
    """One for each destination and state: two children at one setting are one promise, until they are answered differently."""
    told = [one for child in children for one in child.destinations if places is None or places.hold(one)]
    open_ = [one for one in told if one.standing.outcome in OWED]
    times = Counter((one.destination_id, one.standing.outcome) for one in open_)
    unique = {(one.destination_id, one.standing.outcome): one for one in open_}
    return [
        Promise(
            incident_id=incident_id,
            kind=one.kind,
            ref=one.ref,
            outcome=one.standing.outcome,
            deadline_at=one.deadline_at,
            owner=one.standing.owner,
            children=times[key],
        )
        for key, one in unique.items()
    ]


def _reviews(incident_id: str, children: Sequence[ChildOutcome], places: Places | None) -> list[Review]:
    held = [child.review for child in children if child.review is not None and (places is None or _is_ours(child.review, places))]
    return [
        Review(
            incident_id=incident_id,
            reason=review.reason or "",
            owner=review.owner or "",
            deadline_at=review.deadline_at or review.since,
            state=_state(review),
        )
        for review in held
    ]


def _is_ours(review: Standing | None, places: Places) -> bool:
    return review is not None and review.owner in places.teams


def _state(review: Standing) -> str:
    if review.outcome is Outcome.LOST:
        return "overdue"
    return "open" if review.next_action is NextAction.REVIEW and review.next_action_at is not None else "escalated"
