"""The keyring's way in and out: a file that its owner alone can read, or the output of a command. Bytes only; ``keyring`` reads them.

The erasure ledger's file is as private, because whoever may write it can erase, or bring back.
"""

import os
import secrets
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from shared.errors import SettingsRefused

MODE = 0o600
MAX_BYTES = 1024 * 1024
COMMAND_TIMEOUT_SECONDS = 30.0


def read_private(path: Path) -> bytes:
    """The bytes of ``path``. Raises SettingsRefused unless it is a regular file of this user with mode 0600.

    What is checked is the opened file itself, behind any symbolic link, so that it cannot be exchanged between the look and the read.
    """
    try:
        # Without O_NONBLOCK a named pipe in its place would hold the start for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        raise SettingsRefused("the keyring file cannot be opened") from None
    try:
        demand_private(os.fstat(descriptor), "keyring")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            content = opened.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise SettingsRefused("the keyring is too long")
    return content


def read_command(argv: Sequence[str]) -> bytes:
    """What ``argv`` writes to its standard output, without a shell. Raises SettingsRefused when it fails or takes over 30 seconds.

    Its standard error is dropped: it might quote what it handles.
    """
    if not argv:
        raise SettingsRefused("the keyring command is empty")
    try:
        ended = subprocess.run(  # noqa: S603 - the operator's own setting, and no shell
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, ValueError):
        raise SettingsRefused("the keyring command cannot be run") from None
    except subprocess.TimeoutExpired:
        raise SettingsRefused("the keyring command took too long") from None
    if ended.returncode != 0:
        raise SettingsRefused("the keyring command failed")
    if len(ended.stdout) > MAX_BYTES:
        raise SettingsRefused("the keyring is too long")
    return ended.stdout


def write_private(path: Path, content: bytes, *, replace: bool, what: str = "keyring") -> None:
    """Put ``content`` at ``path`` with mode 0600, whole or not at all, and durably.

    Raises SettingsRefused when the file is there and ``replace`` is false, and when it cannot be written.
    """
    try:
        _write(path, content, replace)
    except FileExistsError:
        raise SettingsRefused(f"there is a {what} already; it is not overwritten") from None
    except (OSError, ValueError, RuntimeError):  # the last is a circle of symbolic links
        raise SettingsRefused(f"the {what} file cannot be written") from None


def demand_private(status: os.stat_result, what: str) -> None:
    """Raise SettingsRefused unless what was opened is a regular file of this user with mode 0600."""
    if not stat.S_ISREG(status.st_mode):
        raise SettingsRefused(f"the {what} is not a regular file")
    if status.st_uid != os.geteuid():
        raise SettingsRefused(f"the {what} file belongs to another user")
    if stat.S_IMODE(status.st_mode) != MODE:
        raise SettingsRefused(f"the {what} file must have mode 0600")


def _write(path: Path, content: bytes, replace: bool) -> None:
    path = path.resolve()  # replacing a link would leave the old keys where it points
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            os.fchmod(descriptor, MODE)  # the process's umask may have taken more away
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        if replace:
            draft.replace(path)
        else:
            os.link(draft, path)  # unlike a rename, this fails when the name is taken
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
