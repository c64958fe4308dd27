"""Before anything of the incident is shown, the contact sees whose notification it is: name and date of birth, as far as they are known."""

import pytest

from services.notifier.domain.confirm import confirmation
from shared.errors import NotFound
from shared.report.model import Report
from tests.samples import sample_report


def report(**child: object) -> Report:
    return Report.model_validate({"system": "sample-rms", "reference": "X-1", "children": [{"reference": "C1", **child}]})


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        ("exact", "3 May 2015"),
        (None, "3 May 2015"),
        ("estimated", "About 3 May 2015 (estimated)"),
        ("year-only", "In 2015 (only the year is known)"),
        ("unknown", "3 May 2015 (not known to be right)"),
    ],
)
def test_a_date_of_birth_says_how_far_it_can_be_relied_on(accuracy: str | None, words: str) -> None:
    assert confirmation(report(date_of_birth="2015-05-03", date_of_birth_accuracy=accuracy), "C1").born == words


def test_what_was_not_recorded_says_so() -> None:
    shown = confirmation(report(), "C1")
    assert (shown.full_name, shown.known_as, shown.born) == ("Not recorded", None, "Not recorded")


def test_a_second_name_is_shown_when_it_is_another_one() -> None:
    assert confirmation(report(full_name="Samira Testerby", known_as="Sami"), "C1").known_as == "Sami"
    assert confirmation(report(full_name="Samira Testerby", known_as="Samira Testerby"), "C1").known_as is None


def test_nothing_of_the_incident_is_there_and_nothing_is_in_its_repr() -> None:
    body = sample_report(seed=3)
    shown = confirmation(Report.model_validate(body), "C2")
    assert shown.full_name == body["children"][1]["full_name"]
    assert repr(shown) == "Confirmation()"


def test_an_unknown_child_is_not_found() -> None:
    with pytest.raises(NotFound):
        confirmation(report(), "C9")
