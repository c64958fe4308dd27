"""The way in: the bytes of a body become a report with findings, or are refused.

Only shape, size and identity refuse. Every other value that does not fit is set aside as it was written, under its JSON pointer,
in ``Report.unrecognised``, with a finding, and the rest is read without it: no child is lost to a bad optional field.
A field about immigration status is dropped and never kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from shared.report import codes, model
from shared.report.checks import checks
from shared.report.findings import Finding, Problem, ReportRefused, Token, finding, pointer, problem
from shared.report.model import Report
from shared.report.parse import parse

PASSES_MAX = 3
"""One pass reads a good body, two a body with bad optional values; a third would be a defect of the model."""
PROBLEMS_MAX = 100

_PEOPLE = ("adults", "children")
_BARRED = re.compile(
    r"immigra|asylum|refugee|leave_?to_?remain|settled_?status|no_?recourse|recourse_?to_?public|(?:^|_)(?:visa|nrpf|brp)(?:_|$)"
)
_FIELDS = frozenset(
    name
    for part in vars(model).values()
    if isinstance(part, type) and issubclass(part, model.Part)
    for name in part.model_fields
    if name != "unrecognised"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A report that was taken, and what could be better about it. The quality of what it says is another room's advice."""

    report: Report = field(repr=False)
    findings: tuple[Finding, ...]


def read(body: bytes, *, received_at: datetime | None = None) -> Read:
    """Read one body. Raises ReportRefused with every problem of its shape and identity.

    ``received_at`` (aware) is what future dates are measured against; without it they are not looked for.
    """
    tree = parse(body)
    aside = _Aside()
    if "unrecognised" in tree:
        aside.take(tree, ("unrecognised",), "unrecognised-field")
    for _ in range(PASSES_MAX):
        report, errors = _validated(tree)
        problems = [_problem(error) for error in errors if _mandatory(error["loc"], error["type"])]
        problems += _repeated(tree)
        if problems:
            raise ReportRefused(tuple(problems[:PROBLEMS_MAX]))
        if report is not None:
            return _finished(report, aside, received_at)
        # Backwards, so that taking one item out of a list does not move those still to be taken.
        for error in reversed(errors):
            aside.take(tree, error["loc"], _FINDING_OF.get(error["type"], "unrecognised-value"))
        if "/type" in aside.values:
            tree["type"] = codes.IncidentType.OTHER.value
    raise ReportRefused((problem("wrong-type"),))


def _validated(tree: dict[str, Any]) -> tuple[Report | None, Sequence[Any]]:
    try:
        return Report.model_validate(tree), ()
    except ValidationError as error:
        return None, error.errors(include_url=False, include_context=False, include_input=False)


def _finished(report: Report, aside: "_Aside", received_at: datetime | None) -> Read:
    if aside.values:
        report = report.model_copy(update={"unrecognised": dict(sorted(aside.values.items()))})
    found = (*reversed(aside.findings), *checks(report, received_at))
    return Read(report=report, findings=tuple(dict.fromkeys(found)))


class _Aside:
    """What was taken out of the tree. A pointer that is kept may hold the client's own names; a finding's never does."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.findings: list[Finding] = []

    def take(self, tree: dict[str, Any], place: Sequence[Token], code: str) -> None:
        container: Any = tree
        for token in place[:-1]:
            container = container[token]
        raw = container.pop(place[-1])
        if isinstance(raw, str) and not raw.strip():
            code = "empty-value"
        if code == "unrecognised-field" and _barred(str(place[-1])):
            self.findings.append(finding("field-not-kept", *_public(place)))
            return
        self.findings.append(finding(code, *_public(place)))
        self.values[pointer(place)] = self._without_barred(raw, place)

    def _without_barred(self, value: Any, place: Sequence[Token]) -> Any:
        if isinstance(value, list):
            return [self._without_barred(item, (*place, index)) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        for name in [name for name in value if _barred(name)]:
            del value[name]
            self.findings.append(finding("field-not-kept", *_public((*place, name))))
        return {name: self._without_barred(item, (*place, name)) for name, item in value.items()}


def _barred(name: str) -> bool:
    """``visaStatus``, ``immigration-status``, ``NRPF``, in whatever way a system writes its names."""
    snake = re.sub(r"[^a-z]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return _BARRED.search(snake) is not None


def _public(place: Sequence[Token]) -> tuple[Token, ...]:
    return tuple(token if isinstance(token, int) or token in _FIELDS else "*" for token in place)


_FINDING_OF = {
    "extra_forbidden": "unrecognised-field",
    "string_too_long": "over-long",
    "too_long": "over-long",
    "string_too_short": "empty-value",
}

_PROBLEM_OF = {
    "missing": "missing",
    "too_long": "too-many",
    "too_short": "no-children",
    "string_too_long": "bad-format",
    "string_pattern_mismatch": "bad-format",
}


def _problem(error: Any) -> Problem:
    return problem(_PROBLEM_OF.get(error["type"], "wrong-type"), *_public(error["loc"]))


def _mandatory(place: Sequence[Token], kind: str) -> bool:
    """Whether what stands there cannot be done without: identity, the two lists of people, and each of their entries."""
    if kind == "extra_forbidden":
        return False
    if len(place) == 1:
        return place[0] in ("system", "reference", *_PEOPLE)
    return place[0] in _PEOPLE and (len(place) == 2 or (len(place) == 3 and place[2] == "reference"))


def _repeated(tree: dict[str, Any]) -> list[Problem]:
    """References used twice. Looked for in the tree, so that they are told together with what else is wrong."""
    problems = []
    for people in _PEOPLE:
        seen = set()
        entries = tree.get(people)
        for index, person in enumerate(entries[: model.CHILDREN_MAX] if isinstance(entries, list) else ()):
            reference = person.get("reference") if isinstance(person, dict) else None
            if isinstance(reference, str) and reference in seen:
                problems.append(problem("duplicate-reference", people, index, "reference"))
            elif isinstance(reference, str):
                seen.add(reference)
    return problems
