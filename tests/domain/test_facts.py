"""Facts carry identifiers, codes and instants, and nothing personal (D3); each arrives as it was stated."""

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest

from shared.events import BY_TYPE, FACTS, SUBSCRIBERS, Envelope, Fact, dump, load

IDENTIFIERS = ("_id", "_ids", "_version", "_ref", "_kind")
CODES = {"force", "purpose", "urgency", "channel", "reason", "answer", "outcome", "result", "owner", "decider", "reader", "caller"}
CODES |= {"kind", "settlement", "way", "route", "legal_class"}
"""``owner`` is a team's id, ``decider`` a policy's version or a session's id, ``reader`` and ``caller`` that of a key or a session."""
COUNTS = {"rung", "repeat", "sandbox", "supplement", "candidates", "found"}
AT = datetime(2026, 11, 22, 23, 10, 0, 123456, tzinfo=UTC)


def kind_of(name: str, hint: Any) -> str:
    """``instant``, ``identifier``, ``code`` or ``count``; empty for a field that nobody has thought about."""
    if hint in (datetime, datetime | None):
        return "instant" if name.endswith("_at") else ""
    if hint in (int, bool):
        return "count" if name in COUNTS or name.endswith("_version") else ""
    if hint == tuple[str, ...]:
        return "identifier" if name.endswith("_ids") else ""
    if hint in (str, str | None):
        return "identifier" if name.endswith(IDENTIFIERS) else "code" if name in CODES else ""
    return ""


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_every_field_is_an_identifier_a_code_or_an_instant(fact: type[Fact]) -> None:
    hints = get_type_hints(fact)
    assert [field.name for field in fields(fact) if not kind_of(field.name, hints[field.name])] == []


@pytest.mark.parametrize("name", ["name", "full_name", "address", "date_of_birth", "text", "note"])
def test_a_field_with_anything_else_would_be_found(name: str) -> None:
    assert kind_of(name, str) == kind_of(name, str | None) == ""


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_a_fact_goes_over_whole(fact: type[Fact]) -> None:
    values: dict[Any, Any] = {datetime: AT, datetime | None: AT, str: "x", str | None: "x", int: 3, bool: True, tuple[str, ...]: ("a", "b")}
    hints = get_type_hints(fact)
    full = fact(**{field.name: values[hints[field.name]] for field in fields(fact)})
    empty = fact(**{field.name: values[hints[field.name]] for field in fields(fact) if field.default is MISSING})
    envelopes = [Envelope(id="1", source="router", time=AT, fact=stated) for stated in (full, empty)]
    assert [load(event) for event in dump(envelopes)] == envelopes


def test_a_type_is_one_fact_and_only_facts_have_subscribers() -> None:
    assert len(BY_TYPE) == len(FACTS)
    assert SUBSCRIBERS.keys() <= BY_TYPE.keys()
