"""What a contact sees before anything else: whose name and date of birth this is, so that she can say *ours*, *not ours* or *has left*.

Nothing about the incident is here, for the answer may be that the child is another setting's (demand 21).
"""

from dataclasses import dataclass, field
from datetime import date

from services.notifier.domain.wording import MONTHS
from shared.errors import NotFound
from shared.report import reading
from shared.report.codes import Accuracy
from shared.report.model import Child, Report

NOT_RECORDED = "Not recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One child as the police named it. ``born`` is in words, with how far it can be relied on."""

    full_name: str = field(repr=False)
    known_as: str | None = field(repr=False)
    born: str = field(repr=False)


def confirmation(report: Report, child_ref: str) -> Confirmation:
    """What to show of the child with that reference in the report. Raises NotFound when it has none."""
    child = reading.child(report, child_ref)
    if child is None:
        raise NotFound("the report has no such child")
    known_as = child.known_as if child.known_as != child.full_name else None
    return Confirmation(full_name=child.full_name or NOT_RECORDED, known_as=known_as, born=_born(child))


def day_in_words(on: date) -> str:
    """``3 May 2015``."""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def _born(child: Child) -> str:
    on = child.date_of_birth
    if on is None:
        return NOT_RECORDED
    match child.date_of_birth_accuracy:
        case Accuracy.YEAR_ONLY:
            return f"In {on.year} (only the year is known)"
        case Accuracy.ESTIMATED:
            return f"About {day_in_words(on)} (estimated)"
        case Accuracy.UNKNOWN:
            return f"{day_in_words(on)} (not known to be right)"
        case _:
            return day_in_words(on)
