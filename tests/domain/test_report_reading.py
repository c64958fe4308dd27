"""What the other rooms read out of a report."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report import reading
from shared.report.codes import Behaviour, Code, HandlingFlag
from shared.report.model import Child, Report
from shared.report.read import read
from tests.samples import sample_body, sample_report, sample_upn

RECEIVED_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def a_report(**overrides: Any) -> Report:
    return read(sample_body(**overrides)).report


def a_child(**fields: Any) -> Child:
    return a_report(children=[{"reference": "C1", **fields}], adults=[], conditions=[]).children[0]


@pytest.mark.parametrize(
    ("believed", "reported", "expected"),
    [
        ("2026-11-20T01:00:00Z", "2026-11-19T23:10:00Z", "2026-11-20T01:00:00+00:00"),
        (None, "2026-11-19T23:10:00Z", "2026-11-19T23:10:00+00:00"),
        ("2026-11-20T01:00:00", "2026-11-19T23:10:00Z", "2026-11-19T23:10:00+00:00"),
        ("2026-11-20T02:00:00+01:00", None, "2026-11-20T01:00:00+00:00"),
        ("2199-01-01T00:00:00Z", "2026-11-19T23:10:00Z", "2026-11-19T23:10:00+00:00"),
        ("2026-11-20T12:10:00Z", "2026-11-01T00:00:00Z", "2026-11-20T12:00:00+00:00"),
        ("2199-01-01T00:00:00Z", "2199-01-01T00:00:00Z", "2026-11-20T12:00:00+00:00"),
        (None, None, "2026-11-20T12:00:00+00:00"),
    ],
)
def test_believed_falls_back_to_reported_and_then_to_received(believed: str | None, reported: str | None, expected: str) -> None:
    assert reading.believed(a_report(believed_at=believed, reported_at=reported), RECEIVED_AT).isoformat() == expected


instants = st.none() | st.integers(-(10**6), 10**6).map(lambda hours: RECEIVED_AT + timedelta(hours=hours))


@given(instants, instants)
def test_believed_is_never_after_receipt(believed: datetime | None, reported: datetime | None) -> None:
    report = a_report().model_copy(update={"believed_at": believed, "reported_at": reported})
    assert reading.believed(report, RECEIVED_AT) <= RECEIVED_AT


def test_the_incident_is_on_the_london_date() -> None:
    assert reading.incident_on(a_report(occurred_from_at="2026-07-01T23:30:00Z")) == date(2026, 7, 2)
    assert reading.incident_on(a_report(occurred_from_at="2062-07-01T23:30:00Z", reported_at="2026-07-01T12:00:00Z")) == date(2026, 7, 1)
    assert reading.incident_on(a_report(occurred_from_at=None, reported_at=None, believed_at=None)) is None


@pytest.mark.parametrize(
    ("born", "accuracy", "on", "age"),
    [
        ("2012-03-01", "exact", date(2026, 2, 28), 13),
        ("2012-03-01", "exact", date(2026, 3, 1), 14),
        ("2012-02-29", "exact", date(2026, 2, 28), 13),
        ("2012-02-29", "exact", date(2026, 3, 1), 14),
        ("2012-02-29", "exact", date(2028, 2, 29), 16),
        ("2008-01-01", "year-only", date(2026, 11, 19), 17),
        ("2008-01-01", "year-only", date(2026, 12, 31), 18),
        ("2026-11-20", "exact", date(2026, 11, 19), None),
        (None, None, date(2026, 11, 19), None),
    ],
)
def test_age(born: str | None, accuracy: str | None, on: date, age: int | None) -> None:
    child = a_child(date_of_birth=born, date_of_birth_accuracy=accuracy)
    assert reading.child_age(child, on) == age
    assert reading.is_adult_on(child, on) is (age is not None and age >= 18)


@given(st.dates(date(1990, 1, 1), date(2026, 1, 1)), st.integers(0, 20_000))
def test_age_grows_by_one_a_year_and_never_shrinks(born: date, days: int) -> None:
    child = a_child(date_of_birth=born.isoformat())
    on = born + timedelta(days=days)
    today, tomorrow = reading.child_age(child, on), reading.child_age(child, on + timedelta(days=1))
    assert today is not None
    assert tomorrow is not None
    assert tomorrow - today in (0, 1)
    assert abs(today - days / 365.2425) <= 1.01


def test_an_unborn_child_has_no_age() -> None:
    child = a_child(unborn={"due_on": "2027-01-01"}, date_of_birth="2020-01-01")
    assert reading.is_unborn(child)
    assert reading.child_age(child, date(2026, 1, 1)) is None
    assert reading.is_unborn(a_child(unborn={}))


@given(st.integers(0, 999), st.integers(0, 12), st.sampled_from("ABCDEFGHJKLMNPQRTUVWXYZ0123456789"))
def test_one_wrong_character_makes_no_upn(serial: int, at: int, other: str) -> None:
    right = sample_upn(serial)
    wrong = right[:at] + other + right[at + 1 :]
    assert reading.child_upn(a_child(upn=right)) == right
    assert reading.child_upn(a_child(upn=f" {right[:4].lower()} {right[4:]} ")) == right
    # The last character alone may change by 23 without notice: a digit and a letter can weigh the same modulo 23.
    read_back = reading.child_upn(a_child(upn=wrong))
    assert read_back in (None, right) or (at == 12 and read_back == wrong)


@pytest.mark.parametrize("upn", ["", "UN1", "x" * 13, "I999400001001", "9999400001001", "A99940000100", "\u0660" * 13, None])
def test_what_is_not_a_upn_is_none(upn: str | None) -> None:
    assert reading.child_upn(a_child(upn=upn)) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [("zz991aa", "ZZ99 1AA"), (" ZZ9 9ZZ ", "ZZ9 9ZZ"), ("ZZ9A 9ZZ", "ZZ9A 9ZZ"), ("ZZ", None), ("not known", None), (None, None)],
)
def test_postcode(written: str | None, expected: str | None) -> None:
    assert reading.child_postcode(a_child(postcode=written)) == expected


def test_not_stated_is_recorded_and_not_recorded_is_not() -> None:
    assert [reading.ethnicity_recorded(a_child(ethnicity=code)) for code in ("NS", "A4", "NR", None)] == [True, True, False, False]


def test_people_are_found_by_reference() -> None:
    report = a_report()
    assert reading.adult(report, "A2") is report.adults[1]
    assert reading.child(report, "C3") is report.children[2]
    assert reading.adult(report, "C3") is None
    assert reading.adult(report, None) is None
    assert reading.child(report, "A1") is None
    assert [(grown.reference, tie.relation) for grown, tie in reading.relationships(report, "C2")] == [
        ("A1", "mother"),
        ("A2", "parents-partner"),
    ]


def test_conditions_end_after_their_last_day_and_those_on_collecting_come_first() -> None:
    report = a_report(
        conditions=[
            {"who": "A2", "kind": "must-not-come-near"},
            {"who": "A2"},
            {"who": "A2", "kind": "must-not-collect", "until_on": "2026-12-01"},
        ]
    )
    assert [condition.kind for condition in reading.conditions_on(report, date(2026, 12, 1))] == [
        "must-not-collect",
        "must-not-come-near",
        None,
    ]
    assert [condition.kind for condition in reading.conditions_on(report, date(2026, 12, 2))] == ["must-not-come-near", None]


def test_a_siblings_flags_are_not_this_childs() -> None:
    children = sample_report()["children"]
    children[0]["handling_flags"] = ["refuge"]
    children[1]["handling_flags"] = ["a flag of tomorrow"]
    report = a_report(children=children)
    assert reading.handling_flags(report, report.children[0]) == {HandlingFlag.REFUGE}
    assert reading.handling_flags(report, report.children[1]) == frozenset()
    assert [reading.needs_release(report, child) for child in report.children] == [True, True, False]


@pytest.mark.parametrize("flags", [["sub-judice"], ["a flag of tomorrow"], "refuge", {"refuge": True}])
def test_a_flag_on_the_report_holds_every_child_even_when_it_is_not_understood(flags: object) -> None:
    report = a_report(handling_flags=flags)
    assert all(reading.needs_release(report, child) for child in report.children)


@pytest.mark.parametrize(("safe", "shared"), [(True, "I hid."), (False, None), (None, None), ("yes", None)])
def test_words_are_shared_only_when_marked_safe(safe: object, shared: str | None) -> None:
    assert reading.words_to_share(a_child(voice={"words": "I hid.", "words_safe_to_share": safe})) == shared


def test_every_code_has_a_label() -> None:
    for kind in Code.__subclasses__():
        labels = [code.label for code in kind]
        assert all(labels)
        assert len(set(labels)) == len(labels)
    assert reading.label(Behaviour.ECONOMIC) == "Economic abuse"
    assert reading.label(None) == "Not recorded"
