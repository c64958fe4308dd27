"""The reading room for CSV files: UTF-8 (with or without a mark) or Windows-1252, as authorities' systems and registers export them.

A file is refused whole when it cannot be what it should be (FileRefused: too large, no header, columns missing). A row that cannot be
read is a ``RefusedRow``: it says where and why and never quotes a value, because rows are people.
"""

import codecs
import csv
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from shared.errors import Refused

if TYPE_CHECKING:
    from _csv import Reader

FILE_BYTES_MAX = 256 * 1024 * 1024
LINE_CHARACTERS_MAX = 20_000
CELL_CHARACTERS_MAX = 1_000
ROWS_MAX = 2_000_000
_BLOCK_BYTES = 1024 * 1024


class FileRefused(Refused):
    """The file as a whole cannot be taken."""

    code = "file-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column by our name, found in a header whatever its case, with spaces or hyphens for underscores, or under a name in ``also``."""

    name: str
    required: bool = True
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the number of its (last) line in the file, and its cells, stripped, by our column names; ``""`` where a column is absent."""

    line: int
    cells: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """Why a row was not taken. ``column`` is empty when it is about the whole row; ``text`` is fixed English without any value."""

    line: int
    column: str
    code: str
    text: str


def read_rows(path: Path, columns: Sequence[Column]) -> Iterator[Row | RefusedRow]:
    """Every row of the file, lazily; blank lines are passed over and columns that are not asked for are ignored.

    Raises FileRefused for a file that is missing, too large, in another encoding, without the required columns, or with too many rows.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as handle:
        table = csv.reader(_lines(handle), strict=True)
        header = _header(table)
        places = _places(header, columns)
        for number, row in enumerate(_rows(table, columns, places, len(header))):
            if number >= ROWS_MAX:
                raise FileRefused(f"the file has more than {ROWS_MAX:,} rows")
            yield row


def count_lines(path: Path) -> int:
    """How many lines the file has, for a progress bar: quick, and not exact. Raises FileRefused when it cannot be read."""
    return sum(block.count(b"\n") for block in _blocks(path))


def _encoding(path: Path) -> str:
    """UTF-8 when the whole file is that; otherwise Windows-1252, in which almost anything reads: a whole file cannot be both by chance."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise FileRefused(f"the file is larger than {FILE_BYTES_MAX // 1024**2} MB")
        with path.open("rb") as handle:
            while block := handle.read(_BLOCK_BYTES):
                yield block
    except OSError:
        raise FileRefused("the file cannot be read") from None


def _lines(handle: TextIO) -> Iterator[str]:
    try:
        while line := handle.readline(LINE_CHARACTERS_MAX + 1):
            if len(line) > LINE_CHARACTERS_MAX:
                raise FileRefused(f"the file has a line of more than {LINE_CHARACTERS_MAX:,} characters")
            yield line
    except UnicodeDecodeError:
        raise FileRefused("the file is neither UTF-8 nor Windows-1252: export it again as UTF-8") from None


def _header(table: "Reader") -> list[str]:
    try:
        return next(table, [])
    except csv.Error:
        raise FileRefused("the first line is not a CSV header") from None


def _places(header: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Where each column stands. The file's own header is never quoted: in a file without one, it is a person."""
    places: dict[str, int] = {}
    for column in columns:
        known = {_folded(name) for name in (column.name, *column.also)}
        found = [place for place, name in enumerate(header) if _folded(name) in known]
        if len(found) > 1:
            raise FileRefused(f"the header names the column {column.name} twice")
        if found:
            places[column.name] = found[0]
    missing = [column.name for column in columns if column.required and column.name not in places]
    if missing:
        raise FileRefused(f"the first line must name the columns; missing: {', '.join(missing)}")
    return places


def _folded(name: str) -> str:
    return "_".join(name.strip().casefold().replace("-", " ").replace("_", " ").split())


def _rows(table: "Reader", columns: Sequence[Column], places: Mapping[str, int], width: int) -> Iterator[Row | RefusedRow]:
    while True:
        try:
            cells = next(table, None)
        except csv.Error:
            yield RefusedRow(line=table.line_num, column="", code="malformed", text="the row's quotation marks are not in order")
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < width or any(cells[width:]):  # a comma too many or too few shifts every value into its neighbour's column
            text = f"the row has {len(cells)} cells, the header {width}"
            yield RefusedRow(line=table.line_num, column="", code="cells", text=text)
            continue
        values = {column.name: cells[places[column.name]].strip() if column.name in places else "" for column in columns}
        yield _unfit(table.line_num, values) or Row(line=table.line_num, cells=values)


def _unfit(line: int, values: Mapping[str, str]) -> RefusedRow | None:
    for column, value in values.items():
        if len(value) > CELL_CHARACTERS_MAX:
            text = f"the cell has more than {CELL_CHARACTERS_MAX:,} characters"
            return RefusedRow(line=line, column=column, code="too-long", text=text)
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
            return RefusedRow(
                line=line, column=column, code="control-character", text="the cell has a line break or another control character"
            )
    return None
