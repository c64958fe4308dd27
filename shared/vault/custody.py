"""What an operator does with a keyring: make one, open the configured one, change it, look whether it is sound."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shared.errors import SettingsRefused
from shared.vault.keyring import MONTHS, Keyring
from shared.vault.ledger import FileLedger

MONTHS_NEEDED = 12
NOT_A_FILE = "the keyring comes from a command: change it where its file is, named by ENCOMPASS_KEYRING_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringFinding:
    """Something to be done about a keyring: a stable code, fixed English, and the ids of the keys it is about."""

    code: str
    text: str
    key_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the configured keyring lies: a file, or a command that prints it. A running process reads it again when it has changed."""

    path: Path | None = None
    command: tuple[str, ...] = ()

    def read(self) -> Keyring:
        """The keyring as it is now. Raises SettingsRefused."""
        return opened(path=self.path, command=self.command)

    def stamp(self) -> object:
        """Something that differs once the file has been replaced; always None for a command, whose output is not asked for so often."""
        if self.path is None:
            return None
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def write(self, keyring: Keyring) -> None:
        """Put ``keyring`` in the file's place, whole and durably. Raises SettingsRefused, also where a command keeps it."""
        if self.path is None:
            raise SettingsRefused(NOT_A_FILE)
        keyring.write(self.path, replace=True)

    @contextlib.contextmanager
    def changing(self) -> Iterator[Keyring]:
        """The keyring, and nobody else changes it meanwhile. Raises SettingsRefused where a command keeps it, or somebody is at it."""
        if self.path is None:
            raise SettingsRefused(NOT_A_FILE)
        folder = os.open(self.path.resolve().parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _lock(folder)
            yield self.read()
        finally:
            os.close(folder)


def _lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SettingsRefused("another command is changing the keyring") from None


def ledger_path(keyring: Path) -> Path:
    """Where the erasure ledger lies unless the settings say otherwise: beside the keyring."""
    return keyring.with_name(keyring.name + ".erasures")


def opened(*, path: Path | None = None, command: Sequence[str] = ()) -> Keyring:
    """The keyring from the file or from the command's output. Raises SettingsRefused unless exactly one of them is set and sound."""
    if (path is None) == (not command):
        raise SettingsRefused("set the keyring's file or its command, and only one of them")
    return Keyring.from_command(command) if path is None else Keyring.from_file(path)


def init(path: Path, now_on: date, months: int = MONTHS, *, ledger: Path | None = None) -> Keyring:
    """``keyring init``: a new keyring at ``path``, mode 0600, and its erasure ledger unless there is one.

    Raises SettingsRefused when there is a keyring already.
    """
    keyring = Keyring.created(now_on, months)
    keyring.write(path)
    FileLedger(ledger or ledger_path(path)).create()
    return keyring


def check(keyring: Keyring, on: date, months_needed: int = MONTHS_NEEDED) -> tuple[KeyringFinding, ...]:
    """``keyring check``: what is to be done, empty when nothing is. ``months_needed`` is the longest retention in force."""
    findings = []
    if keyring.months_ahead(on) < months_needed:
        findings.append(KeyringFinding(code="cover-short", text="the keyring covers too few months ahead: extend it"))
    if ended := keyring.ended(on):
        findings.append(KeyringFinding(code="month-ended", text="a retention month has ended: destroy its key", key_ids=ended))
    if len(keyring.index_keys) > 1:
        old = keyring.index_key_ids[1:]
        findings.append(KeyringFinding(code="index-keys", text="old index keys are held: remove them after re-indexing", key_ids=old))
    if rotating := tuple(held for held in sorted(keyring.wrapping_keys) if keyring.newest(held) != held):
        findings.append(KeyringFinding(code="rotation", text="old wrapping keys are held: remove them after re-wrapping", key_ids=rotating))
    return tuple(findings)
