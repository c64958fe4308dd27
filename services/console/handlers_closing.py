"""Closing for a day: snow, a strike, a polling station; one setting, or every open one of an authority. And taking that back.

What was told before keeps its deadline (D2): whoever has it can still act on it. What comes from now on is due by the next school day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.console import store
from services.console.domain.rows import AS_USUAL, DayRow
from shared.calendar import DayKind, london_date
from shared.errors import NotFound, Refused
from shared.service import Parts

REASONS: Mapping[str, str] = {
    "snow": "closed for snow or ice",
    "flood": "closed for a flood",
    "heat": "closed for heat",
    "no-heating": "closed without heating or water",
    "strike": "closed by a strike",
    "polling": "closed as a polling station",
    "illness": "closed by illness",
    "funeral": "closed for a day of mourning",
    "inset": "INSET day",
}
"""Why, as it is stored with each day; an INSET day has staff at work."""
DAYS_MAX = 14
"""A longer closure is a matter of the calendar, not of a night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """``settings`` are closed (or open again) on ``days`` dates; ``changed`` rows are new or otherwise than before, 0 when only shown."""

    settings: int
    days: int
    changed: int


async def close(code: str, first_on: date, last_on: date, reason: str, parts: Parts, *, apply: bool) -> Closed:
    """Close a setting, or every open setting of an authority, on these London dates (both included).

    Raises NotFound for an unknown code, Refused for an unknown reason, dates in the wrong order, in the past or of more than two weeks.
    """
    if reason not in REASONS:
        raise Refused(f"--reason: one of {', '.join(REASONS)}", code="unknown-reason")
    kind = DayKind.STAFF_ONLY if reason == "inset" else DayKind.CLOSED
    return await _set(code, first_on, last_on, kind.value, REASONS[reason], parts, apply=apply)


async def reopen(code: str, first_on: date, last_on: date, parts: Parts, *, apply: bool) -> Closed:
    """Let these dates be again what the calendar says of them. Raises as ``close`` does."""
    return await _set(code, first_on, last_on, AS_USUAL, "open again", parts, apply=apply)


async def _set(code: str, first_on: date, last_on: date, kind: str, source: str, parts: Parts, *, apply: bool) -> Closed:
    today = london_date(parts.clock.now())
    if last_on < first_on:
        raise Refused("--to: the last day lies before the first", code="order")
    if first_on < today:
        raise Refused("--from: that day is over; what was told then stays as it is", code="past")
    if (last_on - first_on).days >= DAYS_MAX:
        raise Refused(f"--to: at most {DAYS_MAX} days; a longer closure is the calendar's (encompass calendar import)", code="too-long")
    dates = [first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1)]
    async with parts.database.transaction() as tx:
        await store.hold(tx)
        settings = await store.settings(tx)
        known = await parts.directory.settings(tx, [code]) if code in settings else await parts.directory.settings_in(tx, [code])
        there = sorted(one for one, setting in known.items() if setting.is_open)
        if not there:
            raise NotFound("--of: the directory holds no open setting of that code, nor any in an authority of it")
        stored = {(day.setting_id, day.on): day for day in await store.days_at(tx, there, dates)}
        rows = [
            DayRow(setting_id=one, on=on, kind=kind, source=source, as_at_on=today)
            for one in there
            for on in dates
            if _may_change(stored.get((one, on)), kind)
        ]
        changed = await store.merge_days(tx, rows) if apply and rows else 0
        if changed:
            await store.note_import(tx, "days", len(rows), 0, parts.clock.now())
    return Closed(settings=len(there), days=len(dates), changed=changed)


def _may_change(day: DayRow | None, kind: str) -> bool:
    """A day that the calendar says something of already keeps it: closing adds to the calendar, and opening again takes away what closing
    added."""
    if day is None:
        return kind != AS_USUAL
    return day.source in REASONS.values()
