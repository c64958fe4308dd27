"""The documents in ``docs`` say what the code does: they are written from it, and stand in the repository as it would write them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from services.commands.docs import documents, openapi, text
from shared.events import FACTS, SUBSCRIBERS, Envelope, Fact, asyncapi, dump

DOCS = Path(__file__).resolve().parents[2] / "docs"
AT = datetime(2026, 11, 22, 23, 10, 0, 123456, tzinfo=UTC)
VALUES: dict[Any, Any] = {datetime: AT, datetime | None: None, str: "x", str | None: "x", int: 3, bool: True, tuple[str, ...]: ("a", "b")}


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json", "policy.schema.json"])
def test_the_document_is_as_the_code_would_write_it(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == text(documents()[name]), "run `encompass docs`"


def test_the_api_is_described_in_valid_openapi() -> None:
    document = openapi()
    validate(document)
    assert {"/v1/incidents", "/v1/incidents/{incident_id}"} <= document["paths"].keys()
    assert not [path for path in document["paths"] if not path.startswith("/v1/")]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_a_fact_is_on_the_wire_what_the_document_says(fact: type[Fact]) -> None:
    message = asyncapi.document("1")["components"]["messages"][fact.TYPE]
    validator = Draft202012Validator(message["payload"])
    (event,) = dump([Envelope(id="1", source=asyncapi.sender(fact), time=AT, fact=_stated(fact))])
    assert [error.message for error in validator.iter_errors(event)] == []
    assert list(validator.iter_errors(event | {"type": "another.v1"}))
    assert list(validator.iter_errors(event | {"data": {}}))
    assert message["summary"]


def test_every_channel_has_a_sender_and_the_services_that_subscribe() -> None:
    document = asyncapi.document("1")
    said = {(name.split(".")[0], name.split(".")[1], name.split(".", 2)[2]) for name in document["operations"]}
    assert {(service, fact) for service, verb, fact in said if verb == "receives"} == {
        (service, fact) for fact, services in SUBSCRIBERS.items() for service in services
    }
    assert {fact for _, verb, fact in said if verb == "sends"} == set(SUBSCRIBERS) == set(document["channels"])
    assert {service for service, verb, _ in said if verb == "sends"} <= {"ingest", "router", "notifier"}


def _stated(fact: type[Fact]) -> Fact:
    return fact(**{name: VALUES[hint] for name, hint in get_type_hints(fact).items() if name not in ("TYPE", "VERSION")})
