"""Policy: what a force or an authority has decided, as versioned data. Pure values, no files and no clock.

``values`` is what a policy says; ``document`` reads and writes it; ``choice`` says which one decides.
"""

from shared.policy.choice import deciding, in_force
from shared.policy.document import PolicyRefused, Problem, from_json, parse, to_json, version
from shared.policy.parts import (
    WEEKDAYS,
    Ages,
    Duty,
    Holiday,
    HolidayPlan,
    LadderKind,
    Release,
    ReleaseReason,
    Route,
    RouteClass,
    Weekend,
)
from shared.policy.values import FIELDS, Handling, Helpline, OwnerKind, Policy, QuietHours, Role, Rung, Teams

__all__ = [
    "FIELDS",
    "WEEKDAYS",
    "Ages",
    "Duty",
    "Handling",
    "Helpline",
    "Holiday",
    "HolidayPlan",
    "LadderKind",
    "OwnerKind",
    "Policy",
    "PolicyRefused",
    "Problem",
    "QuietHours",
    "Release",
    "ReleaseReason",
    "Role",
    "Route",
    "RouteClass",
    "Rung",
    "Teams",
    "Weekend",
    "deciding",
    "from_json",
    "in_force",
    "parse",
    "to_json",
    "version",
]
