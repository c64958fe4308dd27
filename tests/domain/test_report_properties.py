"""Whatever comes in: a report or a refusal, nothing else, and not a word of it back."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from services.ingest.domain.sameness import same_body_hash
from shared.report.findings import Finding, Problem, ReportRefused
from shared.report.model import Report
from shared.report.read import read
from tests.samples import sample_report

MARK = "Zqx7"
"""Every text that these strategies make begins with it; no sentence of ours holds it."""

texts = st.text(max_size=30).map(lambda text: MARK + text)
plain = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=30).map(lambda text: MARK + text)
names = texts | st.sampled_from(["reference", "children", "adults", "voice", "words", "type", "codes", "unrecognised", "school", "made"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(["2026-11-19", "yes", "A1", "", " "])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=15)
junk_scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | plain
junk_values = st.recursive(
    junk_scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain, inner, max_size=4), max_leaves=8
)
"""Any JSON that has one meaning for every reader: what is left to dislike is that it stands where it does not belong."""

KEPT_WHOLE = {("system",), ("reference",), ("children",), ("adults",)}
"""Identity, and the two lists it stands in."""

Place = tuple[str | int, ...]


def places(value: Any, start: Place = ()) -> Iterator[Place]:
    for token, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*start, token)
        yield from places(inner, (*start, token))


EVERYWHERE = sorted(places(sample_report()), key=repr)
OPTIONAL = [
    place
    for place in EVERYWHERE
    if place not in KEPT_WHOLE and not (place[0] in ("children", "adults") and (len(place) == 2 or place[2:] == ("reference",)))
]


def put(report: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(report)
    container: Any = changed
    for token in place[:-1]:
        container = container[token]
    container[place[-1]] = value
    return changed


def said_of(body: bytes) -> tuple[Finding | Problem, ...]:
    try:
        return read(body).findings
    except ReportRefused as refused:
        return refused.problems


@given(values)
def test_any_json_value_is_read_or_refused(value: Any) -> None:
    assert MARK not in repr(said_of(json.dumps(value).encode()))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert said_of(body)


@given(st.lists(st.tuples(st.sampled_from(EVERYWHERE), values), min_size=1, max_size=3), names, values)
def test_any_damage_to_a_report_is_read_or_refused_without_an_echo(damage: list[tuple[Place, Any]], name: str, extra: Any) -> None:
    report = sample_report()
    for place, value in damage:
        try:
            report = put(report, place, value)
        except (KeyError, IndexError, TypeError):
            continue
    assert MARK not in repr(said_of(json.dumps({name: extra, **report}).encode()))


@given(st.sampled_from(OPTIONAL), junk_values)
def test_no_junk_in_an_optional_place_ever_refuses(place: Place, junk: Any) -> None:
    done = read(json.dumps(put(sample_report(), place, junk)).encode())
    assert [child.reference for child in done.report.children] == ["C1", "C2", "C3"]
    assert [adult.reference for adult in done.report.adults] == ["A1", "A2"]
    assert Report.from_canonical(done.report.to_canonical()) == done.report


@given(st.sampled_from(OPTIONAL), st.lists(st.integers(-9, 9) | plain, max_size=3))
def test_what_cannot_be_used_is_kept_as_it_was(place: Place, junk: list[Any]) -> None:
    """An object with an unknown member fits nowhere: it is kept at its place, or, where an object belongs, its member is."""
    done = read(json.dumps(put(sample_report(), place, {"zqx7": junk})).encode())
    start = "".join(f"/{token}" for token in place)
    assert done.report.unrecognised in ({start: {"zqx7": junk}}, {f"{start}/zqx7": junk})
    assert [finding.code for finding in done.findings if finding.pointer.startswith(start)][:1] in (
        ["unrecognised-value"],
        ["unrecognised-field"],
    )


@given(
    st.integers(0, 10_000), st.randoms(use_true_random=False), st.sampled_from([None, 1, 4, "\t"]), st.sampled_from(OPTIONAL), junk_values
)
def test_order_white_space_and_escapes_make_no_difference(seed: int, dice: Any, indent: Any, place: Place, junk: Any) -> None:
    report = put(sample_report(seed=seed), place, junk)
    body = json.dumps(report)
    other = json.dumps(shuffled(report, dice), indent=indent, ensure_ascii=False)
    assert read(body.encode()).report.to_canonical() == read(other.encode()).report.to_canonical()


def shuffled(value: Any, dice: Any) -> Any:
    if isinstance(value, list):
        return [shuffled(item, dice) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    dice.shuffle(keys)
    return {key: shuffled(value[key], dice) for key in keys}


@given(st.sampled_from(OPTIONAL))
def test_an_explicit_null_is_the_same_as_an_omission(place: Place) -> None:
    assume(not isinstance(place[-1], int))
    without = put(sample_report(), place, None)
    container: Any = without
    for token in place[:-1]:
        container = container[token]
    null = read(json.dumps(without).encode()).report
    del container[place[-1]]
    assert read(json.dumps(without).encode()).report.to_canonical() == null.to_canonical()


@given(st.sampled_from(OPTIONAL), plain, plain)
def test_two_bodies_that_differ_are_not_the_same(place: Place, one: str, other: str) -> None:
    assume(one != other)
    reports = [read(json.dumps(put(sample_report(), place, value)).encode()).report for value in (one, other)]
    assert len({same_body_hash(report, b"key") for report in reports}) == 2


def test_the_hash_needs_its_key_and_the_instants_offset_is_no_difference() -> None:
    report = read(json.dumps(sample_report(believed_at="2026-11-20T01:00:00+01:00")).encode()).report
    same = read(json.dumps(sample_report(believed_at="2026-11-20T00:00:00.000Z")).encode()).report
    assert same_body_hash(report, b"key") == same_body_hash(same, b"key") != same_body_hash(same, b"another")
    assert len(same_body_hash(report, b"key")) == 64
