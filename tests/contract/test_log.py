"""A log line holds codes and identifiers, whoever writes it and whatever goes wrong. In a process of its own, as logging is one."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

NAME = "Peregrine"
MARK = "\x1e"
ROOT = Path(__file__).resolve().parents[2]
BEFORE = """
import asyncio, gc, logging, sys, threading, warnings
from shared import log
from shared.errors import place
from shared.run import quiet_tracebacks
log.start(level="DEBUG")
quiet_tracebacks()
ours, theirs = log.logger("shared.vault"), logging.getLogger("some.library")
class Person:
    def __repr__(self): return "Peregrine"
    def __str__(self): raise ValueError("Peregrine")
class Bad:
    def __del__(self): raise ValueError("Peregrine")
"""


#: What is done, under a name; each in the same process, one after the other.
SCRIPTS = {
    "a field that is not allowed": "ours.info('incident.received', name='Peregrine', incident_id='i')",
    "a bound field": "ours.bind(name='Peregrine').info('incident.received', incident_id='i')",
    "an argument too many": "ours.info('incident.received', 'Peregrine', incident_id='i')",
    "an exception of ours": "try: raise ValueError('Peregrine')\nexcept ValueError: ours.exception('incident.failed')",
    "its class and place": "try: raise ValueError('Peregrine')\n"
    "except ValueError as error: ours.error('loop.failed', error=type(error).__name__, place=place(error))",
    "a library's line": "theirs.warning('found %s', 'Peregrine')",
    "a library's line that looks like ours": 'theirs.warning(\'{"found": "Peregrine"}\')',
    "a library's exception": "try: raise ValueError('Peregrine')\nexcept ValueError: theirs.exception('Peregrine')",
    "a library's line that cannot be put together": "theirs.warning('found %d', 'Peregrine')",
    "a library's argument that cannot be written": "theirs.warning('found %s', Person())",
    "a library with a quotation mark": "logging.getLogger('Pere\"').warning('Peregrine')",
    "a warning": "warnings.warn('Peregrine')",
    "the end of a thread": "t = threading.Thread(target=int, args=('Peregrine',)); t.start(); t.join()",
    "an error that nobody can catch": "bad = Bad(); del bad; gc.collect()",
    "a task that nobody awaited": "async def lost(): raise ValueError('Peregrine')\n"
    "async def main():\n    task = asyncio.create_task(lost()); await asyncio.wait({task}); del task; gc.collect()\n"
    "asyncio.run(main())",
    "a dropped field": "ours.info('incident.received', name='Peregrine', incident_id='i', count=3)",
    "a long value": "ours.info('incident.received', reason='x' * 5000)",
    "the end of the process": "raise ValueError('Peregrine')",
}


@pytest.fixture(scope="module")
def said() -> Mapping[str, str]:
    """Everything that a process writes, wherever it does, while it does each of these."""
    script = BEFORE + "".join(f"sys.stderr.write({MARK + name + chr(10)!r})\n{code}\n" for name, code in SCRIPTS.items())
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    parts = [part.partition("\n") for part in done.stderr.split(MARK)[1:]]
    return {name: written for name, _, written in parts}


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_personal_is_written(said: Mapping[str, str], name: str) -> None:
    written = said[name]
    assert written, "it says that something happened"
    assert NAME not in written
    assert "Traceback" not in written
    for line in written.splitlines():
        assert line.startswith("encompass: ") or json.loads(line)


def test_a_dropped_field_is_counted_and_the_rest_is_there(said: Mapping[str, str]) -> None:
    line = json.loads(said["a dropped field"])
    assert (line["event"], line["incident_id"], line["count"], line["refused"]) == ("incident.received", "i", 3, 1)


def test_a_long_value_is_cut(said: Mapping[str, str]) -> None:
    assert len(json.loads(said["a long value"])["reason"]) == 160
