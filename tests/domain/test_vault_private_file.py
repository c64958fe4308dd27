"""The keyring's file is this user's alone, or the program does not start; writing it is whole, private, and spares what is there."""

import os
import stat
import sys
from datetime import date
from pathlib import Path

import pytest

from shared.errors import SettingsRefused
from shared.vault import custody
from shared.vault.keyring import Keyring
from shared.vault.private_file import MAX_BYTES, read_command, read_private, write_private

ON = date(2026, 11, 22)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keyring.json"
    custody.init(path, ON)
    return path


def test_a_new_keyring_is_private_and_reads_back(tmp_path: Path) -> None:
    keyring = custody.init(tmp_path / "keyring.json", ON, months=6)
    assert stat.S_IMODE((tmp_path / "keyring.json").stat().st_mode) == 0o600
    assert Keyring.from_file(tmp_path / "keyring.json") == keyring == custody.opened(path=tmp_path / "keyring.json")
    assert keyring.months_ahead(ON) == 6


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o177, 0o777])
def test_the_mode_is_the_same_under_every_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_private(tmp_path / "keyring.json", b"{}", replace=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keyring.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666, 0o620, 0o601, 0o700, 0o400, 0o4600])
def test_any_other_mode_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(SettingsRefused, match="0600"):
        Keyring.from_file(path)


def test_a_link_is_judged_by_what_it_leads_to(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    assert Keyring.from_file(link) == Keyring.from_file(path)
    path.chmod(0o644)
    with pytest.raises(SettingsRefused, match="0600"):
        Keyring.from_file(link)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_refused(path: Path) -> None:
    os.chown(path, 12345, -1)
    with pytest.raises(SettingsRefused, match="another user"):
        Keyring.from_file(path)


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for doubtful in (tmp_path / "pipe", tmp_path, tmp_path / "absent", Path("nul\0nul"), Path("/dev/null")):
        with pytest.raises(SettingsRefused):
            read_private(doubtful)


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "long", b" " * (MAX_BYTES + 1), replace=False)
    with pytest.raises(SettingsRefused, match="too long"):
        read_private(tmp_path / "long")


def test_a_keyring_that_is_there_is_not_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(SettingsRefused, match="already"):
        custody.init(path, ON)
    assert path.read_bytes() == before


def test_replacing_leaves_the_new_keyring_alone_in_its_folder(path: Path) -> None:
    changed = Keyring.from_file(path).without("kek-2027-05")
    changed.write(path, replace=True)
    assert Keyring.from_file(path) == changed
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["keyring.json", "keyring.json.erasures"]


def test_replacing_through_a_link_leaves_no_old_keys_behind(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    changed = Keyring.from_file(link).without("kek-2027-05")
    changed.write(link, replace=True)
    assert link.is_symlink()
    assert Keyring.from_file(path) == changed


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused):
        custody.init(tmp_path / "absent" / "keyring.json", ON)


def test_a_command_gives_the_same_keyring(path: Path) -> None:
    assert custody.opened(command=["cat", str(path)]) == Keyring.from_file(path)


@pytest.mark.parametrize(
    "argv",
    [[], ["false"], ["/nowhere/at/all"], ["true"], ["echo", "{}"], [sys.executable, "-c", f"print(' ' * {MAX_BYTES + 1})"], ["nul\0"]],
)
def test_a_command_that_fails_or_gives_no_keyring_is_refused(argv: list[str]) -> None:
    with pytest.raises(SettingsRefused):
        Keyring.from_command(argv)


def test_a_command_is_not_given_to_a_shell(tmp_path: Path) -> None:
    assert read_command(["echo", "$HOME;", "false"]) == b"$HOME; false\n"


def test_a_file_and_a_command_together_or_neither_are_refused(path: Path) -> None:
    with pytest.raises(SettingsRefused):
        custody.opened(path=path, command=["cat", str(path)])
    with pytest.raises(SettingsRefused):
        custody.opened()
