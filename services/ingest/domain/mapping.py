"""The mapping file: what each column or element of an export becomes in a report. Pure; whoever calls reads the files.

It is TOML. ``[source]`` says how the export is written, ``[fields]`` names for each field of a report (``shared/report/model.py``, dotted)
its column. ``child.…`` is of the child of the row, ``adults.1.…`` and ``conditions.1.…`` of the first of them, and ``adults.1.relation``
what that adult is to the child of the row. Example: ``deploy/mappings/example-csv.toml``.
"""

import csv
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.ingest.domain.mapping_fields import Kind, field_kinds, kind_of, of_child
from shared.errors import Refused
from shared.report.findings import ReportRefused
from shared.report.read import read

FORMATS = ("csv", "xml")
ENCODINGS = ("utf-8", "windows-1252")
YES = ("y", "yes", "true", "1")
NO = ("n", "no", "false", "0")
CODES_MAX = 10_000

_SOURCE = {"format", "system", "encoding", "delimiter", "record", "child", "yes", "no"}
_ENTRY = {"column", "constant", "format", "separator", "codes"}
_PROBE = datetime(2026, 11, 5, 13, 14, 15)  # noqa: DTZ001  a wall time, to try a format with


class MappingRefused(Refused):
    """The mapping file cannot be used. ``text`` names each fault's key and what to do, one after another with ``; `` between."""

    code = "mapping-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How one field is filled: from ``column`` (in XML an element path from the incident) or with ``constant``.

    ``formats`` are those of ``datetime.strptime``, tried in turn; ``codes`` is their code, folded, → ours; None without a table.
    """

    target: str
    kind: Kind
    column: str = ""
    constant: Any = None
    formats: tuple[str, ...] = ()
    separator: str = ""
    codes: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A mapping file, read. ``record`` and ``child`` are XML's: the element of an incident, and the path of a child in it."""

    format: str
    system: str
    encoding: str
    delimiter: str
    record: str
    child: tuple[str, ...]
    yes: frozenset[str]
    no: frozenset[str]
    entries: tuple[Entry, ...] = field(repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is used, once."""
        return tuple(dict.fromkeys(entry.column for entry in self.entries if entry.column))

    def entry(self, target: str) -> Entry | None:
        """How that field is filled."""
        return next((entry for entry in self.entries if entry.target == target), None)


def folded(word: str) -> str:
    """A code as tables are searched for it: without the space around it, and whatever its case."""
    return word.strip().casefold()


def tables_named(content: bytes) -> tuple[str, ...]:
    """The code tables that a mapping file names. Raises MappingRefused when it is no TOML."""
    fields = _document(content).get("fields")
    found = [entry.get("codes") for entry in fields.values() if isinstance(entry, dict)] if isinstance(fields, dict) else []
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str)))


def read_mapping(content: bytes, tables: Mapping[str, bytes]) -> Export:
    """A mapping file with its code tables by name. Raises MappingRefused with every fault of it."""
    document, faults = _document(content), []
    source, fields = document.get("source"), document.get("fields")
    if not isinstance(source, dict) or not isinstance(fields, dict):
        raise MappingRefused("the mapping file needs the tables [source] and [fields]")
    faults += [f"{name}: there is no such table; the tables are [source] and [fields]" for name in document.keys() - {"source", "fields"}]
    faults += [f"source.{name}: there is no such key; the keys are {', '.join(sorted(_SOURCE))}" for name in source.keys() - _SOURCE]
    faults += _source_faults(source)
    read_tables: dict[str, Mapping[str, str]] = {}
    for name in tables:
        read_tables[name] = _table(name, tables[name], faults)
    base = str(source.get("child", "")) if source.get("format") == "xml" else ""
    entries = [entry for target, said in fields.items() if (entry := _entry(str(target), said, read_tables, faults, base)) is not None]
    faults += [f"fields.{name}: is missing; say which column it is" for name in ("reference", "child.reference") if name not in fields]
    if source.get("format") == "csv":
        faults += [
            f"fields.{one.target}: a list in a CSV needs a separator"
            for one in entries
            if one.kind.is_list and one.column and not one.separator
        ]
    if faults:
        raise MappingRefused("; ".join(faults))
    return Export(
        format=source["format"],
        system=source["system"],
        encoding=source.get("encoding", "utf-8"),
        delimiter=source.get("delimiter", ","),
        record=source.get("record", ""),
        child=tuple(source.get("child", "").split("/")),
        yes=frozenset(map(folded, source.get("yes", YES))),
        no=frozenset(map(folded, source.get("no", NO))),
        entries=tuple(entries),
    )


def _document(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"line {line[1]}" if line else "the end of the file"
    except (ValueError, RecursionError):
        where = "its text"
    raise MappingRefused(f"{where}: is not TOML in UTF-8")


def _source_faults(source: Mapping[str, Any]) -> Iterable[str]:
    if source.get("format") not in FORMATS:
        yield "source.format: say csv or xml"
    if not _is_system(source.get("system")):
        yield "source.system: a name of 1 to 32 small letters, digits, dots, underscores or hyphens"
    if source.get("encoding", "utf-8") not in ENCODINGS:
        yield f"source.encoding: say {' or '.join(ENCODINGS)}"
    delimiter = source.get("delimiter", ",")
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        yield "source.delimiter: one character, such as , or ; or a tab"
    for name in ("record", "child"):
        if source.get("format") == "xml" and not (isinstance(source.get(name), str) and source[name].strip("/") == source[name] != ""):
            yield f"source.{name}: in XML, say the element of each {'incident' if name == 'record' else 'child, as a path in the incident'}"
    for name in ("yes", "no"):
        if not _words(source.get(name, [])):
            yield f"source.{name}: a list of words"


def _is_system(system: object) -> bool:
    try:
        read(json.dumps({"system": str(system), "reference": "x", "children": [{"reference": "x"}]}).encode())
    except ReportRefused:
        return False
    return isinstance(system, str)


def _words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _entry(target: str, said: object, tables: Mapping[str, Mapping[str, str]], faults: list[str], base: str) -> Entry | None:
    where, kind = f"fields.{target}", kind_of(target)
    if isinstance(said, str):
        said = {"column": said}
    before = len(faults)
    if kind is None:
        faults.append(f"{where}: a report has no such field; see the names in shared/report/model.py")
    if not isinstance(said, dict):
        faults.append(f"{where}: name a column, or a table with column or constant")
        return None
    formats = [said["format"]] if isinstance(said.get("format"), str) else said.get("format", [])
    faults += _entry_faults(where, said, kind, formats, tables)
    if len(faults) > before or kind is None:
        return None
    return Entry(
        target=target,
        kind=kind,
        column=f"{base}/{said['column'].strip()}" if base and "column" in said and of_child(target) else said.get("column", "").strip(),
        constant=said.get("constant"),
        formats=tuple(formats),
        separator=said.get("separator", ""),
        codes=tables[said["codes"]] if "codes" in said else None,
    )


def _entry_faults(
    where: str, said: Mapping[str, Any], kind: Kind | None, formats: Any, tables: Mapping[str, Mapping[str, str]]
) -> Iterable[str]:
    yield from (f"{where}.{name}: there is no such key; the keys are {', '.join(sorted(_ENTRY))}" for name in said.keys() - _ENTRY)
    if ("column" in said) == ("constant" in said) or not isinstance(said.get("column", "x"), str) or not said.get("column", "x").strip():
        yield (f"{where}: give either column or constant")
    if not isinstance(said.get("constant", ""), str | bool | int | list):
        yield (f"{where}.constant: a text, a number, true, false or a list")
    if not _words(formats) or not all(map(_is_format, formats)):
        yield (f"{where}.format: write it as strptime does, such as %d/%m/%Y %H:%M")
    elif formats and kind not in (None, Kind.DAY, Kind.INSTANT):
        yield (f"{where}.format: only a date or an instant has one")
    if not isinstance(said.get("separator", ""), str):
        yield (f"{where}.separator: a text")
    if "codes" in said and (not isinstance(said["codes"], str) or said["codes"] not in tables):
        yield (f"{where}.codes: name a CSV file beside the mapping file")


def _is_format(pattern: str) -> bool:
    try:
        datetime.strptime(_PROBE.strftime(pattern), pattern)  # noqa: DTZ007  a wall time
    except (ValueError, OverflowError, KeyError, IndexError):
        return False
    return "%" in pattern


def _table(name: str, content: bytes, faults: list[str]) -> Mapping[str, str]:
    """Their code → ours, of a CSV with a header and two columns."""
    found: dict[str, str] = {}
    try:
        rows = list(csv.reader(content.decode("utf-8-sig").splitlines(), strict=True))
    except (csv.Error, UnicodeDecodeError):
        faults.append(f"{name}: is not a CSV in UTF-8")
        return found
    if len(rows) > CODES_MAX:
        faults.append(f"{name}: has more than {CODES_MAX:,} lines")
    for line, row in enumerate(rows[1:CODES_MAX], 2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != 2 or not all(cells):
            faults.append(f"{name}, line {line}: write two cells, their code and ours")
        elif folded(cells[0]) in found:
            faults.append(f"{name}, line {line}: their code stands there twice")
        else:
            found[folded(cells[0])] = cells[1]
    return found


def unfilled(mapping: Export) -> tuple[str, ...]:
    """The fields of a report that nothing fills; of adults and conditions, those of the first."""
    filled = {entry.target for entry in mapping.entries} | {"system"}
    return tuple(name for name in field_kinds() if name not in filled)
