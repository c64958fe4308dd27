"""What does not fit together is told and taken."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.report.read import read
from tests.samples import sample_body, sample_report

RECEIVED_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def changed(people: str, index: int, **fields: Any) -> dict[str, Any]:
    entries = sample_report()[people]
    entries[index] |= fields
    return {people: entries}


@pytest.mark.parametrize(
    ("overrides", "pointer", "code"),
    [
        ({"believed_at": None}, "/believed_at", "believed-missing"),
        ({"believed_at": "2026-11-20T12:15:01Z"}, "/believed_at", "in-the-future"),
        ({"occurred_from_at": "2027-01-01T00:00:00Z", "occurred_to_at": None}, "/occurred_from_at", "in-the-future"),
        (
            {"occurred_from_at": "2026-11-19T10:00:00Z", "occurred_to_at": "2026-11-19T09:59:59Z"},
            "/occurred_to_at",
            "ends-before-it-begins",
        ),
        ({"conditions": [{"who": "A9", "kind": "must-not-collect"}]}, "/conditions/0/who", "unknown-reference"),
        ({"conditions": [{"who": "A1"}]}, "/conditions/0", "condition-incomplete"),
        ({"risk": {"tool": "dash", "grade": "amber"}}, "/risk/grade", "grade-not-of-tool"),
        (
            changed("adults", 1, relationships=[{"child": "C9", "relation": "father"}]),
            "/adults/1/relationships/0/child",
            "unknown-reference",
        ),
        (changed("children", 0, lives_with=["A1", "C2"]), "/children/0/lives_with/1", "unknown-reference"),
        (changed("children", 0, upn="A999400001001"), "/children/0/upn", "upn-check-letter"),
        (changed("children", 0, postcode="TESTSHIRE"), "/children/0/postcode", "postcode-form"),
        (changed("children", 0, date_of_birth="2026-11-21"), "/children/0/date_of_birth", "in-the-future"),
        (changed("adults", 0, date_of_birth="2126-11-21"), "/adults/0/date_of_birth", "in-the-future"),
        (changed("children", 0, date_of_birth="2008-11-19"), "/children/0/date_of_birth", "adult-at-incident"),
        (changed("children", 0, unborn={"due_on": "2027-02-01"}), "/children/0/date_of_birth", "unborn-with-date-of-birth"),
    ],
)
def test_what_does_not_fit_is_found_and_kept(overrides: dict[str, Any], pointer: str, code: str) -> None:
    done = read(sample_body(**overrides), received_at=RECEIVED_AT)
    assert [(finding.pointer, finding.code) for finding in done.findings] == [(pointer, code)]
    assert done.report.unrecognised == {}


def test_a_clock_a_little_ahead_is_no_finding() -> None:
    done = read(sample_body(believed_at="2026-11-20T12:15:00Z"), received_at=RECEIVED_AT)
    assert done.findings == ()


@pytest.mark.parametrize("born", ["2008-11-20", "2008-11-21"])
def test_the_day_before_the_eighteenth_birthday_is_still_a_child(born: str) -> None:
    begun: dict[str, Any] = {"occurred_from_at": "2026-11-19T23:30:00Z", "occurred_to_at": None}
    assert read(sample_body(**begun, **changed("children", 0, date_of_birth=born)), received_at=RECEIVED_AT).findings == ()
