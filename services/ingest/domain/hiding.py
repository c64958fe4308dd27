"""When nobody learns where a child is (design rule 7.3): pure."""

from shared.report.codes import HandlingFlag
from shared.report.model import Report

HIDING = frozenset({HandlingFlag.PROTECTED_IDENTITY, HandlingFlag.REFUGE, HandlingFlag.ADOPTION})
"""Flags under which nobody learns where a child is, on any path."""


def hides(report: Report) -> bool:
    """A flag that hides, on the report or any child: siblings live together. A flag that is not known here hides as well."""
    flags = {*report.handling_flags, *(flag for child in report.children for flag in child.handling_flags)}
    return bool(flags & HIDING) or any("/handling_flags" in place for place in report.unrecognised)
