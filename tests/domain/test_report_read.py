"""Only shape, size and identity refuse a report; everything else is read, and nothing of the input comes back in an answer."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.report.codes import Ethnicity, IncidentType
from shared.report.findings import FINDINGS, PROBLEMS, ReportRefused
from shared.report.read import Read, read
from tests.malformed import KINDS, malformed
from tests.samples import personal_words, sample_body, sample_report

RECEIVED_AT = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def read_sample(**overrides: Any) -> Read:
    return read(sample_body(**overrides), received_at=RECEIVED_AT)


def codes_at(done: Read, pointer: str) -> list[str]:
    return [finding.code for finding in done.findings if finding.pointer == pointer]


def problems_of(body: bytes) -> list[tuple[str, str]]:
    with pytest.raises(ReportRefused) as caught:
        read(body)
    return [(problem.pointer, problem.code) for problem in caught.value.problems]


def with_child(index: int, **fields: Any) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = sample_report()["children"]
    children[index] |= fields
    return children


@pytest.mark.parametrize("seed", range(50))
def test_a_sample_is_read_whole_and_without_a_finding(seed: int) -> None:
    done = read(sample_body(seed=seed), received_at=RECEIVED_AT + timedelta(days=1))
    assert done.findings == ()
    assert done.report.unrecognised == {}
    assert [child.reference for child in done.report.children] == ["C1", "C2", "C3"]
    assert sample_report(seed=seed) == sample_report(seed=seed)


@pytest.mark.parametrize("seed", range(1_000))
def test_a_malformed_body_is_refused_clearly(seed: int) -> None:
    body = malformed(seed)
    with pytest.raises(ReportRefused) as caught:
        read(body, received_at=RECEIVED_AT)
    assert body == malformed(seed)
    assert caught.value.problems
    assert caught.value.__context__ is None
    said = repr(caught.value.problems) + str(caught.value)
    assert not [word for word in personal_words(sample_report(seed=seed)) | {"Samandra", "Testerby", "Sample", "SAMPLE"} if word in said]


def test_a_thousand_seeds_take_every_kind() -> None:
    assert len(KINDS) < 1_000


@pytest.mark.parametrize(
    ("overrides", "pointer", "raw"),
    [
        ({"place_kind": "on the moon"}, "/place_kind", "on the moon"),
        ({"behaviours": "physical"}, "/behaviours", "physical"),
        ({"behaviours": ["physical", "unkind", "threats"]}, "/behaviours/1", "unkind"),
        ({"behaviours": ["physical"] * 41}, "/behaviours", ["physical"] * 41),
        ({"behaviours": ["zz"] * 5_000}, "/behaviours", ["zz"] * 5_000),
        ({"occurred_from_at": "2026-11-19T22:40:00"}, "/occurred_from_at", "2026-11-19T22:40:00"),
        ({"occurred_from_at": 1790000000}, "/occurred_from_at", 1790000000),
        ({"occurred_from_at": "2026-02-30T10:00:00Z"}, "/occurred_from_at", "2026-02-30T10:00:00Z"),
        ({"believed_at": "0001-01-01T00:00:00Z"}, "/believed_at", "0001-01-01T00:00:00Z"),
        ({"referral": {"made": "yes"}}, "/referral/made", "yes"),
        ({"referral": "made"}, "/referral", "made"),
        ({"risk": {"tool": 3, "grade": "high"}}, "/risk/tool", 3),
        ({"brief_circumstances": "x" * 20_001}, "/brief_circumstances", "x" * 20_001),
        ({"brief_circumstances": "bell \x07"}, "/brief_circumstances", "bell \x07"),
        ({"conditions": [{"who": "A2", "kind": "must-not-whistle"}]}, "/conditions/0/kind", "must-not-whistle"),
        ({"children": with_child(1, sex="f")}, "/children/1/sex", "f"),
        ({"children": with_child(1, date_of_birth="2012")}, "/children/1/date_of_birth", "2012"),
        ({"children": with_child(1, date_of_birth="2012-01-01T00:00:00Z")}, "/children/1/date_of_birth", "2012-01-01T00:00:00Z"),
        ({"children": with_child(1, school={"urn": 900001})}, "/children/1/school/urn", 900001),
        ({"children": with_child(2, unborn=True)}, "/children/2/unborn", True),
        ({"a/b~c": 1}, "/a~1b~0c", 1),
        ({"unrecognised": {"/x": 1}}, "/unrecognised", {"/x": 1}),
    ],
)
def test_a_bad_optional_value_is_kept_raw_with_a_finding(overrides: dict[str, Any], pointer: str, raw: object) -> None:
    done = read_sample(**overrides)
    assert done.report.unrecognised == {pointer: raw}
    assert len(done.report.children) == 3
    assert {"unrecognised-value", "unrecognised-field", "over-long"} & {finding.code for finding in done.findings}


def test_several_bad_items_of_one_list_leave_the_good_ones_in_order() -> None:
    done = read_sample(behaviours=["zz", "physical", None, "threats", 5, "stalking"])
    assert list(done.report.behaviours) == ["physical", "threats", "stalking"]
    assert done.report.unrecognised == {"/behaviours/0": "zz", "/behaviours/2": None, "/behaviours/4": 5}


def test_an_unrecognised_type_is_never_taken_for_domestic_abuse() -> None:
    assert read_sample(type="missing-person").report.type is IncidentType.OTHER
    assert read_sample(type=None).report.type is IncidentType.DOMESTIC_ABUSE


def test_an_empty_text_is_set_aside_as_empty() -> None:
    done = read_sample(children=with_child(0, known_as="", language="  "))
    assert codes_at(done, "/children/0/known_as") == codes_at(done, "/children/0/language") == ["empty-value"]
    assert done.report.children[0].known_as is None


def test_an_unknown_field_is_named_by_a_star() -> None:
    done = read_sample(children=with_child(0, Samandra_secret=1))
    assert codes_at(done, "/children/0/*") == ["unrecognised-field"]
    assert done.report.unrecognised == {"/children/0/Samandra_secret": 1}


@pytest.mark.parametrize(
    "name",
    [
        "immigration_status",
        "ImmigrationStatus",
        "immigration",
        "visa",
        "visaType",
        "NRPF",
        "asylum-seeker",
        "Leave to remain",
        "noRecourse",
    ],
)
def test_immigration_status_is_dropped_wherever_it_stands(name: str) -> None:
    secret = "granted-in-1999"
    adults = sample_report()["adults"]
    adults[0][name] = secret
    adults[1]["language"] = {"spoken": "English", name: secret}
    done = read_sample(adults=adults, extra=[{name: {"deep": secret}}])
    assert secret.encode() not in done.report.to_canonical()
    assert done.report.unrecognised == {"/adults/1/language": {"spoken": "English"}, "/extra": [{}]}
    for pointer in ("/adults/0/*", "/adults/1/language/*", "/*/0/*"):
        assert codes_at(done, pointer) == ["field-not-kept"]


def test_an_advisable_field_is_not_taken_for_a_visa() -> None:
    assert read_sample(advisable="yes").report.unrecognised == {"/advisable": "yes"}


def test_not_recorded_and_not_stated_stay_apart() -> None:
    children = with_child(0, ethnicity="NS")
    children[1]["ethnicity"] = "NR"
    del children[2]["ethnicity"]
    assert [child.ethnicity for child in read_sample(children=children).report.children] == [Ethnicity.NS, Ethnicity.NR, None]


@pytest.mark.parametrize("presence", ["present", "heard", "elsewhere", "not-known", None])
@pytest.mark.parametrize("crime", ["yes", "no", None])
def test_presence_risk_and_crime_never_filter(presence: str | None, crime: str | None) -> None:
    done = read_sample(children=with_child(0, presence=presence), crime=crime, risk=None)
    assert done.findings == ()
    assert len(done.report.children) == 3


def test_the_identity_must_be_there_and_every_problem_is_told() -> None:
    body = {"system": "Bad System", "adults": [{}, "x"], "children": [{"reference": "C1"}, {"reference": "C1"}, {"reference": 3}]}
    assert problems_of(json.dumps(body).encode()) == [
        ("/system", "bad-format"),
        ("/reference", "missing"),
        ("/adults/0/reference", "missing"),
        ("/adults/1", "wrong-type"),
        ("/children/2/reference", "wrong-type"),
        ("/children/1/reference", "duplicate-reference"),
    ]


def test_thirty_children_and_twenty_adults_are_taken_and_no_more() -> None:
    children = [{"reference": f"C{n}"} for n in range(31)]
    adults = [{"reference": f"A{n}"} for n in range(21)]
    assert len(read_sample(children=children[:30], adults=adults[:20]).report.children) == 30
    assert problems_of(sample_body(children=children, adults=adults)) == [("/adults", "too-many"), ("/children", "too-many")]


def test_the_least_report_names_a_system_a_reference_and_a_child() -> None:
    done = read(b'\xef\xbb\xbf{"system": "s", "reference": "R 1", "children": [{"reference": "C1"}]}')
    assert [(finding.pointer, finding.code) for finding in done.findings] == [("/believed_at", "believed-missing")]


def test_a_body_of_just_256_kb_is_taken_and_an_over_long_text_kept() -> None:
    body = sample_body(brief_circumstances="")
    body = sample_body(brief_circumstances="y" * (256 * 1024 - len(body)))
    assert len(body) == 256 * 1024
    assert codes_at(read(body), "/brief_circumstances") == ["over-long"]
    assert problems_of(body + b" ") == [("", "too-large")]


def test_nothing_is_shown_of_a_report() -> None:
    done = read_sample()
    shown = f"{done!r} {done.report!r} {done.report} {[done.report.children]} {done.report.adults[0]!s}"
    assert not [word for word in personal_words(sample_report()) if word in shown]


def test_every_sentence_ends_and_says_nothing_of_anyone() -> None:
    for text in (*PROBLEMS.values(), *FINDINGS.values()):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "{" not in text
