"""What a supervisor must release: read off the coded fields, held before anybody is told, within the policy's limit."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.router.domain.decision import Held, Matched
from services.router.domain.release import PREFIX, due_at, is_release, needed, owner, reasons
from services.router.domain.routes import routed
from shared.policy import Release, ReleaseReason
from shared.report.model import Report
from tests.domain.test_routes import matched, policy, where
from tests.pupils import BELIEVED_ON, PRIMARY, child
from tests.samples import sample_report

NOW = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)


def report(**values: Any) -> Report:
    return Report.model_validate(sample_report(handling_flags=[]) | values)


def adult(born: str, role: str | None = "suspect") -> dict[str, Any]:
    return {"reference": "A9", "full_name": "Sam Young", "date_of_birth": born, "role": role}


def found(one: Report, index: int = 0) -> tuple[ReleaseReason, ...]:
    return reasons(one, one.children[index], BELIEVED_ON)


def test_an_ordinary_report_needs_nobody() -> None:
    assert [found(report(), index) for index in range(3)] == [(), (), ()]


@pytest.mark.parametrize(
    ("born", "role", "is_one"),
    [
        ("2008-11-21", "suspect", True),  # 17, and 18 tomorrow
        ("2008-11-20", "suspect", False),  # 18 today
        ("2010-06-01", "victim", True),
        ("2010-06-01", "other", False),
    ],
)
def test_a_party_under_18(born: str, role: str, is_one: bool) -> None:
    one = report(adults=[adult(born, role)], conditions=[], children=[sample_report()["children"][0] | {"lives_with": ["A9"]}])
    assert found(one) == ((ReleaseReason.YOUNG_PARTY,) if is_one else ())


@pytest.mark.parametrize("flag", ["death", "sub-judice", "contact-order"])
def test_flags_of_the_report_and_of_the_child(flag: str) -> None:
    assert found(report(handling_flags=[flag])) == (ReleaseReason(flag),)
    children = sample_report()["children"]
    mixed = report(children=[children[0] | {"handling_flags": [flag]}, *children[1:]])
    assert (found(mixed, 0), found(mixed, 1)) == ((ReleaseReason(flag),), ())


def test_harm_to_a_parent_by_a_child() -> None:
    assert found(report(behaviours=["physical", "child-to-parent"])) == (ReleaseReason.CHILD_TO_PARENT,)


@pytest.mark.parametrize(
    ("lives", "is_one"),
    [
        ({"lives_with": [], "lives_elsewhere": None}, False),  # nothing is known, which is no sign
        ({"lives_with": [], "lives_elsewhere": "With her grandmother"}, True),
        ({"lives_with": ["A1"], "lives_elsewhere": "With her father at weekends"}, False),
        ({"lives_with": ["C2"], "lives_elsewhere": None}, True),
    ],
)
def test_a_child_who_lives_with_nobody_of_the_report(lives: dict[str, Any], is_one: bool) -> None:
    children = sample_report()["children"]
    one = report(children=[children[0] | lives, *children[1:]])
    assert found(one) == ((ReleaseReason.LIVES_ELSEWHERE,) if is_one else ())
    assert found(one, 1) == ()


def test_the_policy_says_which_of_them_a_supervisor_releases() -> None:
    applies = (ReleaseReason.DEATH, ReleaseReason.CHILD_TO_PARENT)
    by = replace(policy(), release=Release(reasons=(ReleaseReason.CHILD_TO_PARENT,)))
    assert (needed(applies, policy()), needed(applies, by)) == (applies, (ReleaseReason.CHILD_TO_PARENT,))


def held(decision: Any, **values: Any) -> Any:
    at = where(child(lives_with=[], lives_elsewhere="With an aunt"), **values)
    return routed(decision, at)


def test_nobody_is_told_before_and_what_the_rules_saw_is_kept() -> None:
    made = held(matched(PRIMARY))
    assert made == Held(reason="release-lives-elsewhere", evidence=("release-lives-elsewhere",))
    doubt = held(Held(reason="twin", evidence=("name-agrees",)))
    assert (doubt.reason, doubt.evidence) == ("release-lives-elsewhere", ("name-agrees", "release-lives-elsewhere"))
    without = replace(policy(), release=Release(reasons=()))
    assert isinstance(held(matched(PRIMARY), by=without), Matched)


@pytest.mark.parametrize("flag", ["refuge", "protected-identity", "adoption"])
def test_a_flag_that_endangers_comes_first(flag: str) -> None:
    assert held(Held(reason=flag)).reason == flag


@pytest.mark.parametrize(("minutes", "review_after", "expected"), [(60, 400, 60), (60, 30, 30), (0, 30, 0)])
def test_the_limit_is_the_policys_and_never_later_than_the_reviews(minutes: int, review_after: int, expected: int) -> None:
    by = replace(policy(), release=Release(within_minutes=minutes))
    assert due_at(by, NOW, NOW + timedelta(minutes=review_after)) == NOW + timedelta(minutes=expected)


def test_whose_it_is() -> None:
    by = policy()
    with_desk = replace(by, teams=replace(by.teams, release="superintendent"))
    assert (owner(by, "release-death"), owner(with_desk, "release-death"), owner(with_desk, "twin")) == ("r", "superintendent", "r")
    assert [is_release(one) for one in (f"{PREFIX}death", "supervisor-release", "refuge", "twin")] == [True, True, False, False]


def test_nobody_is_too_young_for_a_birthday_on_the_29th_of_february() -> None:
    one = report(adults=[adult("2008-02-29")], conditions=[], children=[sample_report()["children"][0] | {"lives_with": ["A9"]}])
    assert reasons(one, one.children[0], date(2026, 2, 28)) == (ReleaseReason.YOUNG_PARTY,)
    assert reasons(one, one.children[0], date(2026, 3, 1)) == ()
