"""The two layouts of a calendar from elsewhere: iCalendar (RFC 5545) and a table of events; and iCalendar as it is written here."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar

from services.console.domain.calendar_events import DAY, LONGEST_YEARS, Event, EventKind, Finding, Source, kind_of
from shared.calendar import london_date
from shared.tabular import Column, FileRefused, RefusedRow, Row

LABEL_MAX = 80
PREFIXED_MIN = 3
LABEL = "X-ENCOMPASS-LABEL"
"""The label of a term that was written here; other programs pass it over, as RFC 5545 (3.8.8.2) has it."""

REPEATING = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID")
_REQUIRED = ("la_code", "scope", "school", "academic_year", "event", "start", "end")
COLUMNS = (*(Column(name=name) for name in _REQUIRED), Column(name="label", required=False))
EVENT_WORDS = {
    "term": EventKind.TERM,
    "holiday": EventKind.HOLIDAY,
    "bank_holiday": EventKind.BANK_HOLIDAY,
    "inset": EventKind.STAFF_ONLY,
    "closure": EventKind.CLOSED,
    "school": EventKind.SCHOOL,
}
"""The words of the column ``event``."""

_SUMMARIES = {
    EventKind.TERM: "Term",
    EventKind.STAFF_ONLY: "INSET day",
    EventKind.CLOSED: "School closed",
    EventKind.SCHOOL: "School day",
}


def read_icalendar(content: bytes) -> Source:
    """The events of an iCalendar file. Raises FileRefused for a file that is none, or has no event.

    ``DTEND`` is exclusive; an event with neither ``DTEND`` nor ``DURATION`` is one day. A time counts for its date in London; one without
    a zone is London's. What repeats is refused (``repeats``): its dates would have to be reckoned by somebody else's rules.
    """
    try:
        components = [part for part in icalendar.Calendar.from_ical(content, multiple=True) if part.name == "VCALENDAR"]
    except (ValueError, KeyError, IndexError, TypeError):
        components = []
    found = [event for part in components for event in part.walk("VEVENT")]
    if not found:
        raise FileRefused("the file is no iCalendar file with an event in it: export the calendar again as .ics")
    prefix = _prefix([_plain(event.get("SUMMARY", "")) for event in found])
    events: list[Event] = []
    strange: list[str] = []
    findings: list[Finding] = []
    for place, item in enumerate(found, start=1):
        where = f"UID {_plain(item['UID'])}" if item.get("UID") else f"event {place}"
        if any(name in item for name in REPEATING):
            remedy = "export each date as an event of its own; accepted, it is left out"
            findings.append(Finding(code="repeats", where=where, wrong="the event repeats by a rule", remedy=remedy))
            continue
        read = _event(item, where, prefix)
        if isinstance(read, Event):
            events.append(read)
        else:
            strange.append(f"{where}: {read}")
    return Source(events=tuple(events), not_understood=tuple(strange), findings=tuple(findings))


def _event(item: Any, where: str, prefix: str) -> Event | str:
    """The event, or why it is not understood."""
    summary = _plain(item.get("SUMMARY", ""))
    kind = kind_of(summary.removeprefix(prefix))
    if kind is None:
        return f"“{summary}” has words that are not in the list"
    if str(item.get("STATUS", "")).upper() in ("CANCELLED", "TENTATIVE"):
        return f"“{summary}” is cancelled or not certain"
    try:
        start = item.decoded("DTSTART")
        end = item.decoded("DTEND") if "DTEND" in item else start + item.decoded("DURATION") if "DURATION" in item else None
        first_on, last_on = _first(start), _last(start, end)
    except (KeyError, ValueError, TypeError, OverflowError):
        return f"“{summary}” has no start and end that can be read"
    if (last_on - first_on).days > LONGEST_YEARS * 366:
        return f"“{summary}” is longer than {LONGEST_YEARS} years"
    label = _plain(item.get(LABEL, "")) or summary
    return Event(where=where, kind=kind, first_on=first_on, last_on=last_on, label=label[:LABEL_MAX])


def _first(value: date) -> date:
    return london_date(_aware(value)) if isinstance(value, datetime) else value


def _last(start: date, end: date | None) -> date:
    """The last date before the exclusive end. An end equal to the start is that one day, as some programs write it."""
    if end is None or end == start:
        return _first(start)
    if isinstance(end, datetime):
        return london_date(_aware(end) - timedelta(microseconds=1)) if end > start else _first(end)
    return end - DAY


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=ZoneInfo("Europe/London"))


def _plain(value: object) -> str:
    """One line without control characters: it is shown on a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())


def _prefix(summaries: Sequence[str]) -> str:
    """The calendar's own name before a colon, where every event bears it: ``Sheffield: Summer holiday``."""
    heads = {summary.split(": ", 1)[0] if ": " in summary else "" for summary in summaries}
    return f"{heads.pop()}: " if len(heads) == 1 and "" not in heads and len(summaries) >= PREFIXED_MIN else ""


def read_table(rows: Iterable[Row | RefusedRow], authority: str, school: str | None) -> Source:
    """The events of one owner out of a table: of the authority (``school`` None), or of the school of that name in it.

    Raises FileRefused when the table names the owner nowhere.
    """
    events: list[Event] = []
    strange: list[str] = []
    found = False
    for row in rows:
        where = f"line {row.line}"
        if isinstance(row, RefusedRow):
            strange.append(f"{where}: {row.text}")
            continue
        cells = row.cells
        owner = cells["school"].casefold() == school.casefold() if school is not None else cells["scope"] == "la"
        if cells["la_code"] != authority or not owner:
            continue
        found = True
        kind = EVENT_WORDS.get(cells["event"].casefold())
        if kind is None:
            strange.append(f"{where}: the event is none of {', '.join(EVENT_WORDS)}")
            continue
        try:
            first_on, last_on = date.fromisoformat(cells["start"]), date.fromisoformat(cells["end"] or cells["start"])
        except ValueError:
            strange.append(f"{where}: a date is not written as 2026-09-01")
            continue
        label = (cells["label"] or kind.value)[:LABEL_MAX]
        events.append(Event(where=where, kind=kind, first_on=first_on, last_on=last_on, label=label, year=cells["academic_year"]))
    if not found:
        raise FileRefused("the file has no row of this authority or setting: check the code and the name")
    return Source(events=tuple(events), not_understood=tuple(strange))


def write_icalendar(owner: str, events: Iterable[Event], written_at: datetime) -> bytes:
    """The terms and single days of the setting ``owner`` as iCalendar. A date keeps its UID for as long as it keeps its kind."""
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//Encompass//School days//EN")
    calendar.add("VERSION", "2.0")
    for event in sorted(events, key=lambda event: (event.first_on, event.kind)):
        item = icalendar.Event()
        item.add("UID", f"{event.kind}-{event.first_on:%Y%m%d}-{owner}@encompass")
        item.add("DTSTAMP", datetime.combine(written_at.astimezone(UTC).date(), time(0), tzinfo=UTC))
        item.add("DTSTART", event.first_on)
        item.add("DTEND", event.last_on + DAY)
        item.add("SUMMARY", _SUMMARIES[event.kind])
        if event.kind is EventKind.TERM:
            item.add(LABEL, event.label)
        calendar.add_component(item)
    return bytes(calendar.to_ical())
