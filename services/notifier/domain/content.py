"""What a school is shown of one child after it has confirmed the child as its own (domain 3, design rules 7.3, 7.6, 7.12).

Coded lines in a fixed order, first whoever must not collect the child. Nothing here can show an address, a postcode, another child or an
officer's free text: no function below reads those fields to print them, and words that are marked safe are searched for them first.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from services.notifier.domain.confirm import NOT_RECORDED, day_in_words
from services.notifier.domain.handling import NOT_A_REFERRAL, Query, advice, collecting, footing, helpline, queries
from services.notifier.domain.screening import names_a_school_or_number, names_someone, names_someone_or_somewhere, writes_an_address
from services.notifier.domain.wording import DAYS
from shared.calendar.wall import LONDON
from shared.errors import NotFound
from shared.policy import LadderKind, Policy, Route
from shared.report import reading
from shared.report.codes import GRADES, ConditionKind, HandlingFlag, IncidentType, Presence, RiskTool
from shared.report.model import Adult, Child, Condition, Report

WITHHOLDING = frozenset({HandlingFlag.REFUGE, HandlingFlag.PROTECTED_IDENTITY, HandlingFlag.ADOPTION})
"""Flags under which nothing is shown that could tell where someone is or who they are now."""

HELD = "Held for checking. Ask the desk below if you need it."
ASK_FOR_NAME = "Ask the desk below for the name."

_PURPOSE = "You are told so that you can look out for the child today, without the child having to say anything."
ABOUT = {
    IncidentType.DOMESTIC_ABUSE: f"The police have recorded domestic abuse that affects the child. {_PURPOSE}",
    IncidentType.OTHER: f"The police have recorded an incident that affects the child. {_PURPOSE}",
}

PRESENCE = {
    Presence.PRESENT: "Yes, the child was there",
    Presence.HEARD: "The child heard it",
    Presence.ELSEWHERE: "No, the child was somewhere else",
    Presence.NOT_KNOWN: "Not known",
}
"""Answers to *was the child there?*: at a school, *present* has another meaning."""


OF_ONE_CHILD = frozenset({"presence", "adults_roles", "voice", "welfare_check"})
"""The lines that tell of one child and stand on that child's sheet alone, even where a sibling's would read the same (design rule 7.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One labelled line. ``code`` is the policy's field; ``values`` are what a person reads, never empty."""

    code: str
    label: str
    values: tuple[str, ...] = field(repr=False)

    @property
    def is_of_one_child(self) -> bool:
        """Whether siblings' lines may differ. The others are of the report, the same on every sheet of it."""
        return self.code in OF_ONE_CHILD


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One child's page. ``warnings`` come first, empty when no condition is in force, then ``collecting``, which is never empty.

    ``collecting``, ``about``, ``handling``, ``not_a_referral``, ``queries``, ``helpline`` and ``footing`` are of the report and its policy:
    the same for every child of it, and name none.
    """

    warnings: tuple[Line, ...] = field(repr=False)
    collecting: tuple[str, ...]
    about: str
    lines: tuple[Line, ...] = field(repr=False)
    not_a_referral: str
    queries: tuple[Query, ...] = field(repr=False)
    handling: tuple[str, ...]
    helpline: str | None
    footing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """To what kind of destination a page is shown, and on what footing (``statutory`` or ``local-agreement``; None: not recorded)."""

    kind: LadderKind = LadderKind.SCHOOL
    legal_class: str | None = None


def told(destination_kind: str, route: str | None, legal_class: str | None) -> Told:
    """The same of a notification, by the route that it came by."""
    if destination_kind == "team":
        return Told(kind=LadderKind.TEAM, legal_class=legal_class)
    kind = {Route.EARLY_YEARS: LadderKind.EARLY_YEARS, Route.COLLEGE: LadderKind.COLLEGE}.get(Route(route)) if route else None
    return Told(kind=kind or LadderKind.SCHOOL, legal_class=legal_class)


def sheet(report: Report, child_ref: str, policy: Policy, today_on: date, to: Told = Told()) -> Sheet:
    """What to show of the child with that reference on the London date ``today_on``. Raises NotFound when the report has none.

    The policy's fields for that kind of destination choose the lines, not their order. Conditions and the desk are shown whatever it says:
    a school that hands a child to someone who must not collect it cannot be the outcome of a missing word in a file.
    """
    child = reading.child(report, child_ref)
    if child is None:
        raise NotFound("the report has no such child")
    view = _View(report=report, child=child, withheld=_withholds(report))
    warnings = tuple(_warning(view, condition) for condition in reading.conditions_on(report, today_on))
    return Sheet(
        warnings=warnings,
        collecting=collecting(report, conditions=bool(warnings)),
        about=ABOUT[report.type],
        lines=tuple(line for line in _lines(view) if line.code in policy.fields_for(to.kind)),
        not_a_referral=NOT_A_REFERRAL,
        queries=queries(report),
        handling=advice(policy.handling, withheld=view.withheld, parent_contact=policy.parent_contact),
        helpline=helpline(policy.helpline),
        footing=footing(to.legal_class),
    )


def moment(instant: datetime) -> str:
    """``22:10 on Saturday 21 November 2026``, London wall time."""
    local = instant.astimezone(LONDON)
    return f"{local:%H:%M} on {DAYS[local.weekday()]} {day_in_words(local.date())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One report seen for one of its children."""

    report: Report = field(repr=False)
    child: Child = field(repr=False)
    withheld: bool


def _withholds(report: Report) -> bool:
    """Whether any flag of this report withholds, a sibling's and an unknown one included: the sheet shows less and never says why."""
    flags = set(report.handling_flags).union(*(child.handling_flags for child in report.children))
    return bool(flags & WITHHOLDING) or any("handling_flags" in place for place in report.unrecognised)


def _warning(view: _View, condition: Condition) -> Line:
    """One condition: who, what, until when, by what authority. Only who must not collect is named: the gate needs a name."""
    adult = reading.adult(view.report, condition.who)
    kind = condition.kind.label if condition.kind else "A condition is in force. Ask the desk below what it says"
    named = condition.kind is ConditionKind.MUST_NOT_COLLECT and not view.withheld
    who = _who(view, adult)
    if named and adult is not None and adult.full_name:
        who = f"{adult.full_name} ({who})"
    elif condition.kind is ConditionKind.MUST_NOT_COLLECT or adult is None:
        who = f"{who}. {ASK_FOR_NAME}"
    until = f"Until {day_in_words(condition.until_on)}" if condition.until_on else "No end date recorded"
    return Line(code="conditions", label=kind, values=(who, until, f"Source: {_source(view, condition)}"))


def _source(view: _View, condition: Condition) -> str:
    if condition.source is None:
        return "not recorded"
    named = names_someone(condition.source, view.report, view.child.reference)
    placed = writes_an_address(condition.source, view.report) or names_a_school_or_number(condition.source, view.report)
    hidden = view.withheld or named or placed
    return "ask the desk below" if hidden else condition.source


def _lines(view: _View) -> Iterator[Line]:
    report, child = view.report, view.child
    yield Line(code="presence", label="Was the child there?", values=(PRESENCE[child.presence] if child.presence else NOT_RECORDED,))
    yield Line(code="occurred", label="When it happened", values=tuple(_occurred(report)))
    if not view.withheld:
        yield Line(code="place_kind", label="Kind of place", values=(reading.label(report.place_kind),))
    yield Line(code="behaviours", label="What was done", values=tuple(code.label for code in report.behaviours) or (NOT_RECORDED,))
    yield Line(code="adults_roles", label="Adults involved", values=tuple(_adults(view)) or (NOT_RECORDED,))
    action = report.police_action.codes if report.police_action else ()
    yield Line(code="police_action", label="What the police did", values=tuple(code.label for code in action) or (NOT_RECORDED,))
    yield Line(code="voice", label="What the child said or showed", values=tuple(_voice(view)))
    yield Line(code="welfare_check", label="Welfare check", values=(_welfare_check(child),))
    yield Line(code="referral", label="Referral to children's social care or another service", values=(_referral(report),))
    yield from _risk(report)
    if report.brief_circumstances is not None:
        yield Line(code="brief_circumstances", label="Brief circumstances", values=(HELD,))


def _occurred(report: Report) -> Iterator[str]:
    begin, end = report.occurred_from_at, report.occurred_to_at
    if begin is None:
        yield NOT_RECORDED
    elif end is None or end == begin:
        yield moment(begin)
    else:
        same_day = begin.astimezone(LONDON).date() == end.astimezone(LONDON).date()
        yield f"Between {f'{begin.astimezone(LONDON):%H:%M}' if same_day else moment(begin)} and {moment(end)}"
    if report.reported_at is not None:
        yield f"Reported to the police at {moment(report.reported_at)}"


def _adults(view: _View) -> Iterator[str]:
    """Each adult by role and by what they are to this child; never a name, and never what they are to another child."""
    for adult in view.report.adults:
        yield _who(view, adult)


def _who(view: _View, adult: Adult | None) -> str:
    if adult is None:
        return "A person whose name was not recorded"
    role = adult.role.label if adult.role else "Adult, role not recorded"
    ties = [tie.relation for known, tie in reading.relationships(view.report, view.child.reference) if known is adult and tie.relation]
    kin = ", ".join(relation.label.lower() for relation in dict.fromkeys(ties)) or "relationship to the child not recorded"
    return f"{role}: {kin}"


def _voice(view: _View) -> Iterator[str]:
    """Whether police spoke with the child, alone or not, then the words as they were said, if marked safe to share and safe to show."""
    voice = view.child.voice
    if voice is None:
        yield NOT_RECORDED
        return
    spoken = {
        True: "An officer spoke with the child",
        False: "No officer spoke with the child",
        None: "Not recorded whether an officer spoke",
    }
    alone = {True: ", alone", False: ", with someone else there", None: ""}
    yield spoken[voice.spoken_to] + (alone[voice.alone] if voice.spoken_to else "")
    shared = voice.words_safe_to_share is True
    for text, quoted in ((voice.words, "“{}”"), (voice.observed, "Observed: {}")):
        if text is None or not shared:
            continue
        hidden = view.withheld or names_someone_or_somewhere(text, view.report, view.child.reference)
        yield HELD if hidden else quoted.format(text)


def _welfare_check(child: Child) -> str:
    check = child.welfare_check
    if check is None or check.made is None:
        return NOT_RECORDED
    if not check.made:
        return "Not made"
    return f"Made at {moment(check.made_at)}" if check.made_at else "Made"


def _referral(report: Report) -> str:
    """Yes or no. To whom is a line that an officer wrote, and the area it names may be what is withheld."""
    made = report.referral.made if report.referral else None
    return {True: "Yes, the police have made one", False: "No, the police have not made one", None: NOT_RECORDED}[made]


def _risk(report: Report) -> Iterator[Line]:
    """The police's own tool and grade where a policy asks for it, and only a grade of that tool's fixed scale."""
    risk = report.risk
    if risk is None or risk.tool is None or risk.tool is RiskTool.OTHER or risk.grade is None:
        return
    grade = risk.grade.strip().casefold()
    if grade in GRADES.get(risk.tool, ()):
        yield Line(code="risk", label="Grade recorded by the police", values=(f"{risk.tool.label}: {grade}",))
