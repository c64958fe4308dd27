"""The report: what a police system says of one incident, validated and frozen.

Everything but the identity (system, reference, the references of children and adults) is optional: ``read`` sets a bad value aside,
under its JSON pointer, in ``unrecognised``. Nothing here is shown by ``repr`` or ``str`` (design rule 7.1). There is no field for
immigration status, on purpose.

Instants (``*_at``) are RFC 3339 with an offset on the wire and aware UTC here; dates (``*_on``, ``date_of_birth``) are ISO dates.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints, ValidationError
from pydantic.json_schema import SkipJsonSchema, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.errors import Misuse
from shared.report import codes

CHILDREN_MAX = 30
ADULTS_MAX = 20
LIST_MAX = 40
REFERENCE_CHARS_MAX = 64
NAME_CHARS_MAX = 200
LINE_CHARS_MAX = 500
PROSE_CHARS_MAX = 20_000
YEARS = range(1900, 2200)
"""Years a date or an instant may have: outside it is a slip of the pen, and would overflow the reckoning of deadlines."""

STAMPS = ("source_version", "source_changed_at")
"""The fields of a report that say which of its versions it is."""

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# No control characters but tab and line ends, and something other than space.
_WRITTEN = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F]*[^\x00-\x20\x7F\s][^\x00-\x08\x0B\x0C\x0E-\x1F\x7F]*$"
# Printable, with single or several ordinary spaces only between printable characters.
_PRINTABLE = r"^[^\p{C}\p{Z}]+(?: +[^\p{C}\p{Z}]+)*$"


def _instant(value: object) -> datetime:
    """A local time without offset is refused: it may name two instants, or none."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        value = datetime.fromisoformat(value.upper())
    if not isinstance(value, datetime) or value.tzinfo is None or value.year not in YEARS:
        raise ValueError("not an RFC 3339 instant")
    return value.astimezone(UTC)


def _day(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        value = date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime) or value.year not in YEARS:
        raise ValueError("not an ISO date")
    return value


def _list(items_max: int, items_min: int = 0) -> BeforeValidator:
    """A list's length is checked before its items, because pydantic would count only those that are valid.

    An explicit null is an omission where the list may be empty.
    """

    def counted(value: object) -> object:
        if value is None and items_min == 0:
            return ()
        if isinstance(value, list | tuple) and len(value) < items_min:
            raise PydanticCustomError("too_short", "too few items")
        if isinstance(value, list | tuple) and len(value) > items_max:
            raise PydanticCustomError("too_long", "too many items")
        return value

    return BeforeValidator(counted)


def _type(value: object) -> object:
    return codes.IncidentType.DOMESTIC_ABUSE if value is None else value


def _text(chars_max: int) -> Any:
    return StringConstraints(strict=True, min_length=1, max_length=chars_max, pattern=_WRITTEN)


Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, _text(NAME_CHARS_MAX)]
Line = Annotated[str, _text(LINE_CHARS_MAX)]
Prose = Annotated[str, _text(PROSE_CHARS_MAX)]
YesNo = Annotated[bool, Strict()]
Reference = Annotated[
    str,
    StringConstraints(strict=True, max_length=REFERENCE_CHARS_MAX, pattern=_PRINTABLE),
    # The same but for characters that nobody can see: not every reader of a schema knows Unicode's classes in a pattern.
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": REFERENCE_CHARS_MAX, "pattern": r"^\S+(?: +\S+)*$"}),
]
System = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?$")]
Urn = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{6,7}$")]
SourceVersion = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
_COUNTED, _SHORT = _list(LIST_MAX), Field(max_length=LIST_MAX)
Behaviours = Annotated[tuple[codes.Behaviour, ...], _COUNTED, _SHORT]
PoliceActions = Annotated[tuple[codes.PoliceAction, ...], _COUNTED, _SHORT]
HandlingFlags = Annotated[tuple[codes.HandlingFlag, ...], _COUNTED, _SHORT]
References = Annotated[tuple[Reference, ...], _COUNTED, _SHORT]


class Part(BaseModel):
    """A frozen part of a report; shows nothing of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


class ActionTaken(Part):
    codes: PoliceActions = ()
    text: Prose | None = None


class Condition(Part):
    """A condition in force that touches a school: ``who`` is an adult's reference."""

    who: Reference | None = None
    kind: codes.ConditionKind | None = None
    until_on: Day | None = None
    source: Line | None = None


class Risk(Part):
    """A tool and its grade, as recorded; never compared across tools."""

    tool: codes.RiskTool | None = None
    grade: Line | None = None


class Referral(Part):
    """Whether a referral was made: a notification never is one."""

    made: YesNo | None = None
    to: Line | None = None
    made_at: Instant | None = None


class Desk(Part):
    """Where a setting asks; ``hours`` as written."""

    name: Name | None = None
    telephone: Line | None = None
    email: Line | None = None
    hours: Line | None = None


class Person(Part):
    """What an adult and a child have in common. ``ethnicity`` None or NR: not recorded; NS: not stated."""

    reference: Reference
    full_name: Name | None = None
    date_of_birth: Day | None = None
    sex: codes.Sex | None = None
    ethnicity: codes.Ethnicity | None = None
    disability: codes.Answer | None = None
    disability_text: Line | None = None
    language: Line | None = None
    communication_need: Line | None = None


class Relationship(Part):
    """What the adult is to the child with that reference."""

    child: Reference | None = None
    relation: codes.Relation | None = None
    text: Line | None = None


class Adult(Person):
    role: codes.Role | None = None
    relationships: Annotated[tuple[Relationship, ...], _COUNTED, _SHORT] = ()


class Voice(Part):
    """The voice of the child. ``words`` are shared only when marked safe; ``observed`` is for a child who does not speak."""

    spoken_to: YesNo | None = None
    alone: YesNo | None = None
    words: Prose | None = None
    words_safe_to_share: YesNo | None = None
    observed: Prose | None = None


class WelfareCheck(Part):
    made: YesNo | None = None
    made_at: Instant | None = None


class School(Part):
    """The school as the officer wrote it, and its URN if known."""

    name: Line | None = None
    urn: Urn | None = None


class Unborn(Part):
    due_on: Day | None = None
    observed: Prose | None = None


class Child(Person):
    """``postcode``, ``address`` and ``lives_elsewhere`` serve matching and jurisdiction only (design rule 7.3).

    ``upn`` is as written: ``reading.child_upn`` gives it only when its check letter is right.
    """

    person_id: Line | None = None
    known_as: Name | None = None
    date_of_birth_accuracy: codes.Accuracy | None = None
    postcode: Line | None = None
    address: Line | None = None
    lives_with: References = ()
    lives_elsewhere: Line | None = None
    upn: Line | None = None
    presence: codes.Presence | None = None
    voice: Voice | None = None
    welfare_check: WelfareCheck | None = None
    school: School | None = None
    unborn: Unborn | None = None
    handling_flags: HandlingFlags = ()


class Report(Part):
    """One incident as one records system tells it. Identity: force (from the key), ``system``, ``reference``."""

    system: System
    reference: Reference
    source_version: SourceVersion | None = None
    """How often the records system has changed this record, as it counts; later is greater. With ``source_changed_at`` it says which of two
    versions is the older. Neither is part of what the report says."""
    source_changed_at: Instant | None = None
    type: Annotated[codes.IncidentType, BeforeValidator(_type)] = codes.IncidentType.DOMESTIC_ABUSE
    occurred_from_at: Instant | None = None
    occurred_to_at: Instant | None = None
    reported_at: Instant | None = None
    believed_at: Instant | None = None
    crime: codes.Answer | None = None
    place_kind: codes.PlaceKind | None = None
    behaviours: Behaviours = ()
    brief_circumstances: Prose | None = None
    police_action: ActionTaken | None = None
    conditions: Annotated[tuple[Condition, ...], _COUNTED, _SHORT] = ()
    risk: Risk | None = None
    referral: Referral | None = None
    desk: Desk | None = None
    handling_flags: HandlingFlags = ()
    adults: Annotated[tuple[Adult, ...], _list(ADULTS_MAX), Field(max_length=ADULTS_MAX)] = ()
    children: Annotated[tuple[Child, ...], _list(CHILDREN_MAX, 1), Field(max_length=CHILDREN_MAX, json_schema_extra={"minItems": 1})]
    unrecognised: SkipJsonSchema[Mapping[str, Any]] = Field(default_factory=dict)
    """JSON pointer into the body as it came → the value as it was written. Never shown; kept so that nothing is lost."""

    def to_canonical(self) -> bytes:
        """Canonical JSON: sorted keys, no white space, UTF-8, instants in UTC, no Unicode normalisation.

        What is absent is left out, so an omitted optional and an explicit null are the same; what was set aside is included,
        so two bodies that differ only there are different. The source's stamps are left out, readable or not: a resend under a newer
        stamp says the same.
        """
        # A serialiser's warning would quote the value it warns of.
        document = self.model_dump(mode="json", exclude_none=True, exclude={"unrecognised", *STAMPS}, warnings=False)
        document["unrecognised"] = {place: value for place, value in self.unrecognised.items() if place.split("/")[1] not in STAMPS}
        return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_canonical(cls, canonical: bytes) -> Self:
        """The report that ``to_canonical`` wrote. Raises Misuse for anything else."""
        try:
            return cls.model_validate(json.loads(canonical))
        except (ValidationError, ValueError, RecursionError):
            pass
        raise Misuse("the stored report cannot be read back")
