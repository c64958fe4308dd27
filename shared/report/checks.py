"""What does not fit together in a report whose fields are each well formed. Nothing here changes or refuses anything."""

from collections.abc import Iterator
from datetime import datetime

from shared.calendar.wall import london_date
from shared.report.codes import GRADES
from shared.report.findings import Finding, finding
from shared.report.model import Adult, Child, Report
from shared.report.reading import CLOCK_SKEW, child_postcode, child_upn, incident_on, is_adult_on, is_unborn


def checks(report: Report, received_at: datetime | None) -> tuple[Finding, ...]:
    """The findings between fields. Without ``received_at`` (aware) nothing is measured against the present."""
    return (
        *_instants(report, received_at),
        *_conditions(report),
        *_risk(report),
        *_references(report),
        *(found for index, one in enumerate(report.children) for found in _child(report, index, one)),
        *_born(report, received_at),
    )


def _instants(report: Report, received_at: datetime | None) -> Iterator[Finding]:
    if report.believed_at is None:
        yield finding("believed-missing", "believed_at")
    begin, end = report.occurred_from_at, report.occurred_to_at
    if begin is not None and end is not None and end < begin:
        yield finding("ends-before-it-begins", "occurred_to_at")
    for name in ("occurred_from_at", "occurred_to_at", "reported_at", "believed_at"):
        instant = getattr(report, name)
        if received_at is not None and instant is not None and instant > received_at + CLOCK_SKEW:
            yield finding("in-the-future", name)


def _conditions(report: Report) -> Iterator[Finding]:
    for index, condition in enumerate(report.conditions):
        if condition.who is None or condition.kind is None:
            yield finding("condition-incomplete", "conditions", index)


def _risk(report: Report) -> Iterator[Finding]:
    if report.risk is None or report.risk.tool is None or report.risk.grade is None:
        return
    grades = GRADES.get(report.risk.tool)
    if grades is not None and report.risk.grade.lower() not in grades:
        yield finding("grade-not-of-tool", "risk", "grade")


def _references(report: Report) -> Iterator[Finding]:
    adults = {person.reference for person in report.adults}
    children = {person.reference for person in report.children}
    for index, condition in enumerate(report.conditions):
        if condition.who is not None and condition.who not in adults:
            yield finding("unknown-reference", "conditions", index, "who")
    for index, grown in enumerate(report.adults):
        for nth, tie in enumerate(grown.relationships):
            if tie.child not in children:
                yield finding("unknown-reference", "adults", index, "relationships", nth, "child")
    for index, one in enumerate(report.children):
        for nth, reference in enumerate(one.lives_with):
            if reference not in adults:
                yield finding("unknown-reference", "children", index, "lives_with", nth)


def _child(report: Report, index: int, one: Child) -> Iterator[Finding]:
    if one.upn is not None and child_upn(one) is None:
        yield finding("upn-check-letter", "children", index, "upn")
    if one.postcode is not None and child_postcode(one) is None:
        yield finding("postcode-form", "children", index, "postcode")
    if is_unborn(one) and one.date_of_birth is not None:
        yield finding("unborn-with-date-of-birth", "children", index, "date_of_birth")
    incident = incident_on(report)
    if incident is not None and is_adult_on(one, incident):
        yield finding("adult-at-incident", "children", index, "date_of_birth")


def _born(report: Report, received_at: datetime | None) -> Iterator[Finding]:
    if received_at is None:
        return
    today = london_date(received_at)
    people: tuple[tuple[str, tuple[Adult, ...] | tuple[Child, ...]], ...] = (("adults", report.adults), ("children", report.children))
    for kind, persons in people:
        for index, person in enumerate(persons):
            if person.date_of_birth is not None and person.date_of_birth > today:
                yield finding("in-the-future", kind, index, "date_of_birth")
