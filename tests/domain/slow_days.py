"""A second, slow computation of days and deadlines, which shares no code with the first: tables of text, looked up and walked.

Nothing of ``shared.calendar`` or of the router's deadlines is used here. A calendar is what a term list prints: dates as text. London is
zoneinfo's own, asked minute by minute. The calendars are those of ten real lists of term dates where ``ENCOMPASS_REAL_DATA`` names their
folder; elsewhere ten of the same shape are made up, from a seed.
"""

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MARGIN = timedelta(minutes=30)
HOLIDAY_LIMIT_DAYS = 4

Expected = tuple[str, datetime, datetime, str, bool, datetime | None]
"""Purpose, send, deadline, school day and whether it is known, of the setting; the live team's deadline where there is one."""


def each_day(first: str, last: str) -> Iterator[str]:
    """The dates from the first to the last, both included, as text."""
    on = date.fromisoformat(first)
    while on.isoformat() <= last:
        yield on.isoformat()
        on += DAY


def wall(utc: datetime) -> str:
    """What calendar and clock in London show."""
    return utc.astimezone(LONDON).strftime("%Y-%m-%d %H:%M")


def shows(on: str, clock: str) -> datetime:
    """The first minute of UTC at which London shows the date and the time, found by looking; for times that no change skips."""
    midnight = datetime.fromisoformat(f"{on}T00:00+00:00")
    looked_at = (midnight + minutes * MINUTE for minutes in range(int(clock[:2]) * 60 + int(clock[3:]) - 60, 1440))
    return next(utc for utc in looked_at if wall(utc) == f"{on} {clock}")


@dataclass
class SlowDays:
    """One school year as printed: ``terms`` are pairs of dates; ``insets`` and ``bank_holidays`` dates. Filled once, then looked up."""

    name: str
    terms: list[tuple[str, str]]
    insets: frozenset[str]
    bank_holidays: frozenset[str]
    kinds: dict[str, str] = field(init=False)
    bells: list[tuple[datetime, str]] = field(init=False)
    afternoons: list[tuple[datetime, str]] = field(init=False)
    mornings: dict[str, datetime] = field(init=False)

    def __post_init__(self) -> None:
        first, last = min(self.terms)[0], max(end for _, end in self.terms)
        # A list may begin in January: the school year began in the August before.
        began = int(first[:4]) - (first[5:7] < "08")
        self.first, self.last = f"{began}-08-20", f"{began + 1}-08-31"
        beyond = (date.fromisoformat(self.last) + 40 * DAY).isoformat()
        self.kinds = {on: self._kind(on, first, last) for on in each_day(self.first, beyond)}
        self.bells = [(shows(on, "08:30"), on) for on in self.kinds]
        self.afternoons = [(shows(on, "15:30"), on) for on in self.kinds]
        self.mornings = {on: shows(on, "07:00") for on in self.kinds}

    def _kind(self, on: str, first: str, last: str) -> str:
        """Of a date: ``school``, ``assumed`` (nothing is known of it), ``staff`` or ``closed``."""
        if on in self.insets:
            return "staff"
        if date.fromisoformat(on).isoweekday() > 5 or on in self.bank_holidays:
            return "closed"
        if any(start <= on <= end for start, end in self.terms):
            return "school"
        if not first < on < last:
            return "assumed"
        ended = max(end for _, end in self.terms if end < on)
        begins = min(start for start, _ in self.terms if start > on)
        # Within a school year no break is longer than five weeks: that is half a term which the list leaves out.
        return "closed" if len(list(each_day(ended, begins))) - 2 <= 35 else "assumed"

    def expected(self, believed_at: datetime) -> Expected:
        """What is owed of a report that is received as it is believed, by walking from one bell to the next."""
        # Bells lie a day apart, give or take the hour of a change: the walk begins two days before belief, not at the first of them all.
        begin = max(0, (believed_at - self.bells[0][0]).days - 2)
        first_bell = next(bell for bell, _ in self.bells[begin:] if bell >= believed_at)
        bell, on = next((bell, on) for bell, on in self.bells[begin:] if bell >= believed_at and self.kinds[on] in ("school", "assumed"))
        today, away = wall(believed_at)[:10], 0
        for _, passed in self.bells[begin:]:
            if passed >= on:
                break
            away += passed >= today and self.kinds[passed] not in ("school", "assumed")
        known = self.kinds[on] == "school"
        if away <= HOLIDAY_LIMIT_DAYS:
            live = first_bell - MARGIN if self._in_a_holiday(today) else None
            return "school-day", believed_at, bell - MARGIN, on, known, live
        staffed = (day for end, day in self.afternoons[begin:] if end >= believed_at and self.kinds[day] != "closed")
        send_at = max(believed_at, self.mornings[next(staffed)])
        return "first-staff-day", send_at, bell - MARGIN, on, known, first_bell - MARGIN

    def _in_a_holiday(self, today: str) -> bool:
        """Whether a date stands among more dates without school in a row than the limit: walked to both sides."""
        run = 0
        for step in (DAY, -DAY):
            on = date.fromisoformat(today)
            while self.kinds.get(on.isoformat(), "school") not in ("school", "assumed"):
                run, on = run + 1, on + step
        return run - 1 > HOLIDAY_LIMIT_DAYS

    def change_points(self) -> list[datetime]:
        """Midnight of London and of UTC, the arrival of staff, the deadline, the bell and the end, on and beside every date at an edge."""
        edges = {edge for term in self.terms for edge in term} | self.insets
        edges |= {on for on in self.bank_holidays if self.first <= on <= self.last}
        points = set()
        for edge in sorted(edges):
            for off in (-1, 0, 1):
                on = (date.fromisoformat(edge) + off * DAY).isoformat()
                points |= {shows(on, clock) for clock in ("00:00", "07:00", "08:00", "08:30", "15:30", "23:00")}
                points.add(datetime.fromisoformat(f"{on}T00:00+00:00"))
        return sorted(points)

    def clock_changes(self) -> list[str]:
        """The Saturdays before the two changes of the school year."""
        days = list(each_day(self.first, self.last))
        changed = [on for on in days if shows(on, "08:30").hour != shows((date.fromisoformat(on) - DAY).isoformat(), "08:30").hour]
        return [(date.fromisoformat(on) - DAY).isoformat() for on in changed]


def minutes_of(first: str, days: int) -> list[datetime]:
    """Every minute of UTC of so many days."""
    midnight = datetime.fromisoformat(f"{first}T00:00+00:00")
    return [midnight + minutes * MINUTE for minutes in range(days * 1440)]


def real(folder: Path) -> list[SlowDays]:
    """The ten school years whose terms were published, with the training days of the same list."""
    with (folder / "term_dates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    published = json.loads((folder / "bank-holidays.json").read_text(encoding="utf-8"))["england-and-wales"]["events"]
    holidays = frozenset(str(event["date"]) for event in published) | {row["start"] for row in rows if row["event"] == "bank_holiday"}
    owners: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in rows:
        owners.setdefault((row["la_name"], row["school"], row["academic_year"]), []).append(row)
    years = []
    for owner, own in sorted(owners.items()):
        terms = sorted({(row["start"], row["end"]) for row in own if row["event"] == "term"})
        insets = frozenset(on for row in own if row["event"] == "inset" for on in each_day(row["start"], row["end"]))
        if terms:
            years.append(SlowDays(name=" ".join(filter(None, owner)), terms=terms, insets=insets, bank_holidays=holidays))
    return years


def made_up(seed: int = 41) -> list[SlowDays]:
    """Ten school years with breaks, training days and bank holidays where real ones have them, give or take a week."""
    draw = random.Random(seed)
    years = []
    for number in range(10):
        year = 2026 + number % 2
        monday = date(year, 9, 7) - DAY * date(year, 9, 7).weekday()
        spring, easter = (draw.choice((-7, 0, 7)) for _ in range(2))
        breaks = [(47, 9), (103, 16), (159 + spring, 9), (208 + easter, 16), (264, 9)]
        terms, begin = [], monday
        for after, long in [*breaks, (316, 0)]:
            end = monday + DAY * (after - after % 7 + 4)
            terms.append((begin.isoformat(), end.isoformat()))
            begin = end + DAY * (long - long % 7 + 3)
        insets = {terms[0][0], terms[2][0], terms[draw.choice((1, 3, 4))][0], terms[5][1]}
        may = date(year + 1, 5, 1)
        holidays = {f"{year}-12-25", f"{year}-12-28", f"{year + 1}-01-01", (may + DAY * (-may.weekday() % 7)).isoformat()}
        holidays.add((date(year + 1, 8, 31) - DAY * date(year + 1, 8, 31).weekday()).isoformat())
        years.append(SlowDays(name=f"made-up {number}", terms=terms, insets=frozenset(insets), bank_holidays=frozenset(holidays)))
    return years
