"""The parts of the outside world that some tests need, and whether they are here.

The runner (``python -m tests.run``) looks for them, starts what it can, and names them in the environment; plain ``pytest`` looks
itself, at the usual addresses only, and only when a collected test asks. A test asks by a marker: see ``MARKERS``.

=================================  ====================================================  =============================
variable                           value                                                 marker
=================================  ====================================================  =============================
``ENCOMPASS_TEST_POSTGRES``        ``postgresql://user@127.0.0.1:5432/dbname``           ``postgres``
``ENCOMPASS_TEST_AMQP``            ``amqp://guest:guest@127.0.0.1:5672/``                ``rabbit``
``ENCOMPASS_TEST_RABBITMQ_SERVER`` ``/usr/sbin/rabbitmq-server``                         ``rabbit_node``
``ENCOMPASS_TEST_CHROMIUM``        ``/usr/bin/chromium``                                 ``browser``
``ENCOMPASS_TEST_DETECT``          ``all`` (default); ``private``: start own servers     all
                                   even where some answer; ``none``: only what is named;
                                   ``given``: what is named, unchecked (set by the runner)
=================================  ====================================================  =============================
"""

import asyncio
import getpass
import os
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aio_pika
import asyncpg

MARKERS: Mapping[str, str] = {
    "postgres": "PostgreSQL",
    "rabbit": "RabbitMQ",
    "rabbit_node": "a RabbitMQ node of its own",
    "browser": "Chromium",
}
VARIABLES: Mapping[str, str] = {
    "postgres": "ENCOMPASS_TEST_POSTGRES",
    "rabbit": "ENCOMPASS_TEST_AMQP",
    "rabbit_node": "ENCOMPASS_TEST_RABBITMQ_SERVER",
    "browser": "ENCOMPASS_TEST_CHROMIUM",
}
NOT_RUN = "NOT RUN: needs "

_AMQP = "amqp://guest:guest@127.0.0.1:5672/"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_RABBITMQ_SERVER = ("/usr/sbin/rabbitmq-server", "/usr/local/sbin/rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server")
_MAY_CREATE = "SELECT rolsuper OR (rolcreatedb AND rolcreaterole) FROM pg_roles WHERE rolname = current_user"
_PATIENCE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is here; ``None`` for what is not."""

    postgres_url: str | None = None
    """``postgresql://…`` of a role that may create databases and roles."""
    amqp_url: str | None = None
    chromium: str | None = None
    """The program's path."""
    rabbitmq_server: str | None = None
    """The program's path."""

    def has(self, marker: str) -> bool:
        """Whether a test with this marker can run."""
        return self.by_marker()[marker] is not None

    def by_marker(self) -> Mapping[str, str | None]:
        """What each of ``MARKERS`` gets."""
        return {"postgres": self.postgres_url, "rabbit": self.amqp_url, "rabbit_node": self.rabbitmq_server, "browser": self.chromium}

    def environment(self) -> dict[str, str]:
        """The variables by which another process gets exactly these parts, without looking."""
        named = {variable: self.by_marker()[marker] for marker, variable in VARIABLES.items()}
        return {variable: value or "" for variable, value in named.items()} | {"ENCOMPASS_TEST_DETECT": "given"}


def found(environ: Mapping[str, str]) -> Parts:
    """The parts that ``environ`` names and, if it allows, those at the usual addresses."""
    mode = environ.get("ENCOMPASS_TEST_DETECT", "all")
    named = {marker: environ.get(variable) or None for marker, variable in VARIABLES.items()}
    if mode != "given":
        named = asyncio.run(_checked(named, servers=mode == "all", programs=mode != "none"))
    return Parts(postgres_url=named["postgres"], amqp_url=named["rabbit"], chromium=named["browser"], rabbitmq_server=named["rabbit_node"])


@cache
def detected() -> Parts:
    """The parts of this test process: looked for once, when first asked."""
    return found(os.environ)


async def _checked(named: Mapping[str, str | None], *, servers: bool, programs: bool) -> dict[str, str | None]:
    """What is named and answers; where nothing is named, what is at the usual places."""
    postgres = [url] if (url := named["postgres"]) else _usual_postgres() if servers else []
    rabbit = [url] if (url := named["rabbit"]) else [_AMQP] if servers else []
    node = [path] if (path := named["rabbit_node"]) else list(_RABBITMQ_SERVER) if programs else []
    browser = [path] if (path := named["browser"]) else list(_CHROMIUM) if programs else []
    return {
        "postgres": await _first(postgres, postgres_answers),
        "rabbit": await _first(rabbit, rabbit_answers),
        "rabbit_node": next((path for name in node if (path := shutil.which(name))), None),
        "browser": next((path for name in browser if (path := shutil.which(name))), None),
    }


async def _first(urls: Sequence[str], answers: Callable[[str], Awaitable[bool]]) -> str | None:
    for url in urls:
        if await answers(url):
            return url
    return None


def _usual_postgres() -> list[str]:
    users = dict.fromkeys(["postgres", "root", getpass.getuser()])
    return [f"postgresql://{user}@127.0.0.1:5432/postgres" for user in users]


async def postgres_answers(url: str) -> bool:
    """Whether a PostgreSQL server at ``url`` lets this role create databases and roles."""
    try:
        connection = await asyncpg.connect(url, timeout=_PATIENCE)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError):
        return False
    try:
        return bool(await connection.fetchval(_MAY_CREATE))
    finally:
        await connection.close()


async def rabbit_answers(url: str) -> bool:
    """Whether a broker at ``url`` lets this user in."""
    try:
        connection = await aio_pika.connect(url, timeout=_PATIENCE)
    except (OSError, aio_pika.exceptions.AMQPError, ValueError):
        return False
    await connection.close()
    return True


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's own programs (``initdb``, ``pg_ctl``), the newest version that is installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if folders:
        return folders[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None
