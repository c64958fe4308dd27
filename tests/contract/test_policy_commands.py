"""``encompass policy``: each fault of a broken document is told with its line, and none of them starts a service."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.__main__ import app
from shared.clock import ManualClock
from shared.db import Database
from shared.directory import BankHolidays, Directory, check_start
from shared.errors import SettingsRefused
from shared.vault import Keyring, Vault
from tests.directory_samples import KINDS, small_directory
from tests.import_desk import Desk

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GOOD = """\
owner_kind = "force"
owner = "testshire"
name = "Testshire"
effective_from_on = 2025-09-01
day_start = 08:30:00
margin_minutes = 30

[teams]
review = "testshire-police-hub"
live = "testshire-out-of-hours"
phone = "testshire-phone-desk"
authority_lead = "testshire-safeguarding-lead"
routes = { home-educated = "testshire-education-safeguarding" }

[holiday]
plan = "live-team"

[[ladder]]
role = "dsl"
share = 0.0

[[ladder]]
role = "phone"
minutes_before_deadline = 0

[[duty]]
team = "testshire-out-of-hours"
"""

BROKEN = {
    "a key misspelt": ("margin_minutes = 30", "margin_mins = 30", ["6:1: margin_mins: not a key"]),
    "no TOML": ('plan = "live-team"', "plan = live-team", ["toml:16:", "document: not TOML"]),
    "a string without its end": ('name = "Testshire"', 'name = "Testshire', ["toml:3:", "document: not TOML"]),
    "a table twice": ("[holiday]", "[teams]", ["toml:15:", "document: not TOML"]),
    "no owner": ('owner = "testshire"\n', "", ["1:1: owner: is missing"]),
    "another kind of owner": ('"force"', '"county"', ["1:1: owner_kind: is not a known code"]),
    "no such day": ("2025-09-01", '"2025-09-31"', ["4:1: effective_from_on: is not a date"]),
    "an hour in the night": ("08:30:00", "05:30:00", ["5:1: day_start: is not such a time"]),
    "a number in quotation marks": ("= 30", '= "30"', ["6:1: margin_minutes: is not such a number"]),
    "no team to telephone": ('phone = "testshire-phone-desk"\n', "", ["8:2: teams.phone: is missing"]),
    "a team that settles its own": ("testshire-safeguarding-lead", "testshire-police-hub", ["12:1: teams.authority_lead: the same team"]),
    "no such route": ("home-educated", "home-schooled", ["13:12: teams.routes.home-schooled: not a key"]),
    "a school as a team": ("home-educated", "school", ["13:12: teams.routes.school: is the route to a setting"]),
    "schools not permitted": ("[holiday]", '[routes]\nschool = "not-permitted"\n[holiday]', ["16:1: routes.school: is a statutory route"]),
    "silence in the holidays": ("live-team", "hold", ["16:1: holiday.plan: is not a known code"]),
    "a ladder that ends in silence": ('"phone"\nminutes', '"head"\nminutes', ["18:3: ladder: does not end with the role phone"]),
    "a team's role at a setting": ('"dsl"', '"duty"', ["19:1: ladder[0].role: is not a known code"]),
    "two ways to say when": ("share = 0.0", "share = 0.0\nminutes_before_deadline = 9", ["18:3: ladder[0]: needs exactly one"]),
    "a share of more than all": ("share = 0.0", "share = 1.5", ["20:1: ladder[0].share: is not a share"]),
    "nobody at the weekend": (
        'out-of-hours"\n',
        'out-of-hours"\ndays = ["mon", "tue", "wed", "thu", "fri"]\n',
        ["26:3: duty: nobody is on duty from Sat 6 Sep 2025 00:00 to Mon 8 Sep 2025 00:00"],
    ),
    "nobody on a bank holiday": (
        'team = "testshire-out-of-hours"\n',
        'team = "testshire-out-of-hours"\nbank_holidays = false\n',
        ["26:3: duty: nobody is on duty", "were it a bank holiday"],
    ),
    "a range that ends before it begins": (
        'team = "testshire-out-of-hours"\n',
        'team = "testshire-out-of-hours"\nfirst_on = 2026-01-02\nlast_on = 2026-01-01\n',
        ["29:1: duty[0].last_on: lies before first_on"],
    ),
    "three faults, all told": (
        'name = "Testshire"',
        'name = ""\nday_end = "half past three"\nquiet_hours = "at night"',
        ["3:1: name: is not such a text", "4:1: day_end: is not such a time", "5:1: quiet_hours: is not a table"],
    ),
}


def broken(name: str) -> str:
    old, new, _ = BROKEN[name]
    assert old in GOOD
    head, _, tail = GOOD.rpartition(old) if old.startswith(("out-of-hours", "team = ")) else GOOD.partition(old)
    return head + new + tail


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["policy", *words], catch_exceptions=False)


def test_a_policy_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    told = run("check", str(path))
    assert told.exit_code == 0
    assert f"{path}: Testshire, force testshire, in force from 1 September 2025, version " in told.output


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_told_with_its_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(broken(name), encoding="utf-8")
    told = run("check", str(path))
    assert told.exit_code == 1
    for words in BROKEN[name][2]:
        assert words in told.output, told.output
    assert all(line.startswith(f"{path}:") for line in told.output.splitlines())
    assert "Traceback" not in told.output


async def test_none_of_them_is_published_and_no_service_starts(database: Database, tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    vault = Vault(Keyring.created(date(2026, 11, 22)), clock)
    desk, directory = Desk(database, vault, clock, tmp_path), Directory(vault, BankHolidays.bundled())
    paths = small_directory(tmp_path)
    for kind in KINDS:
        assert (await desk.takes(kind, paths[kind])).applied
    path = tmp_path / "policy.toml"
    for name in BROKEN:
        path.write_text(broken(name), encoding="utf-8")
        result = await desk.takes("policies", path)
        assert (result.applied, bool(result.refused)) == (False, True), name
        async with database.reading() as reading:
            with pytest.raises(SettingsRefused, match="no policy in force"):
                await check_start(reading, directory, NOW)
    path.write_text(GOOD, encoding="utf-8")
    assert (await desk.takes("policies", path)).applied
    async with database.reading() as reading:
        await check_start(reading, directory, NOW)


def test_two_documents_are_compared_in_words(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(GOOD, encoding="utf-8")
    other.write_text(GOOD.replace('"live-team"', '"both"').replace("08:30:00", "08:45:00"), encoding="utf-8")
    assert run("diff", str(one), str(one)).output == "Nothing changes.\n"
    told = run("diff", str(one), str(other))
    plan = "the setting's own holiday contact and the team on duty instead of the team on duty"
    assert told.output.splitlines() == [
        "The school day begins at 08:45 instead of 08:30, and every deadline with it.",
        f"Told at once while a setting is closed for long: {plan}.",
    ]


def test_a_file_that_cannot_be_read_is_told_in_a_line(tmp_path: Path) -> None:
    told = run("check", str(tmp_path / "none.toml"))
    assert (told.exit_code, "cannot be read" in told.output) == (1, True)
