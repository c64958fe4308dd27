"""A typed report back in its form, to be corrected: what ``entry_report.body_of`` made of the answers, turned round.

An instant comes back as London's wall clock showed it. What was set aside when the report was read stands where it was typed. A number
that any version has given to a child is never given to another one: it would be the same child to everybody who was told.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from services.ingest.domain.entry import Typed
from services.ingest.domain.entry_report import CHILD_TEXTS, INCIDENT_TEXTS, MOMENTS, PERSON_TEXTS
from shared.calendar.wall import LONDON
from shared.report.model import Report

Page = dict[str, list[str]]


def typed_again(report: Report, references: Iterable[str]) -> Typed:
    """The answers of which ``report`` was made. ``references``: of all children that any version has told of."""
    body = _as_it_came(report)
    pages = {"incident": _incident(body)}
    for adult in body.get("adults", []):
        pages[_step(adult["reference"])] = _adult(
            adult, [one for one in body.get("conditions", []) if one.get("who") == adult["reference"]]
        )
    for child in body["children"]:
        ties = {
            f"relation-{_step(adult['reference'])}": tie["relation"]
            for adult in body.get("adults", [])
            for tie in adult.get("relationships", [])
            if tie["child"] == child["reference"]
        }
        pages[_step(child["reference"])] = _child(child) | _texts(ties)
    kept = {step: {name: given for name, given in page.items() if given} for step, page in pages.items()}
    return Typed(pages=kept, gone=frozenset(map(_step, references)) - kept.keys())


def _as_it_came(report: Report) -> dict[str, Any]:
    body = report.model_dump(mode="json", exclude_none=True, exclude={"unrecognised"}, warnings=False)
    for place, value in report.unrecognised.items():
        *way, last = place.split("/")[1:]
        at: Any = body
        for one in way:
            at = at[int(one)] if isinstance(at, list) else at.setdefault(one, {})
        if isinstance(at, dict):
            at[last] = value
    return body


def _step(reference: str) -> str:
    return f"{'adult' if reference.startswith('A') else 'child'}-{reference[1:]}"


def _incident(body: Mapping[str, Any]) -> Page:
    action, risk, referral = body.get("police_action", {}), body.get("risk", {}), body.get("referral", {})
    return (
        _texts({name: body.get(name) for name in INCIDENT_TEXTS})
        | {name: part for moment in MOMENTS for name, part in _moment(moment, body.get(moment)).items()}
        | {"behaviours": body.get("behaviours", []), "action": action.get("codes", []), "handling_flags": body.get("handling_flags", [])}
        | _texts({"action_text": action.get("text"), "risk_tool": risk.get("tool"), "risk_grade": risk.get("grade")})
        | _texts({"referral_made": _said(referral.get("made")), "referral_to": referral.get("to")})
        | _texts({f"desk_{name}": text for name, text in body.get("desk", {}).items()})
    )


def _person(person: Mapping[str, Any]) -> Page:
    return _texts({name: person.get(name) for name in PERSON_TEXTS}) | _day("date_of_birth", person.get("date_of_birth"))


def _adult(adult: Mapping[str, Any], conditions: list[Mapping[str, Any]]) -> Page:
    shared = conditions[0] if conditions else {}
    return (
        _person(adult)
        | _texts({"role": adult.get("role"), "must_not_source": shared.get("source")})
        | {"must_not": [one["kind"] for one in conditions if "kind" in one]}
        | _day("must_not_until", shared.get("until_on"))
    )


def _child(child: Mapping[str, Any]) -> Page:
    voice, check, school, unborn = (child.get(name, {}) for name in ("voice", "welfare_check", "school", "unborn"))
    answers = {name: _said(voice.get(name)) for name in ("spoken_to", "alone", "words_safe_to_share")}
    return (
        _person(child)
        | _texts({name: child.get(name) for name in CHILD_TEXTS} | answers)
        | _texts({"words": voice.get("words"), "observed": voice.get("observed") or unborn.get("observed")})
        | _texts({"school_name": school.get("name"), "school_urn": school.get("urn"), "welfare_made": _said(check.get("made"))})
        | _moment("welfare_made_at", check.get("made_at"))
        | _day("due_on", unborn.get("due_on"))
        | {"lives_with": [_step(one) for one in child.get("lives_with", [])], "handling_flags": child.get("handling_flags", [])}
    )


def _texts(values: Mapping[str, Any]) -> Page:
    return {name: [str(text)] for name, text in values.items() if text is not None}


def _said(answer: bool | None) -> str | None:
    return None if answer is None else "yes" if answer else "no"


def _day(name: str, text: str | None) -> Page:
    if text is None:
        return {}
    on = date.fromisoformat(text)
    return {f"{name}-day": [str(on.day)], f"{name}-month": [str(on.month)], f"{name}-year": [str(on.year)]}


def _moment(name: str, text: str | None) -> Page:
    if text is None:
        return {}
    wall = datetime.fromisoformat(text).astimezone(LONDON)
    return _day(name, wall.date().isoformat()) | {f"{name}-time": [f"{wall:%H:%M}"]}
