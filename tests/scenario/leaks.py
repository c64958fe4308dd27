"""The search for personal data: seeded markers, in every form that would still tell, in every place where something is written down.

    search = Search(markers)
    search.hits({"log": text, "database": rows}, allowed=frozenset())      # one line for each marker and place; empty is what we want

A marker is a name, an address, a date of birth, a phrase. It is found whatever its case and accents, word by word, with other
punctuation or none, escaped for JSON, HTML, URLs or mail, as UTF-16, base64 or hexadecimal, a date in every usual way of writing, and as
its unkeyed hash.
"""

import base64
import contextlib
import hashlib
import html
import io
import logging
import quopri
import re
import sqlite3
import sys
import threading
import unicodedata
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from urllib.parse import unquote_plus

import asyncpg
import structlog

from shared import log
from shared.run import quiet_tracebacks

SHORTEST_WORD = 4
SHORTEST_IN_NOISE = 6
"""In sealed or decoded bytes four letters turn up by chance; six do not."""
TIGHT = 7
"""Characters from which a needle is looked for in the text without its punctuation."""

_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_LEGIBLE = re.compile(rb"(?:[\t\n\r\x20-\x7e]|[\xc3-\xc5\xcc\xcd][\x80-\xbf]){4,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")
_DIGEST = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f])")
_WORD = re.compile(r"[^\W\d_]{4,}")
_NOT_ALNUM = re.compile(r"[\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_MAIL = re.compile(r"=(?:[0-9A-F]{2}|\r?\n)")
_DIGESTS = (hashlib.md5, hashlib.sha1, hashlib.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Something personal. ``kind``: a ``name`` is searched word by word, a ``date`` in every way of writing, a ``code`` as it is."""

    kind: str
    text: str


def names(*texts: str) -> list[Marker]:
    """People's names."""
    return [Marker(kind="name", text=text) for text in texts]


def codes(*texts: str) -> list[Marker]:
    """Postcodes, numbers, addresses of mail: whole, with or without their punctuation."""
    return [Marker(kind="code", text=text) for text in texts]


def days(*isos: str) -> list[Marker]:
    """Dates of birth."""
    return [Marker(kind="date", text=iso) for iso in isos]


def folded(text: str) -> str:
    """Without case and accents."""
    return text.lower() if text.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def bare(text: str) -> str:
    """Letters and digits alone."""
    return _NOT_ALNUM.sub("", text)


class Search:
    """Looks for all of ``markers``."""

    def __init__(self, markers: Iterable[Marker]) -> None:
        self.markers = tuple(dict.fromkeys(markers))
        assert self.markers, "a search for nothing finds nothing"
        self._words = {marker: _needles(marker) for marker in self.markers if marker.kind != "date"}
        self._dates = {date.fromisoformat(marker.text): marker for marker in self.markers if marker.kind == "date"}
        self._alone = {digits: marker for on, marker in self._dates.items() for digits in _in_digits(on)}
        self._digests = {digest: marker for marker in self.markers for digest in _hashes(marker)}

    def hits(self, places: Mapping[str, str | bytes], *, allowed: Collection[str] = ()) -> list[str]:
        """What was found where. ``allowed``: the texts of markers that may be in these places."""
        return [
            f"{place}: {marker.kind} {marker.text!r} ({view})"
            for place, data in places.items()
            for marker, view in self._found(data)
            if marker.text not in allowed
        ]

    def _found(self, data: str | bytes) -> Iterator[tuple[Marker, str]]:
        seen: set[Marker] = set()
        for view, text, shortest in _views(data):
            for marker in self._in_view(text, shortest):
                if marker not in seen:
                    seen.add(marker)
                    yield marker, view

    def _in_view(self, text: str, shortest: int) -> Iterator[Marker]:
        squeezed = bare(text)
        for marker, needles in self._words.items():
            if any(needle in (squeezed if len(needle) >= TIGHT else text) for needle in needles if len(needle) >= shortest):
                yield marker
        yield from (self._dates[on] for on in _dates_in(text) if on in self._dates)
        yield from (self._alone[digits] for digits in _ALONE.findall(text) if digits in self._alone)
        yield from (self._digests[digest] for digest in _DIGEST.findall(text) if digest in self._digests)


# --- what is looked for ---------------------------------------------------------------------------------------------------------------


def _needles(marker: Marker) -> list[str]:
    """What is looked for, folded: without its punctuation where that leaves enough to be like nothing else."""
    whole = folded(marker.text)
    words = _WORD.findall(whole) if marker.kind == "name" else []
    tight = bare(whole).lstrip("0") if bare(whole).isdigit() else bare(whole)  # +44 takes the place of a telephone number's 0
    return list(dict.fromkeys([tight if len(tight) >= TIGHT else whole, *words]))


_GAP = r"[\s,./_-]{1,3}(?:of\s)?"
_MONTHS = {f"{date(2000, number, 1):%B}".lower(): number for number in range(1, 13)}
_NAMED = "|".join(f"{name[:3]}(?:{name[3:]})?" if name[3:] else name for name in _MONTHS)
_WRITTEN_DATES = tuple(
    (re.compile(rf"{pattern}(?!\d)"), order)
    for pattern, order in (
        (r"(\d{4})[-/._ ](\d{1,2})[-/._ ](\d{1,2})", "ymd"),
        (r"(\d{1,2})[-/._ ](\d{1,2})[-/._ ](\d{4}|\d{2})", "dmy"),
        (r"(\d{1,2})[-/._ ](\d{1,2})[-/._ ](\d{4}|\d{2})", "mdy"),
        (rf"(\d{{1,2}})(?:st|nd|rd|th)?{_GAP}({_NAMED}){_GAP}(\d{{4}}|\d{{2}})", "dmy"),
        (rf"({_NAMED}){_GAP}(\d{{1,2}})(?:st|nd|rd|th)?{_GAP}(\d{{4}})", "mdy"),
        (r"date\((\d{4}), (\d{1,2}), (\d{1,2})", "ymd"),
    )
)
_ALONE = re.compile(r"(?<![\w.-])(?:\d{6}|\d{8}|\d{9,13})(?![\w-])")


def _in_digits(on: date) -> Iterator[str]:
    """The date as nothing but digits: looked for only where they stand alone, as they would be part of any long number."""
    midnight = int(datetime.combine(on, time(), UTC).timestamp())
    yield from (f"{on:%Y%m%d}", f"{on:%d%m%Y}", f"{on:%m%d%Y}", f"{on:%d%m%y}", f"{midnight}", f"{midnight}000")


def _dates_in(text: str) -> Iterator[date]:
    """Every date that anything in folded text could be."""
    for pattern, order in _WRITTEN_DATES:
        for found in pattern.finditer(text):
            if text[max(found.start() - 1, 0) : found.start()].isdigit():
                continue
            said = dict(zip(order, found.groups(), strict=True))
            month = int(said["m"]) if said["m"].isdigit() else next(n for name, n in _MONTHS.items() if name.startswith(said["m"]))
            for century in (0,) if len(said["y"]) == 4 else (1900, 2000):
                with contextlib.suppress(ValueError):
                    yield date(int(said["y"]) + century, month, int(said["d"]))


def _hashes(marker: Marker) -> Iterator[str]:
    """Unkeyed hashes: whoever has a list of names finds the name."""
    for text in {marker.text, marker.text.lower(), marker.text.upper(), folded(marker.text), bare(marker.text), bare(marker.text).lower()}:
        yield from (digest(text.encode()).hexdigest() for digest in _DIGESTS)


# --- how it is looked at ----------------------------------------------------------------------------------------------------------------


def _views(data: str | bytes) -> Iterator[tuple[str, str, int]]:
    """``(what it was read as, folded text, shortest word that counts)``."""
    text = data if isinstance(data, str) else _legible(data)
    word = SHORTEST_WORD if isinstance(data, str) else SHORTEST_IN_NOISE
    yield "as it is", folded(text), word
    if isinstance(data, bytes) and b"\0" in data:
        yield "utf-16", folded(_legible(data.replace(b"\0", b""))), SHORTEST_IN_NOISE
    if (unescaped := _unescaped(text)) != text:
        yield "unescaped", folded(unescaped), word
    yield "base64", folded(_unpacked(text)), SHORTEST_IN_NOISE
    yield "hexadecimal", folded(_from_hex(text)), SHORTEST_IN_NOISE


def _legible(data: bytes) -> str:
    """What of these bytes is text, each piece once: a database's files hold the same page many times, and much that is sealed."""
    return "\n".join(piece.decode("utf-8", "ignore") for piece in dict.fromkeys(_LEGIBLE.findall(data)))


def _unescaped(text: str) -> str:
    mail = quopri.decodestring(text.encode()).decode("utf-8", "replace") if _MAIL.search(text) else text
    return "\n".join(
        unquote_plus(html.unescape(_ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), one))).replace("\0", "")
        for one in {text, mail}
    )


def _unpacked(text: str) -> str:
    """Every run of base64 letters, read from each of its first four places; MIME's line ends are taken out."""
    joined = re.sub(r"(?<=[A-Za-z0-9+/]{60})\r?\n", "", text)
    plain: list[str] = []
    for run in _BASE64.findall(joined):
        standard = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = standard[start:]
            plain.append(base64.b64decode(part + "A" * (-len(part) % 4)).replace(b"\0", b"").decode("utf-8", "replace"))
    return "\n".join(plain)


def _from_hex(text: str) -> str:
    plain: list[str] = []
    for run in _HEX.findall(text):
        plain += (bytes.fromhex(run[start : len(run) - start]).replace(b"\0", b"").decode("utf-8", "replace") for start in (0, 1))
    return "\n".join(plain)


# --- where it is looked for ---------------------------------------------------------------------------------------------------------------


def sqlite_places(path: Path) -> dict[str, str | bytes]:
    """Every row of every table, and the database's files byte for byte: pages that were freed and the write-ahead log too."""
    files = sorted(path.parent.glob(f"{path.name}*"))
    places: dict[str, str | bytes] = {f"file {file.name}": file.read_bytes() for file in files}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608  the table's own name
            places[f"table {table}"] = "\n".join(_cell(cell) for row in rows for cell in row)
    return places


def _cell(cell: object) -> str:
    return cell.hex() if isinstance(cell, bytes) else str(cell)


async def postgres_places(admin_url: str) -> dict[str, str | bytes]:
    """The rows as PostgreSQL writes them, bytes in hexadecimal, and the statements that its activity view shows.

    Without the server's own count of transactions: after 181,214 of them comes one that reads like a birthday.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        tables = await connection.fetch(
            "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name), "
            "string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns "
            "JOIN pg_tables ON schemaname = table_schema AND tablename = table_name "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND column_name <> 'txid' GROUP BY 1"
        )
        places: dict[str, str | bytes] = {}
        for table, columns in tables:
            rows = await connection.fetch(f"SELECT t::text FROM (SELECT {columns} FROM {table}) t")  # noqa: S608  the same
            places[f"table {table}"] = "\n".join(row[0] for row in rows)
        said = await connection.fetch("SELECT query FROM pg_stat_activity WHERE datname = current_database()")
        places["pg_stat_activity"] = "\n".join(row[0] or "" for row in said)
        return places
    finally:
        await connection.close()


# --- what a process says ----------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def listening(level: str = "DEBUG") -> Iterator[io.StringIO]:
    """Everything that a process set up as ``encompass serve`` would write on its two outputs while the block runs."""
    heard, root, config = io.StringIO(), logging.getLogger(), structlog.get_config()
    handlers, before = root.handlers[:], root.level
    levels = {name: known.level for name, known in logging.Logger.manager.loggerDict.items() if isinstance(known, logging.Logger)}
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook, logging.raiseExceptions
    sys.unraisablehook, threading.excepthook = sys.__unraisablehook__, threading.__excepthook__
    try:
        with contextlib.redirect_stderr(heard), contextlib.redirect_stdout(heard), warnings.catch_warnings():
            warnings.simplefilter("always")
            log.start(level=level)
            quiet_tracebacks()
            yield heard
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook, logging.raiseExceptions = hooks
        logging.captureWarnings(False)
        root.handlers = handlers
        root.setLevel(before)
        for name, kept in levels.items():
            logging.getLogger(name).setLevel(kept)
        structlog.configure(**config)
