"""What the API answers, as its OpenAPI document describes it. Identifiers, codes, instants (UTC) and the sender's own references only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.handlers_show import ChildSeen, IncidentSeen
from services.ingest.handlers_stored import Receipt
from shared.outcome import ChildOutcome, DestinationOutcome, NextAction, Outcome
from shared.report.findings import Finding
from shared.report.model import Report

EXAMPLE_REPORT: Mapping[str, Any] = {
    "system": "example-rms",
    "reference": "EX-2026-000123",
    "occurred_from_at": "2026-11-19T21:50:00Z",
    "reported_at": "2026-11-19T22:05:00Z",
    "believed_at": "2026-11-19T23:10:00Z",
    "place_kind": "home",
    "behaviours": ["coercive-control"],
    "risk": {"tool": "dash", "grade": "medium"},
    "adults": [
        {"reference": "A1", "full_name": "Example Testwood", "role": "victim", "relationships": [{"child": "C1", "relation": "mother"}]}
    ],
    "children": [
        {
            "reference": "C1",
            "full_name": "Sample Testwood",
            "date_of_birth": "2018-03-04",
            "ethnicity": "NS",
            "presence": "heard",
            "school": {"name": "Testwood Primary", "urn": "900001"},
        }
    ],
}


class Answered(BaseModel):
    """A frozen part of an answer, read from the values of the other rooms."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class FindingAnswer(Answered):
    """Advice on the report: it was taken as it is."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the body")
    code: str
    text: str


class ReceiptAnswer(Answered):
    """The incident is durably stored: the sender may quote this."""

    incident_id: str
    version: int
    reference: str = Field(description="The sender's own")
    received_at: datetime = Field(description="When this version came")
    findings: list[FindingAnswer]
    repeated: bool = Field(description="The same was taken before; everything else here is what was said then")
    ignored: Literal["older"] | None = Field(
        description="`older`: the source has sent a later version before, and everything else here is that version's"
    )
    withdrawn_at: datetime | None = Field(description="When the report was taken back, if that is how it stands")


class CheckAnswer(Answered):
    """It would be taken, with this advice. Nothing was stored."""

    findings: list[FindingAnswer]


class InstantsAnswer(Answered):
    """When it occurred, was reported, believed and received, by the newest version. `believed` is what the deadlines are counted from."""

    occurred_from: datetime | None
    occurred_to: datetime | None
    reported: datetime | None
    believed: datetime
    received: datetime


class StandingAnswer(Answered):
    """How things stand: for a child as a whole, and for each destination."""

    outcome: Outcome
    since: datetime
    next_action: NextAction | None = Field(description="What happens next if nobody acts sooner")
    next_action_at: datetime | None = Field(description="When; of what is lost, when it should have been")
    owner: str | None = Field(description="The team that has it; of an exclusion, who decided")
    reason: str | None


class DestinationAnswer(StandingAnswer):
    """One place or team that is told of this child."""

    destination_id: str
    kind: str = Field(description="`setting` or `team`")
    ref: str | None = Field(description="Its identifier; null where the report's handling flags hide where the child is")
    route: str | None = Field(
        description="By which way: `school`, `early-years`, `midwifery` …; null where a person chose a team, or hidden as `ref` is"
    )
    legal_class: str | None = Field(description="`statutory` (Domestic Abuse Act 2021 s.49A) or `local-agreement`")
    purpose: str
    urgency: str
    deadline_at: datetime
    send_at: datetime
    routed_at: datetime
    opened_at: datetime | None
    sent_at: datetime | None = Field(description="When a channel first took a message; no proof that anyone read it")
    fetched_at: datetime | None = Field(description="When the link was first fetched, by a person or a machine")
    code_entered_at: datetime | None
    viewed_at: datetime | None
    answered_at: datetime | None
    answer: str | None
    acknowledged_at: datetime | None
    late_at: datetime | None
    recalled_at: datetime | None


class ChildAnswer(StandingAnswer):
    """One child of the report, and its one outcome."""

    reference: str | None = Field(description="The sender's own; null once the report has been erased")
    child_id: str
    deadline_at: datetime | None
    destinations: list[DestinationAnswer]


class IncidentAnswer(Answered):
    """Every child's outcome and every instant."""

    incident_id: str
    version: int
    reference: str
    received_at: datetime = Field(description="When the first version came")
    version_received_at: datetime = Field(description="When this version came")
    withdrawn_at: datetime | None = Field(description="When the report was taken back, if that is how it stands")
    instants: InstantsAnswer
    children: list[ChildAnswer]
    findings: list[FindingAnswer]


def receipt(one: Receipt, *, repeated: bool, ignored: Literal["older"] | None = None) -> ReceiptAnswer:
    """The receipt as it is sent."""
    return ReceiptAnswer(
        incident_id=one.incident_id,
        version=one.incident_version,
        reference=one.reference,
        received_at=one.received_at,
        findings=_findings(one.findings),
        repeated=repeated,
        ignored=ignored,
        withdrawn_at=one.withdrawn_at,
    )


def check(found: tuple[Finding, ...]) -> CheckAnswer:
    """What is said of a report that was only to be read."""
    return CheckAnswer(findings=_findings(found))


def incident(seen: IncidentSeen) -> IncidentAnswer:
    """The incident as its force sees it."""
    return IncidentAnswer(
        incident_id=seen.incident.incident_id,
        version=seen.incident.incident_version,
        reference=seen.incident.reference,
        received_at=seen.incident.received_at,
        version_received_at=seen.version.received_at,
        withdrawn_at=seen.incident.withdrawn_at,
        instants=_instants(seen),
        children=[_child(child, hidden=seen.hides_destinations) for child in seen.children],
        findings=_findings(seen.incident.findings),
    )


def _instants(seen: IncidentSeen) -> InstantsAnswer:
    """As the newest report says; once that has been erased, as the first version's fact says."""
    said = seen.received if seen.report is None else seen.report
    return InstantsAnswer(
        occurred_from=said.occurred_from_at,
        occurred_to=said.occurred_to_at,
        reported=said.reported_at,
        believed=seen.version.believed_at,
        received=seen.incident.received_at,
    )


def _child(child: ChildSeen, *, hidden: bool) -> ChildAnswer:
    """The owner of a review is told in any case; the owner at a destination would tell where the child is."""
    outcome = child.outcome
    told = outcome.outcome in (Outcome.HELD, Outcome.EXCLUDED)
    return ChildAnswer(
        **_standing(outcome, hidden=hidden and not told),
        reference=child.reference,
        child_id=outcome.child_id,
        deadline_at=outcome.standing.deadline_at,
        destinations=[_destination(one, hidden=hidden) for one in outcome.destinations],
    )


def _destination(one: DestinationOutcome, *, hidden: bool) -> DestinationAnswer:
    same = [name for name in DestinationAnswer.model_fields if name not in StandingAnswer.model_fields and name not in ("ref", "route")]
    seen = {"ref": None, "route": None} if hidden else {"ref": one.ref, "route": one.route}
    return DestinationAnswer(**_standing(one, hidden=hidden), **{name: getattr(one, name) for name in same}, **seen)


def _standing(one: ChildOutcome | DestinationOutcome, *, hidden: bool) -> dict[str, Any]:
    names = [name for name in StandingAnswer.model_fields if name != "owner"]
    return {name: getattr(one.standing, name) for name in names} | {"owner": None if hidden else one.standing.owner}


def _findings(found: tuple[Finding, ...]) -> list[FindingAnswer]:
    return [FindingAnswer.model_validate(one) for one in found]


def report_schema() -> dict[str, Any]:
    """The JSON schema of a report, in one piece: an OpenAPI document has no place for a schema's own definitions."""
    schema = Report.model_json_schema()
    definitions = schema.pop("$defs")

    def whole(node: Any) -> Any:
        if isinstance(node, list):
            return [whole(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            beside = {name: value for name, value in node.items() if name != "$ref"}
            return whole(definitions[node["$ref"].rpartition("/")[2]] | beside)
        return {name: whole(value) for name, value in node.items()}

    inlined: dict[str, Any] = whole(schema)
    return inlined
