"""What a policy says. Areas differ in nearly every line of it, so it is data and never code.

There is a default for every figure and for no owner: whoever runs this names the teams that answer, or it does not start.
"""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


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
    ``phone`` telephones.
    """

    review: str
    live: str
    phone: str
    authority_lead: str


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
    that nobody has finished this long after it was due becomes the authority lead's.
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
