"""One real process of the whole program, as `encompass serve` starts it: SQLite, every service, files for messages, its log in a file."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx

from services import composition
from services.ingest import keys
from shared.clock import SystemClock
from shared.vault import custody
from tests.directory_samples import FORCE, imported
from tests.servers import free_port
from tests.waiting import wait_until
from tests.whole import KEYRING, settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Solo:
    """``key`` is an API key of the sample force."""

    folder: Path
    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "log").read_text(encoding="utf-8")


@contextlib.contextmanager
def solo(template: Path, folder: Path) -> Iterator[Solo]:
    """The process while the block runs; its directory is the small one."""
    port, token = free_port(), prepared(template, folder)
    with (folder / "log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "services", "serve"],
            env=environment(folder, port=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    one = Solo(folder=folder, port=port, key=token)
    try:
        wait_until(lambda: _answers(one, process), what="the process", within=30.0)
        yield one
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a command on that folder's database."""
    values = settings(f"sqlite+aiosqlite:///{folder / 'solo.db'}", folder).model_dump(mode="json")
    chosen = {name: str(value) for name, value in values.items() if value not in (None, "")} | {"log_level": "DEBUG"} | more
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENCOMPASS_")}
    return kept | {f"ENCOMPASS_{name.upper()}": value for name, value in chosen.items()}


def prepared(template: Path, folder: Path) -> str:
    """A database with the small directory, and a keyring, in ``folder``; returns an API key."""
    shutil.copy(template, folder / "solo.db")
    return asyncio.run(_filled(folder))


async def _filled(folder: Path) -> str:
    clock = SystemClock()
    custody.init(folder / KEYRING, date(2026, 11, 1))
    parts = composition.parts(settings(f"sqlite+aiosqlite:///{folder / 'solo.db'}", folder), clock)
    try:
        await imported(parts.database, parts.vault, clock, folder / "directory")
        async with parts.database.transaction() as tx:
            return (await keys.issue(tx, FORCE, "tests", clock.real()))[1]
    finally:
        await parts.database.close()


def _answers(one: Solo, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the process ended with {process.returncode}: {one.log[-2000:]}")
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{one.url}/readyz").status_code == 200
    return False
