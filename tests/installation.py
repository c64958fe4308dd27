"""A whole installation as an operator runs it: four processes on PostgreSQL and RabbitMQ, each logged in as its own service.

Processes are started as a user would start them, and can be killed and started again one by one.
"""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from services import NAMES
from shared.clock import SystemClock
from shared.db import Database, migrate
from shared.vault import Keyring, Vault, custody
from tests import backends
from tests.servers import free_port
from tests.waiting import until

STARTING_SECONDS = 60.0


@dataclass
class Installation:
    """Four processes of one installation. ``sms`` is the folder in which messages to telephones appear.

    ``bus_prefix``: another one than anybody's on the same broker, or its queues bring the facts of others.
    """

    folder: Path
    database_name: str
    bus_url: str
    email_url: str
    bus_prefix: str = "encompass"
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in NAMES})
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.ports['ingest']}"

    @property
    def pages(self) -> str:
        return f"http://127.0.0.1:{self.ports['notifier']}"

    @property
    def keyring(self) -> Path:
        return self.folder / "keyring.json"

    @property
    def owner_url(self) -> str:
        """The database as its owner sees it: for migrations and for looking at everything."""
        return backends.sqlalchemy_url(backends.with_database(backends.postgres_admin(), self.database_name))

    async def prepare(self) -> None:
        """Database, roles, keyring."""
        async with backends.admin() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{self.database_name}" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "{self.database_name}"')
        await migrate.upgrade(self.owner_url)
        for service in NAMES:
            await backends.create_app_role(f"encompass_test_{service}", (service,))
        custody.init(self.keyring, SystemClock().now().date())

    def opened(self) -> tuple[Database, Vault]:
        """The database and its vault as the owner, for filling the directory and for looking."""
        clock = SystemClock()
        return Database.at(self.owner_url, clock), Vault(Keyring.from_file(self.keyring), clock)

    def start(self, service: str) -> None:
        """Start one process; ``ready`` waits for it."""
        with (self.folder / f"{service}.log").open("ab") as output:
            self.running[service] = subprocess.Popen(
                [sys.executable, "-m", "services", "serve", service],
                env=self._environment(service),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self, service: str) -> None:
        """End one process at once, between any two of its instructions."""
        process = self.running.pop(service)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    async def ready(self, service: str) -> None:
        """Return when the process answers and reaches its database."""
        process = self.running[service]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.ports[service]}") as client:

            async def answers() -> bool:
                if process.poll() is not None:
                    raise RuntimeError(f"{service} ended with {process.returncode}: {self.logs(service)[-2000:]}")
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(answers, what=service, within=STARTING_SECONDS)

    async def start_all(self) -> None:
        for service in NAMES:
            self.start(service)
        await asyncio.gather(*(self.ready(service) for service in NAMES))

    async def close(self) -> None:
        """End everything and drop the database."""
        for service in list(self.running):
            self.kill(service)
        async with backends.admin() as connection:
            await connection.execute(f'DROP DATABASE IF EXISTS "{self.database_name}" WITH (FORCE)')

    def logs(self, service: str) -> str:
        """Everything that the process has said."""
        return (self.folder / f"{service}.log").read_text(encoding="utf-8")

    def _environment(self, service: str) -> dict[str, str]:
        settings = {
            "mode": "demo",
            "database_url": backends.sqlalchemy_url(
                backends.with_database(backends.postgres_admin(), self.database_name, user=f"encompass_test_{service}")
            ),
            "bus_url": self.bus_url,
            "bus_prefix": self.bus_prefix,
            "public_url": self.pages,
            "port": str(self.ports[service]),
            "keyring_file": str(self.keyring),
            "email_url": self.email_url,
            "email_from": "messages@notify.example.com",
            "sms_url": f"file://{self.folder}",
        }
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ENCOMPASS_")},
            **{f"ENCOMPASS_{name.upper()}": value for name, value in settings.items()},
        }
