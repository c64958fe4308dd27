"""Moved to ``shared.outcome``: console counts with it too."""

from shared.outcome import ChildOutcome, DestinationOutcome, outcomes

__all__ = ["ChildOutcome", "DestinationOutcome", "outcomes"]
