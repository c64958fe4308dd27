"""A policy document is read whole or refused whole, and a refusal says where, what and what to do."""

import json
from datetime import date, time
from pathlib import Path

import pytest

from shared.errors import Refused
from shared.policy import FIELDS, Handling, OwnerKind, Policy, PolicyRefused, QuietHours, Role, from_json, parse, to_json, version

EXAMPLES = Path(__file__).parents[2] / "deploy" / "policies"
HEAD = 'owner_kind = "force"\nowner = "testshire-police"\nname = "Testshire"\neffective_from_on = 2026-09-01\n'
TEAMS = '[teams]\nreview = "hub"\nlive = "night-desk"\nphone = "phone-desk"\nauthority_lead = "lead"\n'
LEAST = HEAD + TEAMS


def rung(role: str, when: str) -> str:
    return f'[[ladder]]\nrole = "{role}"\n{when}\n'


PHONE = rung("phone", "minutes_before_deadline = 0")


@pytest.mark.parametrize(
    ("name", "owner_kind", "owner"),
    [
        ("example-authority.toml", OwnerKind.AUTHORITY, "testshire"),
        ("example-force.toml", OwnerKind.FORCE, "testshire-police"),
    ],
)
def test_the_examples_parse(name: str, owner_kind: OwnerKind, owner: str) -> None:
    policy = parse((EXAMPLES / name).read_text(encoding="utf-8"), source=name)
    assert (policy.owner_kind, policy.owner) == (owner_kind, owner)
    assert policy.ladder[-1].role is Role.PHONE


def test_the_example_that_shows_every_key_shows_the_defaults() -> None:
    shown = parse((EXAMPLES / "example-authority.toml").read_text(encoding="utf-8"), source="shown")
    least = parse(LEAST, source="least")
    own = {"owner_kind", "owner", "name", "teams", "helpline", "duty", "ladders", "fields_shown_to", "parent_contact", "retention_months"}
    same = [key for key in Policy.__slots__ if key not in own]
    assert [getattr(shown, key) for key in same] == [getattr(least, key) for key in same]


def test_what_is_not_said_has_a_default_but_an_owner_never_has() -> None:
    policy = parse(LEAST, source="least")
    assert (policy.day_start, policy.margin_minutes, policy.holiday_limit_days) == (time(8, 30), 30, 4)
    assert policy.effective_from_on == date(2026, 9, 1)
    assert policy.handling is Handling.DO_NOT_MENTION
    assert policy.helpline is None
    assert set(FIELDS) - set(policy.fields_shown) == {"risk", "brief_circumstances"}
    with pytest.raises(PolicyRefused) as refusal:
        parse(HEAD, source="no teams")
    assert {problem.path for problem in refusal.value.problems} == {
        "teams",
        "teams.review",
        "teams.live",
        "teams.phone",
        "teams.authority_lead",
    }


BROKEN = [
    ("owner_kind = \n", "", "not TOML: Invalid value"),
    ("", "owner_kind", "is missing"),
    (LEAST.replace('"force"', '"county"'), "owner_kind", "is not a known code"),
    (LEAST.replace('"testshire-police"', '"testshire police"'), "owner", "is not such a text"),
    (LEAST.replace('"Testshire"', '" "'), "name", "is not such a text"),
    (LEAST.replace('"Testshire"', f'"{"x" * 121}"'), "name", "is not such a text"),
    (LEAST.replace("2026-09-01", "2026-09-01T00:00:00"), "effective_from_on", "is not a date"),
    (LEAST.replace("2026-09-01", '"2026-02-30"'), "effective_from_on", "is not a date"),
    (LEAST.replace("effective_from_on = 2026-09-01\n", ""), "effective_from_on", "is missing"),
    (LEAST.replace('"phone-desk"', '"Phone desk"'), "teams.phone", "is not such a text"),
    (LEAST.replace('"phone-desk"', '""'), "teams.phone", "is not such a text"),
    (LEAST.replace('phone = "phone-desk"\n', ""), "teams.phone", "is missing"),
    (LEAST.replace('"lead"', '"hub"'), "teams.authority_lead", "the same team as teams.review"),
    (LEAST + 'deputy = "hub"\n', "teams.deputy", "not a key of a policy"),
    (HEAD + 'teams = "hub"\n', "teams", "is not a table"),
    (HEAD + "margin = 30\n" + TEAMS, "margin", "not a key of a policy"),
    (HEAD + "margin_minutes = 4\n" + TEAMS, "margin_minutes", "is not such a number"),
    (HEAD + "margin_minutes = 241\n" + TEAMS, "margin_minutes", "is not such a number"),
    (HEAD + "margin_minutes = true\n" + TEAMS, "margin_minutes", "is not such a number"),
    (HEAD + "margin_minutes = 30.0\n" + TEAMS, "margin_minutes", "is not such a number"),
    (HEAD + 'margin_minutes = "30"\n' + TEAMS, "margin_minutes", "is not such a number"),
    (HEAD + "holiday_limit_days = 1\n" + TEAMS, "holiday_limit_days", "is not such a number"),
    (HEAD + "retention_years = 6\n" + TEAMS, "retention_years", "not a key of a policy"),
    (HEAD + "day_start = 08:30:30\n" + TEAMS, "day_start", "is not such a time of day"),
    (HEAD + 'day_start = "8.30"\n' + TEAMS, "day_start", "is not such a time of day"),
    (HEAD + 'day_start = "24:00"\n' + TEAMS, "day_start", "is not such a time of day"),
    (HEAD + "day_start = 05:59:00\n" + TEAMS, "day_start", "is not such a time of day"),
    (HEAD + "day_start = 11:30:00\nday_end = 11:30:00\n" + TEAMS, "day_end", "not after day_start"),
    (HEAD + "staff_day_send = 08:00:00\n" + TEAMS, "staff_day_send", "not before the deadline of the same morning"),
    (HEAD + 'fields_shown = ["occurred", "address"]\n' + TEAMS, "fields_shown", "is not a list of known codes"),
    (HEAD + 'fields_shown = "occurred"\n' + TEAMS, "fields_shown", "is not a list of known codes"),
    (HEAD + 'handling = "tell-everyone"\n' + TEAMS, "handling", "is not a known code"),
    (LEAST + '[helpline]\nname = "Advice"\nnumber = "01632 960123"\n', "helpline.hours", "is missing"),
    (LEAST + "[quiet_hours]\nfrom = 21:00:00\n", "quiet_hours.from", "not a key of a policy"),
    (HEAD + "ladder = []\n" + TEAMS, "ladder", "does not end with the role phone"),
    (HEAD + 'ladder = "dsl"\n' + TEAMS, "ladder", "is not a list of tables"),
    (LEAST + PHONE * 13, "ladder", "is not a list of tables"),
    (LEAST + rung("dsl", "share = 0.0"), "ladder", "does not end with the role phone"),
    (LEAST + PHONE + rung("dsl", "minutes_before_deadline = 0"), "ladder", "does not end with the role phone"),
    (LEAST + PHONE + PHONE, "ladder", "names a role twice"),
    (LEAST + rung("caretaker", "share = 0.0") + PHONE, "ladder[0].role", "is not a known code"),
    (LEAST + rung("dsl", "") + PHONE, "ladder[0]", "needs exactly one of share and minutes_before_deadline"),
    (LEAST + rung("dsl", "share = 0.0\nminutes_before_deadline = 5") + PHONE, "ladder[0]", "needs exactly one of"),
    (LEAST + rung("dsl", "share = 1.1") + PHONE, "ladder[0].share", "is not a share"),
    (LEAST + rung("dsl", "share = true") + PHONE, "ladder[0].share", "is not a share"),
    (LEAST + rung("dsl", "minutes_before_deadline = -1") + PHONE, "ladder[0].minutes_before_deadline", "is not such a number"),
    (LEAST + rung("dsl", "share = 0.0\nafter = 1") + PHONE, "ladder[0].after", "not a key of a policy"),
    (LEAST + rung("dsl", "share = 0.5") + rung("head", "share = 0.4") + PHONE, "ladder", "not in the order of time"),
    (LEAST + rung("dsl", "minutes_before_deadline = 5") + rung("head", "minutes_before_deadline = 6") + PHONE, "ladder", "order of time"),
    (LEAST + rung("dsl", "minutes_before_deadline = 5") + rung("head", "share = 0.9") + PHONE, "ladder", "not in the order of time"),
]


@pytest.mark.parametrize(("document", "path", "wrong"), BROKEN)
def test_a_broken_document_is_refused_with_the_place_the_fault_and_the_remedy(document: str, path: str, wrong: str) -> None:
    with pytest.raises(PolicyRefused) as refusal:
        parse(document, source="broken.toml")
    problems = [problem for problem in refusal.value.problems if problem.path == path]
    assert len(problems) == 1
    assert wrong in problems[0].wrong
    assert problems[0].remedy
    assert f"broken.toml:{problems[0].position}: {path or 'document'}: " in refusal.value.text
    assert "broken.toml" in refusal.value.text
    assert str(problems[0]) in refusal.value.text


def test_every_problem_is_told_at_once() -> None:
    document = LEAST.replace('"force"', '"county"').replace('"lead"', '""') + "[quiet_hours]\nstart = 9\nuntil = 7\n"
    with pytest.raises(PolicyRefused) as refusal:
        parse(document, source="broken.toml")
    assert {problem.path for problem in refusal.value.problems} == {
        "owner_kind",
        "teams.authority_lead",
        "quiet_hours.start",
        "quiet_hours.until",
    }
    assert isinstance(refusal.value, Refused)


@pytest.mark.parametrize("extra", ["", rung("dsl", "share = 0") + rung("head", "share = 0.75") + PHONE])
def test_a_stored_version_reads_back_as_the_same_policy(extra: str) -> None:
    policy = parse(LEAST + extra, source="written")
    assert from_json(to_json(policy)) == policy
    assert version(from_json(to_json(policy))) == version(policy)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", to_json(parse(LEAST, source="least")).replace("margin_minutes", "margin")])
def test_a_stored_text_that_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyRefused):
        from_json(text)


def test_the_version_follows_what_is_said_and_not_how_it_is_written() -> None:
    written = parse(LEAST, source="one")
    otherwise = parse('handling = "do-not-mention"\nday_start = "08:30"\n# a comment\n' + LEAST, source="two")
    assert version(otherwise) == version(written)
    assert len(version(written)) == 16
    stored = json.loads(to_json(written))
    assert list(stored) == sorted(stored)
    others = [parse(LEAST.replace(old, new), source="other") for old, new in [("hub", "hub-2"), ("09-01", "09-02"), ("Testshire", "T")]]
    assert len({version(written), *map(version, others)}) == 4


def test_the_order_in_which_fields_are_listed_says_nothing() -> None:
    one, two = ('fields_shown = ["voice", "occurred"]\n', 'fields_shown = ["occurred", "voice", "voice"]\n')
    assert version(parse(one + LEAST, source="one")) == version(parse(two + LEAST, source="two"))


@pytest.mark.parametrize(
    ("hours", "quiet", "loud"),
    [
        (QuietHours(), [time(21, 0), time(23, 59), time(0, 0), time(6, 29)], [time(6, 30), time(12, 0), time(20, 59)]),
        (QuietHours(start=time(1, 0), end=time(5, 0)), [time(1, 0), time(4, 59)], [time(0, 59), time(5, 0), time(23, 0)]),
        (QuietHours(start=time(7, 0), end=time(7, 0)), [], [time(6, 59), time(7, 0), time(0, 0)]),
    ],
)
def test_quiet_hours_begin_at_their_start_and_are_over_at_their_end(hours: QuietHours, quiet: list[time], loud: list[time]) -> None:
    assert [hours.covers(wall) for wall in quiet + loud] == [True] * len(quiet) + [False] * len(loud)
