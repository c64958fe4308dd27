"""The commands of whoever keeps the keys, as they are typed: one line for an error, 2 for a refusal, and nothing half done."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.__main__ import app
from shared.clock import SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.vault import Keyring, Vault
from shared.vault.keyring import retention_month
from tests.vault import SECRET, opened


class Installation:
    """An embedded installation in a folder; ``run`` types a command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keyring = folder / "keyring"
        self.url = f"sqlite+aiosqlite:///{folder / 'encompass.db'}"

    def run(self, *words: str, code: int = 0, settings: Mapping[str, str] | None = None) -> Result:
        named = {"database_url": self.url, "keyring_file": str(self.keyring), **(settings or {})}
        environ = {f"ENCOMPASS_{name.upper()}": value for name, value in named.items() if value}
        done = CliRunner().invoke(app, list(words), env=environ, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    async def keep(self, kek_id: str) -> str:
        """A sealed content for that month."""
        clock, content_id, scope_id = SystemClock(), new_id(), new_id()
        database = Database.at(self.url, clock)
        vault = Vault(Keyring.from_file(self.keyring), clock)
        async with database.transaction() as tx:
            await vault.put(tx, scope_id, [(content_id, "report", SECRET)], sealer=await vault.new_scope(tx, scope_id, kek_id))
        await database.close()
        return content_id

    async def opens(self, content_id: str) -> bool:
        database = Database.at(self.url, SystemClock())
        found = await opened(database, Vault(Keyring.from_file(self.keyring), SystemClock()), content_id)
        await database.close()
        return found == SECRET


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    made.run("keyring", "init", str(made.keyring))
    made.run("migrate")
    return made


def held(installed: Installation) -> Keyring:
    return Keyring.from_file(installed.keyring)


def test_rotating_every_month_changes_every_key_and_opens_everything(installed: Installation) -> None:
    before = held(installed)
    content_id = asyncio.run(installed.keep(retention_month(SystemClock().now().date(), 6)))
    installed.run("keyring", "rotate", "--all")
    after = held(installed)
    assert not set(before.wrapping_keys.values()) & set(after.wrapping_keys.values())
    assert len(before.wrapping_keys) == len(after.wrapping_keys)
    assert asyncio.run(installed.opens(content_id))
    installed.run("keyring", "check")


def test_extending_adds_months_and_changes_none(installed: Installation) -> None:
    before = held(installed)
    installed.run("keyring", "extend", "--months", "72")
    after = held(installed)
    assert len(after.wrapping_keys) == len(before.wrapping_keys) + 12
    assert before.wrapping_keys.items() <= after.wrapping_keys.items()


def test_an_index_key_is_added_and_the_old_one_removed(installed: Installation) -> None:
    installed.run("keyring", "remove-index-key", "index-1", code=2)
    installed.run("keyring", "add-index-key")
    assert held(installed).current_index_key_id == "index-2"
    assert "index-keys" in installed.run("keyring", "check", code=1).output
    installed.run("keyring", "remove-index-key", "index-7", code=2)
    installed.run("keyring", "remove-index-key", "index-1")
    assert held(installed).index_key_ids == ("index-2",)


@pytest.mark.parametrize(
    "words",
    [
        ("keyring", "rotate"),
        ("keyring", "rotate", "2027-13"),
        ("keyring", "rotate", "2027-05", "--all"),
        ("keyring", "rotate", "1999-01"),
        ("keyring", "destroy-month", "2099-01"),
        ("keyring", "destroy-month", "1999-01"),
        ("erase", "incident", "Wren Testwood", "--reason", "court-order"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_quotes_nothing(installed: Installation, words: tuple[str, ...]) -> None:
    before = held(installed)
    assert "Wren" not in installed.run(*words, code=2).output
    assert held(installed) == before


def test_with_a_keyring_command_the_ledger_is_named(installed: Installation) -> None:
    command = {"keyring_file": "", "keyring_command": f"cat {installed.keyring}"}
    ledger = str(installed.keyring) + ".erasures"
    installed.run("restore", code=2, settings=command)
    whole = command | {"erasures_file": ledger}
    installed.run("restore", settings=whole)
    installed.run("erase", "ended", settings=whole)
    installed.run("keyring", "add-index-key", code=2, settings=whole)
