"""The parts of a policy beyond its figures: routes and their legal class, hours of duty, holidays, weekends, releases, ages."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from types import MappingProxyType


class Route(StrEnum):
    """The way by which a child is told of: each kind of destination has its own legal class, and where it is a team, its own owner."""

    SCHOOL = "school"
    INDEPENDENT_SCHOOL = "independent-school"
    COLLEGE = "college"
    ALTERNATIVE_PROVISION = "alternative-provision"
    RESIDENTIAL_SCHOOL = "residential-school"
    """Hospital schools too."""
    EARLY_YEARS = "early-years"
    HEALTH_VISITING = "health-visiting"
    SCHOOL_NURSING = "school-nursing"
    MIDWIFERY = "midwifery"
    HOME_EDUCATED = "home-educated"
    MISSING_EDUCATION = "missing-education"
    NO_SETTING = "no-setting"
    """On a roll, or found living in an area, and registered nowhere that is open; a child between two schools too."""
    OTHER_FORCE = "other-force"
    """A child who lives in another force's area: a hand-over to that force."""
    OUTSIDE_NATION = "outside-nation"
    """A school in Scotland or Northern Ireland, which s.49A does not reach."""


class RouteClass(StrEnum):
    """The legal footing of a route. Statutory compliance is reported of the first alone (Domestic Abuse Act 2021 s.49A)."""

    STATUTORY = "statutory"
    LOCAL_AGREEMENT = "local-agreement"
    NOT_PERMITTED = "not-permitted"


STATUTORY_ROUTES = frozenset(
    {Route.SCHOOL, Route.INDEPENDENT_SCHOOL, Route.COLLEGE, Route.ALTERNATIVE_PROVISION, Route.RESIDENTIAL_SCHOOL},
)
"""Schools and colleges of England and Wales: s.49A leaves no choice about them, so no policy can."""

ROUTES_BY_DEFAULT = MappingProxyType(
    {route: RouteClass.STATUTORY for route in Route if route in STATUTORY_ROUTES}
    | {
        Route.EARLY_YEARS: RouteClass.LOCAL_AGREEMENT,
        Route.HEALTH_VISITING: RouteClass.NOT_PERMITTED,
        Route.SCHOOL_NURSING: RouteClass.NOT_PERMITTED,
        Route.MIDWIFERY: RouteClass.LOCAL_AGREEMENT,
        Route.HOME_EDUCATED: RouteClass.LOCAL_AGREEMENT,
        Route.MISSING_EDUCATION: RouteClass.LOCAL_AGREEMENT,
        Route.NO_SETTING: RouteClass.LOCAL_AGREEMENT,
        Route.OTHER_FORCE: RouteClass.LOCAL_AGREEMENT,
        Route.OUTSIDE_NATION: RouteClass.LOCAL_AGREEMENT,
    }
)
"""Health beside a setting is told only where an area has agreed on it; every other child has somebody."""


class ReleaseReason(StrEnum):
    """What a supervisor of the force must release before anybody is told (domain rules 27 and 34)."""

    YOUNG_PARTY = "young-party"
    """A person of 16 or 17 is an adult party of the incident."""
    DEATH = "death"
    SUB_JUDICE = "sub-judice"
    LIVES_ELSEWHERE = "lives-elsewhere"
    """The child does not live where it happened."""
    CHILD_TO_PARENT = "child-to-parent"
    CONTACT_ORDER = "contact-order"


class HolidayPlan(StrEnum):
    """Who is told at once while a setting is closed for long. In each of them the setting itself hears on its first staff day."""

    LIVE_TEAM = "live-team"
    """The team on duty of the authority where the child lives."""
    SETTING_CONTACT = "setting-contact"
    """The setting's own holiday contact where it has one; else the team."""
    BOTH = "both"


class LadderKind(StrEnum):
    """The kinds of destination that may have a ladder and fields of their own."""

    SCHOOL = "school"
    COLLEGE = "college"
    EARLY_YEARS = "early-years"
    TEAM = "team"


WEEKDAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """When a team answers, in London wall time. ``end`` not after ``start`` lies on the next day; both 00:00 is the whole day.

    ``days`` are the weekdays on which a stretch begins. ``bank_holidays``: whether it holds on a bank holiday too. ``first_on`` and
    ``last_on`` bound it to a range of dates, both included; None: no bound.
    """

    team: str
    days: tuple[str, ...] = WEEKDAYS
    start: time = time(0, 0)
    end: time = time(0, 0)
    bank_holidays: bool = True
    first_on: date | None = None
    last_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """``briefing_days``: how many days before a break begins each setting gets its briefing; 0: none."""

    plan: HolidayPlan = HolidayPlan.LIVE_TEAM
    briefing_days: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekend:
    """``live_team``: whether the team on duty is told beside the setting when no school day follows within 24 hours."""

    live_team: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """``within_minutes``: how long a supervisor has before the release passes to the authority lead."""

    reasons: tuple[ReleaseReason, ...] = tuple(ReleaseReason)
    within_minutes: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """``settings_from``: the age in whole years from which a setting is told. ``school_nursing_from``: health visiting below it."""

    settings_from: int = 0
    school_nursing_from: int = 5
