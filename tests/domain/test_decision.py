"""Which child is told of where: the decision table."""

from datetime import date
from typing import Any

import pytest

from services.router.domain.decision import FLAGS, REASONS, Excluded, Held, Matched, flags, twins, without_shared_pupils
from services.router.domain.evidence import Pupil, child_keys, pupil_keys
from shared.report.model import Child, Report
from tests.pupils import BORN, CLOSED, NURSERY, OTHER_UPN, PRIMARY, UPN, child, decision, pupil, reason
from tests.samples import sample_report

# --- matched ------------------------------------------------------------------------------------------------------------


def test_name_date_and_urn_agree() -> None:
    outcome = decision(child(), pupil())
    assert isinstance(outcome, Matched)
    assert (outcome.pupil_id, outcome.setting_ids, outcome.rule) == ("p1", (PRIMARY,), "name-dob-school")
    assert set(outcome.evidence) == {"upn-absent", "name-agrees", "dob-agrees", "urn-agrees"}


@pytest.mark.parametrize("written", ["TESTWOOD PRIMARY", "Testwood-Primary", "  testwood   primary."])
def test_a_name_that_only_one_setting_has_agrees_however_it_is_written(written: str) -> None:
    assert isinstance(decision(child(school={"name": written}), pupil()), Matched)


@pytest.mark.parametrize(
    ("reported", "on_roll"),
    [
        ({"full_name": "SAMANDRA OSPECIMEN"}, {}),
        ({"full_name": "Zoë Mockridge Test"}, {"forename": "Zoe", "surname": "Mockridge-Test"}),
        ({"full_name": "Mandy O'Specimen"}, {"known_as": "Mandy"}),
        ({"full_name": "Sam O'Specimen", "known_as": "Samandra"}, {}),
        ({"full_name": "Sam Other", "known_as": "Samandra O'Specimen"}, {}),
        ({"date_of_birth_accuracy": None}, {}),
    ],
)
def test_what_counts_as_the_same_name_and_date(reported: dict[str, Any], on_roll: dict[str, Any]) -> None:
    one, other = child(**reported), pupil(**on_roll)
    assert isinstance(decision(one, other), Matched)
    assert child_keys(one) & pupil_keys(other)


def test_a_upn_needs_no_school_and_survives_one_slip() -> None:
    for reported in ({"school": None}, {"full_name": "Sammy Specimin"}, {"date_of_birth": date(2018, 4, 3)}, {"date_of_birth": None}):
        outcome = decision(child(upn=f" {UPN.lower()} ", **reported), pupil(upn=UPN))
        assert isinstance(outcome, Matched)
        assert outcome.rule == "upn"


def test_dual_registration_tells_every_open_setting() -> None:
    outcome = decision(child(), pupil(setting_ids=(PRIMARY, NURSERY, CLOSED)))
    assert isinstance(outcome, Matched)
    assert outcome.setting_ids == (PRIMARY, NURSERY)
    assert "closed-setting-left-out" in outcome.evidence


# --- excluded -----------------------------------------------------------------------------------------------------------


def test_eighteen_on_the_day_of_belief_is_excluded_and_a_day_younger_is_not() -> None:
    assert decision(child(date_of_birth=date(2008, 11, 20))) == Excluded(reason="over-18", evidence=("dob-exact",))
    assert reason(decision(child(date_of_birth=date(2008, 11, 21)))) == "not-on-roll"


@pytest.mark.parametrize("accuracy", [None, "estimated", "year-only", "unknown"])
def test_a_doubtful_date_of_birth_never_excludes(accuracy: str | None) -> None:
    assert isinstance(decision(child(date_of_birth=date(1990, 1, 1), date_of_birth_accuracy=accuracy)), Held)


# --- held ---------------------------------------------------------------------------------------------------------------

TWIN = pupil("p2", forename="Samiro", upn=OTHER_UPN)
HELD: dict[str, tuple[Child, tuple[Pupil, ...]]] = {
    "unborn": (child(unborn={"due_on": date(2027, 2, 1)}, upn=UPN), (pupil(upn=UPN),)),
    "no-name": (child(full_name=None), (pupil(),)),
    "no-date-of-birth": (child(date_of_birth=None), (pupil(),)),
    "not-on-roll": (child(full_name="Samandra Specimen"), (pupil(),)),
    "several-on-roll": (child(), (pupil(), pupil("p2", postcode="ZZ99 2BB"))),
    "twin": (child(full_name="Sam O'Specimen"), (pupil(known_as="Sam"), pupil("p2", forename="Samiro", known_as="Sam"))),
    "identifiers-disagree": (child(upn=UPN, full_name="Tesbello Demovale", date_of_birth=date(2019, 1, 1)), (pupil(upn=UPN),)),
    "restricted": (child(), (pupil(restricted=True),)),
    "setting-closed": (child(school={"urn": CLOSED}), (pupil(setting_ids=(CLOSED, PRIMARY)),)),
    "no-school-named": (child(school=None), (pupil(),)),
    "school-disagrees": (child(school={"name": "Testwood Primary", "urn": NURSERY}), (pupil(),)),
    "school-ambiguous": (child(school={"name": "St Mary's C of E Primary"}), (pupil(setting_ids=("900011",)),)),
}


@pytest.mark.parametrize("expected", sorted(HELD))
def test_what_is_held_and_why(expected: str) -> None:
    one, pupils = HELD[expected]
    assert reason(decision(one, *pupils)) == expected


def test_the_table_covers_every_reason() -> None:
    assert {*HELD, *FLAGS, "unknown-flag"} == set(REASONS)


@pytest.mark.parametrize("accuracy", ["estimated", "year-only", "unknown"])
def test_an_inexact_date_of_birth_matches_nobody_by_name(accuracy: str) -> None:
    assert reason(decision(child(date_of_birth_accuracy=accuracy), pupil())) == "no-date-of-birth"


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_stops_the_automatic_way(flag: str) -> None:
    report = Report.model_validate(sample_report(handling_flags=[flag]))
    assert [flags(report, one) for one in report.children] == [(flag,)] * 3
    assert reason(decision(child(upn=UPN), pupil(upn=UPN), said=(flag,))) == flag


def test_a_flag_that_is_not_known_stops_it_too() -> None:
    report = Report.model_validate(sample_report()).model_copy(update={"unrecognised": {"/children/1/handling_flags/0": "witness"}})
    assert [flags(report, one) for one in report.children] == [(), ("unknown-flag",), ()]


def test_a_closed_school_named_alone_is_no_place_to_send_to() -> None:
    assert reason(decision(child(upn=UPN, school=None), pupil(upn=UPN, setting_ids=(CLOSED, "999999")))) == "setting-closed"
    assert reason(decision(child(school={"name": "Formerly Testwood"}), pupil(setting_ids=(CLOSED, PRIMARY)))) == "setting-closed"


def test_a_name_that_is_taken_only_in_another_area_agrees() -> None:
    named = child(school={"name": "St Marys CE Primary"})
    assert reason(decision(named, pupil(setting_ids=("900012",)))) == "school-ambiguous"
    assert isinstance(decision(named, pupil(authority="farshire", setting_ids=("900013",))), Matched)


def test_a_valid_upn_that_contradicts_the_pupils_own_is_for_a_person() -> None:
    assert reason(decision(child(upn=OTHER_UPN), pupil(upn=UPN))) == "identifiers-disagree"
    assert isinstance(decision(child(upn="A123"), pupil(upn=UPN)), Matched)  # an unreadable one contradicts nothing


def test_a_twins_upn_is_not_guessed() -> None:
    samandra, samiro = pupil(upn=UPN), TWIN
    assert reason(decision(child(upn=OTHER_UPN), samandra, samiro)) == "twin"  # the other twin has this very name
    assert reason(decision(child(upn=OTHER_UPN, full_name="S O'Specimen"), samandra, samiro)) == "twin"
    assert reason(decision(child(upn=OTHER_UPN), samiro, twin_in_report=True)) == "twin"
    assert isinstance(decision(child(upn=UPN), samandra, samiro, twin_in_report=True), Matched)


def test_a_upn_on_two_rolls_is_for_a_person() -> None:
    assert reason(decision(child(upn=UPN), pupil(upn=UPN), pupil("p2", upn=UPN, authority="farshire"))) == "several-on-roll"


def test_two_children_of_one_report_are_never_the_same_pupil() -> None:
    matched = decision(child(), pupil())
    other = decision(child(), pupil("p2"))
    settled = without_shared_pupils({"a": matched, "b": matched, "c": other})
    assert [type(settled[one]) for one in "abc"] == [Held, Held, Matched]
    assert reason(settled["a"]) == "twin"
    assert twins([child(), child(reference="C2"), child(reference="C3", date_of_birth=None)]) == {BORN}
