"""Advice on what a report says: each gap is told at its place, and a full report is told nothing."""

from typing import Any

import pytest

from services.ingest.domain.quality import ADULT_RULES, CALLED_ONLY, CHILD_RULES, PHRASE_RULES, findings
from shared.report.read import read
from tests.samples import personal_words, sample_body, sample_report


def advice(**overrides: Any) -> list[tuple[str, str]]:
    return [(finding.pointer, finding.code) for finding in findings(read(sample_body(**overrides)).report)]


def changed(people: str, index: int, **fields: Any) -> dict[str, Any]:
    entries = sample_report()[people]
    entries[index] |= fields
    return {people: entries}


@pytest.mark.parametrize("seed", range(20))
def test_a_full_report_gets_no_advice(seed: int) -> None:
    assert findings(read(sample_body(seed=seed)).report) == ()


@pytest.mark.parametrize(
    ("overrides", "pointer", "code"),
    [
        (changed("adults", 0, full_name="Partner"), "/adults/0/full_name", "adult-called-only-by-relation"),
        (changed("adults", 0, full_name="her ex-partner"), "/adults/0/full_name", "adult-called-only-by-relation"),
        (changed("adults", 0, full_name="EX_HUSBAND"), "/adults/0/full_name", "adult-called-only-by-relation"),
        (changed("adults", 0, full_name="Unknown male"), "/adults/0/full_name", "adult-called-only-by-relation"),
        (changed("adults", 1, full_name="Tesgardo"), "/adults/1/full_name", "suspect-without-full-name"),
        (changed("adults", 1, full_name=None), "/adults/1/full_name", "suspect-without-full-name"),
        (changed("adults", 0, role=None), "/adults/0/role", "adult-without-role"),
        (changed("adults", 0, ethnicity=None), "/adults/0/ethnicity", "adult-without-ethnicity"),
        (changed("children", 1, ethnicity="NR"), "/children/1/ethnicity", "child-without-ethnicity"),
        (changed("children", 1, full_name=None), "/children/1/full_name", "child-without-name"),
        (changed("children", 1, date_of_birth=None), "/children/1/date_of_birth", "child-without-date-of-birth"),
        (changed("children", 1, voice=None), "/children/1/voice", "child-without-voice"),
        (changed("children", 1, voice={"alone": True}), "/children/1/voice", "child-without-voice"),
        (changed("children", 1, presence=None), "/children/1/presence", "child-without-presence"),
        (changed("children", 1, welfare_check={}), "/children/1/welfare_check", "child-without-welfare-check"),
        (changed("children", 1, school=None, postcode=None), "/children/1/school", "child-without-school-or-postcode"),
        ({"brief_circumstances": "An ongoing parental conflict."}, "/brief_circumstances", "minimising-words"),
        ({"brief_circumstances": "Called to a DOMESTIC at home."}, "/brief_circumstances", "minimising-words"),
        ({"brief_circumstances": "Verbal only."}, "/brief_circumstances", "minimising-words"),
        ({"brief_circumstances": "She failed to protect them."}, "/brief_circumstances", "blaming-words"),
        ({"police_action": {"text": "She refuses to engage."}}, "/police_action/text", "blaming-words"),
        (changed("children", 2, voice={"observed": "Heard the lovers' tiff"}), "/children/2/voice/observed", "minimising-words"),
    ],
)
def test_each_gap_is_told_at_its_place(overrides: dict[str, Any], pointer: str, code: str) -> None:
    assert advice(**overrides) == [(pointer, code)]


@pytest.mark.parametrize(
    "overrides",
    [
        {"brief_circumstances": "Domestic abuse, then domestic violence, by one adult."},
        {"brief_circumstances": "He unprovoked struck the door."},
        changed("adults", 0, ethnicity="NS"),
        changed("adults", 0, full_name="Samandra Husband"),
        changed("children", 1, voice={"spoken_to": False}),
        changed("children", 1, voice={"observed": "Asleep."}),
        changed("children", 1, voice={"spoken_to": True, "words": "It was just a domestic, mum provoked him."}),
        changed("children", 1, school=None),
        changed("children", 1, postcode=None),
        changed("children", 1, welfare_check={"made": False}),
        {"children": [{"reference": "C1", "unborn": {"due_on": "2027-03-01", "observed": "A midwife is named."}}], "adults": []},
    ],
)
def test_what_is_well_said_gets_no_advice(overrides: dict[str, Any]) -> None:
    assert advice(**overrides) == []


def test_a_relation_written_as_the_role_is_told() -> None:
    assert advice(**changed("adults", 0, full_name=None, role="ex-partner")) == [
        ("/adults/0/role", "adult-without-role"),
        ("/adults/0/full_name", "adult-called-only-by-relation"),
    ]


def test_an_empty_child_is_told_everything_that_is_missing() -> None:
    told = advice(children=[{"reference": "C1"}], adults=[], conditions=[])
    assert told == [(f"/children/0/{rule.field}", rule.code) for rule in CHILD_RULES]


def test_advice_holds_nothing_of_the_report() -> None:
    report = sample_report(brief_circumstances="Samandra provoked a domestic at 5 Nowhere Row.")
    for person in (*report["adults"], *report["children"]):
        del person["ethnicity"]
    said = repr(findings(read(sample_body(**report)).report))
    assert "blaming-words" in said
    assert not [word for word in personal_words(sample_report()) | {"Samandra", "Nowhere Row"} if word in said]


def test_every_rule_has_its_own_code_and_a_sentence() -> None:
    codes = [rule.code for rule in CHILD_RULES] + [rule.code for rule in (*ADULT_RULES, CALLED_ONLY)] + [rule.code for rule in PHRASE_RULES]
    texts = [rule.text for rule in CHILD_RULES] + [rule.text for rule in (*ADULT_RULES, CALLED_ONLY)] + [rule.text for rule in PHRASE_RULES]
    assert len(set(codes)) == len(codes)
    assert all(text.endswith(".") for text in texts)
