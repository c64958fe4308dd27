"""What is owed, as a duty desk reads it on paper when the service is not there: whom to ring, by when, about whom.

A call normally says nothing of a child, because a link says it. Without the service no link opens, so the list has the child's name and
date of birth, and nothing of what happened, where, or who else was there. A child under any handling flag is not named here either.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Any, Protocol

from shared.calendar.wall import LONDON
from shared.errors import Refused

FORM = "encompass-duty-list-1"
WITHHELD = "name withheld: ask the team that owns it"
RULES = (
    "Ring the main number, or a contact's own, and ask for the contacts in this order.",
    "Quote the reference. Ask for the passphrase; the hint may be read out. Write down the words that you hear.",
    "Only then name the child, and ask whether they will act on it today. Say nothing else; leave no message on a machine.",
    "Write down who answered and the time by the clock. Enter each call on the call sheet when the service is back.",
    "Keep this list as you keep a child's file, and destroy it when its calls are entered.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A child. ``name`` is None where it is withheld; ``born`` is as the report has it."""

    name: str | None = field(repr=False)
    born: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRing:
    """A contact who may be told, in the order in which they are asked for."""

    name: str = field(repr=False)
    role: str
    number: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """One promise that nobody has acknowledged. ``register`` is the setting's URN or a team's id; ``owner`` is whose call it is."""

    reference: str
    deadline_at: datetime
    place: str
    register: str
    telephone: str | None = field(repr=False)
    hint: str | None = field(repr=False)
    owner: str
    contacts: tuple[ToRing, ...] = field(repr=False)
    children: tuple[Named, ...] = field(repr=False)
    child_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A child for whom nobody has decided yet who is told. ``why`` is a code, ``police_reference`` the force's own for the incident."""

    police_reference: str | None = field(repr=False)
    why: str
    owner: str
    telephone: str | None = field(repr=False)
    deadline_at: datetime | None
    child: Named = field(repr=False)
    child_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyList:
    """All of it, at one instant (UTC). Both parts are in the order of their deadlines."""

    made_at: datetime
    owing: tuple[Owing, ...]
    undecided: tuple[Undecided, ...]

    @property
    def child_ids(self) -> frozenset[str]:
        """Every child who is owed something."""
        return frozenset(child_id for one in self.owing for child_id in one.child_ids) | {one.child_id for one in self.undecided}


class Place(Protocol):
    """The port: the second place, where sealed lists are kept."""

    def put(self, box: bytes, made_at: datetime) -> None:
        """Keep it beside the newest ones, whole or not at all. Raises SettingsRefused when it cannot be written."""
        ...


def to_bytes(made: DutyList) -> bytes:
    """The list as what is sealed."""
    return json.dumps({"form": FORM} | asdict(made), ensure_ascii=False, default=_text).encode()


def from_bytes(content: bytes) -> DutyList:
    """What ``to_bytes`` wrote. Raises Refused for anything else."""
    try:
        data = json.loads(content)
        if data["form"] != FORM:
            raise Refused("that list is of a form that this program does not know")
        return DutyList(
            made_at=_instant(data["made_at"]),
            owing=tuple(_owing(one) for one in data["owing"]),
            undecided=tuple(_undecided(one) for one in data["undecided"]),
        )
    except (ValueError, KeyError, TypeError):
        raise Refused("that is no duty list") from None


# --- on paper -------------------------------------------------------------------------------------------------------------------------


def as_text(made: DutyList) -> str:
    """The list for a terminal or a plain printer."""
    lines = [f"OWED at {_when(made.made_at)}: {len(made.owing)} to ring, {len(made.undecided)} undecided", "", *RULES]
    for one in made.owing:
        lines += ["", f"[ ] by {_when(one.deadline_at)}  {one.place} ({one.register})  reference {one.reference}"]
        lines += [f"    {name}: {value}" for name, value in _facts(one)]
        lines += [f"    {number}. {_contact(contact)}" for number, contact in enumerate(one.contacts, 1)]
        lines += [f"    child: {_child(child)}" for child in one.children]
    for waiting in made.undecided:
        by = f"by {_when(waiting.deadline_at)}" if waiting.deadline_at else "at once"
        lines += ["", f"[ ] {by}  NOT DECIDED ({waiting.why}): {waiting.owner} {waiting.telephone or ''}".rstrip()]
        lines += [f"    police reference {waiting.police_reference or 'not readable'}", f"    child: {_child(waiting.child)}"]
    return "\n".join(lines) + "\n"


def as_page(made: DutyList) -> str:
    """The list as one page of HTML that prints well: no script, nothing loaded, one entry never broken over two sheets."""
    owing = "".join(_entry(one) for one in made.owing) or "<p>Nobody needs to be rung.</p>"
    undecided = "".join(_undecided_entry(one) for one in made.undecided) or "<p>Nobody is undecided.</p>"
    rules = "".join(f"<li>{escape(rule)}</li>" for rule in RULES)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>What is owed</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>What is owed at {escape(_when(made.made_at))}</h1><ol>{rules}</ol>"
        f"<h2>To ring: {len(made.owing)}</h2>{owing}<h2>Not decided: {len(made.undecided)}</h2>{undecided}</main></body></html>\n"
    )


_STYLE = (
    "body{font:12pt/1.35 sans-serif;margin:1.5em;color:#000;background:#fff}section{border-top:2px solid;padding:.5em 0;break-inside:avoid}"
    "h3{margin:.2em 0}ul,ol{margin:.3em 0}.note{border-bottom:1px solid;min-height:1.6em}"
)


def _entry(one: Owing) -> str:
    facts = "".join(f"<li>{escape(name)}: {escape(value)}</li>" for name, value in _facts(one))
    contacts = "".join(f"<li>{escape(_contact(contact))}</li>" for contact in one.contacts)
    return (
        f"<section><h3>By {escape(_when(one.deadline_at))}: {escape(one.place)} ({escape(one.register)})</h3>"
        f"<p>Reference <strong>{escape(one.reference)}</strong></p><ul>{facts}</ul><ol>{contacts}</ol>{_children(one.children)}"
        '<p class="note">Who answered, the words heard, the time:</p></section>'
    )


def _undecided_entry(one: Undecided) -> str:
    by = f"By {_when(one.deadline_at)}" if one.deadline_at else "At once"
    return (
        f"<section><h3>{escape(by)}: {escape(one.owner)} {escape(one.telephone or '')}</h3>"
        f"<p>Why: {escape(one.why)}. Police reference: {escape(one.police_reference or 'not readable')}</p>"
        f"{_children([one.child])}</section>"
    )


def _children(children: Sequence[Named]) -> str:
    return "<ul>" + "".join(f"<li>Child: {escape(_child(child))}</li>" for child in children) + "</ul>"


def _facts(one: Owing) -> list[tuple[str, str]]:
    facts = [("main number", one.telephone or "none on record"), ("passphrase hint", one.hint or "none on record")]
    return [*facts, ("whose call", one.owner)]


def _contact(contact: ToRing) -> str:
    return f"{contact.name}, {contact.role}: {contact.number or 'no number on record'}"


def _child(child: Named) -> str:
    return f"{child.name}, born {child.born or 'not known'}" if child.name else WITHHELD


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(LONDON):%H:%M on %a %d %b %Y}"


# --- as JSON --------------------------------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError("only instants are written as text")
    return value.astimezone(UTC).isoformat()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _owing(data: dict[str, Any]) -> Owing:
    return Owing(
        **data
        | {
            "deadline_at": _instant(data["deadline_at"]),
            "contacts": tuple(ToRing(**one) for one in data["contacts"]),
            "children": tuple(Named(**one) for one in data["children"]),
            "child_ids": tuple(data["child_ids"]),
        }
    )


def _undecided(data: dict[str, Any]) -> Undecided:
    deadline = _instant(data["deadline_at"]) if data["deadline_at"] else None
    return Undecided(**data | {"deadline_at": deadline, "child": Named(**data["child"])})
