"""What no report can bring about, whoever is on the roll; and what counts as the same name."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.decision import Matched, every_child_once
from services.router.domain.evidence import Pupil, child_keys, child_names, compact_upn, folded, pupil_keys, setting_name
from shared.errors import Misuse
from shared.report.model import Child
from tests.pupils import BORN, NURSERY, OTHER_UPN, PRIMARY, THIRD_UPN, UPN, child, decision, pupil

# --- properties ---------------------------------------------------------------------------------------------------------

_forenames = st.sampled_from(["Samandra", "Samiro", "Tesbello"])
_surnames = st.sampled_from(["O'Specimen", "Demovale"])
_dates = st.sampled_from([BORN, date(2018, 4, 3), date(2015, 6, 1)])
_upns = st.sampled_from([None, UPN, OTHER_UPN, THIRD_UPN])


@st.composite
def _pupils(draw: st.DrawFn) -> list[Pupil]:
    return [
        pupil(
            f"p{number}",
            forename=draw(_forenames),
            surname=draw(_surnames),
            known_as=draw(st.none() | _forenames),
            date_of_birth=draw(_dates),
            upn=draw(_upns),
            setting_ids=draw(st.sampled_from([(PRIMARY,), (NURSERY,), (PRIMARY, NURSERY), ()])),
            restricted=draw(st.sampled_from([False, False, True])),
        )
        for number in range(draw(st.integers(0, 4)))
    ]


@st.composite
def _children(draw: st.DrawFn) -> Child:
    return child(
        full_name=f"{draw(_forenames)} {draw(_surnames)}",
        date_of_birth=draw(st.none() | _dates),
        upn=draw(_upns),
        school=draw(st.sampled_from([None, {"urn": PRIMARY}, {"name": "Testwood Primary"}, {"urn": NURSERY}])),
    )


@given(_children(), _pupils(), st.booleans())
def test_nobody_is_matched_while_another_fits_as_well(one: Child, pupils: list[Pupil], twin_in_report: bool) -> None:
    outcome = decision(one, *pupils, twin_in_report=twin_in_report)
    if not isinstance(outcome, Matched):
        return
    chosen = next(pupil for pupil in pupils if pupil.pupil_id == outcome.pupil_id)
    others = [pupil for pupil in pupils if pupil is not chosen]
    name = folded(one.full_name or "")
    assert not any(name in other.names and other.date_of_birth == one.date_of_birth for other in others)
    if outcome.rule == "upn":
        assert not any(other.upn == one.upn for other in others)
    if name not in chosen.names and name.endswith(chosen.family):
        assert not any((other.family, other.date_of_birth) == (chosen.family, chosen.date_of_birth) for other in others)
    assert not chosen.restricted
    assert set(outcome.setting_ids) <= set(chosen.setting_ids)


@given(_children(), _pupils())
def test_the_order_of_the_candidates_does_not_matter(one: Child, pupils: list[Pupil]) -> None:
    assert decision(one, *pupils) == decision(one, *reversed(pupils)) == decision(one, *pupils, *pupils)


@given(_children(), _pupils())
def test_whoever_is_matched_would_have_been_found_by_a_key(one: Child, pupils: list[Pupil]) -> None:
    findable = [pupil for pupil in pupils if child_keys(one) & pupil_keys(pupil)]
    assert decision(one, *findable) == decision(one, *pupils)


@given(st.lists(st.sampled_from("rhex"), max_size=6))
def test_every_child_has_one_outcome_or_nothing_is_written(outcomes: list[str]) -> None:
    """``x``: a child that was forgotten."""
    children = [f"c{number}" for number in range(len(outcomes))]
    by = {kind: [one for one, outcome in zip(children, outcomes, strict=True) if outcome == kind] for kind in "rhe"}
    if "x" in outcomes:
        with pytest.raises(Misuse):
            every_child_once(children, by["r"] * 2, by["h"], by["e"])
    else:
        every_child_once(children, by["r"] * 2, by["h"], by["e"])  # two destinations are one outcome


def test_two_outcomes_for_one_child_are_refused() -> None:
    for routed, held, excluded in ((["c"], ["c"], []), ([], ["c", "c"], []), (["c"], [], ["c"]), (["c", "d"], [], [])):
        with pytest.raises(Misuse):
            every_child_once(["c"], routed, held, excluded)


# --- folding ------------------------------------------------------------------------------------------------------------


def test_names_fold_and_spelling_stays() -> None:
    assert folded(" Zoë  O\u2019SPECIMEN-Test ") == "zoe ospecimen test"
    assert folded("Łucja") == "łucja"
    assert folded("-'.") == ""
    assert child_names(child(full_name="Tesmina Anne Test Wold", known_as="Mina")) == {
        "tesmina anne test wold",
        "mina anne test wold",
        "mina wold",
    }


def test_names_of_settings_fold() -> None:
    assert setting_name("Saint Mary's C. of E. Primary & Nursery") == setting_name("ST MARYS CofE PRIMARY AND NURSERY")
    assert setting_name("St Joseph's Roman Catholic School") == setting_name("St Josephs R.C. School")
    assert setting_name("St Mary's") != setting_name("St Martin's")


def test_only_the_check_letter_of_a_upn_is_hard() -> None:
    assert compact_upn(f"{UPN[:4]} {UPN[4:]}".lower()) == UPN
    assert compact_upn("ABCDEFGHJKLMNPQRTUVWXYZ"[("ABCDEFGHJKLMNPQRTUVWXYZ".index(UPN[0]) + 1) % 23] + UPN[1:]) is None
    assert compact_upn("I" + UPN[1:]) is None


def test_no_key_is_of_names_alone() -> None:
    assert {rule for rule, _ in pupil_keys(pupil(upn=UPN, known_as="Sam"))} == {"upn", "name-dob", "family-dob"}
    assert child_keys(child(date_of_birth=None)) == frozenset()
    assert all(any(letter.isdigit() for letter in "".join(fields)) for _, fields in child_keys(child(upn=UPN)) | pupil_keys(pupil(upn=UPN)))
