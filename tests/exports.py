"""Exports as a records system writes them, seeded: a row for each child, some of them bad in known ways. Nobody in them is real."""

import csv
import io
import random
from dataclasses import dataclass
from pathlib import Path

from services.ingest.domain.mapping import Export
from services.ingest.handlers_folder_setup import mapping_at
from tests.tidy.tree import TOP

EXAMPLES = TOP / "deploy" / "mappings"
HEADER = (
    *("Incident No", "Last Updated", "Reported", "Believed", "Crimed", "Behaviours", "Circumstances", "Victim", "Victim Is"),
    *("Suspect", "Child Id", "Child Name", "Child DOB", "Child Postcode", "School", "Spoken To", "Sergeant"),
)
WORDS = ("Testerby", "Samplethwaite", "Fictonwold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """``good``: the references to be accepted → their children's number. ``bad``: a child's id and the reason of each row to come back."""

    content: bytes
    good: dict[str, int]
    bad: list[tuple[str, str]]


def example() -> Export:
    """The mapping file that is shown to operators."""
    return mapping_at(EXAMPLES / "example-csv.toml")


def row(reference: str, child: str, **cells: str) -> list[str]:
    """One good row; ``cells`` by header, with underscores for spaces."""
    values = {
        "Incident No": reference,
        "Last Updated": "19/11/2026 23:15:00",
        "Reported": "19/11/2026 22:40",
        "Believed": "19/11/2026 23:05",
        "Crimed": "C",
        "Behaviours": "PHYS; THR",
        "Circumstances": "Officers attended, and left later.\nThe green kettle was thrown.",
        "Victim": "Samandra Testerby",
        "Victim Is": "mother",
        "Suspect": "Tesdoro Demovale",
        "Child Id": child,
        "Child Name": "Samiro Testerby",
        "Child DOB": "05/03/2018",
        "Child Postcode": "ZZ99 1AA",
        "School": "Testwood Primary",
        "Spoken To": "Y",
        "Sergeant": "17",
    }
    values |= {name.replace("_", " "): value for name, value in cells.items()}
    return [values[name] for name in HEADER]


def written(rows: list[list[str]]) -> bytes:
    """A CSV with the header."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([list(HEADER), *rows])
    return text.getvalue().encode()


def export(*, seed: int = 1, incidents: int = 160) -> Made:
    """About two rows an incident, shuffled; every eighth incident is bad in one of four ways."""
    dice = random.Random(seed)
    rows: list[list[str]] = []
    good: dict[str, int] = {}
    bad: list[tuple[str, str]] = []
    for number in range(incidents):
        reference = f"EX-{seed}-{number:05d}"
        names = [f"{reference}-C{child}" for child in range(dice.randrange(1, 4))]
        own = [row(reference, name, Child_Name=f"Samiro {dice.choice(WORDS)}") for name in names]
        way = number % 32
        if way == 7:
            own[0][HEADER.index("Incident No")], reason = "", "no-reference"
            own, names = own[:1], names[:1]
        elif way == 15:
            own[0].insert(3, "one too many")
            own, names, reason = own[:1], names[:1], "cells"
        elif way == 23:
            own.append(row(reference, f"{reference}-CX", Crimed="NC"))
            names, reason = [*names, f"{reference}-CX"], "rows-disagree"
        elif way == 31:
            own.append(row(reference, names[0]))
            names, reason = [*names, names[0]], "report-refused"
        else:
            good[reference], reason = len(names), ""
        bad += [(name, reason) for name in names] if reason else []
        rows += own
    dice.shuffle(rows)
    return Made(content=written(rows), good=good, bad=bad)


def came_back(path: Path) -> list[tuple[str, str]]:
    """Child's id and reason's code of each row that was given back."""
    with path.open(encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    assert header == [*HEADER, "encompass_reason"]
    found = []
    for cells in rows:
        own = [*cells[: len(HEADER)], *cells[len(HEADER) + 1 :]]
        shift = len(own) - len(HEADER)  # a cell too many pushes those behind it
        found.append((own[HEADER.index("Child Id") + shift], cells[len(HEADER)].partition(":")[0]))
    return found
