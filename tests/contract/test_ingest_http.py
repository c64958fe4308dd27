"""Who may send, and what is said to a request that cannot be taken: a clear 4xx or 503, never a word of the input."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from openapi_spec_validator import validate

from services.ingest import keys
from services.ingest.api import CALLS_BURST, CALLS_EACH_MINUTE
from services.ingest.api_document import INCIDENTS, ONE
from services.ingest.keys import CACHE_SECONDS, Keys
from shared.clock import ManualClock
from shared.db import Database
from shared.errors import Refused
from shared.report.model import Report
from tests.contract.ingest_world import NOW, World, a_world, bearer, pointers, unreachable
from tests.malformed import malformed
from tests.samples import personal_words, sample_body, sample_report

pytestmark = pytest.mark.sqlite_daily

REAL_SHAPE = "0123456789abcdef." + "x" * 43


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with a_world(database, clock) as world:
        yield world


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", f"Bearer {REAL_SHAPE}", f"Bearer {REAL_SHAPE} ", "Bearer é.x", "Bearer \x00"]
)
async def test_without_a_valid_key_nothing_is_taken(world: World, header: str) -> None:
    answers = [
        await world.client.post("/v1/incidents", content=sample_body(), headers={b"Authorization": header.encode()}),
        await world.client.get("/v1/incidents/x", headers={b"Authorization": header.encode()}),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    assert await world.count("ingest_incident") == 0


async def test_the_secret_of_another_key_does_not_open(world: World) -> None:
    token = (await world.key("othershire"))["Authorization"].removeprefix("Bearer ")
    mixed = f"{world.key_id}.{token.partition('.')[2]}"
    assert (await world.post(sample_body(), **bearer(mixed))).status_code == 401


async def test_the_database_holds_no_secret(world: World) -> None:
    header = await world.key("othershire")
    secret = header["Authorization"].rpartition(".")[2]
    assert secret not in str(await world.rows("ingest_api_key"))


async def test_a_revoked_key_is_refused_within_half_a_minute(world: World) -> None:
    assert (await world.post(sample_body(seed=1))).status_code == 202
    async with world.database.transaction() as tx:
        assert await keys.revoke(tx, world.key_id, world.clock.real())
        assert not await keys.revoke(tx, world.key_id, world.clock.real())
    world.clock.move_to(NOW + timedelta(seconds=CACHE_SECONDS))
    assert (await world.post(sample_body(seed=2))).status_code == 401


async def test_an_expired_key_is_refused_at_once(world: World) -> None:
    world.clock.move_to(NOW + timedelta(days=365, seconds=-1))
    assert (await world.post(b"{}")).status_code == 422
    world.clock.move_to(NOW + timedelta(days=365))
    assert (await world.post(b"{}")).status_code == 401


async def test_a_key_is_read_once_in_half_a_minute(database: Database, clock: ManualClock) -> None:
    """Taken after its row has gone from sight: the cache answered; and not for longer than it may."""
    async with database.transaction() as tx:
        key_id, token = await keys.issue(tx, "testshire", "one", clock.real())
    checked = Keys(database, clock)
    header = bearer(token)["Authorization"]
    assert await checked.caller(header) is not None
    async with database.transaction() as tx:
        await keys.revoke(tx, key_id, clock.real())
    clock.move_to(NOW + timedelta(seconds=CACHE_SECONDS - 1))
    assert await checked.caller(header) is not None
    clock.move_to(NOW + timedelta(seconds=CACHE_SECONDS))
    assert await checked.caller(header) is None


@pytest.mark.parametrize(("force", "label", "days"), [("", "x", 1), ("a b", "x", 1), ("a" * 33, "x", 1), ("a", " ", 1), ("a", "x", 0)])
async def test_a_key_that_cannot_be_is_not_issued(world: World, force: str, label: str, days: int) -> None:
    with pytest.raises(Refused):
        async with world.database.transaction() as tx:
            await keys.issue(tx, force, label, world.clock.real(), days)


async def test_many_wrong_keys_are_slowed_and_a_right_one_is_not(world: World) -> None:
    wrong = [(await world.post(b"{}", **bearer(REAL_SHAPE))).status_code for _ in range(70)]
    assert set(wrong) == {401, 429}
    assert (await world.post(sample_body())).status_code == 202


async def test_a_runaway_is_told_to_wait(world: World) -> None:
    for _ in range(CALLS_BURST):
        world.limits.take(INCIDENTS, world.key_id, each_minute=CALLS_EACH_MINUTE, burst=CALLS_BURST)
    slowed = await world.post(sample_body())
    assert (slowed.status_code, int(slowed.headers["retry-after"])) == (429, 1)
    world.clock.move_to(NOW + timedelta(seconds=1))
    assert (await world.post(sample_body())).status_code == 202


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/xml", "application/json; charset=latin-1", "multipart/form-data"])
async def test_only_json_is_taken(world: World, media_type: str) -> None:
    assert (await world.post(sample_body(), **{"Content-Type": media_type})).status_code == 415


async def test_json_in_utf_8_may_say_so(world: World) -> None:
    assert (await world.post(sample_body(), **{"Content-Type": 'Application/JSON; charset="UTF-8"'})).status_code == 202


async def test_a_compressed_body_is_not_unpacked(world: World) -> None:
    assert (await world.post(sample_body(), **{"Content-Encoding": "gzip"})).status_code == 415


async def test_a_refusal_points_at_every_fault(world: World) -> None:
    report = sample_report(reference=" ")
    del report["children"][1]["reference"]
    answer = await world.post(json.dumps(report).encode())
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(pointers(answer.json())) == {("/reference", "bad-format"), ("/children/1/reference", "missing")}


async def test_malformed_bodies_get_a_clear_4xx_that_quotes_nothing(world: World) -> None:
    """A round of each kind; the thousand of the issue runs against the whole program."""
    with structlog.testing.capture_logs() as logged:
        for seed in range(120):
            body = malformed(seed)
            answer = await world.post(body)
            assert answer.status_code in (400, 413, 422), (seed, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"
            words = {word for word in ("Testerby", "Samplethwaite", "Samandra", "Nowhere Row", "kettle") if word in answer.text}
            assert not words, (seed, words)
    assert not any(word in str(logged) for word in personal_words(sample_report()))
    assert await world.count("ingest_incident") == 0


async def test_what_is_not_offered_is_refused(world: World) -> None:
    first = await world.post(sample_body())
    for method in ("PATCH", "DELETE", "POST"):
        assert (await world.client.request(method, first.headers["location"])).status_code == 405


# --- when the database is away ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def nowhere(database_kind: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Database]:
    """A database that cannot be reached."""
    database = unreachable(database_kind, clock, tmp_path)
    yield database
    await database.close()


async def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(world: World, nowhere: Database) -> None:
    """Met at the key, and met after it: the sender is never told that a report was taken."""
    assert (await world.post(sample_body(seed=1))).status_code == 202
    there, world.database._engines = world.database._engines, nowhere._engines
    try:
        known = await world.post(sample_body(seed=2))
        unknown = await world.post(sample_body(seed=2), **bearer(REAL_SHAPE))
    finally:
        world.database._engines = there
    for answer in (known, unknown):
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
    assert await world.count("ingest_incident") == 1


# --- the document -----------------------------------------------------------------------------------------------------------------------


async def test_the_document_describes_the_whole_report(world: World) -> None:
    document = (await world.client.get("/openapi.json")).json()
    for path, method in (("/v1/incidents", "post"), (ONE, "put")):
        content = document["paths"][path][method]["requestBody"]["content"]["application/json"]
        assert set(content["schema"]["properties"]) == set(Report.model_fields) - {"unrecognised"}
        assert "$ref" not in json.dumps(content["schema"])
    operations = {one["operationId"]: one for path in document["paths"].values() for one in path.values()}
    mine = ("sendIncident", "sendIncidents", "readIncident", "correctIncident", "withdrawIncident")
    assert all(operations[name]["security"] == [{"api-key": []}] for name in mine)
    assert {"200", "202", "400", "401", "409", "413", "415", "422", "429", "503"} <= set(operations["sendIncident"]["responses"])
    assert {"200", "202", "404", "409", "410", "412", "428"} <= set(operations["correctIncident"]["responses"])


async def test_the_documents_links_lead_from_a_receipt_to_its_incident(world: World) -> None:
    """Each link's parameter is the answer's own id, and each names an operation that is there."""
    document = (await world.client.get("/openapi.json")).json()
    names = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    links = document["paths"]["/v1/incidents"]["post"]["responses"]["202"]["links"]
    assert {link["operationId"] for link in links.values()} == {"readIncident", "correctIncident", "withdrawIncident"} <= names
    assert all(link["parameters"] == {"incident_id": "$response.body#/incident_id"} for link in links.values())
    assert "incident_id" in (await world.post(sample_body())).json()


async def test_the_document_is_one(world: World) -> None:
    validate((await world.client.get("/openapi.json")).json())


async def test_the_documents_example_is_a_report_without_faults(world: World) -> None:
    document: dict[str, Any] = (await world.client.get("/openapi.json")).json()
    content = document["paths"]["/v1/incidents"]["post"]["requestBody"]["content"]["application/json"]
    answer = await world.post(json.dumps(content["examples"]["report"]["value"]).encode())
    assert answer.status_code == 202
    codes = {one["code"] for one in answer.json()["findings"]}
    assert not codes & {"unrecognised-value", "unrecognised-field", "unknown-reference", "over-long"}
