"""What an operator does with a keyring, for the command line: make one, open the configured one, look whether it is sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shared.errors import SettingsRefused
from shared.vault.keyring import MONTHS, Keyring

MONTHS_NEEDED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringFinding:
    """Something to be done about a keyring: a stable code, fixed English, and the ids of the keys it is about."""

    code: str
    text: str
    key_ids: tuple[str, ...] = ()


def opened(*, path: Path | None = None, command: Sequence[str] = ()) -> Keyring:
    """The keyring from the file or from the command's output. Raises SettingsRefused unless exactly one of them is set and sound."""
    if (path is None) == (not command):
        raise SettingsRefused("set the keyring's file or its command, and only one of them")
    return Keyring.from_command(command) if path is None else Keyring.from_file(path)


def init(path: Path, now_on: date, months: int = MONTHS) -> Keyring:
    """``keyring init``: a new keyring at ``path``, mode 0600. Raises SettingsRefused when there is one already."""
    keyring = Keyring.created(now_on, months)
    keyring.write(path)
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
