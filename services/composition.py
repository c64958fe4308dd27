"""Putting one process together from its settings: the composition root, shared by ``encompass serve``, the demo and the tests."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI
from jinja2 import FileSystemLoader

from services import NAMES, builds
from shared import run
from shared.clock import Clock
from shared.db import Database
from shared.directory import BankHolidays, Directory
from shared.errors import SettingsRefused
from shared.service import Parts
from shared.settings import Settings
from shared.vault import Keyring, Vault, custody
from shared.vault.ledger import FileLedger
from shared.web import health
from shared.web.app import build_app
from shared.web.frame import frame
from shared.web.layout import Navigation
from shared.web.sessions import Role

NAVIGATION: tuple[Navigation, ...] = (
    Navigation(text="Delivery", href="/console", roles=frozenset({Role.COORDINATOR, Role.OPERATOR})),
    Navigation(text="Review desk", href="/desk", roles=frozenset({Role.REVIEWER, Role.LEAD})),
    Navigation(text="Reviews", href="/console/reviews", roles=frozenset({Role.COORDINATOR})),
    Navigation(text="New report", href="/reports/new", roles=frozenset(role for role in Role if role is not Role.OPERATOR)),
    Navigation(text="Missing reports", href="/control", roles=frozenset(Role)),
    Navigation(text="Calls", href="/calls", roles=frozenset(role for role in Role if role is not Role.OPERATOR)),
    Navigation(text="Readiness", href="/console/readiness", roles=frozenset({Role.COORDINATOR, Role.OPERATOR})),
    Navigation(text="Parked facts", href="/console/parked", roles=frozenset({Role.OPERATOR})),
)
"""What staff of each role may go to; each service's own routes say so again."""


DEMO = "demo"
"""No service, but it has pages of its own where everything is invented."""


def keyring_source(settings: Settings) -> custody.Source:
    """Where the keyring lies that the settings name."""
    return custody.Source(path=settings.keyring_file, command=tuple(settings.keyring_argv))


def opened_vault(settings: Settings, clock: Clock) -> Vault:
    """The vault under the keyring and the erasure ledger that the settings name. Raises SettingsRefused, but does not read the ledger."""
    source, path = keyring_source(settings), settings.erasures_file
    keyring = source.read()
    if path is None:
        if settings.keyring_file is None:
            raise SettingsRefused("with a keyring command say in ENCOMPASS_ERASURES_FILE where the erasure ledger lies")
        path = custody.ledger_path(settings.keyring_file)
    return Vault(keyring, clock, ledger=FileLedger(path), source=source)


def parts(settings: Settings, clock: Clock, *, keyring: Keyring | None = None) -> Parts:
    """What services are built from. Connects to nothing yet. Raises SettingsRefused."""
    database = Database.at(settings.database_url, clock)
    vault = opened_vault(settings, clock) if keyring is None else Vault(keyring, clock)
    return Parts(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        directory=Directory(vault, BankHolidays.bundled()),
        frame=frame(
            public_url=settings.public_url,
            demo=settings.demo,
            database=database,
            clock=clock,
            templates=[FileSystemLoader(_templates(name)) for name in (*NAMES, *((DEMO,) if settings.demo else ()))],
            navigation=NAVIGATION,
        ),
    )


def process(made: Parts, names: Sequence[str] = ()) -> run.Process:
    """The named services (all when none is named), wired to the bus that the settings name."""
    return run.assembled(made, builds(names))


def application(
    of: run.Process,
    *,
    drive: bool = True,
    running: Callable[[], contextlib.AbstractAsyncContextManager[None]] | None = None,
    pages: Sequence[APIRouter] = (),
) -> FastAPI:
    """The process behind HTTP. With ``drive`` its loops and bus run as long as the application does; else whoever made it moves them.

    ``running`` drives them in another way than by themselves; ``pages`` stand beside those of the services.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if not drive:
            yield
            return
        async with (running or of.running)():
            yield

    return build_app(
        frame=of.parts.frame,
        version=version("encompass"),
        api=[router for service in of.services for router in service.api],
        pages=[health.build(of.parts.database, of.bus), *(router for service in of.services for router in service.pages), *pages],
        lifespan=lifespan,
    )


def _templates(name: str) -> Path:
    return Path(__file__).parent / name / "templates"
