"""Where an incident stands before something new is decided of it: its destinations, and what was decided of each child. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.router.domain.deadline import Purpose
from services.router.domain.destination import Destination, DestinationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One destination as it stands: ``child_ids`` is told of now, ``former_ids`` were taken out of it again.

    Live, a destination is told of at least one child; an ended one stays ended.
    """

    destination_id: str
    incident_version: int
    round: int
    kind: DestinationKind
    ref: str
    purpose: Purpose
    policy_version: str
    is_live: bool
    child_ids: frozenset[str]
    former_ids: frozenset[str]

    def is_for(self, destination: Destination) -> bool:
        """Whether it is the same recipient for the same purpose."""
        return (self.kind, self.ref, self.purpose) == (destination.kind, destination.ref, destination.purpose)


def next_round(known: Iterable[Known], destination: Destination, incident_version: int) -> int:
    """The round of a new destination decided at that version: one more than the last of the same recipient and purpose, or 1."""
    rounds = [one.round for one in known if one.incident_version == incident_version and one.is_for(destination)]
    return max(rounds, default=0) + 1


def is_supplement(known: Iterable[Known], destination: Destination) -> bool:
    """Whether this recipient had been told of the incident before, for whatever purpose."""
    return any((one.kind, one.ref) == (destination.kind, destination.ref) for one in known)
