"""A calendar from elsewhere: what is understood, what never is, and what contradicts itself."""

import os
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from services.console.domain.calendar_events import Event, EventKind, Source, contradictions, kind_of
from services.console.domain.calendar_files import COLUMNS, read_icalendar, read_table
from services.console.domain.calendar_plan import Owner, rows
from shared.directory import BankHolidays
from shared.tabular import FileRefused, Row, read_rows

HOLIDAYS = BankHolidays.bundled().dates("england")
SCHOOL = Owner(authority="999", setting_id="900001", name="Testwood Primary")
AS_AT = date(2026, 11, 1)


def ics(*events: str) -> bytes:
    """A calendar of events, each given as its lines (``|`` between two) without UID, which is its place."""
    items = ["\r\n".join(["BEGIN:VEVENT", f"UID:{place}", *event.split("|"), "END:VEVENT"]) for place, event in enumerate(events, start=1)]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *items, "END:VCALENDAR", ""]).encode()


def event(kind: EventKind, first: str, last: str | None = None, *, year: str | None = None, where: str = "line 2") -> Event:
    return Event(
        where=where, kind=kind, first_on=date.fromisoformat(first), last_on=date.fromisoformat(last or first), label="x", year=year
    )


@pytest.mark.parametrize(
    ("lines", "first", "last"),
    [
        ("DTSTART;VALUE=DATE:20261024|DTEND;VALUE=DATE:20261102", "2026-10-24", "2026-11-01"),
        ("DTSTART;VALUE=DATE:20261024", "2026-10-24", "2026-10-24"),
        ("DTSTART;VALUE=DATE:20261024|DTEND;VALUE=DATE:20261024", "2026-10-24", "2026-10-24"),
        ("DTSTART;VALUE=DATE:20261024|DURATION:P2D", "2026-10-24", "2026-10-25"),
        ("DTSTART:20260720T230000Z|DTEND:20260722T230000Z", "2026-07-21", "2026-07-22"),
        ("DTSTART:20261024T000000|DTEND:20261026T000000", "2026-10-24", "2026-10-25"),
        ("DTSTART;TZID=Europe/London:20260721T090000|DTEND;TZID=Europe/London:20260721T153000", "2026-07-21", "2026-07-21"),
    ],
)
def test_an_end_is_exclusive_and_a_time_is_a_date_in_london(lines: str, first: str, last: str) -> None:
    (read,) = read_icalendar(ics(f"{lines}|SUMMARY:Half te\r\n rm holiday")).events
    assert (read.kind, read.first_on.isoformat(), read.last_on.isoformat()) == (EventKind.HOLIDAY, first, last)


def test_words_are_understood_whole_or_not_at_all() -> None:
    said = {
        "Autumn half-term": EventKind.HOLIDAY,
        "Early May bank holiday": EventKind.BANK_HOLIDAY,
        "INSET day 2": EventKind.STAFF_ONLY,
        "Staff training day": EventKind.STAFF_ONLY,
        "School closed": EventKind.CLOSED,
        "Spring term 2027": EventKind.TERM,
    }
    assert {summary: kind_of(summary) for summary in said} == said
    for summary in (
        "Holiday club",
        "Disaggregated Day",
        "Term starts",
        "No INSET day",
        "Closed to visitors",
        "Last day of term",
        "",
        "May",
    ):
        assert kind_of(summary) is None, summary


def test_a_calendars_own_name_is_no_part_of_what_its_events_say() -> None:
    days = [f"DTSTART;VALUE=DATE:2026092{day}" for day in (1, 2, 3)]
    assert len(read_icalendar(ics(*(f"{day}|SUMMARY:Testwood: INSET day" for day in days))).events) == 3
    cancelled = read_icalendar(ics(f"{days[0]}|SUMMARY:Cancelled: INSET day", f"{days[1]}|SUMMARY:INSET day"))
    assert (len(cancelled.events), len(cancelled.not_understood)) == (1, 1)


def test_what_repeats_is_refused_and_what_is_cancelled_or_odd_is_listed() -> None:
    read = read_icalendar(
        ics(
            "DTSTART;VALUE=DATE:20260921|RRULE:FREQ=WEEKLY|SUMMARY:INSET day",
            "DTSTART;VALUE=DATE:20260921|STATUS:CANCELLED|SUMMARY:INSET day",
            "SUMMARY:INSET day",
        )
    )
    assert read.events == ()
    assert [(finding.code, finding.where) for finding in read.findings] == [("repeats", "UID 1")]
    assert [line.split(":")[0] for line in read.not_understood] == ["UID 2", "UID 3"]


@pytest.mark.parametrize("content", [b"", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"\xff\xfe\x00nothing", b"BEGIN:VEVENT"])
def test_what_is_no_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused):
        read_icalendar(content)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([event(EventKind.TERM, "2026-09-02", "2026-09-01")], "reversed"),
        ([event(EventKind.TERM, "2026-09-02", "2026-10-23"), event(EventKind.TERM, "2026-10-23", "2026-12-18")], "overlap"),
        ([event(EventKind.TERM, "2026-09-05", "2026-10-23")], "weekend"),
        ([event(EventKind.TERM, "2026-09-02", "2026-10-23"), event(EventKind.HOLIDAY, "2026-10-23", "2026-10-30")], "holiday-in-term"),
        ([event(EventKind.SCHOOL, "2026-12-25")], "school-on-bank-holiday"),
        ([event(EventKind.BANK_HOLIDAY, "2020-05-04")], "not-a-bank-holiday"),
        ([event(EventKind.STAFF_ONLY, "2026-10-19"), event(EventKind.HOLIDAY, "2026-10-17", "2026-11-01")], "two-kinds"),
        ([event(EventKind.STAFF_ONLY, "2026-10-19"), event(EventKind.CLOSED, "2026-10-19")], "two-kinds"),
        ([event(EventKind.STAFF_ONLY, "2026-10-19", year="")], "year"),
        ([event(EventKind.STAFF_ONLY, "2026-10-19", year="2025-26")], "year"),
        ([event(EventKind.HOLIDAY, "2024-10-21", year="2024-25"), event(EventKind.HOLIDAY, "2026-10-19", year="2026-27")], "year-missing"),
    ],
)
def test_each_contradiction_is_told_with_its_place(events: list[Event], code: str) -> None:
    (finding,) = contradictions(events, HOLIDAYS)
    assert finding.code == code
    assert finding.where
    assert finding.wrong
    assert finding.remedy


def test_a_bank_holiday_or_an_inset_day_within_a_term_is_ordinary() -> None:
    ordinary = [
        event(EventKind.TERM, "2026-04-13", "2026-05-22"),
        event(EventKind.BANK_HOLIDAY, "2026-05-04"),
        event(EventKind.STAFF_ONLY, "2026-05-08"),
    ]
    assert contradictions(ordinary, HOLIDAYS) == []


def test_holidays_alone_make_the_terms_between_them_and_nothing_at_the_edges() -> None:
    holidays = [
        event(EventKind.HOLIDAY, "2026-08-01", "2026-08-31"),
        event(EventKind.HOLIDAY, "2026-10-24", "2026-11-01"),
        event(EventKind.HOLIDAY, "2026-12-19", "2027-01-03"),
        event(EventKind.HOLIDAY, "2027-05-29", "2027-06-06"),
    ]
    made = made_of(holidays)
    assert [(str(first), str(last)) for first, last in made] == [("2026-09-01", "2026-10-23"), ("2026-11-02", "2026-12-18")]
    assert made_of(holidays[::-1]) == made


def made_of(events: list[Event]) -> list[tuple[date, date]]:
    """The terms that the events make."""
    return [(term.first_on, term.last_on) for term in rows(SCHOOL, Source(events=tuple(events)), "test", AS_AT).terms]


def test_a_gap_that_is_longer_than_half_a_term_stays_unknown_and_is_told() -> None:
    holidays = (event(EventKind.HOLIDAY, "2026-12-19", "2027-01-03"), event(EventKind.HOLIDAY, "2027-05-29", "2027-06-06"))
    made = rows(SCHOOL, Source(events=holidays), "test", AS_AT)
    assert (made.terms, len(made.left)) == ((), 1)


def test_a_term_that_is_named_counts_before_one_between_two_holidays() -> None:
    events = [
        event(EventKind.HOLIDAY, "2026-08-01", "2026-08-31"),
        event(EventKind.TERM, "2026-09-03", "2026-10-22"),
        event(EventKind.HOLIDAY, "2026-10-24", "2026-11-01"),
    ]
    assert made_of(events) == [(date(2026, 9, 3), date(2026, 10, 22))]


# Defined only where the folder is named: a skipped test would read as a part of the world that every run should have.
if folder := os.environ.get("ENCOMPASS_REAL_DATA"):
    DATA = Path(folder)

    def test_real_calendars_are_read_without_a_guess_and_their_contradictions_are_counted() -> None:
        table = list(read_rows(DATA / "term_dates.csv", COLUMNS))
        owners = sorted({(row.cells["la_code"], row.cells["school"]) for row in table if isinstance(row, Row)})
        found: Counter[tuple[str, str]] = Counter()
        for authority, school in owners:
            source = read_table(table, authority, school or None)
            assert source.not_understood == ()
            found.update((authority, finding.code) for finding in contradictions(source.events, HOLIDAYS))
        assert len(owners) == 16
        assert found == {("815", "not-a-bank-holiday"): 1, ("815", "year-missing"): 2, ("886", "two-kinds"): 4}

    def test_real_icalendar_files_are_read_without_a_guess() -> None:
        whole = read_icalendar((DATA / "sheffield_school_holidays.ics").read_bytes())
        assert (len(whole.events), whole.not_understood) == (45, ())
        school = read_icalendar((DATA / "sheffield_one_school_holidays.ics").read_bytes())
        assert len(school.events) == 50
        assert all("Disaggregated Day" in line for line in school.not_understood)
        assert contradictions(whole.events, HOLIDAYS) == contradictions(school.events, HOLIDAYS) == []
        made = rows(SCHOOL, whole, "test", AS_AT)
        assert (made.terms[0].first_on, made.terms[-1].last_on, len(made.terms)) == (date(2025, 9, 1), date(2028, 7, 21), 18)
        assert made.left == ()
