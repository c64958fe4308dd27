"""What a school is shown: first who must not collect, then coded lines; never an address, another child or an officer's free text."""

import json
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain import handling
from services.notifier.domain.content import ASK_FOR_NAME, HELD, Sheet, sheet
from services.notifier.domain.handling import Query
from shared.errors import NotFound
from shared.policy import FIELDS, Handling, Helpline, OwnerKind, Policy, Teams
from shared.report.model import Report
from tests.samples import sample_report

TODAY = date(2026, 11, 23)
POLICY = Policy(
    owner_kind=OwnerKind.FORCE,
    owner="testshire",
    name="Testshire",
    effective_from_on=date(2026, 9, 1),
    teams=Teams(review="review", live="duty", phone="desk", authority_lead="lead"),
    helpline=Helpline(name="Advice line", number="01632 960999", hours="08:00 to 13:00, Monday to Friday"),
)
EVERYTHING = replace(POLICY, fields_shown=FIELDS)
seeds = st.integers(0, 400)
flags = st.sampled_from(["refuge", "protected-identity", "adoption"])


def shown(body: dict[str, Any], child: str = "C1", policy: Policy = POLICY) -> Sheet:
    return sheet(Report.model_validate(body), child, policy, TODAY)


def printed(page: Sheet) -> str:
    return json.dumps(asdict(page), ensure_ascii=False)


def lines(page: Sheet) -> dict[str, tuple[str, ...]]:
    return {line.code: line.values for line in page.lines}


def with_words(words: str, **voice: Any) -> dict[str, Any]:
    body = sample_report(seed=3)
    body["children"][0]["voice"] = {"spoken_to": True, "alone": True, "words": words, "words_safe_to_share": True} | voice
    return body


def test_who_must_not_collect_comes_first_with_name_until_and_source() -> None:
    body = sample_report(seed=3)
    body["conditions"].reverse()
    first, second = shown(body).warnings
    suspect = body["adults"][1]["full_name"]
    assert first.label == "Must not collect the child"
    assert first.values == (f"{suspect} (Suspect: partner of a parent)", "Until 31 January 2027", "Source: Police bail")
    assert second.label.startswith("Must not contact")
    assert suspect not in str(second.values)


def test_a_condition_without_a_name_is_shown_and_says_where_to_ask() -> None:
    body = sample_report(seed=3, conditions=[{"kind": "must-not-collect"}, {}])
    first, second = shown(body).warnings
    assert ASK_FOR_NAME in first.values[0]
    assert first.values[1:] == ("No end date recorded", "Source: not recorded")
    assert second.label.startswith("A condition is in force")


def test_a_condition_that_has_ended_is_not_shown() -> None:
    body = sample_report(seed=3)
    body["conditions"][0]["until_on"] = "2026-11-22"
    assert [line.label for line in shown(body).warnings] == ["Must not contact the child or the person harmed"]


def test_conditions_are_shown_even_by_a_policy_that_shows_nothing() -> None:
    page = shown(sample_report(seed=3), policy=replace(POLICY, fields_shown=()))
    assert len(page.warnings) == 2
    assert page.lines == ()


def test_the_lines_and_their_order() -> None:
    page = shown(sample_report(seed=3), policy=EVERYTHING)
    assert [line.code for line in page.lines] == [
        "presence",
        "occurred",
        "place_kind",
        "behaviours",
        "adults_roles",
        "police_action",
        "voice",
        "welfare_check",
        "referral",
        "risk",
        "brief_circumstances",
    ]
    values = lines(page)
    assert values["place_kind"] == ("At home",)
    assert values["behaviours"] == ("Coercive or controlling behaviour", "Threats or violent behaviour")
    assert values["adults_roles"] == ("Person harmed: mother", "Suspect: partner of a parent")
    assert values["referral"] == ("Yes, the police have made one",)
    assert values["risk"] == ("DASH: medium",)
    assert values["brief_circumstances"] == (HELD,)


@given(chosen=st.frozensets(st.sampled_from(FIELDS)))
def test_a_policy_chooses_the_lines(chosen: frozenset[str]) -> None:
    page = shown(sample_report(seed=3), policy=replace(POLICY, fields_shown=tuple(chosen)))
    assert {line.code for line in page.lines} == chosen - {"conditions"}


def test_an_empty_report_still_says_what_is_not_recorded() -> None:
    body = {"system": "sample-rms", "reference": "X-1", "children": [{"reference": "C1"}]}
    page = shown(body, policy=EVERYTHING)
    assert all(line.values for line in page.lines)
    assert lines(page)["presence"] == ("Not recorded",)
    assert [line.text for line in page.queries] == [handling.NO_DESK, "Reference to quote: X-1"]
    assert page.collecting == (handling.NONE_RECORDED,)


@given(seed=seeds, child=st.sampled_from(["C1", "C2", "C3"]), withheld=st.booleans(), flag=flags, safe=st.booleans())
def test_no_sheet_shows_an_address_another_child_free_text_or_a_needless_name(
    seed: int, child: str, withheld: bool, flag: str, safe: bool
) -> None:
    body = sample_report(seed=seed)
    for one in body["children"]:
        one["voice"]["words_safe_to_share"] = safe
    body["children"][1]["handling_flags"] = [flag] if withheld else []
    text = printed(shown(body, child, EVERYTHING))
    hidden = {body["brief_circumstances"], body["police_action"]["text"], body["referral"]["to"], body["adults"][0]["full_name"]}
    for one in body["children"]:
        hidden |= {
            one["postcode"],
            one["postcode"].replace(" ", ""),
            one["address"],
            one["lives_elsewhere"],
            one.get("upn", "P0"),
        }
        hidden |= (
            {one["full_name"], one["full_name"].split()[0], one["person_id"], one["school"]["name"]} if one["reference"] != child else set()
        )
    if withheld:
        hidden |= {body["adults"][1]["full_name"], "At home", "Police bail"}
    assert {secret for secret in hidden if secret in text} == set()


@given(seed=seeds, flag=flags, whose=st.integers(-1, 2))
def test_a_flag_withholds_on_every_child_s_sheet_and_never_says_so(seed: int, flag: str, whose: int) -> None:
    body = sample_report(seed=seed)
    (body if whose < 0 else body["children"][whose])["handling_flags"] = [flag]
    for child in ("C1", "C2", "C3"):
        page = shown(body, child, EVERYTHING)
        assert "place_kind" not in lines(page)
        assert ASK_FOR_NAME in page.warnings[0].values[0]
        assert not any(word in printed(page).lower() for word in ("refuge", "protected", "adopt", "relocat", "withheld"))


def test_an_unknown_flag_withholds_too() -> None:
    body = sample_report(seed=3, unrecognised={"/handling_flags/0": "witness-protection"})
    assert "place_kind" not in lines(shown(body))


def test_words_that_are_marked_safe_are_shown_as_said_with_their_context() -> None:
    assert lines(shown(with_words("I hid in the blue wardrobe.")))["voice"] == (
        "An officer spoke with the child, alone",
        "“I hid in the blue wardrobe.”",
    )


@pytest.mark.parametrize("safe", [False, None])
def test_words_that_are_not_marked_safe_are_not_shown(safe: bool | None) -> None:
    assert lines(shown(with_words("I hid.", words_safe_to_share=safe, alone=False)))["voice"] == (
        "An officer spoke with the child, with someone else there",
    )


@pytest.mark.parametrize(
    "words",
    [
        "We went to ZZ99 1AA after.",
        "we live at 12 Elm Tree Road now",
        "ring mum on 07700 900123",
        "it was on Nowhere Row",
        "{sibling} was crying",
        "{other_adult} shouted",
        "my brother's at Sampleford",
    ],
)
def test_safe_words_that_tell_of_someone_or_somewhere_are_held(words: str) -> None:
    body = with_words("")
    given_name, other = body["children"][1]["full_name"].split()[0], body["adults"][1]["full_name"].split()[0]
    body["children"][0]["voice"]["words"] = words.format(sibling=given_name.upper(), other_adult=other)
    assert lines(shown(body))["voice"][-1] == HELD


def test_the_child_s_own_name_and_numbers_of_things_hold_nothing() -> None:
    body = with_words("")
    own = body["children"][0]["full_name"].split()[0]
    body["children"][0]["voice"]["words"] = f"Me, {own}, and the 2 cats hid for 20 minutes."
    assert lines(shown(body))["voice"][-1].startswith("“Me, ")


def test_an_ordinary_sentence_about_where_else_a_child_lives_holds_nothing() -> None:
    body = with_words("I was with my cat at the table")
    body["children"][0]["lives_elsewhere"] = "With nan at weekends in Exampleton"
    assert lines(shown(body))["voice"][-1].startswith("“I was with")
    body["children"][0]["voice"]["words"] = "I want to go to exampleton"
    assert lines(shown(body))["voice"][-1] == HELD


def test_a_desk_is_shown_without_what_is_no_part_of_a_desk() -> None:
    body = sample_report(seed=3)
    body["desk"] = {"name": f"ask at {body['children'][0]['address']}", "telephone": "<b>1</b>", "email": "no address", "hours": "9 to 5"}
    assert shown(body).queries[0] == Query(text="Open 9 to 5. When it is closed, ring 101")
    assert len(shown(body).queries) == 2


def test_a_desk_s_number_can_be_dialled_and_its_extension_is_left_to_the_caller() -> None:
    body = sample_report(seed=3, desk={"telephone": "(01632) 960 111 ext 42"})
    assert shown(body).queries[0] == Query(text="Telephone (01632) 960 111 ext 42", dial="01632960111")


def test_a_reference_that_names_someone_is_not_quoted() -> None:
    body = sample_report(seed=3)
    body["reference"] = f"X-{body['adults'][1]['full_name'].split()[-1]}"
    assert not any("Reference" in line.text for line in shown(body).queries)


def test_who_collects_is_never_left_open() -> None:
    body = sample_report(seed=3)
    assert shown(body).collecting == (handling.IF_THEY_COME,)
    body["conditions"] = []
    assert shown(body).collecting == (handling.NONE_RECORDED,)
    assert shown(body | {"unrecognised": {"/conditions": "bail"}}).collecting == (handling.UNREADABLE,)


def test_it_says_what_it_is_and_a_child_who_was_there_was_there() -> None:
    page = shown(sample_report(seed=3))
    assert page.about.startswith("The police have recorded domestic abuse that affects the child.")
    assert shown(sample_report(seed=3, type="other")).about.startswith("The police have recorded an incident")
    assert lines(page)["presence"] == ("Yes, the child was there",)


def test_a_parent_who_asks_learns_nothing_from_the_answer() -> None:
    advice = " ".join(shown(sample_report(seed=3)).handling)
    assert "cannot talk" not in advice
    assert "neither what you know nor that you were told" in advice


def test_one_evening_is_written_with_one_date() -> None:
    body = sample_report(seed=3, occurred_from_at="2026-11-19T22:08:00Z", occurred_to_at="2026-11-19T22:23:00Z")
    assert lines(shown(body))["occurred"][0] == "Between 22:08 and 22:23 on Thursday 19 November 2026"
    body["occurred_to_at"] = "2026-11-20T00:10:00Z"
    assert lines(shown(body))["occurred"][0].startswith("Between 22:08 on Thursday 19 November 2026 and 00:10 on Friday")


def test_a_source_that_tells_a_place_is_not_shown() -> None:
    body = sample_report(seed=3)
    told = f"sought by {body['adults'][0]['full_name']}"
    for source in ("Not to attend 4 Nowhere Row", "order about ZZ99 1AA", told, "works at Sampleford High School", "ring 07700 900123"):
        body["conditions"][0]["source"] = source
        assert shown(body).warnings[0].values[-1] == "Source: ask the desk below"
    body["conditions"][0]["source"] = "Testshire magistrates"
    assert shown(body).warnings[0].values[-1] == "Source: Testshire magistrates"


def test_a_grade_outside_its_scale_is_not_shown() -> None:
    for risk in ({"tool": "dash", "grade": "he is dangerous"}, {"tool": "other", "grade": "high"}, {"grade": "high"}):
        assert "risk" not in lines(shown(sample_report(seed=3, risk=risk), policy=EVERYTHING))


def test_the_safe_handling_text_is_the_default_and_stands_on_every_sheet() -> None:
    page = shown(sample_report(seed=3))
    assert page.handling[:3] == (handling.DO_NOT_MENTION, handling.DO_NOT_CONTACT_HOME, handling.ABSENCE)
    assert page.not_a_referral.startswith("This message is not a referral")
    assert page.helpline == "Advice line: 01632 960999 (08:00 to 13:00, Monday to Friday)"
    assert [line.text for line in page.queries] == [
        "Testshire safeguarding desk",
        "Telephone 01632 960111",
        "E-mail desk@testshire.example",
        "Open Monday to Friday 07:00 to 19:00. When it is closed, ring 101",
        f"Reference to quote: {sample_report(seed=3)['reference']}",
    ]


def test_another_protocol_about_the_person_harmed_never_applies_where_details_are_withheld() -> None:
    policy = replace(POLICY, handling=Handling.SPEAK_TO_PERSON_HARMED)
    assert handling.PERSON_HARMED in shown(sample_report(seed=3), policy=policy).handling
    assert handling.PERSON_HARMED not in shown(sample_report(seed=3, handling_flags=["refuge"]), policy=policy).handling


def test_an_unknown_child_is_not_found() -> None:
    with pytest.raises(NotFound):
        shown(sample_report(seed=3), "C9")


def test_a_sheet_s_repr_shows_nothing_personal() -> None:
    body = sample_report(seed=3)
    assert body["adults"][1]["full_name"] not in repr(shown(body))
