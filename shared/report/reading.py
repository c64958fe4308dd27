"""What the other rooms read out of a report: pure questions with one answer for all of them.

Dates are London dates, instants aware UTC.
"""

import re
from datetime import date, datetime, timedelta

from stdnum.gb import upn as upns

from shared.calendar.wall import london_date
from shared.report.codes import Accuracy, Code, Ethnicity, HandlingFlag
from shared.report.model import Adult, Child, Condition, Person, Relationship, Report

ADULT_AGE_YEARS = 18
CLOCK_SKEW = timedelta(minutes=15)
"""How far a sender's clock may run ahead before its instants are not believed."""

_UPN = re.compile(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]")
_POSTCODE = re.compile(r"(?:GIR 0AA|[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2})")


def believed(report: Report, received_at: datetime) -> datetime:
    """The instant from which the deadline is counted: believed, else reported, else received; never after receipt.

    Example: believed_at is missing and reported_at was 23:10 yesterday: 23:10 yesterday. An instant further ahead of receipt than
    a clock may be wrong is passed over, for it would move the deadline into the child's school day.
    """
    for instant in (report.believed_at, report.reported_at):
        if instant is not None and instant <= received_at + CLOCK_SKEW:
            return min(instant, received_at)
    return received_at


def incident_on(report: Report) -> date | None:
    """The London date on which it began: the earliest of occurred, reported and believed; None when nothing is known.

    The earliest, because a slip of the pen in one of them must not make an adult of a child.
    """
    known = [instant for instant in (report.occurred_from_at, report.reported_at, report.believed_at) if instant is not None]
    return london_date(min(known)) if known else None


def is_unborn(child: Child) -> bool:
    """An unborn child goes to health and the authority, never to a school."""
    return child.unborn is not None


def child_age(child: Child, on: date) -> int | None:
    """Whole years of age on that London date; None for an unborn child, without a date of birth, or before it.

    A year is complete at the start of the anniversary (Family Law Reform Act 1969 s.9); one born on 29 February has it on 1 March in
    other years. For a date of birth of year accuracy it is the youngest the child can be, so that nobody is taken for an adult too soon.
    """
    born = child.date_of_birth
    if born is None or is_unborn(child):
        return None
    if child.date_of_birth_accuracy is Accuracy.YEAR_ONLY:
        born = date(born.year, 12, 31)
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return age if age >= 0 else None


def is_adult_on(child: Child, on: date) -> bool:
    """Known to be 18 or older on that date. An unknown age is never taken for an adult's."""
    age = child_age(child, on)
    return age is not None and age >= ADULT_AGE_YEARS


def child_upn(child: Child) -> str | None:
    """The child's UPN in its compact form, if its form and check letter are right; any authority code is accepted."""
    compact = "" if child.upn is None else re.sub(r"[\s-]", "", child.upn).upper()
    if not _UPN.fullmatch(compact) or upns.calc_check_digit(compact[1:]) != compact[0]:
        return None
    return compact


def child_postcode(child: Child) -> str | None:
    """The child's postcode in the form ``AA9A 9AA``, if it has the form of one. For matching and jurisdiction only."""
    compact = "" if child.postcode is None else re.sub(r"\s", "", child.postcode).upper()
    spaced = f"{compact[:-3]} {compact[-3:]}"
    return spaced if _POSTCODE.fullmatch(spaced) else None


def ethnicity_recorded(person: Person) -> bool:
    """Whether the question was asked: *not stated* is an answer, *not recorded* is none."""
    return person.ethnicity not in (None, Ethnicity.NR)


def adult(report: Report, reference: str | None) -> Adult | None:
    """The adult with that reference."""
    return next((person for person in report.adults if person.reference == reference), None)


def child(report: Report, reference: str | None) -> Child | None:
    """The child with that reference."""
    return next((person for person in report.children if person.reference == reference), None)


def relationships(report: Report, child_reference: str) -> tuple[tuple[Adult, Relationship], ...]:
    """Each adult that is said to be something to that child, with what."""
    return tuple((person, tie) for person in report.adults for tie in person.relationships if tie.child == child_reference)


def conditions_on(report: Report, on: date) -> tuple[Condition, ...]:
    """The conditions still in force on that London date, those on collecting first; one without an end is in force.

    ``who`` may name nobody in the report: then ``adult`` gives None and the condition is shown without a name, not left out.
    """
    order = ("must-not-collect", "must-not-contact", "must-not-come-near", None)
    alive = (condition for condition in report.conditions if condition.until_on is None or condition.until_on >= on)
    return tuple(sorted(alive, key=lambda condition: order.index(condition.kind)))


def handling_flags(report: Report, one: Child) -> frozenset[HandlingFlag]:
    """The flags of the report and of this child. A sibling's flags never stand on this child's sheet (design rule 7.6)."""
    return frozenset(report.handling_flags) | frozenset(one.handling_flags)


def needs_release(report: Report, one: Child) -> bool:
    """Whether a named person must release this child's part first: a flag is set, or one was written that is not known here."""
    index = next((index for index, person in enumerate(report.children) if person is one or person.reference == one.reference), -1)
    places = ("/handling_flags", f"/children/{index}/handling_flags")
    unknown = any(place == start or place.startswith(start + "/") for place in report.unrecognised for start in places)
    return unknown or bool(handling_flags(report, one))


def words_to_share(one: Child) -> str | None:
    """The child's own words, only when they were marked safe to share."""
    return one.voice.words if one.voice is not None and one.voice.words_safe_to_share is True else None


def label(code: Code | None) -> str:
    """What a person reads for that code; *Not recorded* for none."""
    return "Not recorded" if code is None else code.label
