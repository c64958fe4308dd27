"""A record is resent many times a night, late and in any order: the newest version stands, and nothing is lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.ingest.domain.sameness import same_body_hash
from services.ingest.loops import HashRotation
from shared.clock import ManualClock
from shared.db import Database
from shared.report.store import load, newest
from shared.report.store import version as version_of
from shared.scope import Scope
from tests.contract.ingest_world import FORCE, KEYRING, NOW, World, a_world
from tests.samples import sample_body, sample_report

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


async def sent(world: World, **overrides: Any) -> str:
    answer = await world.post(sample_body(**overrides))
    assert answer.status_code == 202
    return str(answer.headers["location"])


def children(*references: str) -> list[dict[str, Any]]:
    """The sample's children by reference, and a new one under any other."""
    known = {child["reference"]: child for child in sample_report()["children"]}
    return [known.get(reference, {"reference": reference}) for reference in references]


async def ids(world: World, address: str) -> dict[str, str]:
    """Reference → child_id, of every child that is shown."""
    seen = (await world.client.get(address)).json()
    return {child["reference"]: child["child_id"] for child in seen["children"]}


async def facts(world: World, kind: str) -> list[dict[str, Any]]:
    return [row["data"] for row in await world.rows("journal") if row["type"] == kind]


# --- what becomes a version -------------------------------------------------------------------------------------------------------------


async def test_a_correction_replaces_the_whole_report(world: World) -> None:
    first = await world.post(sample_body(source_version=1))
    address, incident_id = first.headers["location"], first.json()["incident_id"]
    assert first.headers["etag"] == '"1"'
    world.clock.move_to(LATER)
    corrected = await world.put(address, sample_body(source_version=2, place_kind="castle", children=children("C1", "C2")))
    assert (corrected.status_code, corrected.headers["etag"], corrected.headers["location"]) == (202, '"2"', address)
    receipt = corrected.json()
    assert (receipt["version"], receipt["repeated"], receipt["ignored"], receipt["withdrawn_at"]) == (2, False, None, None)
    assert datetime.fromisoformat(receipt["received_at"]) == LATER
    assert ("/place_kind", "unrecognised-value") in {(one["pointer"], one["code"]) for one in receipt["findings"]}
    (fact,) = await facts(world, "incident.corrected")
    async with world.database.reading() as reading:
        version = (await newest(reading, [incident_id]))[incident_id]
        sealed = await load(world.vault, reading, incident_id, Scope.force(FORCE))
        before = await load(world.vault, reading, incident_id, Scope.force(FORCE), 1)
    assert (version.incident_version, version.kind, version.first_received_at, version.received_at) == (2, "corrected", NOW, LATER)
    assert list(sealed.child_ids) == ["C1", "C2"]
    assert version.child_ids == tuple(sealed.child_ids.values()) == tuple(fact["child_ids"])
    assert list(before.child_ids) == ["C1", "C2", "C3"]
    assert fact["incident_version"] == 2
    assert await world.count("vault_key") == 1
    (head,) = await world.rows("ingest_incident")
    assert head["body_hash"] == same_body_hash(sealed.report, KEYRING.current_index_key)


async def test_belief_is_counted_from_the_first_receipt_at_the_latest(world: World) -> None:
    """A correction at noon does not move last night's deadline."""
    address = await sent(world)
    world.clock.move_to(LATER)
    unsaid: dict[str, Any] = {"believed_at": None, "reported_at": None, "source_version": 2}
    assert (await world.put(address, sample_body(**unsaid))).status_code == 202
    (fact,) = await facts(world, "incident.corrected")
    assert datetime.fromisoformat(fact["believed_at"]) == NOW
    instants = (await world.client.get(address)).json()["instants"]
    assert (instants["reported"], datetime.fromisoformat(instants["believed"])) == (None, NOW)


async def test_children_are_the_same_by_their_own_reference(world: World) -> None:
    """Also when one was taken out and put back, two versions later, in another order."""
    address = await sent(world)
    first = await ids(world, address)
    await world.put(address, sample_body(source_version=2, children=children("C3", "NEW")))
    second = await ids(world, address)
    await world.put(address, sample_body(source_version=3, children=children("C2", "NEW", "C1")))
    assert list(second) == ["C1", "C2", "C3", "NEW"]  # who was taken out is still shown
    assert {reference: second[reference] for reference in first} == first
    assert await ids(world, address) == second
    told = [fact["child_ids"] for fact in await facts(world, "incident.corrected")]
    assert told == [[second["C3"], second["NEW"]], [second["C2"], second["NEW"], second["C1"]]]
    assert await world.count("ingest_child") == 4


async def test_a_flag_of_a_child_that_was_taken_out_still_hides(world: World) -> None:
    marked = [{"reference": "C1"}, {"reference": "C2", "handling_flags": ["adoption"]}]
    address = await sent(world, children=marked)
    assert (await world.put(address, sample_body(source_version=2, children=marked[:1]))).status_code == 202
    seen = await world.client.get(address)
    assert [child["reference"] for child in seen.json()["children"]] == ["C1", "C2"]


@pytest.mark.parametrize("stamp", [{"source_version": 7}, {"source_changed_at": "2026-11-22T23:00:00+01:00"}])
async def test_the_same_content_is_no_version_and_its_stamp_counts(world: World, stamp: dict[str, Any]) -> None:
    """By PUT and by POST: what is older than a stamp that was seen is old, whatever it says."""
    older = {"source_version": 6} if "source_version" in stamp else {"source_changed_at": "2026-11-22T21:59:59Z"}
    for reference, send in (("BY-PUT", world.put), ("BY-POST", lambda _, body: world.post(body))):
        address = await sent(world, reference=reference)
        again = await send(address, sample_body(reference=reference, **stamp))
        assert again.status_code in (200, 202)
        assert (again.json()["repeated"], again.json()["version"]) == (True, 1)
        ignored = await world.put(address, sample_body(reference=reference, place_kind="online", **older))
        assert (ignored.status_code, ignored.json()["ignored"], ignored.json()["version"]) == (200, "older", 1)
        same_again = await world.put(address, sample_body(reference=reference, **stamp))
        assert (same_again.status_code, same_again.json()["repeated"]) == (200, True)
    assert await facts(world, "incident.corrected") == []


async def test_an_older_version_changes_nothing(world: World) -> None:
    address = await sent(world, source_version=5)
    tables = ("ingest_incident", "ingest_version", "ingest_child", "vault_content", "journal", "outbox")
    before = [await world.rows(table) for table in tables]
    answer = await world.put(address, sample_body(source_version=4, place_kind="online"))
    assert (answer.status_code, answer.json()["ignored"], answer.json()["repeated"], answer.headers["etag"]) == (200, "older", False, '"1"')
    assert [await world.rows(table) for table in tables] == before


MISPLACED: tuple[tuple[dict[str, Any], dict[str, Any], int, str], ...] = (
    ({"source_version": 5}, {"source_version": 5}, 409, "same-stamp"),
    ({"source_version": 5}, {"source_changed_at": "2026-11-22T23:00:00Z"}, 409, "other-stamp"),
    ({"source_version": 5}, {}, 428, "precondition-required"),
    ({}, {"source_version": "7"}, 428, "precondition-required"),
    ({}, {"source_version": -1}, 428, "precondition-required"),
    ({"source_version": 5}, {"source_version": 6, "reference": "ANOTHER"}, 422, "other-identity"),
    ({"source_version": 5}, {"source_version": 6, "system": "another"}, 422, "other-identity"),
    ({"source_version": 5}, {"source_version": 6, "children": []}, 422, "report-refused"),
)


async def test_what_cannot_be_placed_is_refused(world: World) -> None:
    for seed, (here, stamp, status, code) in enumerate(MISPLACED):
        address = await sent(world, seed=seed, **here)
        answer = await world.put(address, sample_body(seed=seed, **({"place_kind": "online"} | stamp)))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
    assert await world.count("ingest_version") == await world.count("journal") == len(MISPLACED)


PRECONDITIONS = {'"1"': 202, "*": 202, '"7", "1"': 202, '"2"': 412, 'W/"1"': 412, '"x"': 412, "1": 400, "": 400, '"1" "2"': 400}


async def test_a_precondition_is_honoured(world: World) -> None:
    for seed, (if_match, status) in enumerate(PRECONDITIONS.items()):
        address = await sent(world, seed=seed)
        answer = await world.put(address, sample_body(seed=seed, place_kind="online"), **{"If-Match": if_match})
        assert (answer.status_code, if_match) == (status, if_match)
        assert answer.headers.get("etag") == {202: '"2"', 412: '"1"', 400: None}[status]
        assert (await world.withdraw(address, **{"If-Match": '"9"'})).status_code == 412


async def test_another_forces_incident_is_not_there_to_be_changed(world: World) -> None:
    address = await sent(world)
    other = await world.key("othershire")
    assert (await world.put(address, sample_body(source_version=2, place_kind="online"), **other)).status_code == 404
    assert (await world.withdraw(address, **other)).status_code == 404
    assert (await world.put("/v1/incidents/x", sample_body(source_version=2))).status_code == 404
    assert await world.count("ingest_version") == 1


async def test_a_post_of_another_content_names_the_way_to_correct_it(world: World) -> None:
    address = await sent(world)
    refused = await world.post(sample_body(place_kind="online", source_version=9))
    assert (refused.status_code, refused.headers["link"]) == (409, f'<{address}>; rel="edit"')
    assert "PUT" in refused.json()["title"]


async def test_an_erased_report_takes_no_version(world: World) -> None:
    address = await sent(world)
    async with world.database.transaction() as tx:
        await world.vault.destroy(tx, address.rpartition("/")[2])
    for answer in (await world.put(address, sample_body(source_version=2)), await world.withdraw(address)):
        assert (answer.status_code, answer.json()["code"]) == (410, "erased")
    assert await world.count("ingest_version") == 1


# --- at once ------------------------------------------------------------------------------------------------------------------------------


async def test_of_many_corrections_of_one_version_exactly_one_wins(world: World) -> None:
    address = await sent(world)
    bodies = [sample_body(brief_circumstances=f"Version of writer {writer}.") for writer in range(8)]
    answers = await asyncio.gather(*(world.put(address, body, **{"If-Match": '"1"'}) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [202] + [412] * 7
    assert await world.count("ingest_version") == 2


async def test_a_storm_of_versions_ends_with_the_newest(world: World) -> None:
    """In any order and at once, some of them twice: the versions count up without a gap, and the last word is the highest stamp's."""
    address = await sent(world, source_version=0)
    bodies = [sample_body(source_version=at, brief_circumstances=f"As at {at}.") for at in (5, 2, 8, 1, 8, 3, 7, 5)]
    answers = await asyncio.gather(*(world.put(address, body) for body in bodies))
    assert {answer.status_code for answer in answers} <= {200, 202}
    incident_id = address.rpartition("/")[2]
    async with world.database.reading() as reading:
        sealed = await load(world.vault, reading, incident_id, Scope.force(FORCE))
    assert sealed.report.brief_circumstances == "As at 8."
    numbers = sorted(row["incident_version"] for row in await world.rows("ingest_version"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(await facts(world, "incident.corrected")) == len(numbers) - 1 == [one.status_code for one in answers].count(202)


# --- withdrawals --------------------------------------------------------------------------------------------------------------------------


async def test_a_withdrawal_is_a_version_without_children(world: World) -> None:
    address = await sent(world)
    before = await ids(world, address)
    world.clock.move_to(LATER)
    withdrawn = await world.withdraw(address, "duplicate", **{"If-Match": '"1"'})
    assert (withdrawn.status_code, withdrawn.headers["etag"]) == (202, '"2"')
    assert datetime.fromisoformat(withdrawn.json()["withdrawn_at"]) == LATER
    again = await world.withdraw(address, "other")
    assert (again.status_code, again.json()) == (200, withdrawn.json() | {"repeated": True})
    (fact,) = await facts(world, "incident.withdrawn")
    assert (fact["reason"], fact["incident_version"]) == ("duplicate", 2)
    async with world.database.reading() as reading:
        version = await version_of(reading, address.rpartition("/")[2], 2)
    assert (version.is_withdrawal, version.child_ids, version.reason) == (True, (), "duplicate")
    seen = (await world.client.get(address)).json()
    assert (seen["version"], datetime.fromisoformat(seen["withdrawn_at"])) == (2, LATER)
    assert await ids(world, address) == before


async def test_a_reason_is_a_code_of_the_list(world: World) -> None:
    address = await sent(world)
    for body in ("{}", '{"reason": "Seeded words"}', '{"reason": 1}', '{"reason": "other", "note": "Seeded words"}', "x", "[]"):
        answer = await world.client.post(f"{address}/withdrawal", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert "Seeded" not in answer.text
        assert "report" not in answer.text
    assert await world.count("ingest_version") == 1


async def test_resends_of_a_withdrawn_report_say_so_and_do_not_open_it(world: World) -> None:
    address = await sent(world, source_version=3)
    await world.withdraw(address)
    answers = [
        await world.post(sample_body(source_version=3)),
        await world.put(address, sample_body(source_version=3)),
        await world.put(address, sample_body(source_version=2, place_kind="online")),
    ]
    assert [answer.json()["withdrawn_at"] is not None for answer in answers] == [True] * 3
    assert [(answer.json()["version"], answer.json()["repeated"]) for answer in answers] == [(2, True), (2, True), (2, False)]
    assert (await world.post(sample_body(place_kind="online"))).status_code == 409
    assert await world.count("ingest_version") == 2
    assert (await world.post(sample_body(source_version=5))).json()["repeated"]
    assert (await world.put(address, sample_body(source_version=5))).json()["version"] == 3  # asked for by PUT, it is open again


@pytest.mark.parametrize("how", [{"stamp": {"source_version": 4}}, {"headers": {"If-Match": '"2"'}, "stamp": {"source_version": 3}}])
async def test_a_later_version_opens_a_withdrawn_report_again(world: World, how: dict[str, Any]) -> None:
    """Also with the content that was withdrawn: the children are the same again."""
    address = await sent(world, source_version=3)
    before = await ids(world, address)
    await world.withdraw(address)
    opened = await world.put(address, sample_body(**how["stamp"]), **how.get("headers", {}))
    assert (opened.status_code, opened.json()["version"], opened.json()["withdrawn_at"]) == (202, 3, None)
    assert (await world.client.get(address)).json()["withdrawn_at"] is None
    (fact,) = await facts(world, "incident.corrected")
    assert fact["child_ids"] == list(before.values())


# --- beside the rotation of keys ---------------------------------------------------------------------------------------------------------


async def test_a_corrected_report_is_recognised_after_the_index_key_has_changed(world: World, database: Database) -> None:
    address = await sent(world)
    await world.put(address, sample_body(source_version=2, place_kind="online"))
    world.vault.keyring = KEYRING.with_new_index_key()
    assert await HashRotation(database, world.vault).run_once() == 1
    again = await world.put(address, sample_body(source_version=3, place_kind="online"))
    assert (again.status_code, again.json()["repeated"]) == (200, True)
