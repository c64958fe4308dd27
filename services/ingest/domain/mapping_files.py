"""From the bytes of an export to the rows of its incidents, trusting nothing: sizes, encoding, quotation marks, elements, entities.

The whole file is read once before anything of it is used, so that a file that is broken further down is refused whole. What is kept
meanwhile is one number for each incident; the second time, the rows of an incident until its last one has come.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from services.ingest.domain.mapping import Export, folded
from services.ingest.domain.mapping_rows import Row, reference_of
from services.ingest.domain.mapping_xml import XmlRefused, records
from shared.errors import Refused

FILE_BYTES_MAX = 64 * 1024 * 1024
ROWS_MAX = 200_000
LINE_CHARACTERS_MAX = 128_000

Blocks = Callable[[], Iterable[bytes]]
"""Gives the bytes of the file from its beginning, in pieces."""

WHY = MappingProxyType(
    {
        "too-large": "The file is larger than 64 MB. Export less at a time.",
        "too-many-rows": "The file has more than 200,000 rows. Export less at a time.",
        "encoding": "The file is not in the encoding that the mapping file names. Export it anew, or correct source.encoding.",
        "line-too-long": "A line is too long: a quotation mark may be missing before it.",
        "no-header": "The first line is not a header.",
        "columns": "The header lacks a column that the mapping file names, or has it twice. Compare with `encompass ingest map --check`.",
        "malformed": "The file is not well-formed XML.",
        "doctype": "The file declares a document type or entities, which is not taken. Export it without.",
        "too-deep": "Elements stand too deep in one another.",
        "record-too-large": "One incident has more than a million characters.",
        "unreadable": "The file cannot be read, or what is given back cannot be written: look at permissions and the disk.",
    }
)


class ExportRefused(Refused):
    """The file as a whole cannot be taken; ``code`` is one of ``WHY``. ``more``: columns, by the mapping file's names for them."""

    def __init__(self, code: str, more: str = "") -> None:
        super().__init__(f"{WHY[code]} {more}".strip(), code=code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """The rows of a file by incident, in the order in which each incident is complete. ``header`` is as written."""

    header: tuple[str, ...]
    groups: Iterator[tuple[Row, ...]] = field(repr=False)


def incidents(export: Export, blocks: Blocks) -> Incidents:
    """Read the file through, then give its rows by incident, lazily. A row with a fault stands alone. Raises ExportRefused."""
    if export.format == "xml":
        for _ in _xml(export, blocks):
            pass
        return Incidents(header=export.columns, groups=_xml(export, blocks))
    header: tuple[str, ...] = ()
    counts = Counter[str]()
    for header, row in _csv(export, blocks):  # noqa: B007  the last one is as good as the first
        if row is not None:
            counts[reference_of(export, row)] += not row.fault
    return Incidents(header=header, groups=_grouped(export, blocks, counts))


def _grouped(export: Export, blocks: Blocks, counts: Counter[str]) -> Iterator[tuple[Row, ...]]:
    waiting: dict[str, list[Row]] = {}
    for _, row in _csv(export, blocks):
        if row is None:
            continue
        reference = reference_of(export, row)
        if row.fault or not reference:
            yield (row if row.fault else Row(line=row.line, cells=row.cells, written=row.written, fault="no-reference"),)
            continue
        waiting.setdefault(reference, []).append(row)
        if len(waiting[reference]) >= counts[reference]:
            yield tuple(waiting.pop(reference))


def _csv(export: Export, blocks: Blocks) -> Iterator[tuple[tuple[str, ...], Row | None]]:
    """The header alone, then with each row."""
    taken: list[str] = []
    table = csv.reader(_noted(_lines(export, blocks), taken), delimiter=export.delimiter, strict=True)
    try:
        header = tuple(next(table, ()))
    except csv.Error:
        raise ExportRefused("no-header") from None
    places = _places(export, header)
    yield header, None
    number = 0
    while True:
        taken.clear()
        try:
            cells = next(table, None)
        except csv.Error:
            cells = []
            row = Row(line=table.line_num, cells={}, written=("".join(taken).rstrip("\r\n"),), fault="malformed")
        else:
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            fits = len(cells) >= len(header) and not any(cells[len(header) :])
            found = {name: cells[place] for name, place in places.items()} if fits else {}
            row = Row(line=table.line_num, cells=found, written=tuple(cells), fault="" if fits else "cells")
        number += 1
        if number > ROWS_MAX:
            raise ExportRefused("too-many-rows")
        yield header, row


def _places(export: Export, header: tuple[str, ...]) -> dict[str, int]:
    if not any(name.strip() for name in header):
        raise ExportRefused("no-header")
    names = [folded(name) for name in header]
    if amiss := [column for column in export.columns if names.count(folded(column)) != 1]:
        raise ExportRefused("columns", f"It is about: {', '.join(amiss)}.")
    return {column: names.index(folded(column)) for column in export.columns}


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _lines(export: Export, blocks: Blocks) -> Iterator[str]:
    rest = ""
    for text in _text(export, blocks):
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield _short(line) + "\n"
        _short(rest)
    if rest:
        yield rest


def _short(line: str) -> str:
    if len(line) > LINE_CHARACTERS_MAX:
        raise ExportRefused("line-too-long")
    return line


def _text(export: Export, blocks: Blocks) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig" if export.encoding == "utf-8" else "cp1252")()
    try:
        for block in _counted(blocks):
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise ExportRefused("encoding") from None


def _counted(blocks: Blocks) -> Iterator[bytes]:
    size = 0
    for block in blocks():
        size += len(block)
        if size > FILE_BYTES_MAX:
            raise ExportRefused("too-large")
        yield block


def _xml(export: Export, blocks: Blocks) -> Iterator[tuple[Row, ...]]:
    number = 0
    try:
        for record in records(export, _counted(blocks)):
            rows = tuple(Row(line=line, cells=cells, written=tuple(cells[name] for name in export.columns)) for line, cells in record)
            number += len(rows)
            if number > ROWS_MAX:
                raise ExportRefused("too-many-rows")
            yield (
                rows
                if reference_of(export, rows[0])
                else tuple(Row(line=row.line, cells=row.cells, written=row.written, fault="no-reference") for row in rows)
            )
    except XmlRefused as refused:
        raise ExportRefused(refused.code) from None
