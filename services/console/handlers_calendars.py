"""Calendars in and out: one file for one owner, shown before it is applied; and a setting's days as iCalendar.

What contradicts itself keeps everything out until a person has accepted its code. The same file twice changes nothing.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.console import store
from services.console.domain import calendar_files, calendar_plan
from services.console.domain.calendar_events import CODES, Event, EventKind, Finding, Source, contradictions
from services.console.domain.calendar_plan import Change, Owner, Rows
from shared.calendar import Calendar, DayKind
from shared.db import Reading, Transaction
from shared.errors import NotFound, Refused
from shared.service import Parts
from shared.tabular import FileRefused, read_rows

FILE_BYTES_MAX = 4 * 1024 * 1024
SOURCE_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarResult:
    """What a file makes of its owner's days. ``findings`` are all contradictions, ``open`` the codes nobody has accepted.

    ``left`` is what was not understood or cannot be stored, each with its place. ``applied`` is false when it was only shown or is kept
    out.
    """

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    open: tuple[str, ...]
    left: tuple[str, ...]
    terms: int
    days: int
    applied: bool
    changed: int


async def import_calendar(
    path: Path, owner_code: str, *, source: str, as_at_on: date, accept: Collection[str], apply: bool, parts: Parts
) -> CalendarResult:
    """Show what the file makes of the owner's days and, with ``apply`` and nothing left open, store it.

    ``source`` and ``as_at_on`` (a London date) are stored with each row. Raises FileRefused for a file that cannot be read, NotFound for
    an owner whom the directory does not hold, Refused for an empty source.
    """
    return await _imported(lambda owner: _read(path, owner), owner_code, source, as_at_on, accept, parts, apply=apply)


async def import_published(
    content: bytes, owner_code: str, *, source: str, as_at_on: date, accept: Collection[str], parts: Parts
) -> CalendarResult:
    """The same of an iCalendar that was fetched, stored at once where nothing is left open. Raises FileRefused for what is none."""
    if not _is_icalendar(content):
        raise FileRefused("what is published there is no iCalendar")
    return await _imported(lambda _: calendar_files.read_icalendar(content), owner_code, source, as_at_on, accept, parts, apply=True)


async def _imported(
    read_for: Callable[[Owner], Source],
    owner_code: str,
    source: str,
    as_at_on: date,
    accept: Collection[str],
    parts: Parts,
    *,
    apply: bool,
) -> CalendarResult:
    if unknown := sorted(set(accept) - CODES):
        raise Refused(f"--accept: {unknown[0]} is the code of no contradiction; they are {', '.join(sorted(CODES))}", code="unknown-code")
    if not 0 < len(source.strip()) <= SOURCE_MAX:
        raise Refused(f"--source: say in 1 to {SOURCE_MAX} characters where the calendar comes from", code="source")
    async with parts.database.transaction() as tx:
        await store.hold(tx)
        owner, calendar = await _owner(tx, owner_code, parts)
        read = read_for(owner)
        given = calendar_plan.rows(owner, read, source.strip(), as_at_on)
        own = await store.terms_of(tx, owner.authority, owner.setting_id)
        stored_days = await store.days_of(tx, owner.setting_id) if owner.setting_id is not None else []
        findings = [*read.findings, *contradictions(read.events, calendar.bank_holidays), *calendar_plan.older(given, own, stored_days)]
        still_open = sorted({finding.code for finding in findings} - set(accept))
        then = calendar_plan.after(calendar, given, own, is_setting=owner.setting_id is not None)
        applied, changed = apply and not still_open, 0
        if applied:
            changed = await _store(tx, given, parts)
    return CalendarResult(
        changes=tuple(calendar_plan.changes(calendar, then)),
        findings=tuple(findings),
        open=tuple(still_open),
        left=(*(f"not understood: {text}" for text in read.not_understood), *(f"left out: {text}" for text in given.left)),
        terms=len(given.terms),
        days=len(given.days),
        applied=applied,
        changed=changed,
    )


async def export_calendar(setting_id: str, year: int, parts: Parts) -> bytes:
    """The terms and single days of the school year that begins in autumn ``year``, as iCalendar. Raises NotFound.

    The terms are the setting's own or else its authority's, as the setting's days are reckoned.
    """
    async with parts.database.reading() as reading:
        setting = await parts.directory.setting(reading, setting_id)
        terms = await store.terms_of(reading, setting.authority, setting_id) or await store.terms_of(reading, setting.authority, None)
        days = await store.days_of(reading, setting_id)
    events = [
        Event(where="", kind=EventKind.TERM, first_on=term.first_on, last_on=term.last_on, label=term.label)
        for term in terms
        if term.school_year == year
    ]
    kinds = {DayKind.SCHOOL: EventKind.SCHOOL, DayKind.STAFF_ONLY: EventKind.STAFF_ONLY, DayKind.CLOSED: EventKind.CLOSED}
    events += [
        Event(where="", kind=kinds[DayKind(day.kind)], first_on=day.on, last_on=day.on, label=day.kind)
        for day in days
        if date(year, 8, 1) <= day.on < date(year + 1, 8, 1)
    ]
    return calendar_files.write_icalendar(setting_id, events, parts.clock.now())


async def _store(tx: Transaction, given: Rows, parts: Parts) -> int:
    changed = await store.replace_terms(tx, given.terms) if given.terms else 0
    changed += await store.merge_days(tx, given.days) if given.days else 0
    if given.terms:
        await store.note_import(tx, "terms", len(given.terms), 0, parts.clock.now())
    if given.days:
        await store.note_import(tx, "days", len(given.days), 0, parts.clock.now())
    return changed


async def _owner(reading: Reading, code: str, parts: Parts) -> tuple[Owner, Calendar]:
    """Whose code it is, an authority's or a setting's, and how its days are reckoned now. Raises NotFound."""
    authorities, settings = await store.authorities(reading), await store.settings(reading)
    if code in authorities and code in settings:
        raise Refused(f"--for: {code} is an authority and a setting at once: give one of them another code", code="two-owners")
    if code in settings:
        setting = await parts.directory.setting(reading, code)
        calendar = await parts.directory.calendar(reading, setting, setting.authority)
        return Owner(authority=setting.authority, setting_id=code, name=setting.name), calendar
    if code not in authorities:
        raise NotFound("--for: the directory holds no such authority or setting: import it first, or correct the code")
    return Owner(authority=code, setting_id=None, name=""), await parts.directory.calendar(reading, None, code)


def _is_icalendar(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:15].upper() == b"BEGIN:VCALENDAR"


def _read(path: Path, owner: Owner) -> Source:
    """The file in whichever of the two layouts it is."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise FileRefused(f"a calendar is at most {FILE_BYTES_MAX // 1024**2} MB")
        content = path.read_bytes()
    except OSError:
        raise FileRefused("the file cannot be read: check its name and its permissions") from None
    if _is_icalendar(content):
        return calendar_files.read_icalendar(content)
    rows = read_rows(path, calendar_files.COLUMNS)
    return calendar_files.read_table(rows, owner.authority, owner.name if owner.setting_id is not None else None)
