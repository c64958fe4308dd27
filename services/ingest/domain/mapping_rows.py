"""From the rows of one incident to the body of a report. What cannot be read of a value is kept as it was written: the report's own reading
then makes a finding of it, and nothing is guessed. Only what makes an incident this one refuses its rows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from services.ingest.domain.mapping import Entry, Export, folded
from services.ingest.domain.mapping_fields import SLOTS, Kind, of_child
from shared.calendar.wall import LONDON

OCCURRENCE = "\x1f"
"""Between the texts of an element that stands there more than once: no export can hold it."""
DIGITS_MAX = 16

REASONS = MappingProxyType(
    {
        "cells": "The row has more or fewer cells than the header. Correct it, and send every row of its incident again.",
        "malformed": "The row's quotation marks are not in order. Correct them, and send every row of its incident again.",
        "no-reference": "The row does not name its incident. Fill its reference.",
        "no-child-reference": "A row of this incident does not name its child. Fill the child's reference.",
        "rows-disagree": "The rows of this incident say different things of it. Make them agree in the columns",
        "report-refused": "The incident is no report:",
        "other-stamp": "The incident was sent before with another kind of stamp. Map source_version as well as source_changed_at.",
        "same-stamp": "Another content came under this very stamp before, and stands. Send it with a later one.",
        "erased": "The incident has been erased and takes no other version.",
        "conflict": "The incident stands in another version that cannot be replaced by this one.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. ``cells`` by column; ``written`` as it stood in the file, for giving it back; ``fault`` when it cannot be used."""

    line: int
    cells: Mapping[str, str] = field(repr=False)
    written: tuple[str, ...] = field(repr=False)
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The body of a report, and what was noticed: code → how often."""

    body: bytes = field(repr=False)
    notes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why the rows were refused: a code of ``REASONS``, and its sentence, which quotes nothing of them."""

    code: str
    text: str


def reference_of(mapping: Export, row: Row) -> str:
    """The incident that a row is of; empty when it does not say."""
    entry = mapping.entry("reference")
    assert entry is not None
    value = _value(mapping, entry, row.cells, {})
    return value if isinstance(value, str) else ""


def fault(code: str, more: str = "") -> Fault:
    """The fault with that code; ``more`` stands behind its sentence."""
    return Fault(code=code, text=f"{REASONS[code]} {more}".strip())


def built(mapping: Export, rows: Sequence[Row], changed_at: datetime) -> Built | Fault:
    """The report of one incident's rows, a child in each. ``changed_at``: the instant of the file, where no column stamps the version."""
    notes: dict[str, int] = {}
    first = _values(mapping, rows[0], notes, child=False)
    for row in rows[1:]:
        other = _values(mapping, row, {}, child=False)
        if other != first:
            apart = [one.column for one in mapping.entries if one.column and other.get(one.target) != first.get(one.target)]
            return fault("rows-disagree", ", ".join(dict.fromkeys(apart)) + ".")
    tree: dict[str, Any] = {"system": mapping.system}
    slots: dict[tuple[str, int], dict[str, Any]] = {}
    for target, value in first.items():
        _put(tree, slots, target, value)
    filled = {tuple(target.split(".")[:2]) for target in first if _filled_by_column(mapping, target)}
    children = []
    for row in rows:
        values = _values(mapping, row, notes, child=True)
        child: dict[str, Any] = {}
        for target, value in values.items():
            if target.startswith("child."):
                _put(child, {}, target.removeprefix("child."), value)
        if not child.get("reference"):
            return fault("no-child-reference")
        children.append(child)
        _relate(slots, filled, values, child["reference"])
    tree |= _lists(slots, filled) | {"children": children}
    if not isinstance(tree.get("source_changed_at"), str) or tree["source_changed_at"][-1:] != "Z":
        tree["source_changed_at"] = _wire(changed_at)
    return Built(body=json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace"), notes=notes)


def _lists(slots: Mapping[tuple[str, int], dict[str, Any]], filled: set[tuple[str, ...]]) -> dict[str, Any]:
    """The adults and the conditions that a column fills; an adult without a reference is called by the number."""
    found: dict[str, Any] = {}
    for (name, number), one in sorted(slots.items(), key=lambda slot: slot[0]):
        if (name, str(number)) in filled:
            found.setdefault(name, []).append(({"reference": f"A{number}"} if name == "adults" else {}) | one)
    return found


def _filled_by_column(mapping: Export, target: str) -> bool:
    entry = mapping.entry(target)
    return entry is not None and bool(entry.column)


def _values(mapping: Export, row: Row, notes: dict[str, int], *, child: bool) -> dict[str, Any]:
    """Field → value, of those of the row's child or of the incident's; what is empty is left out."""
    wanted = [entry for entry in mapping.entries if of_child(entry.target) is child]
    return {entry.target: value for entry in wanted if (value := _value(mapping, entry, row.cells, notes)) is not None}


def _put(tree: dict[str, Any], slots: dict[tuple[str, int], dict[str, Any]], target: str, value: Any) -> None:
    *path, last = target.split(".")
    if path and path[0] in SLOTS:
        tree, path = slots.setdefault((path[0], int(path[1])), {}), path[2:]
    for part in path:
        tree = tree.setdefault(part, {})
    tree[last] = value


def _relate(slots: dict[tuple[str, int], dict[str, Any]], filled: set[tuple[str, ...]], values: Mapping[str, Any], reference: str) -> None:
    """What each adult is to that child. A relation alone makes no adult of a column that is empty otherwise."""
    ties: dict[str, dict[str, Any]] = {}
    for target, value in values.items():
        head, _, rest = target.partition(".")
        number, _, name = rest.partition(".")
        if head == "adults" and (head, number) in filled:
            ties.setdefault(number, {"child": reference})["text" if name == "relation_text" else name] = value
    for number, tie in ties.items():
        slots.setdefault(("adults", int(number)), {}).setdefault("relationships", []).append(tie)


def _value(mapping: Export, entry: Entry, cells: Mapping[str, str], notes: dict[str, int]) -> Any:
    """The value of that field in the report's terms; None when it is empty."""
    if not entry.column:
        return entry.constant
    written = cells.get(entry.column, "").strip()
    if not written.replace(OCCURRENCE, "").strip():
        return None
    if entry.kind is Kind.LIST:
        parts = [part for one in written.split(OCCURRENCE) for part in (one.split(entry.separator) if entry.separator else [one])]
        return [_coded(entry, part.strip(), notes) for part in parts if part.strip()]
    written = written.replace(OCCURRENCE, "\n")
    if entry.kind is Kind.YES_NO:
        return _yes_no(mapping, written, notes)
    if entry.kind is Kind.WHOLE:
        return (
            int(written)
            if written.isascii() and written.isdigit() and len(written) <= DIGITS_MAX
            else _as_written(written, notes, "number")
        )
    if entry.kind is Kind.DAY:
        return _day(entry, written, notes)
    if entry.kind is Kind.INSTANT:
        return _instant(entry, written, notes)
    return _coded(entry, written, notes)


def _as_written(written: str, notes: dict[str, int], why: str) -> str:
    notes[why] = notes.get(why, 0) + 1
    return written


def _coded(entry: Entry, written: str, notes: dict[str, int]) -> str:
    if entry.codes is None:
        return written
    return entry.codes.get(folded(written)) or _as_written(written, notes, "unknown-code")


def _yes_no(mapping: Export, written: str, notes: dict[str, int]) -> bool | str:
    word = folded(written)
    if word in mapping.yes or word in mapping.no:
        return word in mapping.yes
    return _as_written(written, notes, "neither-yes-nor-no")


def _day(entry: Entry, written: str, notes: dict[str, int]) -> str:
    try:
        found = _parsed(entry, written)
        return (
            date.fromisoformat(written).isoformat()
            if not entry.formats
            else found.date().isoformat()
            if found
            else _as_written(written, notes, "date")
        )
    except ValueError:
        return _as_written(written, notes, "date")


def _parsed(entry: Entry, written: str) -> datetime | None:
    for pattern in entry.formats:
        try:
            return datetime.strptime(written, pattern)  # noqa: DTZ007  its zone is the caller's
        except (ValueError, OverflowError):
            continue
    return None


def _instant(entry: Entry, written: str, notes: dict[str, int]) -> str:
    """In UTC. A time without an offset is London's; an hour that the clocks show twice is taken as the earlier, for that is the safe side
    of a deadline, but no version is told from another by it; one that they skip was never on a clock."""
    try:
        found = _parsed(entry, written) if entry.formats else datetime.fromisoformat(written)
        if found is None or (not entry.formats and len(written) < len("2026-11-05 13:14")):
            return _as_written(written, notes, "instant")
        if found.tzinfo is not None:
            return _wire(found.astimezone(UTC))
        earlier, later = (found.replace(tzinfo=LONDON, fold=fold).utcoffset() for fold in (0, 1))
        assert earlier is not None
        assert later is not None
        if earlier < later:
            return _as_written(written, notes, "skipped-hour")
        if earlier > later:
            notes["ambiguous-hour"] = notes.get("ambiguous-hour", 0) + 1
            if entry.target == "source_changed_at":
                return written
        return _wire(found.replace(tzinfo=LONDON, fold=0).astimezone(UTC))
    except (ValueError, OverflowError):
        return _as_written(written, notes, "instant")


def _wire(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds" if instant.microsecond else "seconds").replace("+00:00", "Z")
