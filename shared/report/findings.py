"""What is said about a report: problems (it is refused) and findings (it is taken, with advice).

Both carry a JSON pointer (RFC 6901), a code and fixed English, and never anything of the input: an unknown field's own name is
written ``*`` in the pointer (design rule 7.1). The tables below are all the sentences there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from shared.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The report was taken; this part of it could be better, or could not be used."""

    pointer: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a report was refused."""

    pointer: str
    code: str
    text: str


class ReportRefused(Refused):
    """The body is not a report: its shape, size or identity is wrong. ``problems`` says where and why."""

    code = "report-refused"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("the report cannot be taken")
        self.problems = problems


PROBLEMS = MappingProxyType(
    {
        "too-large": "The body is larger than 256 kB.",
        "not-utf-8": "The body is not UTF-8 text.",
        "not-json": "The body is not one JSON value.",
        "not-an-object": "The body is not a JSON object.",
        "duplicate-member": "An object names the same member twice.",
        "number-out-of-range": "A number is too long, infinite or not a number.",
        "not-unicode": "A text holds half of a surrogate pair.",
        "nul-character": "A text holds a NUL character.",
        "too-deep": "The body is nested too deeply.",
        "missing": "This is mandatory and is missing.",
        "wrong-type": "This has the wrong JSON type.",
        "bad-format": "This is not in the form that is asked for, or is too long.",
        "too-many": "There are more of these than one report may hold.",
        "no-children": "A report names at least one child.",
        "duplicate-reference": "This reference is used for another person of the same kind in this report.",
    }
)

FINDINGS = MappingProxyType(
    {
        "unrecognised-value": "This value is not one that is known here. It is kept as it was written and is not used.",
        "unrecognised-field": "This field is not part of a report. It is kept as it was written and is not used.",
        "over-long": "This is longer than can be used. It is kept as it was written and is not used.",
        "empty-value": "This is empty. Leave it out, or say what is known.",
        "field-not-kept": "Immigration status is never taken. This field was dropped and is not kept.",
        "believed-missing": "Say when the force came to believe it: the deadline is counted from there. Until then it is counted from an "
        "earlier known instant or from receipt.",
        "in-the-future": "This lies in the future of its receipt. Check it.",
        "ends-before-it-begins": "The end is before the beginning. Check both.",
        "unknown-reference": "Nobody in this report has this reference. Check it.",
        "condition-incomplete": "Say which adult this is about and what that adult must not do: a setting cannot act on it as it is.",
        "unborn-with-date-of-birth": "This child is unborn and has a date of birth. Give one of the two.",
        "upn-check-letter": "This is not a valid UPN: its form or check letter is wrong. It is not used to find the child.",
        "postcode-form": "This does not have the form of a postcode. Check it.",
        "adult-at-incident": "This person was 18 or older at the incident. Check the date of birth.",
        "grade-not-of-tool": "This grade does not belong to this tool. Check both.",
    }
)

Token = str | int


def problem(code: str, *tokens: Token) -> Problem:
    """The problem ``code`` at that place. Raises KeyError for a code without a sentence."""
    return Problem(pointer=pointer(tokens), code=code, text=PROBLEMS[code])


def finding(code: str, *tokens: Token) -> Finding:
    """The finding ``code`` at that place. Raises KeyError for a code without a sentence."""
    return Finding(pointer=pointer(tokens), code=code, text=FINDINGS[code])


def pointer(tokens: Iterable[Token]) -> str:
    """The JSON pointer of these tokens (RFC 6901 section 3)."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)
