"""What became of each child, from the journal's facts alone: pure, and the one way in which anybody counts.

Ingest tells a force with it, console a coordinator: two programs that counted each for itself would one day count differently.
"""

from shared.outcome.fold import ChildOutcome, DestinationOutcome, outcomes
from shared.outcome.standing import NextAction, Outcome, Standing, neediest

__all__ = ["ChildOutcome", "DestinationOutcome", "NextAction", "Outcome", "Standing", "neediest", "outcomes"]
