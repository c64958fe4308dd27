"""Why a force takes a report back, as codes: what was written in a record about it stays in the record."""

from types import MappingProxyType

REASONS = MappingProxyType(
    {
        "recorded-in-error": "It should not have been recorded",
        "duplicate": "The same incident was reported under another reference",
        "not-domestic-abuse": "It was found not to be domestic abuse",
        "wrong-person": "It was recorded against the wrong people",
        "other": "Another reason, which the force's own record gives",
    }
)
"""Each code, and what it says to a person."""
