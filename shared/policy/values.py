"""What a policy says. Areas differ in nearly every line of it, so it is data and never code.

There is a default for every figure and for no owner: whoever runs this names the teams that answer, or it does not start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from shared.policy.parts import ROUTES_BY_DEFAULT, Ages, Duty, Holiday, LadderKind, Release, Route, RouteClass, Weekend


class OwnerKind(StrEnum):
    FORCE = "force"
    AUTHORITY = "authority"


class Role(StrEnum):
    """Who a rung reaches: contacts of the setting by role, chasers at the trust or authority, and at the end a team that telephones."""

    DSL = "dsl"
    DEPUTY = "deputy"
    HEAD = "head"
    TRUST = "trust"
    AUTHORITY = "authority"
    PHONE = "phone"
    DUTY = "duty"
    LEAD = "lead"


SETTING_ROLES: tuple[Role, ...] = (Role.DSL, Role.DEPUTY, Role.HEAD, Role.TRUST, Role.AUTHORITY, Role.PHONE)
TEAM_ROLES: tuple[Role, ...] = (Role.DUTY, Role.LEAD, Role.PHONE)
"""Who a rung may reach at a setting, and who in a team."""


class Handling(StrEnum):
    """What the page says about speaking to a parent. Local protocols contradict each other; the first is the safe one."""

    DO_NOT_MENTION = "do-not-mention"
    SPEAK_TO_PERSON_HARMED = "speak-to-person-harmed"


FIELDS: tuple[str, ...] = (
    "occurred",
    "place_kind",
    "conditions",
    "behaviours",
    "police_action",
    "presence",
    "voice",
    "welfare_check",
    "referral",
    "adults_roles",
    "risk",
    "brief_circumstances",
)
"""Everything of a report that a policy may show besides the child's name and date of birth."""

FIELDS_BY_DEFAULT: tuple[str, ...] = tuple(code for code in FIELDS if code not in {"risk", "brief_circumstances"})
"""Officers' free text is not shown unless a policy asks for it (design rule 7.3), and a grade means nothing without its tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the ladder, with exactly one of two ways to say when.

    ``share``: that part of the time from opening to the deadline has gone (0.0 at once, 1.0 at the deadline).
    ``minutes_before_deadline``: a fixed time before it. The plan compresses what does not fit.
    """

    role: Role
    share: float | None = None
    minutes_before_deadline: int | None = None


DEFAULT_LADDER: tuple[Rung, ...] = (
    Rung(role=Role.DSL, share=0.0),
    Rung(role=Role.DEPUTY, minutes_before_deadline=75),
    Rung(role=Role.HEAD, minutes_before_deadline=45),
    Rung(role=Role.AUTHORITY, minutes_before_deadline=20),
    Rung(role=Role.PHONE, minutes_before_deadline=0),
)
"""At once, then 06:45, 07:15 and 07:40, and a telephone in someone's hand at 08:00, for a school day that starts at 08:30."""

DEFAULT_TEAM_LADDER: tuple[Rung, ...] = (
    Rung(role=Role.DUTY, share=0.0),
    Rung(role=Role.LEAD, minutes_before_deadline=60),
    Rung(role=Role.PHONE, minutes_before_deadline=15),
)
"""Whoever is on duty at once, the team's lead an hour before the deadline, and a telephone while there is still time to use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """London wall times between which no text message is sent; ``end`` lies on the next day when it is before ``start``."""

    start: time = time(21, 0)
    end: time = time(6, 30)

    def covers(self, wall: time) -> bool:
        """Whether ``wall`` is quiet: from ``start`` on, no longer at ``end``. Equal times mean that no hour is."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Teams:
    """Team ids, every one a named owner.

    ``review`` settles doubtful matches, ``authority_lead`` owns what nobody settled in time, ``live`` is told while settings are closed,
    ``phone`` telephones. ``release`` decides what a supervisor must release; None: ``review`` does. ``routes`` are the teams that are a
    destination themselves, by route; ``owner_of`` says who stands in for one that is not named.
    """

    review: str
    live: str
    phone: str
    authority_lead: str
    release: str | None = None
    routes: Mapping[Route, str] = field(default_factory=dict, hash=False)

    def owner_of(self, route: Route) -> str:
        """The team that a child on ``route`` belongs to: never nobody."""
        return self.routes.get(route, self.authority_lead)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpline:
    """Where a setting asks for advice. The hours change from year to year, so there is no default."""

    name: str
    number: str
    hours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One owner's policy from one London date on. Times are London wall times; the names are the keys of its document.

    ``day_start`` and ``day_end``: the school day. ``margin_minutes``: how long before the start someone must have acknowledged.
    ``staff_day_send``: when a setting hears on its first staff day back. ``too_near_minutes``: with less than this before the deadline
    at receipt, it is urgent. ``review_margin_minutes`` and ``review_minimum_minutes``: see ``review_deadline``.
    ``holiday_limit_days``: more days in a row without school than this, and the holiday plan applies. ``call_minutes``: a telephone task
    that nobody has finished this long after it was due becomes the authority lead's. ``rung_minutes``: the least useful wait between two
    rungs. ``in_session_minutes``: how long after opening the telephone task of a notification stands that comes while the setting is in
    session; 0: no such hurry. ``duty``: who answers when; empty: ``teams.live`` at all hours. ``ladders`` and ``fields_shown_to``: by
    kind of destination, where it is not ``ladder`` and ``fields_shown``. ``parent_contact``: local wording, shown under ``handling``.
    ``retention_months``: None is what the installation keeps.
    """

    owner_kind: OwnerKind
    owner: str
    name: str
    effective_from_on: date
    teams: Teams
    day_start: time = time(8, 30)
    day_end: time = time(15, 30)
    staff_day_send: time = time(7, 0)
    margin_minutes: int = 30
    too_near_minutes: int = 60
    review_margin_minutes: int = 60
    review_minimum_minutes: int = 30
    holiday_limit_days: int = 4
    call_minutes: int = 20
    quiet_hours: QuietHours = QuietHours()
    ladder: tuple[Rung, ...] = DEFAULT_LADDER
    fields_shown: tuple[str, ...] = FIELDS_BY_DEFAULT
    handling: Handling = Handling.DO_NOT_MENTION
    helpline: Helpline | None = None
    rung_minutes: int = 10
    in_session_minutes: int = 60
    parent_contact: str | None = None
    retention_months: int | None = None
    routes: Mapping[Route, RouteClass] = field(default_factory=lambda: dict(ROUTES_BY_DEFAULT), hash=False)
    duty: tuple[Duty, ...] = ()
    ladders: Mapping[LadderKind, tuple[Rung, ...]] = field(default_factory=lambda: {LadderKind.TEAM: DEFAULT_TEAM_LADDER}, hash=False)
    fields_shown_to: Mapping[LadderKind, tuple[str, ...]] = field(default_factory=dict, hash=False)
    holiday: Holiday = field(default_factory=Holiday)
    weekend: Weekend = field(default_factory=Weekend)
    release: Release = field(default_factory=Release)
    ages: Ages = field(default_factory=Ages)

    @property
    def teams_by_path(self) -> dict[str, str]:
        """Every team that it names, by the path of its key: each one must be there and have an owner."""
        teams = self.teams
        always = {f"teams.{role}": getattr(teams, role) for role in ("review", "live", "phone", "authority_lead")}
        release = {"teams.release": teams.release} if teams.release else {}
        routes = {f"teams.routes.{route}": team for route, team in teams.routes.items()}
        return always | release | routes | {f"duty[{number}].team": stretch.team for number, stretch in enumerate(self.duty)}

    @property
    def named_teams(self) -> tuple[str, ...]:
        """The same, each once."""
        return tuple(dict.fromkeys(self.teams_by_path.values()))

    def ladder_for(self, kind: LadderKind) -> tuple[Rung, ...]:
        """The ladder of this kind of destination."""
        return self.ladders.get(kind, self.ladder)

    def fields_for(self, kind: LadderKind) -> tuple[str, ...]:
        """What is shown to this kind of destination."""
        return self.fields_shown_to.get(kind, self.fields_shown)

    def permits(self, route: Route) -> bool:
        """Whether anybody may be told by this route."""
        return self.routes[route] is not RouteClass.NOT_PERMITTED
