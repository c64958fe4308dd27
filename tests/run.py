"""Run the tests: ``python -m tests.run [--fast] [pytest's arguments]``.

Finds PostgreSQL, RabbitMQ and Chromium; starts private servers for the run where none answer but their programs are installed; else
asks a compose engine; else leaves the tests out that need them and ends with a table of what was NOT RUN, why, and how to get it. With
``CI=true`` that table is a failure.
"""

import asyncio
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import pytest

from tests import not_run
from tests.parts import MARKERS, VARIABLES, Parts, found, postgres_answers, postgres_programs, rabbit_answers
from tests.servers import PrivatePostgres, PrivateRabbit

FAST = " and ".join(f"not {marker}" for marker in [*MARKERS, "soak", "long"])
WORKERS = 3
"""One more than the two cores: some tests wait for a process, a broker or a browser to start."""
LIMIT = 600.0
"""Seconds that all tests may take on two cores."""
COMPOSE_FILE = Path(__file__).resolve().parent.parent / "deploy" / "compose.test.yaml"
COMPOSE = (
    ("postgres", "postgresql://postgres@127.0.0.1:55432/postgres", "postgres"),
    ("rabbit", "amqp://guest:guest@127.0.0.1:55672/", "rabbitmq"),
)
"""Marker, URL and service of what the compose file offers."""


class Supply:
    """The parts of this run: found, started or missing with the reason why."""

    def __init__(self, parts: Parts, environ: Mapping[str, str], opened: ExitStack) -> None:
        self.parts = parts
        self.missing: dict[str, str] = {}
        self._environ = environ
        self._opened = opened
        self._folder: Path | None = None

    def complete(self) -> None:
        """Start what can be started, and say why for the rest."""
        if self._environ.get("ENCOMPASS_TEST_DETECT") != "none":
            self._privately("postgres", self._private_postgres)
            self._privately("rabbit", self._private_rabbit)
            self._by_compose()
        for marker in MARKERS:
            if not self.parts.has(marker):
                self.missing.setdefault(marker, self._why(marker))

    def _privately(self, marker: str, start: Callable[[], str | None]) -> None:
        if self.parts.has(marker):
            return
        try:
            url = start()
        except (OSError, subprocess.SubprocessError, RuntimeError) as problem:
            self.missing[marker] = f"a private one did not start ({type(problem).__name__})"
            return
        if url is not None:
            print(f"{MARKERS[marker]}: a private server for this run")
            self._have(marker, url)

    def _private_postgres(self) -> str | None:
        programs = postgres_programs()
        return None if programs is None else self._opened.enter_context(PrivatePostgres(programs, self._room("postgres"))).url

    def _private_rabbit(self) -> str | None:
        server = self.parts.rabbitmq_server
        return None if server is None else self._opened.enter_context(PrivateRabbit(server, self._room("rabbitmq"))).url

    def _room(self, name: str) -> Path:
        """A folder for one server; the one above it must let another user through."""
        if self._folder is None:
            self._folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="encompass-tests-")))
            self._folder.chmod(0o755)
        return self._folder / name

    def _by_compose(self) -> None:
        wanted = [entry for entry in COMPOSE if not self.parts.has(entry[0])]
        engine = _compose_engine() if wanted else None
        if engine is None:
            return
        command = [*engine, "--file", str(COMPOSE_FILE), "--project-name", "encompass-tests"]
        self._opened.callback(subprocess.run, [*command, "down", "--volumes"], check=False, capture_output=True)
        services = [service for _, _, service in wanted]
        outcome = subprocess.run([*command, "up", "--detach", "--wait", *services], check=False)
        for marker, url, _ in wanted:
            answers = postgres_answers if marker == "postgres" else rabbit_answers
            if outcome.returncode == 0 and asyncio.run(answers(url)):
                print(f"{MARKERS[marker]}: a container for this run")
                self._have(marker, url)

    def _have(self, marker: str, url: str) -> None:
        self.missing.pop(marker, None)
        if marker == "postgres":
            self.parts = dataclasses.replace(self.parts, postgres_url=url)
        else:
            self.parts = dataclasses.replace(self.parts, amqp_url=url)

    def _why(self, marker: str) -> str:
        if self._environ.get(VARIABLES[marker]):
            return f"{VARIABLES[marker]} names one that does not answer"
        if self._environ.get("ENCOMPASS_TEST_DETECT") == "none":
            return "ENCOMPASS_TEST_DETECT=none and none is named"
        return "not installed" if marker in ("rabbit_node", "browser") else "none answers, and it is not installed"


def _compose_engine() -> list[str] | None:
    """A compose command whose engine answers."""
    for engine in ("docker", "podman"):
        if shutil.which(engine) is None:
            continue
        try:
            for question in ([engine, "info"], [engine, "compose", "version"]):
                subprocess.run(question, check=True, capture_output=True, timeout=10)
        except (OSError, subprocess.SubprocessError):
            continue
        return [engine, "compose"]
    return None


def _pytest(arguments: Sequence[str], tally: not_run.Tally) -> int:
    shared = ["--numprocesses", str(WORKERS), "--dist", "loadgroup", "--durations", "10", "--durations-min", "2"]
    return int(pytest.main([*shared, *arguments], plugins=[tally]))


def run_fast(arguments: Sequence[str]) -> int:
    """The tests that need nothing but Python."""
    os.environ |= Parts().environment()
    return _pytest(["-m", FAST, *arguments], not_run.Tally())


def run_all(arguments: Sequence[str]) -> int:
    """Every test; ends with the table of what was not run, which fails a run with ``CI=true``."""
    began = time.monotonic()
    tally = not_run.Tally()
    with ExitStack() as opened:
        supply = Supply(found(os.environ), dict(os.environ), opened)
        supply.complete()
        os.environ |= supply.parts.environment()
        outcome = _pytest(arguments, tally)
    took = time.monotonic() - began
    if took > LIMIT:
        print(f"\nThe tests took {took:.0f} seconds; they are meant to take {LIMIT:.0f} at most.")
    found_gaps = not_run.gaps(tally.reasons, supply.missing)
    if not found_gaps:
        return outcome
    print("\n" + not_run.table(found_gaps, sum(tally.reasons.values())))
    if os.environ.get("CI") == "true":
        print("CI=true: what was not run counts as failed.")
        return outcome or 1
    return outcome


def _end(number: int, _: FrameType | None) -> None:
    """Leave through the doors, so that the private servers are stopped."""
    sys.exit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """The exit code of the run."""
    signal.signal(signal.SIGTERM, _end)
    if "--fast" in arguments:
        return run_fast([argument for argument in arguments if argument != "--fast"])
    return run_all(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
