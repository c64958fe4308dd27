"""`encompass docs`: the contracts of the API, of the facts and of a policy document, written from the code that keeps them."""

import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from services import composition
from services.commands.session import console
from shared.clock import SystemClock
from shared.events import asyncapi
from shared.policy.schema import schema
from shared.settings import checked
from shared.vault import custody


def docs(
    out: Annotated[Path, typer.Option(help="The folder that the documents are written to.")] = Path("docs"),
) -> None:
    """Write the OpenAPI and AsyncAPI documents and the JSON Schema of a policy."""
    for name, document in documents().items():
        (out / name).write_text(text(document), encoding="utf-8")
        console.print(f"{out / name}")


def documents() -> dict[str, dict[str, Any]]:
    """The documents by file name. Nothing is connected to."""
    return {"openapi.json": openapi(), "asyncapi.json": asyncapi.document(version("encompass")), "policy.schema.json": schema()}


def openapi() -> dict[str, Any]:
    """The API of all services, as the running application describes it."""
    with tempfile.TemporaryDirectory() as folder:
        keyring = Path(folder) / "keyring.json"
        clock = SystemClock()
        custody.init(keyring, clock.now().date())
        settings = checked(
            {"mode": "demo", "database_url": f"sqlite+aiosqlite:///{folder}/none.db", "keyring_file": keyring}
            | dict.fromkeys(("email_url", "sms_url"), "none:")
        )
        process = composition.process(composition.parts(settings, clock))
        return composition.application(process, drive=False).openapi()


def text(document: dict[str, Any]) -> str:
    """As it stands in the repository: two spaces, in the document's own order, a line end at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
