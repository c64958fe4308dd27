"""Trying a mapping file with an export: what it would become, in counts and codes alone."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from services.ingest.domain.mapping import Export, unfilled
from services.ingest.domain.mapping_files import incidents
from services.ingest.domain.mapping_rows import Fault, built
from services.ingest.domain.quality import findings
from services.ingest.handlers_folder_files import blocks, size_and_instant
from shared.report.findings import ReportRefused
from shared.report.read import read

INCIDENTS_CHECKED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What of the first 1,000 incidents was found. ``header`` is the export's; the counts are by code, of findings with their place."""

    export: Export
    header: tuple[str, ...]
    unfilled: tuple[str, ...]
    incidents: int
    rows: int
    refused_rows: int
    refused: Mapping[str, int]
    notes: Mapping[str, int]
    findings: Mapping[str, int]


def check(export: Export, path: Path) -> Checked:
    """Read the export as a watched folder would, without taking any of it. Raises ExportRefused, OSError."""
    itself = path.resolve()  # an operator may name a link; in a watched folder none is followed
    _, file_at = size_and_instant(itself)
    found = incidents(export, lambda: blocks(itself))
    rows, number, refused, notes, said = 0, 0, Counter[str](), Counter[str](), Counter[str]()
    for group in islice(found.groups, INCIDENTS_CHECKED):
        rows, number = rows + len(group), number + 1
        made = Fault(code=group[0].fault, text="") if group[0].fault else built(export, group, file_at)
        if isinstance(made, Fault):
            refused[made.code] += len(group)
            continue
        notes.update(made.notes)
        try:
            taken = read(made.body, received_at=max(file_at, datetime.fromtimestamp(0, UTC)))
        except ReportRefused:
            refused["report-refused"] += len(group)
            continue
        said.update(_place(one.pointer) + " " + one.code for one in dict.fromkeys((*taken.findings, *findings(taken.report))))
    return Checked(
        export=export,
        header=found.header,
        unfilled=unfilled(export),
        incidents=number,
        rows=rows,
        refused_rows=refused.total(),
        refused=refused,
        notes=notes,
        findings=said,
    )


def _place(pointer: str) -> str:
    """Without the number of an item: the first child's and the second's are one finding."""
    return re.sub(r"/\d+", "/*", pointer)
