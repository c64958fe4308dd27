"""What happens to files in a watched folder: looking, moving, hashing, giving rows back. Blocking, so it is called in a thread.

Every move is a rename within the folder, so a file is always in exactly one place. What is given back is written under a name that
nobody looks at, and renamed when it is whole.

Whoever may write into the folder is not trusted: no symbolic link in it is followed, or a file of ours, or another force's, would be read
or written in its place.
"""

import contextlib
import csv
import errno
import fcntl
import hashlib
import hmac
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import IO

from services.ingest.domain.mapping_files import WHY

TAKING, DONE, REFUSED, FAILED, REPEATED = "taking", "done", "refused", "failed", "repeated"
REASON_COLUMN = "encompass_reason"
BLOCK_BYTES = 256 * 1024
PRIVATE = 0o600
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".lock", ".lck", "~")


def prepare(folder: Path) -> IO[str] | None:
    """Make the folders inside, and hold the folder for this process; None while another one holds it. Raises OSError."""
    for name in (TAKING, DONE, REFUSED, FAILED, REPEATED):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
        _inside(folder, name)
    held = os.fdopen(os.open(folder / ".encompass.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE), "r+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        return None
    return held


def waiting(folder: Path) -> dict[str, tuple[int, int]]:
    """The files that lie in the folder, the oldest first: name → size and the time of the last write. Unfinished ones are passed over."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "~")) or entry.name.casefold().endswith(_UNFINISHED):
                continue
            with contextlib.suppress(FileNotFoundError):
                said = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(said.st_mode) and said.st_size > 0:
                    found.append((said.st_mtime_ns, entry.name, said.st_size))
    return {name: (size, changed) for changed, name, size in sorted(found)}


def taking(folder: Path) -> Path | None:
    """The file that is being taken; the first by name when there are several. A link counts too, so that it is put away."""
    inside = _inside(folder, TAKING)
    names = sorted(path.name for path in inside.iterdir() if path.is_symlink() or path.is_file())
    return inside / names[0] if names else None


def take(folder: Path, name: str) -> Path:
    """Move a file in."""
    return (folder / name).rename(folder / TAKING / name)


def move(path: Path, to: str, file_id: str) -> Path:
    """Move a file out of ``taking`` to that folder, under its name, or with a part of its id when that is taken."""
    return path.rename(_free(path.parent.parent / to, path.stem, path.suffix, file_id))


def fail(path: Path, file_id: str, code: str) -> None:
    """Move it away with a file beside it that says why."""
    moved = move(path, FAILED, file_id)
    with contextlib.suppress(OSError):  # a full disk holds no reason; the log has it
        _private(moved.with_name(moved.name + ".reason.txt"), f"{code}: {WHY[code]}\n".encode(), at=0)


def hashes(path: Path, keys: Mapping[str, bytes]) -> dict[str, str]:
    """Index key → HMAC-SHA256 of the content under it."""
    made = {name: hmac.new(key, b"folder\0", hashlib.sha256) for name, key in keys.items()}
    for block in blocks(path):
        for one in made.values():
            one.update(block)
    return {name: one.hexdigest() for name, one in made.items()}


def blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file. Raises OSError for a link, and for what is no file."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as handle:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no file")
        while block := handle.read(BLOCK_BYTES):
            yield block


def size_and_instant(path: Path) -> tuple[int, datetime]:
    """Its size, and when it was last written; a link's own."""
    said = path.lstat()
    return said.st_size, datetime.fromtimestamp(said.st_mtime, UTC)


def give_back(folder: Path, file_id: str, at: int, header: Sequence[str], delimiter: str, rows: Iterable[tuple[Sequence[str], str]]) -> int:
    """Write refused rows behind the first ``at`` bytes of what is given back; what stood behind them is of a turn that was cut short.

    Returns its length. A row that was refused before, and comes back unmended, keeps one reason: the newest.
    """
    text = StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    names = list(header)
    place = names.index(REASON_COLUMN) if REASON_COLUMN in names else len(names)
    rest = place + (REASON_COLUMN in names)
    if at == 0:
        writer.writerow([*names[:place], REASON_COLUMN, *names[rest:]])
    for written, reason in rows:
        cells = [*written, *[""] * (len(names) - len(written))]
        writer.writerow([*cells[:place], reason, *cells[rest:]])
    return _private(_unfinished(folder, file_id), text.getvalue().encode(), at=at)


def cut(folder: Path, file_id: str, at: int) -> None:
    """Take off what a turn that was cut short has written behind the first ``at`` bytes of what is given back."""
    if at:
        _private(_unfinished(folder, file_id), b"", at=at)
    else:
        _unfinished(folder, file_id).unlink(missing_ok=True)


def given_back(path: Path, file_id: str) -> None:
    """What is given back is whole: let it appear. Does nothing when it has, or when there is nothing."""
    folder = path.parent.parent
    with contextlib.suppress(FileNotFoundError):
        _unfinished(folder, file_id).rename(_free(folder / REFUSED, path.stem, ".csv", file_id))


def _inside(folder: Path, name: str) -> Path:
    """One of the folders inside. Raises OSError for a link that leads elsewhere."""
    inside = folder / name
    if not stat.S_ISDIR(inside.lstat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, "no folder")
    return inside


def _unfinished(folder: Path, file_id: str) -> Path:
    return folder / REFUSED / f".{file_id}.part"


def _free(folder: Path, stem: str, suffix: str, file_id: str) -> Path:
    plain = folder / f"{stem}{suffix}"
    named = folder / f"{stem}-{file_id[:8]}{suffix}"
    if not plain.exists():
        return plain
    return named if not named.exists() else folder / f"{stem}-{file_id[:8]}-{sum(1 for _ in folder.iterdir())}{suffix}"


def _private(path: Path, content: bytes, *, at: int) -> int:
    """Write behind ``at`` bytes, for its owner's eyes alone, onto the disk; returns its length."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    with os.fdopen(descriptor, "r+b") as handle:
        handle.truncate(at)
        handle.seek(at)
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
        return at + len(content)
