"""The house rules hold for every file, each says why, and each can fail.

The rules are in ``tests/tidy``: directions (who imports whom, pure rooms), rooms (libraries and words), shape (lengths, names, values,
tests), texts (what may stand in a file of any kind).
"""

import pytest

from tests.tidy import directions, rooms, shape, texts
from tests.tidy.source import Rule, Source
from tests.tidy.tree import sources

RULES = (*directions.RULES, *rooms.RULES, *shape.RULES, *texts.RULES)
PLANTED = [(rule, source) for rule in RULES for source in rule.planted]
ALLOWED = [(rule, source) for rule in RULES for source in rule.allowed]


@pytest.fixture(scope="module")
def tree() -> list[Source]:
    return sources()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_house_keeps(rule: Rule, tree: list[Source]) -> None:
    if found := rule.violations(tree):
        broken = [f"  {violation.path}:{violation.line}: {violation.what}" for violation in found]
        pytest.fail("\n".join([f"{rule.name}: {rule.why}.", *broken]), pytrace=False)


@pytest.mark.parametrize(("rule", "source"), PLANTED, ids=[f"{rule.name}-{number}" for number, (rule, _) in enumerate(PLANTED)])
def test_a_planted_violation_is_reported(rule: Rule, source: Source) -> None:
    assert rule.violations([source])


@pytest.mark.parametrize(("rule", "source"), ALLOWED, ids=[f"{rule.name}-{number}" for number, (rule, _) in enumerate(ALLOWED)])
def test_what_is_allowed_is_not_reported(rule: Rule, source: Source) -> None:
    assert rule.violations([source]) == []


def test_every_rule_is_proven_both_ways() -> None:
    assert all(rule.planted and rule.allowed and rule.why for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_the_files_are_found(tree: list[Source]) -> None:
    paths = {source.path for source in tree}
    assert {"pyproject.toml", "Makefile", "tests/test_tidy.py", "shared/events/__init__.py", "deploy/requirements.txt"} <= paths


def test_a_ratchet_names_what_is_there_and_is_still_long(tree: list[Source]) -> None:
    """A file that has become short loses its exception."""
    lengths = {source.path: len(source.text.splitlines()) for source in tree}
    assert {path for path in shape.LONGER_FILES if lengths.get(path, 0) <= shape.FILE_LINES} == set()
