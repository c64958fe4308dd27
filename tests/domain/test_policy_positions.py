"""Where a key stands, against ``tomllib``: every key that it reads is found, and the text there is that key."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.policy.positions import Position, place, positions

KEYS = st.sampled_from(["teams", "a", "b-1", '"quoted key"', "'it is'", '"a.b"', '"tab\\t"'])
TEXTS = st.sampled_from(['"x"', "'y'", '"a # b"', '"[not]"', '"""two\nlines = 1"""', "'''\n[[no]]\n'''", '"\\"="', '""', "''''it''''"])
SCALARS = st.one_of(TEXTS, st.sampled_from(["1", "true", "0.5", "2026-09-01", "08:30:00"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: "[ # a comment, ]\n  " + ",\n  ".join(items) + ",\n]"),
        st.lists(st.tuples(KEYS, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=6,
)
PAIRS = st.tuples(st.lists(KEYS, min_size=1, max_size=2).map(" . ".join), VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}")
HEADERS = st.tuples(st.sampled_from(["[{}]", "[[{}]]", "[ {} ]  # here"]), st.lists(KEYS, min_size=1, max_size=2).map(".".join)).map(
    lambda one: one[0].format(one[1])
)
LINES = st.lists(st.one_of(PAIRS, HEADERS, st.sampled_from(["", "# [teams]", "  # a = 1"])), max_size=8)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A TOML document: of the drawn lines those that keep it one."""
    kept: list[str] = []
    for line in draw(LINES):
        try:
            tomllib.loads("\n".join([*kept, line]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(line)
    return "\n".join(kept)


def paths(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Each key's path, and the key; of a list's item the path alone."""
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            found += [(here, key), *paths(inner, here)]
    if isinstance(value, list):
        for number, inner in enumerate(value):
            found += [(f"{path}[{number}]", ""), *paths(inner, f"{path}[{number}]")]
    return found


@settings(max_examples=300)
@given(documents())
def test_every_key_is_found_and_the_text_there_is_that_key(document: str) -> None:
    found = positions(document)
    wanted = paths(tomllib.loads(document))
    assert set(found) == {path for path, _ in wanted}
    lines = document.split("\n")
    for path, key in wanted:
        at = found[path]
        rest = lines[at.line - 1][at.column - 1 :]
        if key:
            assert rest.startswith((key, f"'{key}'", '"')), (path, rest)


def test_the_places_of_a_policy() -> None:
    document = '\ufeffname = "x"\n\n[teams]  # who\nreview = "hub"\n\n[[ladder]]\nrole = "dsl"\n[[ladder]]\n  role = "phone"\n'
    found = {path: str(at) for path, at in positions(document).items()}
    assert found["name"] == "1:1"
    assert found["teams"] == "3:2"
    assert found["teams.review"] == "4:1"
    assert found["ladder[0].role"] == "7:1"
    assert (found["ladder[1]"], found["ladder[1].role"]) == ("8:3", "9:3")


@pytest.mark.parametrize(
    ("path", "line"),
    [("teams.phone", 3), ("ladder[1].share", 8), ("ladder[7]", 6), ("effective_from_on", 1), ("", 1), ("teams.routes.x", 3)],
)
def test_what_is_missing_is_told_of_where_it_would_stand(path: str, line: int) -> None:
    document = 'name = "x"\n\n[teams]\nreview = "hub"\n\n[[ladder]]\nrole = "dsl"\n[[ladder]]\nrole = "phone"\n'
    assert place(positions(document), path).line == line


def test_a_document_without_a_word() -> None:
    assert positions("") == {}
    assert place({}, "teams.review") == Position()
