"""Moved to ``shared.outcome``: console counts with it too."""

from shared.outcome.standing import GRACE, HAND_OVER, NextAction, Outcome, Standing

__all__ = ["GRACE", "HAND_OVER", "NextAction", "Outcome", "Standing"]
