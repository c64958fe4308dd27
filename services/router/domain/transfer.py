"""Children who change settings over the summer, and whom the roll of the old year still has at the old one. Pure.

A roll speaks of the school year in which it was taken. From the next school year on, whoever has come to the end of her setting's ages is
not there any more, whatever that roll says: she is at the place that she was offered, or nobody knows yet and she is the authority's.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from services.router.domain.decision import Matched
from shared.calendar import Calendar, DayKind
from shared.directory.values import Setting

OFFERED, BETWEEN = "transfer-offered", "between-schools"
"""Evidence: an admissions import says where she goes; or nothing does."""

_YEAR_BEGINS = 8
"""A school day from August on belongs to the new school year: some areas begin in its last week."""
_AGES_BY_PHASE = {"infant": 7, "primary": 11, "junior": 11, "middle": 13}
"""By the end of which age, where the directory does not say."""
_FROM_EARLY_YEARS = 4
"""Whoever is four on 31 August starts school in September."""


def school_year(on: date) -> int:
    """The year in which the school year of that date began."""
    return on.year if on.month >= _YEAR_BEGINS else on.year - 1


def leaving_age(setting: Setting) -> int | None:
    """Whoever has this age on 31 August leaves the setting that summer; None where nobody can say."""
    if setting.kind == "early-years" or setting.phase == "nursery":
        return _FROM_EARLY_YEARS
    return setting.high_age if setting.high_age is not None else _AGES_BY_PHASE.get(setting.phase)


def term_begins_on(calendar: Calendar, year: int) -> date:
    """The first known school day of the school year that begins in ``year``; 1 September where the calendar does not know one."""
    days = (date(year, 8, day) for day in range(1, 32))
    early = next((on for on in days if calendar.day(on).known and calendar.day(on).kind is DayKind.SCHOOL), None)
    if early is not None:
        return early
    first = calendar.first_school_day(date(year, 9, 1), 30)
    return first.on if first is not None and first.known else date(year, 9, 1)


def is_leaving(born: date, setting: Setting, calendar: Calendar, *, as_at_on: date, school_on: date) -> bool:
    """Whether a child of the roll of ``as_at_on`` is not at this setting any more on its school day ``school_on``: that lies in a term
    which the roll does not know, and she had come to the end of its ages by the summer before."""
    year, age = school_year(school_on), leaving_age(setting)
    if age is None or as_at_on >= term_begins_on(calendar, year):
        return False
    summer = date(year, 8, 31)
    return summer.year - born.year - ((born.month, born.day) > (summer.month, summer.day)) >= age


def is_for(from_on: date, school_on: date) -> bool:
    """Whether a place that begins on ``from_on`` is one of the school year of ``school_on``."""
    return school_year(from_on) == school_year(school_on)


def placed(decision: Matched, leaving: Collection[str], offered: str | None) -> Matched:
    """The same decision for a child who leaves some of her settings: where else she is, and the place that she was offered. Never the old
    one; without any she is between schools, which ``setting_ids`` says by being empty."""
    if not leaving:
        return decision
    kept = {one for one in decision.setting_ids if one not in leaving}
    there = kept | ({offered} if offered is not None else set())
    evidence = (*decision.evidence, OFFERED if offered is not None else BETWEEN)
    return replace(decision, setting_ids=tuple(sorted(there)), leaving=tuple(sorted(leaving)), evidence=evidence)
