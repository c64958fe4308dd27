"""What the hand-entry form asks, page by page; codes and their labels are the report's own (``shared.report.codes``)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.report import codes
from shared.report.codes import Code

ADULTS_MOST = 4
CHILDREN_MOST = 6
LINE_CHARS, PROSE_CHARS = 200, 2_000

Kind = Literal["text", "prose", "date", "moment", "one", "long", "many"]
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. ``one``: radios; ``long``: a select; ``many``: checkboxes; ``moment``: a date and a London wall time.

    ``options`` are (code, label).
    """

    name: str
    label: str
    kind: Kind = "text"
    options: Options = ()
    hint: str = ""
    chars_most: int = LINE_CHARS


def _options(of: Iterable[Code]) -> Options:
    return tuple((code.value, code.label) for code in of)


def _text(name: str, label: str, hint: str = "", chars_most: int = LINE_CHARS) -> Question:
    return Question(name=name, label=label, hint=hint, chars_most=chars_most)


def _prose(name: str, label: str, hint: str = "") -> Question:
    return Question(name=name, label=label, kind="prose", hint=hint, chars_most=PROSE_CHARS)


def _ask(kind: Kind, name: str, label: str, of: Iterable[Code] = (), hint: str = "") -> Question:
    return Question(name=name, label=label, kind=kind, options=_options(of), hint=hint)


def _yes_no(name: str, label: str) -> Question:
    return Question(name=name, label=label, kind="one", options=(("yes", "Yes"), ("no", "No")))


_CLOCK = "By the clock on the wall, such as 22:40. An hour that comes twice in October is taken as the first."

INCIDENT = (
    _text("reference", "Reference", "Your own reference of this incident, or the one given here. It must not name anybody.", 64),
    _ask("one", "type", "What kind of incident was it?", codes.IncidentType),
    _ask("moment", "occurred_from_at", "When did it begin?", hint=_CLOCK),
    _ask("moment", "occurred_to_at", "When did it end?"),
    _ask("moment", "reported_at", "When was it reported?"),
    _ask("moment", "believed_at", "When did the force come to believe it?", hint="The deadline is counted from here."),
    _ask("one", "crime", "Was a crime recorded?", codes.Answer),
    _ask("one", "place_kind", "Where was it?", codes.PlaceKind),
    _ask("many", "behaviours", "What was done?", codes.Behaviour),
    _prose("brief_circumstances", "What happened, briefly"),
    _ask("many", "action", "What have the police done?", codes.PoliceAction),
    _prose("action_text", "More about what the police have done"),
    _ask("one", "risk_tool", "Which risk tool was used?", codes.RiskTool),
    _text("risk_grade", "Its grade", "Such as standard, medium or high"),
    _yes_no("referral_made", "Was a referral made to children’s services?"),
    _text("referral_to", "To whom"),
    _text("desk_name", "Which police desk can a school ask?"),
    _text("desk_telephone", "Its telephone number"),
    _text("desk_email", "Its email address"),
    _text("desk_hours", "Its hours"),
    _ask("many", "handling_flags", "Must anything about the whole report be handled with care?", codes.HandlingFlag),
)

_PERSON = (
    _text("full_name", "Full name"),
    _ask("date", "date_of_birth", "Date of birth", hint="For example, 27 3 2015"),
    _ask("one", "sex", "Sex", codes.Sex),
    _ask("long", "ethnicity", "Ethnicity, as they describe it", codes.Ethnicity),
    _ask("one", "disability", "Is there a disability?", codes.Answer),
    _text("disability_text", "Which disability"),
    _text("language", "Language"),
    _text("communication_need", "Communication need"),
)

ADULT = (
    *_PERSON,
    _ask("one", "role", "Part in the incident", codes.Role),
    _ask("many", "must_not", "What must this adult not do?", codes.ConditionKind, "Only conditions in force, such as bail."),
    _ask("date", "must_not_until", "Until when?"),
    _text("must_not_source", "Under what?", "Such as police bail"),
)

_CHILD = (
    *_PERSON,
    _text("known_as", "Known as"),
    _ask("one", "date_of_birth_accuracy", "How exact is the date of birth?", codes.Accuracy),
    _text("school_name", "School, college or nursery", "As it was told to you"),
    _text("school_urn", "Its URN, if known", "Six or seven digits", 7),
    _text("upn", "Unique pupil number, if known", chars_most=20),
    _text("postcode", "Postcode of home", chars_most=10),
    _text("address", "Address of home"),
    _text("lives_elsewhere", "Other place where the child lives"),
    _ask("one", "presence", "Where was the child?", codes.Presence),
    _yes_no("spoken_to", "Was the child spoken to?"),
    _yes_no("alone", "Alone?"),
    _prose("words", "What the child said, in the child’s own words"),
    _yes_no("words_safe_to_share", "Are these words safe to share?"),
    _prose("observed", "What was observed of a child who does not speak"),
    _yes_no("welfare_made", "Was a welfare check made?"),
    _ask("moment", "welfare_made_at", "When was the welfare check?"),
    _ask("date", "due_on", "If unborn: due date"),
    _ask("many", "handling_flags", "Must anything about this child be handled with care?", codes.HandlingFlag),
)


def questions(step: str, adults: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions of the page ``step`` (``incident``, ``adult-N``, ``child-N``); ``adults`` are the adults' steps."""
    if step == "incident":
        return INCIDENT
    if step.startswith("adult-"):
        return ADULT
    ties = tuple(
        _ask("long", f"relation-{one}", f"What is adult {one.rpartition('-')[2]} to this child?", codes.Relation) for one in adults
    )
    homes = tuple((one, f"Adult {one.rpartition('-')[2]}") for one in adults)
    lives = (Question(name="lives_with", label="With which adults does the child live?", kind="many", options=homes),) if homes else ()
    return (*_CHILD, *ties, *lives)
