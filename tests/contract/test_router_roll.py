"""The roll goes live whole or not at all, refuses what it cannot take without quoting it, and names nobody."""

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.db.tables.vault import vault_key
from shared.errors import DatabaseRefused, NotFound, Refused
from shared.events import ChildHeld, IncidentRouted
from shared.tabular import FileRefused
from shared.vault import Vault
from tests.routing import NIGHT, World, on_roll, report_at
from tests.samples import sample_upn

ROW = {
    "upn": sample_upn(1),
    "forename": "Samandra",
    "surname": "Testerby",
    "known_as": "",
    "date_of_birth": "2018-03-04",
    "postcode": "ZZ99 1AA",
    "settings": "900001",
    "restricted": "",
}


@pytest.fixture
def clock() -> Clock:
    return ManualClock(NIGHT)


@pytest.fixture
async def world(database: Database, clock: ManualClock, tmp_path: Path) -> World:
    return await World.made(database, clock, tmp_path)


async def test_a_roll_is_taken_whole(world: World) -> None:
    rows = [ROW, ROW | {"upn": "", "date_of_birth": "04/03/2017", "settings": "900002; 900003", "restricted": "Yes", "postcode": "?"}]
    result = await world.load_roll(rows)
    assert (result.kind, result.applied, result.taken, result.refused) == ("roll", True, 2, ())
    [roll] = await world.rows("router_roll")
    assert (roll.authority, roll.state, roll.pupils, roll.agreement) == ("testshire", "live", 2, "ISA-1")
    assert sorted(row.restricted for row in await world.rows("router_pupil")) == [False, True]
    assert sorted(row.setting_id for row in await world.rows("router_pupil_setting")) == ["900001", "900002", "900003"]
    tokens = await world.rows("router_pupil_token")
    assert sorted(row.rule for row in tokens) == ["family-dob", "family-dob", "name-dob", "name-dob", "upn"]
    assert world.told == [(2, 2)]


REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({"upn": "A" + sample_upn(1)[1:] if sample_upn(1)[0] != "A" else "B" + sample_upn(1)[1:]}, "upn", "check-letter"),
    ({"forename": "-"}, "forename", "missing"),
    ({"surname": ""}, "surname", "missing"),
    ({"date_of_birth": "31/02/2018"}, "date_of_birth", "malformed"),
    ({"date_of_birth": "2027-01-01"}, "date_of_birth", "future"),
    ({"settings": "900001;999999"}, "settings", "unknown"),
    ({"settings": "Testwood"}, "settings", "malformed"),
    ({"restricted": "perhaps"}, "restricted", "unknown-code"),
]


@pytest.mark.parametrize(("wrong", "column", "code"), REFUSED)
async def test_one_refused_row_keeps_the_whole_file_out(world: World, wrong: dict[str, str], column: str, code: str) -> None:
    rows = [ROW | {"upn": sample_upn(7)}, ROW | wrong]
    result = await world.load_roll(rows)
    assert [(row.line, row.column, row.code) for row in result.refused] == [(3, column, code)]
    assert not any(value and value in row.text for row in result.refused for value in wrong.values())
    assert not result.applied
    assert await world.rows("router_roll") == []
    assert (await world.load_roll(rows, accept_partial=True)).taken == 1


async def test_a_upn_stands_in_one_row(world: World) -> None:
    result = await world.load_roll([ROW, ROW | {"settings": "900002"}])
    assert [(row.line, row.code) for row in result.refused] == [(3, "duplicate")]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"authority": "nowhere"}, NotFound),
        ({"as_at_on": date(2026, 11, 20)}, Refused),
        ({"agreement": " "}, Refused),
    ],
)
async def test_what_is_refused_of_the_whole(world: World, options: dict[str, Any], error: type[Refused]) -> None:
    with pytest.raises(error):
        await world.load_roll([ROW], **options)
    with pytest.raises(FileRefused):
        await world.load_roll([])
    assert await world.rows("router_roll") == []


async def test_a_new_roll_ends_the_one_before_and_destroys_its_key(world: World) -> None:
    await world.load_roll([ROW, ROW | {"upn": "", "forename": "Tesdoro"}])
    await world.load_roll([ROW], authority="farshire")
    [old] = await world.rows("router_roll", authority="testshire")
    await world.load_roll([ROW | {"forename": "Samiro", "upn": ""}], as_at_on=date(2026, 11, 15))
    states = {row.roll_id: row.state for row in await world.rows("router_roll")}
    assert sorted(states.values()) == ["live", "live", "superseded"]
    assert states[old.roll_id] == "superseded"
    assert await world.rows("router_pupil", roll_id=old.roll_id) == []
    assert len(await world.rows("router_pupil")) == 2
    assert len(await world.rows("router_pupil_setting")) == 2
    assert len(await world.rows("router_pupil_token")) == 5
    async with world.database.reading() as reading:
        key = (await reading.execute(select(vault_key).where(vault_key.c.scope_id == old.roll_id))).one()
    assert key.wrapped is None


async def test_an_older_roll_brings_nobody_back(world: World) -> None:
    await world.load_roll([ROW])
    with pytest.raises(Refused):
        await world.load_roll([ROW], as_at_on=date(2026, 10, 31))
    assert [row.state for row in await world.rows("router_roll")] == ["live"]


class _FailingVault(Vault):
    """A vault that fails once the roll before has been taken away."""

    async def new_scope(self, *_: Any, **__: Any) -> Any:
        raise DatabaseRefused("", "planted")


async def test_a_failing_import_leaves_the_roll_before_live(world: World) -> None:
    report = report_at(NIGHT)
    report["children"] = report["children"][:1]
    await world.load_roll([on_roll(report["children"][0])])
    with pytest.raises(DatabaseRefused):
        await World.load_roll(
            World(**vars(world) | {"vault": _FailingVault(world.vault.keyring, world.clock)}), [ROW], as_at_on=date(2026, 11, 15)
        )
    assert [row.state for row in await world.rows("router_roll")] == ["live"]
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    assert len(await world.facts(envelope.fact.incident_id, IncidentRouted)) == 1


async def test_tokens_of_an_older_index_key_still_find(world: World) -> None:
    report = report_at(NIGHT)
    report["children"] = report["children"][:1]
    await world.load_roll([on_roll(report["children"][0])])
    world.vault.keyring = world.vault.keyring.with_new_index_key()
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    assert len(await world.facts(envelope.fact.incident_id, IncidentRouted)) == 1


async def test_a_roll_that_has_outlived_its_key_finds_nobody_and_loses_nobody(world: World) -> None:
    report = report_at(NIGHT)
    report["children"] = report["children"][:1]
    await world.load_roll([on_roll(report["children"][0])])
    async with world.database.reading() as reading:
        kek_id = (await reading.execute(select(vault_key.c.kek_id))).scalar_one()
    world.vault.keyring = world.vault.keyring.without(kek_id)
    envelope = await world.accept(report)
    await world.delivery.deliver([envelope])
    [held] = await world.facts(envelope.fact.incident_id, ChildHeld)
    assert held.reason == "not-on-roll"


async def test_ten_thousand_pupils_go_live_and_are_replaced(world: World) -> None:
    rows = [ROW | {"upn": "", "surname": f"Testerby{number}", "settings": "900001;900002"} for number in range(10_000)]
    for as_at_on in (date(2026, 11, 1), date(2026, 11, 2)):
        began = time.perf_counter()
        result = await world.load_roll(rows, as_at_on=as_at_on)
        print(f"{world.database.kind}: 10,000 pupils in {time.perf_counter() - began:.1f} s")  # noqa: T201
        assert result.taken == 10_000
    assert len(await world.rows("router_pupil")) == 10_000
    assert world.told[-1] == (10_000, 10_000)
