"""Many reports as lines: each gets what it would get alone, and what fails takes nothing with it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.ingest.api_batch import LINES_MAX
from shared.clock import ManualClock
from shared.db import Database
from shared.report.parse import BODY_BYTES_MAX
from shared.web.sizes import BATCH_BYTES_MAX
from tests.contract.ingest_world import NOW, World, a_world, unreachable
from tests.samples import personal_words, sample_body, sample_report

pytestmark = pytest.mark.sqlite_daily

BATCH = "/v1/incidents:batch"
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


async def sent(world: World, *lines: bytes, **headers: str) -> list[dict[str, Any]]:
    return results(await world.client.post(BATCH, content=b"\n".join(lines), headers=NDJSON | headers))


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_each_line_has_its_own_result_in_order(world: World) -> None:
    """Good, no JSON, blank, without a reference, a repeat, another content, half a character, and the last without an end of line."""
    faulty = sample_report(seed=9)
    del faulty["reference"]
    lines = [
        sample_body(seed=1),
        b'{"Seeded words": ',
        b"  \r",
        json.dumps(faulty).encode(),
        sample_body(seed=1) + b"\r",
        sample_body(seed=1, place_kind="online"),
        b"\xff\xfe",
        sample_body(seed=2),
    ]
    answer = await world.client.post(BATCH, content=b"\n".join(lines), headers=NDJSON)
    said = results(answer)
    assert [one["line"] for one in said] == [1, 2, 4, 5, 6, 7, 8]
    assert [one["status"] for one in said] == [202, 400, 422, 202, 409, 400, 202]
    first, _, unnamed, repeat, other, *_ = said
    assert [(fault["pointer"], fault["code"]) for fault in unnamed["problem"]["errors"]] == [("/reference", "missing")]
    assert repeat["receipt"] == first["receipt"] | {"repeated": True}
    assert other["location"] == first["location"] == f"/v1/incidents/{first['receipt']['incident_id']}"
    assert (await world.client.get(first["location"])).status_code == 200
    assert not [word for word in ("Seeded", *personal_words(sample_report(seed=1))) if word in answer.text]
    assert await world.count("ingest_incident") == 2


async def test_a_batch_may_have_a_thousand_lines(world: World) -> None:
    body = json.dumps({"system": "s", "reference": "r", "children": [{"reference": "C1"}]}).encode()
    answer = await world.client.post(f"{BATCH}?validate=only", content=(body + b"\n\n") * LINES_MAX, headers=NDJSON)
    assert [one["line"] for one in results(answer)] == list(range(1, 2 * LINES_MAX, 2))


async def test_a_batch_beyond_its_measures_is_refused_whole(world: World) -> None:
    """By its lines, by what it says of its size, and by what comes."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BATCH_BYTES_MAX // 2**20 + 1):
            yield b" " * 2**20

    said = (await world.client.post(BATCH, content=b"{}\n" * (LINES_MAX + 1), headers=NDJSON)).json()
    assert (said["status"], said["code"]) == (413, "too-many-lines")
    declared = NDJSON | {"Content-Length": str(BATCH_BYTES_MAX + 1)}
    for content, headers in ((b"{}", declared), (endless(), NDJSON)):
        assert (await world.client.post(BATCH, content=content, headers=headers)).status_code == 413
    assert await world.count("ingest_incident") == 0


async def test_a_line_that_is_too_long_is_refused_alone(world: World) -> None:
    """Blank to the end of what is kept of it, too: it is not passed over. It comes in parts, as over a network."""

    async def in_parts() -> AsyncIterator[bytes]:
        yield b" " * (BODY_BYTES_MAX + 9) + b"{}"
        yield b"\n" + sample_body()[:99]
        yield sample_body()[99:] + b"\n" + b"[" * (BODY_BYTES_MAX + 1)

    said = results(await world.client.post(BATCH, content=in_parts(), headers=NDJSON))
    assert [one["status"] for one in said] == [413, 202, 413]


@pytest.mark.parametrize("headers", [{"Content-Type": "application/json"}, {"Content-Encoding": "gzip"}])
async def test_only_lines_of_json_are_taken(world: World, headers: dict[str, str]) -> None:
    assert (await world.client.post(BATCH, content=sample_body(), headers=NDJSON | headers)).status_code == 415


async def test_without_lines_there_are_no_results(world: World) -> None:
    assert await sent(world, b"", b" ", b"") == []


async def test_what_a_failing_database_did_not_take_is_said_line_by_line(
    world: World, database_kind: str, clock: ManualClock, tmp_path: Path
) -> None:
    """It goes away after the first five hundred were committed: they stay taken, and only the others are to be sent again."""
    nowhere = unreachable(database_kind, clock, tmp_path)
    there, goes_away = world.database._engines, [True]

    def committed(_services: frozenset[str]) -> None:
        if goes_away.pop():
            world.database._engines = nowhere._engines

    world.database.on_recorded.append(committed)
    small = {"adults": [], "children": [{"reference": "C1"}]}
    lines = [sample_body(seed=seed, **small) for seed in range(503)]
    said = await sent(world, *lines)
    world.database._engines = there
    goes_away.append(False)
    assert [one["status"] for one in said] == [202] * 500 + [503] * 3
    assert {one["problem"]["code"] for one in said[500:]} == {"unavailable"}
    again = await sent(world, *lines[499:])
    assert [(one["status"], one["receipt"]["repeated"]) for one in again] == [(202, True)] + [(202, False)] * 3
    assert await world.count("ingest_incident") == 503
    await nowhere.close()


async def test_only_looking_stores_nothing(world: World) -> None:
    body = sample_body(place_kind="castle")
    single = await world.client.post("/v1/incidents?validate=only", content=body, headers={"Content-Type": "application/json"})
    assert single.status_code == 200
    assert ("/place_kind", "unrecognised-value") in {(one["pointer"], one["code"]) for one in single.json()["findings"]}
    refused = await world.client.post("/v1/incidents?validate=only", content=b"{}", headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (422, "report-refused")
    many = results(await world.client.post(f"{BATCH}?validate=only", content=body + b"\n{}", headers=NDJSON))
    assert [one["status"] for one in many] == [200, 422]
    assert many[0]["findings"] == single.json()["findings"]
    for address in ("/v1/incidents", BATCH):
        assert (await world.client.post(f"{address}?validate=perhaps", content=body, headers=NDJSON)).status_code == 422
    for table in ("ingest_incident", "vault_key", "vault_content", "journal", "outbox"):
        assert await world.count(table) == 0


async def test_single_reports_go_on_beside_a_batch(world: World) -> None:
    lines = [sample_body(seed=seed) for seed in range(40)]
    many, *singles = await asyncio.gather(sent(world, *lines), *(world.post(line) for line in lines[:10]))
    assert {one["status"] for one in many} == {one.status_code for one in singles} == {202}
    assert await world.count("ingest_incident") == 40


async def test_what_changes_a_report_is_not_tried_out(world: World) -> None:
    """Whoever asks for nothing to be stored has nothing stored, and nobody told."""
    body, json_, reason = sample_body(), {"Content-Type": "application/json"}, b'{"reason":"recorded-in-error"}'
    where = (await world.client.post("/v1/incidents", content=body, headers=json_)).headers["Location"]
    for said in ("only", "ONLY", ""):
        put = await world.client.put(f"{where}?validate={said}", content=sample_body(seed=2), headers=json_ | {"If-Match": "*"})
        taken_back = await world.client.post(f"{where}/withdrawal?validate={said}", content=reason, headers=json_)
        assert [(answer.status_code, answer.json()["code"]) for answer in (put, taken_back)] == [(400, "malformed")] * 2
    assert await world.count("ingest_version") == 1
