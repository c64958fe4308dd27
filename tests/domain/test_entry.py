"""From the pages of the hand-entry form to the body of a report: all that was typed, nothing that was not."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain.entry import KEPT_CHARS_MOST, TOO_LONG, Typed, inputs, moment_of, unkept, wrongs
from services.ingest.domain.entry_again import typed_again
from services.ingest.domain.entry_fields import ADULTS_MOST, CHILDREN_MOST, Question, questions
from services.ingest.domain.entry_report import body_of
from shared.report.parse import BODY_BYTES_MAX
from shared.report.read import read

RECEIVED = datetime(2026, 11, 20, 6, tzinfo=UTC)
ADULTS = tuple(f"adult-{n}" for n in range(1, ADULTS_MOST + 1))
CHILDREN = tuple(f"child-{n}" for n in range(1, CHILDREN_MOST + 1))
DAYS = st.dates(date(2010, 1, 1), date(2026, 11, 18))


def typed(**pages: dict[str, Any]) -> Typed:
    """Pages by their step, ``child_1`` for ``child-1``; an answer may stand without its list."""
    each = {step.replace("_", "-"): page for step, page in pages.items()}
    return Typed(pages={step: {name: [v] if isinstance(v, str) else v for name, v in page.items()} for step, page in each.items()})


def answers(one: Question) -> st.SearchStrategy[dict[str, list[str]]]:
    """What may be typed as the answer to a question, by input."""
    if one.kind in ("date", "moment"):
        at = {"time": "12:30"} if one.kind == "moment" else {}
        day = DAYS.map(lambda on: {"day": str(on.day), "month": str(on.month), "year": str(on.year)} | at)
        return day.map(lambda parts: {f"{one.name}-{part}": [text] for part, text in parts.items()})
    if one.options:
        most = len(one.options) if one.kind == "many" else 1
        codes = st.lists(st.sampled_from([code for code, _ in one.options]), min_size=1, max_size=most, unique=True)
        return codes.map(lambda chosen: {one.name: chosen})
    return st.just({one.name: ["900001" if one.name == "school_urn" else "Words"]})


@st.composite
def whole(draw: st.DrawFn) -> Typed:
    """A form that may be sent, with adults and children whose pages lie anywhere, some of the questions answered."""
    adults = tuple(sorted(draw(st.sets(st.sampled_from(ADULTS), max_size=2))))
    children = sorted(draw(st.sets(st.sampled_from(CHILDREN), min_size=1, max_size=2)))
    found = Typed(pages={})
    for step in ("incident", *adults, *children):
        page: dict[str, list[str]] = {}
        for one in questions(step, adults):
            if one.name in ("reference", "full_name") or (one.name != "due_on" and draw(st.booleans())):
                page |= draw(answers(one))
        if "must_not" not in page:
            page = {name: given for name, given in page.items() if not name.startswith("must_not")}
        found = Typed(pages={**found.pages, step: page})
    return found


@settings(max_examples=40)
@given(whole())
def test_what_the_form_lets_through_is_a_report_and_every_code_in_it_is_known(form: Typed) -> None:
    assert [wrong for step in form.pages for wrong in wrongs(form, step)] == []
    taken = read(json.dumps(body_of(form)).encode(), received_at=RECEIVED)
    assert [one for one in taken.findings if one.code.startswith("unrecognised")] == []
    assert len(taken.report.children) == len(form.steps("child"))


@settings(max_examples=40)
@given(whole())
def test_what_travels_in_the_form_comes_back_as_it_was(form: Typed) -> None:
    assert unkept(form.kept()) == form


@settings(max_examples=60)
@given(whole())
def test_a_report_comes_back_into_the_form_as_it_was_typed(form: Typed) -> None:
    taken = read(json.dumps(body_of(form)).encode(), received_at=RECEIVED)
    again = typed_again(taken.report, [child.reference for child in taken.report.children])
    assert body_of(again) == {"type": "domestic-abuse"} | body_of(form)
    assert [wrong for step in again.pages for wrong in wrongs(again, step)] == []
    assert again.gone == frozenset()


def test_the_number_of_a_child_of_an_earlier_version_is_nobody_else_s() -> None:
    taken = read(json.dumps(body_of(typed(incident={"reference": "H-1"}, child_2={"full_name": "Sample Testwood"}))).encode())
    again = typed_again(taken.report, ["C1", "C2"])
    assert (again.steps("child"), again.free("child")) == (("child-2",), "child-3")
    assert again.without("child-2").free("child") == "child-3"


def test_what_is_left_empty_is_left_out() -> None:
    body = body_of(typed(incident={"reference": "H-1"}, child_1={"full_name": "Sample Testwood"}))
    assert body == {"system": "hand", "reference": "H-1", "children": [{"reference": "C1", "full_name": "Sample Testwood"}]}


def test_the_wall_clock_is_london_s_and_the_repeated_hour_its_first() -> None:
    def said(day: str, month: str, time: str) -> str | None:
        page = {"at-day": [day], "at-month": [month], "at-year": ["2026"], "at-time": [time]}
        return moment_of(page, "at")

    assert said("1", "7", "22.40") == "2026-07-01T21:40:00+00:00"
    assert said("1", "12", "22:40") == "2026-12-01T22:40:00+00:00"
    assert said("25", "10", "01:30") == "2026-10-25T00:30:00+00:00"
    assert said("25", "10", "25:30") is None


def test_people_keep_their_numbers_when_one_between_them_is_removed() -> None:
    form = typed(
        incident={"reference": "H-1"},
        adult_1={"full_name": "Gone Testwood"},
        adult_2={"full_name": "Example Testwood", "must_not": ["not-collect"], "must_not_until-day": "1"},
        child_3={
            "full_name": "Sample Testwood",
            "relation-adult-2": "mother",
            "relation-adult-1": "father",
            "lives_with": ["adult-1", "adult-2"],
        },
    ).without("adult-1")
    body = body_of(form)
    assert [(one["reference"], one["relationships"]) for one in body["adults"]] == [("A2", [{"child": "C3", "relation": "mother"}])]
    assert body["children"][0]["lives_with"] == ["A2"]
    assert body["conditions"] == [{"who": "A2", "kind": "not-collect"}]


def test_what_was_said_of_an_adult_who_was_removed_is_said_of_nobody_who_comes_in_her_place() -> None:
    form = typed(
        incident={"reference": "H-1"},
        adult_1={"full_name": "Gone Testwood"},
        adult_2={"full_name": "Example Testwood"},
        child_1={
            "full_name": "Sample Testwood",
            "relation-adult-1": "father",
            "relation-adult-2": "mother",
            "lives_with": ["adult-1", "adult-2"],
        },
    ).without("adult-1")
    assert form.free("adult") == "adult-3"
    assert unkept(form.kept()) == form
    body = body_of(form.with_page("adult-3", {"full_name": ["Another Testwood"]}))
    assert [one.get("relationships") for one in body["adults"]] == [[{"child": "C1", "relation": "mother"}], None]
    assert body["children"][0]["lives_with"] == ["A2"]


def test_an_unborn_child_has_a_due_date_and_no_voice() -> None:
    due = {"due_on-day": "2", "due_on-month": "3", "due_on-year": "2027"}
    body = body_of(typed(incident={"reference": "H-1"}, child_1={**due, "observed": "Nothing seen", "spoken_to": "no"}))
    (child,) = body["children"]
    assert child == {"reference": "C1", "unborn": {"due_on": "2027-03-02", "observed": "Nothing seen"}}


@pytest.mark.parametrize("text", ["", "!", "é", "e30=", "W10=", "eyJpbmNpZGVudCI6IDF9", "A" * 10_000 + "="])
def test_what_no_form_wrote_is_no_form(text: str) -> None:
    assert unkept(text) is None


def test_a_form_that_could_not_travel_any_more_is_told_of_on_the_page_that_makes_it_so() -> None:
    def of(chars: int) -> Typed:
        return typed(incident={"reference": "H-1", "brief_circumstances": "w" * 2_000, "forged": "w" * chars}, child_1={"full_name": "S"})

    room = 3 * KEPT_CHARS_MOST // 4 - len(json.dumps(dict(of(0).pages)).encode())
    assert len(of(room).kept()) <= KEPT_CHARS_MOST < len(of(room + 3).kept())
    assert TOO_LONG not in [one.text for one in wrongs(of(room), "child-1")]
    assert TOO_LONG in [one.text for one in wrongs(of(room + 3), "child-1")]


def test_every_answer_at_its_longest_is_stopped_before_the_form_s_own_limit() -> None:
    page = max(
        (len(inputs(one)) * (one.chars_most if one.kind in ("text", "prose") else 60) for one in questions("child-1", ADULTS)), default=0
    )
    assert KEPT_CHARS_MOST + page < BODY_BYTES_MAX


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ({"must_not_until-day": "1", "must_not_until-month": "2", "must_not_until-year": "2027"}, "must_not"),
        ({"must_not_source": "Police bail"}, "must_not"),
    ],
)
def test_a_condition_without_what_it_forbids_is_asked_about_and_not_dropped(page: dict[str, Any], field: str) -> None:
    form = typed(incident={"reference": "H-1"}, adult_1={"full_name": "Vessela Tryton"} | page)
    assert [one.name for one in wrongs(form, "adult-1")] == [field]
    chosen = typed(incident={"reference": "H-1"}, adult_1={"full_name": "Vessela Tryton", "must_not": "must-not-collect"} | page)
    assert wrongs(chosen, "adult-1") == ()


@pytest.mark.parametrize("said", ["spoken_to", "alone", "words", "words_safe_to_share"])
def test_what_an_unborn_child_is_said_to_have_said_is_asked_about_and_not_dropped(said: str) -> None:
    due = {"due_on-day": "1", "due_on-month": "2", "due_on-year": "2027"}
    answer = "Words" if said == "words" else "yes"
    assert [one.name for one in wrongs(typed(incident={"reference": "H-1"}, child_1=due | {said: answer}), "child-1")] == [said]
    assert wrongs(typed(incident={"reference": "H-1"}, child_1=due | {"observed": "Words"}), "child-1") == ()
