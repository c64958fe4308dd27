"""What was typed into the hand-entry form so far, as it travels in the form itself: read, checked, turned into a report's body.

What is typed is no report yet, so nothing of it is kept by us: no draft, no cookie. All pages together travel in one hidden field,
base64url of JSON, which the form's limit (``shared.web.sizes``) bounds; the browser forgets it with the page. It is input like any other,
trusted by nobody: it goes through ``shared.report.read`` as a body of the API does.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any

from services.ingest.domain.entry_fields import ADULTS_MOST, CHILDREN_MOST, Question, questions
from shared.calendar.wall import LONDON, at
from shared.report.model import CHILDREN_MAX, YEARS

SYSTEM = "hand"
KEPT_CHARS_MOST = 180_000
"""So that a page of answers beside it stays within the form's limit."""
TOO_LONG = "This is too much for one report. Shorten what you wrote"
NO_CONDITION = "Choose what this adult must not do, or leave until when and under what empty"
UNBORN_SPEAKS = "Leave what an unborn child said or was asked empty, or leave the due date empty if the child is born"
NO_SUCH_HOUR = "The clocks skipped this hour when summer time began. Check the time: an hour later is likely"

SAID = ("spoken_to", "alone", "words", "words_safe_to_share")
"""What only a child who is born can be asked, and say."""

Values = Mapping[str, Sequence[str]]
_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")
_NUMBERS = range(1, CHILDREN_MAX + 1)
_STEPS = {"incident", *(f"{kind}-{n}" for kind in ("adult", "child") for n in _NUMBERS)}
_GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with a field, by the id it has on its page, and what to do."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Every page's answers: step → input's name → what was typed. Personal, so in no repr.

    ``gone``: the steps that are used up, by somebody who was removed or whom an earlier version told of.
    """

    pages: Mapping[str, Values] = field(repr=False)
    gone: frozenset[str] = frozenset()

    def steps(self, kind: str) -> tuple[str, ...]:
        """The pages of ``adult`` or ``child``, in order."""
        return tuple(sorted((step for step in self.pages if step.startswith(kind)), key=_number))

    @property
    def adults(self) -> tuple[str, ...]:
        """The adults' pages."""
        return self.steps("adult")

    def page(self, step: str) -> Values:
        """What was typed on that page."""
        return self.pages.get(step, {})

    def asked(self, step: str) -> tuple[Question, ...]:
        """What that page asks."""
        return questions(step, self.adults)

    def with_page(self, step: str, values: Values) -> "Typed":
        """With that page's answers (those to its questions, and not the empty ones) in the place of the earlier ones."""
        names = {name for one in self.asked(step) for name in inputs(one)}
        answers = {name: [text for text in given if text] for name, given in values.items() if name in names}
        return replace(self, pages={**self.pages, step: {name: given for name, given in answers.items() if given}})

    def has_room_for(self, step: str) -> bool:
        """Whether that page may come now: one that is there, the next of its kind, or the page of all answers."""
        if step == "check":
            return bool(self.pages)
        return step == "incident" or step in self.pages or ("incident" in self.pages and step in (self.free("adult"), self.free("child")))

    def without(self, step: str) -> "Typed":
        """Without that page, and without what others say of it. Its number is used up: whoever comes next is somebody else."""
        pages = {name: _unsaid(page, step) for name, page in self.pages.items() if name != step}
        return replace(self, pages=pages, gone=self.gone | {step} if step in self.pages else self.gone)

    def free(self, kind: str) -> str | None:
        """A new page's step for another ``adult`` or ``child``; None when there is room for no more."""
        most = ADULTS_MOST if kind == "adult" else CHILDREN_MOST
        unused = (step for n in _NUMBERS if (step := f"{kind}-{n}") not in self.pages and step not in self.gone)
        return next(unused, None) if len(self.steps(kind)) < most else None

    def kept(self) -> str:
        """As it travels in the form."""
        pages: dict[str, Any] = {step: {k: list(v) for k, v in page.items()} for step, page in self.pages.items()}
        text = json.dumps(pages | ({_GONE: sorted(self.gone)} if self.gone else {}), ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).decode()


def _unsaid(page: Values, step: str) -> Values:
    told = {name: [text for text in given if name != "lives_with" or text != step] for name, given in page.items()}
    return {name: given for name, given in told.items() if given and name != f"relation-{step}"}


def unkept(text: str) -> Typed | None:
    """What ``kept`` wrote; None for anything else."""
    try:
        pages = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, RecursionError):
        return None
    gone = pages.pop(_GONE, []) if isinstance(pages, dict) else []
    if not isinstance(pages, dict) or not set(pages) <= _STEPS or "incident" not in pages:
        return None
    if not isinstance(gone, list) or any(not isinstance(step, str) or step not in _STEPS or step in pages for step in gone):
        return None
    for page in pages.values():
        if not isinstance(page, dict) or not all(isinstance(v, list) and v and all(isinstance(t, str) for t in v) for v in page.values()):
            return None
    return Typed(pages=pages, gone=frozenset(gone))


def _number(step: str) -> int:
    return int(step.rpartition("-")[2])


def inputs(one: Question) -> tuple[str, ...]:
    """The names of a question's inputs."""
    if one.kind in ("date", "moment"):
        parts = ("day", "month", "year", "time") if one.kind == "moment" else ("day", "month", "year")
        return tuple(f"{one.name}-{part}" for part in parts)
    return (one.name,)


def first(values: Values, name: str) -> str:
    """The first value; empty when there is none."""
    return next(iter(values.get(name, ())), "")


def wrongs(typed: Typed, step: str) -> tuple[Wrong, ...]:
    """What must be put right on that page before it can be sent."""
    values, found = typed.page(step), []
    for one in typed.asked(step):
        label = one.label.rstrip("?")
        if one.kind in ("text", "prose") and len(first(values, one.name)) > one.chars_most:
            found.append(Wrong(name=one.name, text=f"{label}: shorten it to {one.chars_most} characters"))
        elif one.kind in ("one", "long", "many") and not set(values.get(one.name, ())) <= {code for code, _ in one.options}:
            found.append(Wrong(name=one.name, text=f"{label}: choose from the list"))
        elif one.kind in ("date", "moment") and any(name in values for name in inputs(one)):
            found += _wrong_day(values, one, label)
    if len(typed.kept()) > KEPT_CHARS_MOST:
        found.append(Wrong(name=typed.asked(step)[0].name, text=TOO_LONG))
    if step == "incident" and not first(values, "reference"):
        found.append(Wrong(name="reference", text="Enter a reference"))
    if step.startswith("child-") and not (first(values, "full_name") or any(name.startswith("due_on-") for name in values)):
        found.append(Wrong(name="full_name", text="Enter the child’s full name, or the due date of an unborn child"))
    return (*found, *_unsayable(step, values))


def _unsayable(step: str, values: Values) -> Iterator[Wrong]:
    """Answers for which a report has no place beside the others: asked about, never dropped."""
    of_condition = any(name.startswith(("must_not_until", "must_not_source")) for name in values)
    if step.startswith("adult-") and of_condition and "must_not" not in values:
        yield Wrong(name="must_not", text=NO_CONDITION)
    is_unborn = step.startswith("child-") and any(name.startswith("due_on-") for name in values)
    said = next((name for name in SAID if name in values), None)
    if is_unborn and said:
        yield Wrong(name=said, text=UNBORN_SPEAKS)


def _wrong_day(values: Values, one: Question, label: str) -> list[Wrong]:
    on = _day(values, one.name)
    if on is None:
        return [Wrong(name=f"{one.name}-day", text=f"{label}: enter a real day, month and year, such as 27 3 2026")]
    if one.kind == "date":
        return []
    wall = _TIME.fullmatch(first(values, f"{one.name}-time"))
    if wall is None:
        return [Wrong(name=f"{one.name}-time", text=f"{label}: enter the time as hours and minutes, such as 22:40")]
    said = time(int(wall[1]), int(wall[2]))
    if at(on, said).astimezone(LONDON).time() != said:
        return [Wrong(name=f"{one.name}-time", text=f"{label}: {NO_SUCH_HOUR}")]
    return []


def _day(values: Values, name: str) -> date | None:
    parts = [first(values, f"{name}-{part}") for part in ("year", "month", "day")]
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        return None
    try:
        on = date(*(int(part) for part in parts))
    except ValueError:
        return None
    return on if on.year in YEARS else None


def day_of(values: Values, name: str) -> str | None:
    """A date on the wire; None when none was typed."""
    on = _day(values, name)
    return None if on is None else on.isoformat()


def moment_of(values: Values, name: str) -> str | None:
    """An instant on the wire, in UTC; None when none was typed."""
    on, wall = _day(values, name), _TIME.fullmatch(first(values, f"{name}-time"))
    return None if on is None or wall is None else at(on, time(int(wall[1]), int(wall[2]))).astimezone(UTC).isoformat()


def shown(values: Values, one: Question) -> str:
    """The answer as the page of all answers shows it; empty when there is none."""
    if one.kind in ("one", "long", "many"):
        labels = dict(one.options)
        return ", ".join(labels.get(code, code) for code in values.get(one.name, ()))
    return " ".join(first(values, name) for name in inputs(one)).strip()


def proposed(now: datetime, token: str) -> str:
    """A neutral reference: the year and ten characters of chance."""
    return f"H-{now.year}-{token}"


def numbered(text: str) -> int:
    """The version that a form names; 0, which no report has, when it names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
