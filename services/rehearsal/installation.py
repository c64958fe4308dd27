"""A period of this installation as a rehearsal sees it: what was received, what was decided of each child, by ids and instants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from services.rehearsal import store
from services.rehearsal.values import EXCLUDED, HELD, MATCHED, Area, Child, Incident, Place, Policies
from shared.calendar import at
from shared.db import Reading, journal
from shared.directory import Directory, Setting
from shared.events import ChildExcluded, ChildHeld, Envelope, IncidentReceived, IncidentRouted, ReviewSettled
from shared.policy import LadderKind

_AT_ONCE = 500
_SETTLED = ("pupil", "setting", "team")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What ``read`` found."""

    area: Area
    incidents: tuple[Incident, ...]
    policies: Policies


async def read(reading: Reading, directory: Directory, first_on: date, last_on: date) -> Period:
    """The incidents received from ``first_on`` to ``last_on`` (London dates, both included), with the directory as it is now."""
    begins_at, ends_at = at(first_on, time(0)), at(last_on + timedelta(days=1), time(0))
    facts = await store.received(reading, begins_at, ends_at)
    settings = await directory.settings_in(reading, [one.authority for one in await directory.authorities(reading)])
    incidents: list[Incident] = []
    for start in range(0, len(facts), _AT_ONCE):
        some = facts[start : start + _AT_ONCE]
        history = await journal.of_incidents(reading, [fact.incident_id for fact in some])
        incidents += [_incident(fact, history[fact.incident_id], settings) for fact in some]
    return Period(
        area=await _area(reading, directory, settings),
        incidents=tuple(incidents),
        policies=Policies(published=await directory.published(reading)),
    )


async def _area(reading: Reading, directory: Directory, settings: Mapping[str, Setting]) -> Area:
    roles = await store.roles(reading)
    calendars = await directory.calendars(reading, settings.values())
    codes = [one.authority for one in await directory.authorities(reading)]
    places = {
        ref: Place(
            setting_id=ref,
            kind=LadderKind(setting.kind),
            authority=setting.authority,
            calendar=calendars[ref],
            roles=roles.get(("setting", ref), frozenset()) - {"holiday"},
            has_holiday_contact="holiday" in roles.get(("setting", ref), frozenset()),
        )
        for ref, setting in settings.items()
        if setting.is_open
    }
    return Area(
        places=places,
        authorities={code: await directory.calendar(reading, None, code) for code in codes},
        team_roles={ref: some for (kind, ref), some in roles.items() if kind == "team"},
    )


def _incident(fact: IncidentReceived, history: Sequence[Envelope], settings: Mapping[str, Setting]) -> Incident:
    facts = [envelope.fact for envelope in history]
    return Incident(
        reference=fact.incident_id,
        force=fact.force,
        believed_at=fact.believed_at,
        received_at=fact.received_at,
        children=tuple(_child(child_id, facts, settings) for child_id in fact.child_ids),
    )


def _child(child_id: str, facts: Sequence[object], settings: Mapping[str, Setting]) -> Child:
    """What was decided of her first: told of at settings or a team, held until somebody settled it, or excluded."""
    held = next((one for one in facts if isinstance(one, ChildHeld) and one.child_id == child_id), None)
    refs = tuple(dict.fromkeys(one.destination_ref for one in _routed(child_id, facts, "setting")))
    team = next((one.destination_ref for one in _routed(child_id, facts, "team") if one.purpose != "holiday-live"), "")
    home = next((settings[ref].authority for ref in refs if ref in settings), "")
    excluded = next((one for one in facts if isinstance(one, ChildExcluded) and one.child_id == child_id), None)
    there = tuple(ref for ref in refs if ref in settings and settings[ref].is_open)
    if excluded is not None and not there and not team:
        return Child(child_id=child_id, home=home, decision=EXCLUDED, reason=excluded.reason)
    settled = next(
        (one for one in facts if isinstance(one, ReviewSettled) and one.child_id == child_id and one.settlement in _SETTLED), None
    )
    return Child(
        child_id=child_id,
        home=home,
        decision=MATCHED if held is None and (there or team) else HELD,
        setting_ids=there,
        team="" if there else team,
        work=settled.settled_at - held.held_at if held is not None and settled is not None else None,
    )


def _routed(child_id: str, facts: Sequence[object], kind: str) -> Iterator[IncidentRouted]:
    return (one for one in facts if isinstance(one, IncidentRouted) and one.destination_kind == kind and child_id in one.child_ids)
