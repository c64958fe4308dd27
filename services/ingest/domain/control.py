"""Control lists: reading one, and what it says of each reference. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from shared.calendar.wall import at, london_date
from shared.outcome import Outcome
from shared.report.model import Reference, System

MOST_REFERENCES = 10_000
GAP_OWED_WITHIN = timedelta(hours=4)
"""How long the team that reviews has to find out what became of a reference, before a second owner has it."""
LIST_DUE = time(12, 0)
"""London wall time by which a system that sent a control list on one day has sent the next day's."""


class ControlList(BaseModel):
    """The references with a linked child that a records system knows of, for one London date."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    system: System = Field(description="As in the reports")
    on: date = Field(description="The London date that the list is about")
    references: tuple[Reference, ...] = Field(
        max_length=MOST_REFERENCES, description="The sender's references, as in the reports; an empty list says that there was none"
    )


class GapKind(StrEnum):
    """Why a reference is listed."""

    NO_REPORT = "no-report"
    NO_OUTCOME = "no-outcome"


class Closing(StrEnum):
    """Why a person closes a gap. By itself it closes as ``report-arrived`` or ``outcome-known``."""

    NO_CHILD = "no-child"
    OTHER_FORCE = "other-force"
    WRONG_REFERENCE = "wrong-reference"
    SENT_OTHERWISE = "sent-otherwise"


CLOSINGS: Mapping[Closing, str] = {
    Closing.NO_CHILD: "No child is linked to it after all",
    Closing.OTHER_FORCE: "Another force has it and has sent it",
    Closing.WRONG_REFERENCE: "The reference was wrong: it came under another one",
    Closing.SENT_OTHERWISE: "The setting was told in another way",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of one reference: its incident, if there is one, and the last told outcome of each of its children."""

    incident_id: str
    received_at: datetime
    outcomes: tuple[str, ...]
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A list against what is here. ``known`` is reference → incident; the gaps are references without an outcome."""

    known: Mapping[str, str] = field(repr=False)
    gaps: Mapping[str, GapKind] = field(repr=False)


def checked(references: tuple[str, ...], here: Mapping[str, Standing], now: datetime, hand_over: timedelta) -> Checked:
    """What the list says. An incident that has just come has ``hand_over`` to have its first outcome told."""
    known = {one: here[one].incident_id for one in references if one in here}
    gaps = {one: kind for one in references if (kind := gap(here.get(one), now, hand_over)) is not None}
    return Checked(known=known, gaps=gaps)


def gap(standing: Standing | None, now: datetime, hand_over: timedelta) -> GapKind | None:
    """What is wrong with a reference; None when every child of it has an outcome. A report without children has none to have."""
    if standing is None:
        return GapKind.NO_REPORT
    if Outcome.LOST.value in standing.outcomes:
        return GapKind.NO_OUTCOME
    missing = not standing.outcomes and not standing.withdrawn and now >= standing.received_at + hand_over
    return GapKind.NO_OUTCOME if missing else None


def is_list_missing(last_at: datetime, now: datetime) -> bool:
    """Whether a system that sent a list at ``last_at`` owes another: noon of the next London day has passed. It does until one comes."""
    return now >= at(london_date(last_at) + timedelta(days=1), LIST_DUE)
