"""The keyring: every key that the database must not hold (design rule 7.2).

Wrapping keys, one for each retention month: they wrap the data keys of what is to be gone when that month has ended, and destroying
one erases all of it, in every backup too. A month's key is rotated by giving the month a newer generation and re-wrapping.
Index keys, of which one is current: they make blind-index tokens and keyed hashes. Older ones still read.

The value is pure but for the randomness of new keys. It is kept as JSON, in a file of mode 0600 or behind a command, never in the
database or an environment value:

    {"format": 1,
     "wrapping_keys": {"kek-2027-05": "<32 bytes in base64>", "kek-2027-06-2": "…"},
     "index_keys": {"index-1": "…", "index-2": "…"},
     "current_index_key": "index-2"}
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from shared.errors import Misuse, SettingsRefused, VaultSealed
from shared.vault.private_file import read_command, read_private, write_private
from shared.vault.sealing import KEY_BYTES

FORMAT = 1
MONTHS = 60
MAX_MONTHS = 600

_WRAPPING_ID = re.compile(r"kek-(\d{4})-(0[1-9]|1[0-2])(?:-([2-9]|[1-9]\d{1,3}))?", re.ASCII)
_INDEX_ID = re.compile(r"index-([1-9]\d{0,3})", re.ASCII)
_PARTS = {"format", "wrapping_keys", "index_keys", "current_index_key"}


def retention_month(on: date, months: int) -> str:
    """The id of the wrapping key for what arrived ``on`` (London date) and is kept for ``months`` months.

    The key may be destroyed once its month has ended, so content stays for at least ``months`` months and for less than one more.

    >>> retention_month(date(2026, 11, 22), 6)
    'kek-2027-05'
    """
    if not 0 <= months <= MAX_MONTHS:
        raise Misuse("a retention is 0 to 600 months")
    return _kek_id(_ordinal(on) + months)


def has_ended(kek_id: str, on: date) -> bool:
    """Whether the retention month of the wrapping key ``kek_id`` has ended by the London date ``on``. Raises Misuse for no such id."""
    return _month(kek_id) < _ordinal(on)


def same_month(kek_id: str, other: str) -> bool:
    """Whether two wrapping keys are generations of one month."""
    return _month(kek_id) == _month(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Keys by id. Two keyrings with the same keys are equal; none ever shows a key."""

    wrapping_keys: Mapping[str, bytes] = field(repr=False)
    index_keys: Mapping[str, bytes] = field(repr=False)
    current_index_key_id: str

    def __post_init__(self) -> None:
        keys = [*self.wrapping_keys.values(), *self.index_keys.values()]
        if not all(_WRAPPING_ID.fullmatch(kek_id) for kek_id in self.wrapping_keys):
            raise SettingsRefused("the keyring has a wrapping key whose id is not that of a month")
        if not all(_INDEX_ID.fullmatch(key_id) for key_id in self.index_keys):
            raise SettingsRefused("the keyring has an index key with a malformed id")
        if any(len(key) != KEY_BYTES for key in keys):
            raise SettingsRefused("the keyring has a key that is not 32 bytes long")
        if len(set(keys)) != len(keys):  # a destroyed month would live on under the other name
            raise SettingsRefused("the keyring has the same key under two ids")
        if self.current_index_key_id not in self.index_keys:
            raise SettingsRefused("the keyring lacks its current index key")

    @classmethod
    def created(cls, now_on: date, months: int = MONTHS) -> "Keyring":
        """A new keyring: this month and the ``months`` after it, and one index key."""
        empty = cls(wrapping_keys={}, index_keys={"index-1": _new_key()}, current_index_key_id="index-1")
        return empty.extended(now_on, months)

    @classmethod
    def from_file(cls, path: Path) -> "Keyring":
        """The keyring in ``path``. Raises SettingsRefused unless the file is this user's alone (0600) and sound."""
        return cls.parsed(read_private(path))

    @classmethod
    def from_command(cls, argv: Sequence[str]) -> "Keyring":
        """The keyring that ``argv`` writes to its standard output. Raises SettingsRefused when it fails or the output is unsound."""
        return cls.parsed(read_command(argv))

    @classmethod
    def parsed(cls, content: bytes) -> "Keyring":
        """The keyring in its JSON form. Raises SettingsRefused, with a fixed text that quotes nothing of it."""
        document = _json_object(content)
        if document is None or document.keys() != _PARTS:
            raise SettingsRefused("the keyring cannot be read: it is not a keyring, or names something twice")
        if type(document["format"]) is not int or document["format"] != FORMAT:
            raise SettingsRefused("the keyring has a format that this program does not know")
        return cls(
            wrapping_keys=_keys(document["wrapping_keys"]),
            index_keys=_keys(document["index_keys"]),
            current_index_key_id=str(document["current_index_key"]),
        )

    def serialised(self) -> bytes:
        """The JSON form, which ``parsed`` reads."""
        document = {
            "format": FORMAT,
            "wrapping_keys": {kek_id: _text(key) for kek_id, key in sorted(self.wrapping_keys.items())},
            "index_keys": {key_id: _text(key) for key_id, key in sorted(self.index_keys.items())},
            "current_index_key": self.current_index_key_id,
        }
        return json.dumps(document, indent=1).encode() + b"\n"

    def write(self, path: Path, *, replace: bool = False) -> None:
        """Keep it at ``path``, mode 0600, whole or not at all. Raises SettingsRefused; an existing file is spared unless ``replace``."""
        write_private(path, self.serialised(), replace=replace)

    # --- keys ---------------------------------------------------------------------------------------------------------

    def wrapping_key(self, kek_id: str) -> bytes:
        """The key ``kek_id``. Raises VaultSealed when it is not, or no longer, in the keyring."""
        key = self.wrapping_keys.get(kek_id)
        if key is None:
            raise VaultSealed("the wrapping key is not in the keyring")
        return key

    def newest(self, kek_id: str) -> str:
        """The id of the newest generation of ``kek_id``'s month. Raises VaultSealed when the keyring does not cover that month."""
        generations = self.generations(kek_id)
        if not generations:
            raise VaultSealed("the keyring does not cover the retention month")
        return generations[-1]

    def generations(self, kek_id: str) -> tuple[str, ...]:
        """The ids of all keys of ``kek_id``'s month, oldest first; empty when it is not covered."""
        month = _month(kek_id)
        return tuple(sorted((held for held in self.wrapping_keys if _month(held) == month), key=_generation))

    def index_key(self, key_id: str) -> bytes:
        """The index key ``key_id``. Raises VaultSealed when it is not in the keyring."""
        key = self.index_keys.get(key_id)
        if key is None:
            raise VaultSealed("the index key is not in the keyring")
        return key

    @property
    def current_index_key(self) -> bytes:
        """The index key to write tokens and hashes with; its id is ``current_index_key_id``."""
        return self.index_keys[self.current_index_key_id]

    @property
    def index_key_ids(self) -> tuple[str, ...]:
        """Every index key to search with, the current one first."""
        return (self.current_index_key_id, *sorted(self.index_keys.keys() - {self.current_index_key_id}))

    def months_ahead(self, on: date) -> int:
        """How many months after that of ``on`` are covered without a gap; -1 when that month itself is not."""
        held = {_month(kek_id) for kek_id in self.wrapping_keys}
        ahead = -1
        while _ordinal(on) + ahead + 1 in held:
            ahead += 1
        return ahead

    def ended(self, on: date) -> tuple[str, ...]:
        """The ids of wrapping keys whose month has ended by ``on``: they are due to be destroyed."""
        return tuple(sorted(kek_id for kek_id in self.wrapping_keys if has_ended(kek_id, on)))

    # --- changes: each gives a new keyring ------------------------------------------------------------------------------

    def extended(self, now_on: date, months: int = MONTHS) -> "Keyring":
        """With keys up to the month that lies ``months`` after ``now_on``. A month before the last one held is never made again."""
        if not 0 <= months <= MAX_MONTHS:
            raise Misuse("a keyring covers 0 to 600 months")
        first = max([_ordinal(now_on), *(_month(kek_id) + 1 for kek_id in self.wrapping_keys)])
        added = {_kek_id(month): _new_key() for month in range(first, _ordinal(now_on) + months + 1)}
        return replace(self, wrapping_keys={**self.wrapping_keys, **added})

    def with_new_wrapping_key(self, kek_id: str) -> "Keyring":
        """With a newer generation for ``kek_id``'s month: the first half of a rotation, before re-wrapping."""
        generation = _generation(self.newest(kek_id)) + 1
        return replace(self, wrapping_keys={**self.wrapping_keys, f"{_kek_id(_month(kek_id))}-{generation}": _new_key()})

    def without_older(self, kek_id: str) -> "Keyring":
        """With the newest generation of that month only: the end of a rotation, once nothing is wrapped under the others."""
        newest = self.newest(kek_id)
        return self._lacking([held for held in self.generations(kek_id) if held != newest])

    def without(self, kek_id: str) -> "Keyring":
        """With that month destroyed, in every generation: whatever was wrapped for it never opens again."""
        return self._lacking(self.generations(kek_id))

    def with_new_index_key(self) -> "Keyring":
        """With a new current index key; the old ones stay for reading until every token is written again."""
        newest = max(int(key_id.removeprefix("index-")) for key_id in self.index_keys) + 1
        index_keys = {**self.index_keys, f"index-{newest}": _new_key()}
        return replace(self, index_keys=index_keys, current_index_key_id=f"index-{newest}")

    def without_index_key(self, key_id: str) -> "Keyring":
        """Without an old index key. Raises SettingsRefused for the current one."""
        return replace(self, index_keys={held: key for held, key in self.index_keys.items() if held != key_id})

    def _lacking(self, kek_ids: Sequence[str]) -> "Keyring":
        return replace(self, wrapping_keys={held: key for held, key in self.wrapping_keys.items() if held not in kek_ids})


def _ordinal(on: date) -> int:
    """Months since year 0: arithmetic on months without calendars."""
    return on.year * 12 + on.month - 1


def _kek_id(month: int) -> str:
    return f"kek-{month // 12:04d}-{month % 12 + 1:02d}"


def _month(kek_id: str) -> int:
    return _split(kek_id)[0]


def _generation(kek_id: str) -> int:
    return _split(kek_id)[1]


def _split(kek_id: str) -> tuple[int, int]:
    """Month and generation; the first generation has no number in its id."""
    found = _WRAPPING_ID.fullmatch(kek_id)
    if found is None:
        raise Misuse("not the id of a wrapping key")
    year, month, generation = found.groups()
    return int(year) * 12 + int(month) - 1, int(generation or 1)


def _new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(content, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return None  # and let go of the error, which holds the text
    return document if isinstance(document, dict) else None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _keys(entries: Any) -> dict[str, bytes]:
    decoded = {key_id: _decoded(text) for key_id, text in entries.items()} if isinstance(entries, dict) else {"": None}
    if None in decoded.values():
        raise SettingsRefused("the keyring has a key that cannot be read")
    return {key_id: key for key_id, key in decoded.items() if key is not None}


def _decoded(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        return None
