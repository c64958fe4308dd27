"""Nobody who is one of the incident's adults is told; a machine decides only where name and a second identifier agree."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.conflict import Conflict, ContactPerson, KnownAdult, conflict, known_adults
from shared.names import same_name
from shared.report.model import Report
from tests.samples import sample_report

BORN = date(1990, 3, 4)
letters = st.text(alphabet="abcdefghijklmnopqrstuvwxyzéüñç", min_size=2, max_size=8)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Samira Testerby", "SAMIRA TESTERBY"),
        ("Samira Testerby", "Testerby, Samira"),
        ("Zoë Testerby", "Zoe\u0308 TESTERBY"),
        ("Zoë Testerby", "Zoe Testerby"),
        ("Samira O'Specimen", "Samira O\u2019Specimen"),
        ("Samira OSpecimen", "Samira O'Specimen"),
        ("Ms Samira Testerby", "Samira Jane Testerby"),
        ("Samira Mockridge-Test", "Samira Mockridge Test"),
        ("Dean Lord", "Mr Dean Lord"),
    ],
)
def test_one_person_written_in_two_ways(one: str, other: str) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Samira Testerby", "Samiro Testerby"),
        ("Testerby", "Samira Testerby"),
        ("Mr Testerby", "Mrs Testerby"),
        ("partner", "Samira Testerby"),
        ("", ""),
    ],
)
def test_two_people_or_no_name(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(names=st.lists(letters, min_size=2, max_size=4, unique=True), dice=st.randoms(use_true_random=False))
def test_order_and_case_never_matter(names: list[str], dice: st.DataObject) -> None:
    mixed = list(names)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert same_name(" ".join(names), ", ".join(mixed).upper())


@pytest.mark.parametrize(
    ("contact", "adult", "grade"),
    [
        ({"name": "Samira Testerby"}, {"name": "Samira Testerby"}, Conflict.WEAK),
        ({"name": "Samira Testerby", "born_on": BORN}, {"name": "Samira Testerby", "born_on": BORN}, Conflict.STRONG),
        ({"name": "Samira Testerby", "born_on": BORN}, {"name": "Samira Testerby", "born_on": date(1980, 1, 1)}, Conflict.WEAK),
        ({"name": "Samira Testerby", "phone": "+447700900123"}, {"name": "S. Testerby Samira", "phone": "07700 900123"}, Conflict.STRONG),
        ({"name": "Samira Testerby", "email": "S@Example.com"}, {"name": "Samira Testerby", "email": "s@example.com "}, Conflict.STRONG),
        ({"name": "Tesmina Demovale", "phone": "+447700900123"}, {"name": "Samira Testerby", "phone": "07700900123"}, Conflict.WEAK),
        ({"name": "Tesmina Demovale", "born_on": BORN}, {"name": "Samira Testerby", "born_on": BORN}, Conflict.NONE),
        ({"name": "Tesmina Demovale", "phone": ""}, {"name": "Samira Testerby", "phone": ""}, Conflict.NONE),
    ],
)
def test_the_grades(contact: dict[str, object], adult: dict[str, object], grade: Conflict) -> None:
    assert conflict(ContactPerson(**contact), [KnownAdult(**adult)]) is grade  # type: ignore[arg-type]


def test_the_worst_of_several_adults_decides() -> None:
    contact = ContactPerson(name="Samira Testerby", born_on=BORN)
    strangers = [KnownAdult(name="Tesmina Demovale"), KnownAdult(name="Samira Testerby")]
    assert conflict(contact, strangers) is Conflict.WEAK
    assert conflict(contact, [*strangers, KnownAdult(name="TESTERBY Samira", born_on=BORN)]) is Conflict.STRONG
    assert conflict(contact, []) is Conflict.NONE


def test_every_named_adult_of_a_report_is_compared() -> None:
    body = sample_report(seed=4)
    body["adults"].append({"reference": "A3"})
    report = Report.model_validate(body)
    adults = known_adults(report)
    assert [adult.name for adult in adults] == [person["full_name"] for person in body["adults"][:2]]
    for person in body["adults"][:2]:
        contact = ContactPerson(name=person["full_name"].upper(), born_on=date.fromisoformat(person["date_of_birth"]))
        assert conflict(contact, adults) is Conflict.STRONG


def test_names_are_in_no_repr() -> None:
    assert "Samira" not in repr([ContactPerson(name="Samira Testerby"), KnownAdult(name="Samira Testerby")])
