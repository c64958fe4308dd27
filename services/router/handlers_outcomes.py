"""What is to be written for incidents that were brought up to a version."""

from dataclasses import dataclass, field

from services.router.store import NewDecision, NewReview
from services.router.store_destinations import Member, NewDestination
from shared.events import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What is to be written for incidents: rows and facts. ``ended`` are superseded reviews with who decided."""

    decisions: list[NewDecision] = field(default_factory=list)
    destinations: list[NewDestination] = field(default_factory=list)
    reviews: list[NewReview] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    joined: list[Member] = field(default_factory=list)
    left: list[Member] = field(default_factory=list)
    reached: list[tuple[str, int]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def add(self, other: "Outcomes") -> None:
        """Take over what follows for another incident."""
        self.decisions.extend(other.decisions)
        self.destinations.extend(other.destinations)
        self.reviews.extend(other.reviews)
        self.ended.update(other.ended)
        self.joined.extend(other.joined)
        self.left.extend(other.left)
        self.reached.extend(other.reached)
        self.facts.extend(other.facts)
