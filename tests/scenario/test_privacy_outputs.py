"""What a process writes on its outputs, whatever goes wrong in it: our lines, and never the words of an error (design section 7.1)."""

import asyncio
import gc
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import insert

from shared.db import Database, Transaction
from shared.db.tables.ingest import ingest_api_key
from shared.db.tables.router import router_review
from shared.errors import DatabaseRefused
from shared.log import FIELDS, logger
from tests.directory_samples import CONTACT_COLUMNS, ROLL_COLUMNS, write_csv
from tests.scenario.leaks import Search, codes, days, listening, names
from tests.scenario.solo import environment, prepared

WHO = "Zwurglethorn Quabbomere"
SEARCH = Search([*names(WHO), *days("2016-04-23"), *codes("zq@markers.example", "07700 900955", "ZZ98 4TQ")])
TOLD = f"{WHO}, born 2016-04-23, zq@markers.example, ZZ98 4TQ"


def lines(heard: str) -> list[dict[str, object]]:
    """Every line of a log; each must be ours."""
    return [json.loads(line) for line in heard.splitlines()]


# --- a log ----------------------------------------------------------------------------------------------------------------------------


def test_a_librarys_words_are_not_repeated() -> None:
    with listening() as heard:
        log = logging.getLogger("somebody.elses")
        log.warning(TOLD)
        log.error("%s", TOLD)
        log.error({"who": TOLD})
        try:
            raise ValueError(TOLD)
        except ValueError:
            log.exception(TOLD, stack_info=True, extra={"who": TOLD})
    assert [line["event"] for line in lines(heard.getvalue())] == ["library.said"] * 4
    assert not SEARCH.hits({"log": heard.getvalue()})


def test_a_library_that_logs_wrongly_is_not_repeated_either() -> None:
    """Python's own answer to a bad log call is to print its arguments."""
    with listening() as heard:
        logging.getLogger("somebody.elses").error("%d of them", TOLD)
        logging.getLogger("shared.bus.rabbit").error("%d of them", TOLD)
    assert not SEARCH.hits({"log": heard.getvalue()})


def test_a_field_that_is_not_on_the_list_is_dropped() -> None:
    with listening() as heard:
        logger("services.tests").info("child.held", full_name=TOLD, reason="no-name", exc_info=ValueError(TOLD), stack_info=True)
    [line] = lines(heard.getvalue())
    assert line["reason"] == "no-name"
    assert set(line) <= FIELDS
    assert not SEARCH.hits({"log": heard.getvalue()})


def test_a_warning_is_told_without_its_words() -> None:
    """A validator's or a serialiser's warning quotes the value that it warns of."""
    with listening() as heard:
        warnings.warn(TOLD, RuntimeWarning, stacklevel=1)
    assert [line["logger"] for line in lines(heard.getvalue())] == ["py.warnings"]
    assert not SEARCH.hits({"log": heard.getvalue()})


class Unclosable:
    """Fails where nobody can catch it."""

    def __del__(self) -> None:
        raise ValueError(TOLD)

    def __repr__(self) -> str:
        return TOLD


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_error_that_nobody_can_catch_says_its_class_and_place_alone() -> None:
    with listening() as heard:
        Unclosable()
        gc.collect()
    assert "ValueError" in heard.getvalue()
    assert not SEARCH.hits({"log": heard.getvalue()})


def test_an_error_in_a_thread_says_its_class_and_place_alone() -> None:
    def fails() -> None:
        raise ValueError(TOLD)

    with listening() as heard:
        thread = threading.Thread(target=fails, name=TOLD)
        thread.start()
        thread.join()
    assert "ValueError" in heard.getvalue()
    assert not SEARCH.hits({"log": heard.getvalue()})


def test_a_task_whose_error_nobody_fetched_says_its_class_alone() -> None:
    async def fails() -> None:
        raise ValueError(TOLD)

    async def leaves_it() -> None:
        task = asyncio.create_task(fails(), name=TOLD)
        await asyncio.wait([task])
        del task
        gc.collect()

    with listening() as heard:
        asyncio.run(leaves_it())
    assert [(line["logger"], line["error"]) for line in lines(heard.getvalue())] == [("asyncio", "ValueError")]
    assert not SEARCH.hits({"log": heard.getvalue()})


# --- the database's errors ------------------------------------------------------------------------------------------------------------


async def test_an_error_of_the_database_quotes_nothing(database: Database) -> None:
    """Too long, out of its values, missing, twice, no such table, no number: each with a personal value in the row."""
    key = {"force": "x", "label": WHO, "secret_hash": "h", "created_at": None}
    review = dict.fromkeys(("reason", "state", "owner", "escalates_to"), WHO)

    async def twice(tx: Transaction) -> None:
        row = {"key_id": WHO[:16], "force": "x", "label": WHO, "secret_hash": "h", "created_at": tx.clock.now()}
        await tx.execute(insert(ingest_api_key), row)
        await tx.execute(insert(ingest_api_key), row)

    async def missing(tx: Transaction) -> None:
        await tx.execute(insert(ingest_api_key), {"key_id": WHO[:16], **key})

    async def check(tx: Transaction) -> None:
        now = tx.clock.now()
        ids = {"review_id": WHO, "incident_id": WHO, "child_id": WHO, "force": WHO, "policy_version": WHO}
        await tx.execute(insert(router_review), {**ids, **review, "deadline_at": now, "next_action_at": now, "opened_at": now})

    for wrong in (twice, missing, check):
        with listening() as heard, pytest.raises(DatabaseRefused) as caught:
            async with database.transaction() as tx:
                await wrong(tx)
        error = caught.value
        assert not SEARCH.hits({"text": str(error), "repr": repr(error), "args": repr(error.args), "log": heard.getvalue()})
        assert error.__cause__ is None
        assert error.__suppress_context__, "the driver's own error is not told of"


# --- commands -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on which commands can work, with files full of people and mistakes."""
    made = tmp_path_factory.mktemp("commands")
    prepared(sqlite_template, made)
    contact = ("K-1", "900001", "", "dsl", "1", WHO, "zq@markers.example", "07700 900955", "2025-09-01")
    wrong = [(*contact[:place], TOLD, *contact[place + 1 :]) for place in range(len(contact))]
    write_csv(made / "contacts.csv", CONTACT_COLUMNS, [contact, contact, contact[:-2], (*contact, TOLD), *wrong])
    write_csv(made / "headless.csv", contact, [contact])
    write_csv(made / f"{WHO}.csv", CONTACT_COLUMNS, wrong)
    pupil = ("", "Zwurglethorn", "Quabbomere", "", "2016-04-23", "ZZ98 4TQ", "900001", "no")
    wrong = [(*pupil[:place], TOLD, *pupil[place + 1 :]) for place in range(len(pupil))]
    write_csv(made / "roll.csv", ROLL_COLUMNS, [pupil[:3], (*pupil, TOLD), *wrong])
    (made / "policy.toml").write_text(f'owner = "{WHO}"\nname = "{TOLD}\n', encoding="utf-8")
    (made / "torn.csv").write_bytes(f'reference,name\n"{TOLD}\n'.encode() + b"\x81\x8d" * 9)
    return made


COMMANDS = (
    ("directory", "import", "contacts", "contacts.csv"),
    ("directory", "import", "contacts", "--accept-partial", "contacts.csv"),
    ("directory", "import", "contacts", "headless.csv"),
    ("directory", "import", "terms", "contacts.csv"),
    ("directory", "import", "settings", "torn.csv"),
    ("directory", "import", "policies", "policy.toml"),
    ("directory", "import-roll", "roll.csv", "--authority", "999", "--as-at", "2026-09-10", "--agreement", "ISA-1"),
    ("directory", "import-roll", "contacts.csv", "--authority", "999", "--as-at", "2026-09-10", "--agreement", "ISA-1"),
)
SECRET = "zwurglethorn"
"""Passwords and the names of places stand in settings."""
WRONG_SETTINGS: tuple[tuple[list[str], dict[str, str]], ...] = (
    (["serve"], {"keyring_command": f"/bin/false {SECRET}"}),
    (["serve"], {"keyring_command": f"/bin/echo {SECRET}"}),
    (["serve"], {"keyring_file": f"/nowhere/{SECRET}"}),
    (["directory", "import", "contacts", "contacts.csv"], {"database_url": f"postgresql+asyncpg://{SECRET}:{SECRET}@127.0.0.1:9/x"}),
    (["directory", "import", "contacts", "contacts.csv"], {"database_url": f"{SECRET}://{SECRET}"}),
    (["directory", "import", "contacts", "contacts.csv"], {"database_url": SECRET}),
    (["serve"], {"port": SECRET, "mode": SECRET}),
    (["serve"], {"email_url": f"smtp+starttls://{SECRET}:{SECRET}@127.0.0.1:99999"}),
    (["serve"], {"sms_url": f"{SECRET}://{SECRET}"}),
)
STARTER = """
import json, os, sys
from services.__main__ import app
for line in sys.stdin:
    arguments, settings = json.loads(line)
    kept = dict(os.environ)
    os.environ.update({f"ENCOMPASS_{name.upper()}": value for name, value in settings.items()})
    if "keyring_command" in settings:
        del os.environ["ENCOMPASS_KEYRING_FILE"]
    try:
        app(arguments)
    except SystemExit as end:
        print("END", end.code)
    os.environ.clear()
    os.environ.update(kept)
"""


def all_of(commands: Sequence[tuple[Sequence[str], Mapping[str, str]]], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Many commands in one process, each with settings of its own."""
    said = ran([sys.executable, "-X", "dev", "-c", STARTER], folder, said="\n".join(map(json.dumps, commands)))
    assert said.stdout.count("END") == len(commands), said.stderr
    assert "Traceback" not in said.stderr
    return said


def test_commands_on_files_full_of_mistakes_quote_no_row(folder: Path) -> None:
    said = all_of([(command, {}) for command in COMMANDS], folder)
    assert said.stdout.count("rows refused") >= 4
    assert not SEARCH.hits({"output": said.stdout, "errors": said.stderr})


def test_a_command_that_cannot_begin_quotes_no_setting(folder: Path) -> None:
    said = all_of(WRONG_SETTINGS, folder)
    assert "END 0" not in said.stdout
    assert said.stderr.count("encompass:") >= len(WRONG_SETTINGS)
    assert not Search(names(SECRET)).hits({"output": said.stdout, "errors": said.stderr})


def test_an_error_that_nobody_foresaw_ends_a_command_without_its_words(folder: Path) -> None:
    program = (
        "from services.commands.session import with_parts\nfrom services.__main__ import app\n\n"
        f"async def fails(_parts):\n    raise ValueError({TOLD!r})\n\n"
        "@app.command()\ndef failing():\n    with_parts(fails)\n\napp(['failing'])"
    )
    said = ran([sys.executable, "-c", program], folder)
    assert said.returncode == 1
    assert "ValueError" in said.stderr
    assert not SEARCH.hits({"output": said.stdout, "errors": said.stderr})


def ran(command: list[str], folder: Path, *, said: str = "", **setting: str) -> "subprocess.CompletedProcess[str]":
    """A command on that folder's database, to its end."""
    root = Path(__file__).parents[2]
    there = environment(folder, **setting) | {"PYTHONPATH": str(root)}
    return subprocess.run(command, input=said, env=there, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
