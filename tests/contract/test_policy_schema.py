"""The schema of a policy document: it takes what the reading takes, refuses what a schema can refuse, and the reference names every key."""

import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.policy.schema import schema
from tests.contract.test_policy_commands import BROKEN, GOOD, broken

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = Draft202012Validator(schema())
BEYOND = {
    "a team that settles its own",
    "a school as a team",
    "schools not permitted",
    "an hour in the night",
    "a ladder that ends in silence",
    "two ways to say when",
    "nobody at the weekend",
    "nobody on a bank holiday",
    "a range that ends before it begins",
    "no such day",
}
"""What two keys say together, and bounds of a time of day: for ``encompass policy check`` alone."""


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | time) else value


def faults(document: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(as_json(tomllib.loads(document)))]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", ["example-authority.toml", "example-force.toml"])
def test_the_examples_are_policies_by_it(name: str) -> None:
    assert faults((ROOT / "deploy" / "policies" / name).read_text(encoding="utf-8")) == []
    assert faults(GOOD) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_refused_as_far_as_a_schema_can(name: str) -> None:
    try:
        found = faults(broken(name))
    except tomllib.TOMLDecodeError:
        return
    assert bool(found) is (name not in BEYOND), found


def keys(said: dict[str, Any]) -> Iterator[str]:
    for key, inner in said.get("properties", {}).items():
        yield key
        yield from keys(inner.get("items", inner))


def test_the_reference_names_every_key() -> None:
    reference = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    wanted = {
        key
        for key in keys(schema())
        if key not in ("ladder", "ladders", "duty", "teams", "routes", "ages", "holiday", "weekend", "release")
    }
    assert [
        key for key in sorted(wanted) if f"`{key}`" not in reference and f"[{key}]" not in reference and f".{key}]" not in reference
    ] == []


def test_the_example_shows_every_key() -> None:
    shown = (ROOT / "deploy" / "policies" / "example-authority.toml").read_text(encoding="utf-8")
    top = set(schema()["properties"])
    assert top - set(tomllib.loads(shown)) == set()
