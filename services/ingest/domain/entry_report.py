"""The body of a report from what was typed: what was left empty is left out, and nothing is guessed."""

from typing import Any

from services.ingest.domain.entry import SYSTEM, Typed, Values, day_of, first, moment_of

INCIDENT_TEXTS = ("reference", "type", "crime", "place_kind", "brief_circumstances")
MOMENTS = ("occurred_from_at", "occurred_to_at", "reported_at", "believed_at")
PERSON_TEXTS = ("full_name", "sex", "ethnicity", "disability", "disability_text", "language", "communication_need")
CHILD_TEXTS = ("known_as", "date_of_birth_accuracy", "upn", "postcode", "address", "lives_elsewhere", "presence")


def body_of(typed: Typed) -> dict[str, Any]:
    """As the API takes it. An adult is ``A1``, a child ``C1``, by their pages."""
    page = typed.page("incident")
    return _filled(
        {
            "system": SYSTEM,
            **_texts(page, INCIDENT_TEXTS),
            **{name: moment_of(page, name) for name in MOMENTS},
            "behaviours": page.get("behaviours"),
            "police_action": _filled({"codes": page.get("action"), "text": first(page, "action_text")}),
            "risk": _filled({"tool": first(page, "risk_tool"), "grade": first(page, "risk_grade")}),
            "referral": _filled({"made": _yes(page, "referral_made"), "to": first(page, "referral_to")}),
            "desk": _filled({name: first(page, f"desk_{name}") for name in ("name", "telephone", "email", "hours")}),
            "handling_flags": page.get("handling_flags"),
            "conditions": [one for step in typed.adults for one in _conditions(step, typed.page(step))],
            "adults": [_adult(typed, step) for step in typed.adults],
            "children": [_child(typed, step) for step in typed.steps("child")],
        }
    )


def _reference(step: str) -> str:
    kind, _, number = step.partition("-")
    return f"{'A' if kind == 'adult' else 'C'}{number}"


def _person(step: str, page: Values) -> dict[str, Any]:
    return {"reference": _reference(step), **_texts(page, PERSON_TEXTS), "date_of_birth": day_of(page, "date_of_birth")}


def _adult(typed: Typed, step: str) -> dict[str, Any]:
    ties = [
        {"child": _reference(child), "relation": relation}
        for child in typed.steps("child")
        if (relation := first(typed.page(child), f"relation-{step}"))
    ]
    page = typed.page(step)
    return _filled({**_person(step, page), "role": first(page, "role"), "relationships": ties})


def _conditions(step: str, page: Values) -> list[dict[str, Any]]:
    shared = {"who": _reference(step), "until_on": day_of(page, "must_not_until"), "source": first(page, "must_not_source")}
    return [_filled({**shared, "kind": kind}) for kind in page.get("must_not", ())]


def _child(typed: Typed, step: str) -> dict[str, Any]:
    page = typed.page(step)
    voice = {name: _yes(page, name) for name in ("spoken_to", "alone", "words_safe_to_share")}
    return _filled(
        {
            **_person(step, page),
            **_texts(page, CHILD_TEXTS),
            "school": _filled({"name": first(page, "school_name"), "urn": first(page, "school_urn")}),
            "voice": _filled({**voice, **_texts(page, ("words", "observed"))}) if "due_on-day" not in page else None,
            "welfare_check": _filled({"made": _yes(page, "welfare_made"), "made_at": moment_of(page, "welfare_made_at")}),
            "unborn": _filled({"due_on": day_of(page, "due_on"), "observed": first(page, "observed")}) if "due_on-day" in page else None,
            "lives_with": [_reference(one) for one in page.get("lives_with", ()) if one in typed.adults],
            "handling_flags": page.get("handling_flags"),
        }
    )


def _texts(page: Values, names: tuple[str, ...]) -> dict[str, str]:
    return {name: first(page, name) for name in names}


def _yes(page: Values, name: str) -> bool | None:
    return {"yes": True, "no": False}.get(first(page, name))


def _filled(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value is not None and value not in ("", [], {}, ())}
