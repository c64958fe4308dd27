"""The API keeps its own OpenAPI document, whatever is sent: every answer has a status, a content type and a shape that it names."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services import composition
from shared.clock import ManualClock
from tests import whole
from tests.web import at_rest, served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
EXAMPLES = 10
PHASES = (Phase.explicit, Phase.generate)


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A batch: one line for each report."""
    lines = value if isinstance(value, list) else [value]
    return b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)


@pytest.fixture(scope="module")
def api(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The document of a running application, with a key of its own in every request."""
    folder = tmp_path_factory.mktemp("api")
    database_url = f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, folder / 'api.db')}"
    token = asyncio.run(_prepared(database_url, folder))
    clock = ManualClock(whole.NIGHT)
    parts = composition.parts(whole.settings(database_url, folder), clock)
    app = composition.application(composition.process(parts), running=at_rest(parts))
    with served(app, lifespan="on") as address:
        yield schemathesis.openapi.from_url(f"{address}/openapi.json", headers={"Authorization": f"Bearer {token}"})


async def _prepared(database_url: str, folder: Path) -> str:
    async with whole.whole(database_url, folder) as w:
        return await w.token()


def test_every_answer_is_one_that_the_document_names(api: schemathesis.BaseSchema) -> None:
    operations = [found.ok() for found in api.get_all_operations() if isinstance(found, Ok)]
    assert {(operation.method.upper(), operation.path) for operation in operations} >= {("POST", "/v1/incidents"), ("GET", "/v1/outcomes")}
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            _walk(operation, mode)


def _walk(operation: schemathesis.APIOperation[Any, Any, Any, Any], mode: schemathesis.GenerationMode) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def kept(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    kept()
