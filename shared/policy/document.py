"""A policy as a document: TOML as people write it, canonical JSON as it is stored and hashed.

Both have the same keys, and both are read by the same rules: a key that is not known is refused, because a misspelt key that is quietly
ignored is a rule that someone believes to be in force.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, time, timedelta
from typing import Any

from shared.policy import document_ladders, document_parts, duty
from shared.policy.document_parts import TEAM as _TEAM
from shared.policy.positions import Position, place, positions
from shared.policy.reading import PolicyRefused, Problem, Table
from shared.policy.values import (
    FIELDS,
    FIELDS_BY_DEFAULT,
    Handling,
    Helpline,
    OwnerKind,
    Policy,
    QuietHours,
    Teams,
)

__all__ = ["PolicyRefused", "Problem", "from_json", "parse", "to_json", "version"]

VERSION_LENGTH = 16
_OWNER = r"[A-Za-z0-9][A-Za-z0-9-]{0,31}"


def parse(document: str, *, source: str) -> Policy:
    """The policy that a TOML document states. ``source`` names it in the refusal (a file's name).

    Raises PolicyRefused with every problem found, each with its path, what is wrong and what to do.
    """
    try:
        values = tomllib.loads(document)
    except tomllib.TOMLDecodeError as error:
        raise PolicyRefused(source, (_syntax(error, document),)) from None
    try:
        return _read(values, source)
    except PolicyRefused as refused:
        found = positions(document)
        placed = (replace(problem, position=place(found, problem.path)) for problem in refused.problems)
        raise PolicyRefused(source, tuple(sorted(placed, key=lambda one: (one.position.line, one.position.column)))) from None


def to_json(policy: Policy) -> str:
    """The canonical form: the same policy always gives the same text."""
    return json.dumps(_present(asdict(policy)), sort_keys=True, separators=(",", ":"), default=_plain)


def from_json(text: str) -> Policy:
    """The policy that ``to_json`` wrote, for reading a stored version back. Raises PolicyRefused.

    A stored row keeps the version that it was stored under: a program that knows more keys would compute another one.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise PolicyRefused("stored version", (Problem(path="", wrong="not JSON", remedy="restore the stored row"),)) from error
    return _read(values if isinstance(values, dict) else {}, "stored version")


def version(policy: Policy) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the canonical form: what a decision names."""
    return hashlib.sha256(to_json(policy).encode()).hexdigest()[:VERSION_LENGTH]


def _syntax(error: tomllib.TOMLDecodeError, document: str) -> Problem:
    """What the TOML reader stumbled over; its message ends with the place, or says that the document ended too soon."""
    said = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error), re.DOTALL)
    lines = document.split("\n")
    position = Position(line=int(said[2]), column=int(said[3])) if said else Position(line=len(lines), column=len(lines[-1]) + 1)
    wrong = said[1] if said else str(error).removesuffix(" (at end of document)")
    return Problem(path="", wrong=f"not TOML: {wrong}", remedy="correct the place named", position=position)


def _read(values: Mapping[str, Any], source: str) -> Policy:
    problems: list[Problem] = []
    policy = read(Table(values, "", problems))
    if not problems:
        _agreement(policy, problems)
    if not problems:
        problems += duty.problems(policy, policy.effective_from_on)
    if problems:
        raise PolicyRefused(source, tuple(problems))
    return policy


def read(top: Table) -> Policy:
    """Every key of a document, each asked for once: also what its schema is made of (``shared.policy.schema``)."""
    policy = Policy(
        owner_kind=OwnerKind(top.choice("owner_kind", tuple(OwnerKind), default=None)),
        owner=top.text("owner", pattern=_OWNER),
        name=top.text("name"),
        effective_from_on=top.day("effective_from_on"),
        teams=_teams(top.table("teams", required=True)),
        day_start=top.wall("day_start", default=time(8, 30), earliest=time(6, 0), latest=time(12, 0)),
        day_end=top.wall("day_end", default=time(15, 30), earliest=time(11, 0), latest=time(20, 0)),
        staff_day_send=top.wall("staff_day_send", default=time(7, 0), earliest=time(5, 0), latest=time(11, 0)),
        margin_minutes=top.whole("margin_minutes", default=30, lowest=5, highest=240),
        too_near_minutes=top.whole("too_near_minutes", default=60, lowest=0, highest=720),
        review_margin_minutes=top.whole("review_margin_minutes", default=60, lowest=5, highest=720),
        review_minimum_minutes=top.whole("review_minimum_minutes", default=30, lowest=5, highest=240),
        holiday_limit_days=top.whole("holiday_limit_days", default=4, lowest=2, highest=60),
        call_minutes=top.whole("call_minutes", default=20, lowest=5, highest=240),
        quiet_hours=_quiet_hours(top.table("quiet_hours")),
        ladder=document_ladders.ladder(top),
        fields_shown=top.codes("fields_shown", options=FIELDS, default=FIELDS_BY_DEFAULT),
        handling=Handling(top.choice("handling", tuple(Handling), default=Handling.DO_NOT_MENTION)),
        helpline=_helpline(top.table("helpline")) if top.has("helpline") else None,
        rung_minutes=top.whole("rung_minutes", default=10, lowest=1, highest=120),
        in_session_minutes=top.whole("in_session_minutes", default=60, lowest=0, highest=240),
        parent_contact=top.text("parent_contact") if top.has("parent_contact") else None,
        retention_months=top.whole("retention_months", default=6, lowest=1, highest=60) if top.has("retention_months") else None,
        routes=document_parts.routes(top.table("routes")),
        duty=document_parts.duty(top),
        ladders=document_ladders.ladders(top),
        fields_shown_to=document_parts.fields_by_kind(top, FIELDS),
        holiday=document_parts.holiday(top.table("holiday")),
        weekend=document_parts.weekend(top.table("weekend")),
        release=document_parts.release(top.table("release")),
        ages=document_parts.ages(top.table("ages")),
    )
    top.close()
    return policy


def _agreement(policy: Policy, problems: list[Problem]) -> None:
    start = timedelta(hours=policy.day_start.hour, minutes=policy.day_start.minute)
    send = timedelta(hours=policy.staff_day_send.hour, minutes=policy.staff_day_send.minute)
    if policy.day_end <= policy.day_start:
        problems.append(Problem(path="day_end", wrong="not after day_start", remedy="give the end of the school day"))
    if send >= start - timedelta(minutes=policy.margin_minutes):
        remedy = "send earlier, or make margin_minutes smaller"
        problems.append(Problem(path="staff_day_send", wrong="not before the deadline of the same morning", remedy=remedy))
    if policy.teams.review == policy.teams.authority_lead:
        remedy = "name another team: what nobody settled in time must pass to someone else"
        problems.append(Problem(path="teams.authority_lead", wrong="the same team as teams.review", remedy=remedy))


def _teams(table: Table) -> Teams:
    teams = Teams(
        review=table.text("review", pattern=_TEAM),
        live=table.text("live", pattern=_TEAM),
        phone=table.text("phone", pattern=_TEAM),
        authority_lead=table.text("authority_lead", pattern=_TEAM),
        release=table.text("release", pattern=_TEAM) if table.has("release") else None,
        routes=document_parts.route_teams(table.table("routes")),
    )
    table.close()
    return teams


def _quiet_hours(table: Table) -> QuietHours:
    hours = QuietHours(start=table.wall("start", default=time(21, 0)), end=table.wall("end", default=time(6, 30)))
    table.close()
    return hours


def _helpline(table: Table) -> Helpline:
    helpline = Helpline(name=table.text("name"), number=table.text("number"), hours=table.text("hours"))
    table.close()
    return helpline


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item is not None}
    if isinstance(value, tuple):
        return [_present(item) for item in value]
    return value


def _plain(value: Any) -> str:
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError("a policy holds text, numbers, dates and times")
