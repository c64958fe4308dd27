"""What counts as a change of a child between two versions of a report: what matching looks at, and nothing else."""

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.router.domain.revision import (
    Change,
    Inputs,
    change,
    inputs,
)
from shared.errors import Misuse
from shared.report.model import Child, Report
from tests.pupils import BELIEVED_ON, BORN, NURSERY, OTHER_UPN, PRIMARY, UPN, child, decision, pupil
from tests.samples import sample_report


def looked_at(one: Child, *, flags: tuple[str, ...] = (), twin: bool = False, believed_on: date = BELIEVED_ON) -> Inputs:
    report = Report.model_validate(sample_report() | {"handling_flags": flags, "children": [one.model_dump(mode="json")], "adults": []})
    return inputs(report, report.children[0], believed_on, twin_in_report=twin)


# --- what counts as a change --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"postcode": "ZZ99 2BB", "address": "1 Elsewhere Row"},
        {"voice": {"words": "Something else."}, "presence": "heard", "sex": "F"},
        {"full_name": "SAMANDRA  OSPECIMEN"},
        {"school": {"name": "Another name for it", "urn": PRIMARY}},
    ],
)
def test_what_matching_does_not_look_at_is_no_change(other: dict[str, Any]) -> None:
    assert looked_at(child()) == looked_at(child(**other))


@pytest.mark.parametrize(
    "other",
    [
        {"full_name": "Samandra Specimen"},
        {"known_as": "Mandy"},
        {"date_of_birth": date(2018, 3, 5)},
        {"date_of_birth_accuracy": "estimated"},
        {"upn": UPN},
        {"upn": "not one"},
        {"school": None},
        {"school": {"urn": NURSERY}},
        {"unborn": {"due_on": "2027-02-01"}},
    ],
)
def test_what_it_looks_at_is_one(other: dict[str, Any]) -> None:
    assert looked_at(child()) != looked_at(child(**other))


def test_who_has_come_of_age_by_another_belief_has_changed() -> None:
    almost = child(date_of_birth=date(2008, 11, 20))
    assert looked_at(almost, believed_on=date(2026, 11, 19)) != looked_at(almost, believed_on=date(2026, 11, 20))


_values = st.fixed_dictionaries(
    {
        "full_name": st.sampled_from(["Samandra O'Specimen", "SAMANDRA OSPECIMEN", "Samiro O'Specimen", None]),
        "known_as": st.sampled_from([None, "Mandy"]),
        "date_of_birth": st.sampled_from([BORN, date(2008, 11, 1), None]),
        "date_of_birth_accuracy": st.sampled_from(["exact", "estimated", "year-only", None]),
        "upn": st.sampled_from([None, UPN, OTHER_UPN, "wrong"]),
        "school": st.sampled_from([None, {"urn": PRIMARY}, {"name": "Testwood Primary", "urn": PRIMARY}, {"name": "testwood primary"}]),
        "postcode": st.sampled_from([None, "ZZ99 1AA"]),
        "unborn": st.sampled_from([None, None, None, {}]),
    }
)
_pupils = st.lists(
    st.builds(
        lambda number, upn, forename, settings: pupil(f"p{number}", upn=upn, forename=forename, setting_ids=settings),
        st.integers(0, 3),
        st.sampled_from([None, UPN, OTHER_UPN]),
        st.sampled_from(["Samandra", "Samiro", "Mandy"]),
        st.sampled_from([(PRIMARY,), (PRIMARY, NURSERY), ()]),
    ),
    max_size=3,
)
_FIELDS = ("full_name", "date_of_birth_accuracy", "school", "postcode", "unborn")


@given(_values, _values, st.sampled_from(_FIELDS), _pupils, st.booleans(), st.sampled_from([(), ("refuge",)]))
def test_whoever_looks_the_same_is_decided_the_same(
    one: dict[str, Any], other: dict[str, Any], field: str, pupils: list[Any], twin: bool, flags: tuple[str, ...]
) -> None:
    left, right = child(**one), child(**(one | {field: other[field]}))
    assume(looked_at(left, flags=flags, twin=twin) == looked_at(right, flags=flags, twin=twin))
    assert decision(left, *pupils, said=flags, twin_in_report=twin) == decision(right, *pupils, said=flags, twin_in_report=twin)


def test_kinds_of_change() -> None:
    plain, named, flagged = looked_at(child()), looked_at(child(known_as="Mandy")), looked_at(child(), flags=("refuge",))
    graver = looked_at(child(), flags=("refuge", "adoption"))
    assert (change(None, plain), change(plain, None), change(plain, plain)) == (Change.NEW, Change.GONE, Change.SAME)
    assert (change(plain, named), change(plain, flagged), change(flagged, graver)) == (Change.CHANGED, Change.FLAGGED, Change.FLAGGED)
    assert change(graver, flagged) == change(flagged, plain) == Change.CHANGED
    with pytest.raises(Misuse):
        change(None, None)


def test_nothing_personal_is_shown() -> None:
    assert "amandra" not in repr(looked_at(child())).casefold()
    assert "2018" not in repr(looked_at(child()))
