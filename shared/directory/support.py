"""Where people find support: a small directory by area and period. Pure; nobody in it is a person, and a refuge has no address here.

``HOLIDAY`` words are what somebody has said of the holidays. What nobody has said is *not known*: it is never taken for open, nor for
closed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

EVERYWHERE = "all"
"""The area of what serves everybody; else a nation, ``force:CODE`` or an authority's code."""

PUBLIC, STAFF = "public", "staff"
"""Who may be shown an entry. A meeting of agencies is no place to ring, and how it works is nothing to tell whoever may be watching."""

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "helpline": "Helplines",
        "children": "For children and young people",
        "specialist": "Domestic abuse services",
        "men": "For men",
        "lgbt": "For LGBT+ people",
        "harm": "For people worried about what they do",
        "babies": "For parents of babies",
        "right-to-ask": "Asking the police about a partner",
        "conference": "Meetings of agencies",
        "campaign": "Material to use",
    }
)
"""Kinds of entries in the order in which they are shown, each with its heading."""

HOLIDAY = ("open", "closed", "dates")
"""What is said of the holidays: open throughout, closed throughout, or closed on the dates that are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """One service, meeting or material. ``phone`` is as people dial it, ``link`` begins with ``https``; one of them at least, or ``how``.

    ``holiday`` is one of ``HOLIDAY`` or None; ``closed`` are ranges of London dates, both ends included. ``is_withdrawn``: an installation
    has taken a default out.
    """

    support_id: str
    kind: str
    name: str
    area: str
    audience: str
    how: str
    hours: str | None
    phone: str | None
    link: str | None
    holiday: str | None
    closed: tuple[tuple[date, date], ...]
    source: str
    as_at_on: date
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry in one period. ``opening``: ``open``, ``part`` (closed on some of its days), ``closed`` or ``unknown``; ``closed`` are the
    ranges that lie in it."""

    support: Support
    opening: str
    closed: tuple[tuple[date, date], ...]


_ORDER = ("open", "part", "unknown", "closed")
_KINDS = tuple(KINDS)


def areas_of(authority: str | None, force: str | None, nation: str | None) -> frozenset[str]:
    """Every area whose entries serve somebody there; of an unknown authority what serves everybody."""
    return frozenset({EVERYWHERE, *filter(None, (authority, nation, f"force:{force}" if force else None))})


def merged(defaults: Iterable[Support], own: Iterable[Support]) -> tuple[Support, ...]:
    """The installation's entries over the defaults, by id; what is withdrawn is left out."""
    by_id = {one.support_id: one for one in defaults} | {one.support_id: one for one in own}
    return tuple(one for one in by_id.values() if not one.is_withdrawn)


def shown(
    entries: Iterable[Support], areas: Iterable[str], audiences: Iterable[str], first_on: date, last_on: date, *, is_holiday: bool = True
) -> tuple[Shown, ...]:
    """What serves these areas, for these readers, in the period with both ends: by kind, what is open first and what is near before what is
    national. What somebody must ring tonight never stands behind what is closed. ``is_holiday``: the period lies in the school holidays; on
    another day what is said of them counts for nothing, and its hours say when a service is open."""
    wanted, readers = frozenset(areas), frozenset(audiences)
    found = [_in(one, first_on, last_on, is_holiday) for one in entries if one.area in wanted and one.audience in readers]
    return tuple(sorted(found, key=_place))


def _in(one: Support, first_on: date, last_on: date, is_holiday: bool) -> Shown:
    within = tuple((max(begin, first_on), min(end, last_on)) for begin, end in one.closed if begin <= last_on and end >= first_on)
    if not is_holiday and not within:
        opening = "open"
    elif one.holiday is None:
        opening = "unknown"
    elif one.holiday == "closed" or any(begin <= first_on and end >= last_on for begin, end in within):
        opening = "closed"
    else:
        opening = "part" if within else "open"
    return Shown(support=one, opening=opening, closed=within)


def _place(one: Shown) -> tuple[int, int, bool, str]:
    support = one.support
    is_national = support.area in (EVERYWHERE, "england", "wales", "scotland", "northern-ireland")
    return _KINDS.index(support.kind), _ORDER.index(one.opening), is_national, support.name
