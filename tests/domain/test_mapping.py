"""A mapping file is read or refused with what to do, and whatever an export holds becomes a report's body or a row that comes back."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain.mapping import Export, MappingRefused, read_mapping, unfilled
from services.ingest.domain.mapping_fields import Kind, kind_of
from services.ingest.domain.mapping_files import ExportRefused, incidents
from services.ingest.domain.mapping_rows import Built, Row, built
from shared.report.findings import ReportRefused
from shared.report.model import Report
from shared.report.read import read
from tests.exports import EXAMPLES, HEADER, example, export, row, written

FILE_AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
TABLES = {name: (EXAMPLES / name).read_bytes() for name in ("example-answers.csv", "example-behaviours.csv")}
CSV = (EXAMPLES / "example-csv.toml").read_text(encoding="utf-8")
XML = read_mapping((EXAMPLES / "example-xml.toml").read_bytes(), TABLES)
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<x:Export xmlns:x="urn:example"><x:Incident Number="X-1" Revision="4">
 <Reported>2026-11-19T22:40:00</Reported>
 <Behaviours><Behaviour>PHYS</Behaviour><Behaviour>ODD</Behaviour></Behaviours>
 <Victim><Name>Samandra Testerby</Name></Victim>
 <Children><Child Id="C1"><Name>Samiro</Name><Born>2018-03-05</Born><VictimIs>mother</VictimIs></Child>
 <Child Id="C2"><School><Name>Testwood Primary</Name></School></Child></Children>
</x:Incident></x:Export>"""


def of(content: bytes, mapping: Export | None = None, *, piece: int = 7) -> Iterator[tuple[Row, ...]]:
    return incidents(mapping or example(), lambda: (content[at : at + piece] for at in range(0, len(content), piece))).groups


def report_of(mapping: Export, rows: tuple[Row, ...]) -> Report:
    made = built(mapping, rows, FILE_AT)
    assert isinstance(made, Built)
    return read(made.body).report


def one(**cells: str) -> tuple[Report, dict[str, int]]:
    (rows,) = of(written([row("A", "C1", **cells)]))
    made = built(example(), rows, FILE_AT)
    assert isinstance(made, Built)
    return read(made.body).report, dict(made.notes)


def test_the_rows_of_an_incident_become_one_report_wherever_they_stand() -> None:
    groups = list(of(written([row("A", "C1"), row("B", "C1"), row("A", "C2", Victim_Is="step-parent")])))
    reports = {report.reference: report for report in (report_of(example(), rows) for rows in groups)}
    assert [child.reference for child in reports["A"].children] == ["C1", "C2"]
    assert reports["A"].reported_at == datetime(2026, 11, 19, 22, 40, tzinfo=UTC)
    assert reports["A"].source_changed_at == datetime(2026, 11, 19, 23, 15, tzinfo=UTC)
    assert reports["A"].behaviours == ("physical", "threats")
    assert reports["A"].crime == "yes"
    victim, suspect = reports["A"].adults
    assert [(tie.child, tie.relation) for tie in victim.relationships] == [("C1", "mother"), ("C2", "step-parent")]
    assert (suspect.reference, suspect.role, suspect.relationships) == ("A2", "suspect", ())
    assert reports["A"].unrecognised == {}


def test_what_is_not_known_is_kept_as_it_was_written() -> None:
    report, notes = one(Crimed="??", Child_DOB="31/02/2018", Spoken_To="perhaps", Behaviours="PHYS; NEW")
    assert report.crime is None
    assert set(report.unrecognised.values()) == {"??", "31/02/2018", "NEW", "perhaps"}
    assert notes == {"unknown-code": 2, "date": 1, "neither-yes-nor-no": 1}


@pytest.mark.parametrize(
    ("written_at", "instant", "note"),
    [
        ("15/07/2026 12:00", datetime(2026, 7, 15, 11, tzinfo=UTC), None),
        ("25/10/2026 01:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "ambiguous-hour"),
        ("29/03/2026 01:30", None, "skipped-hour"),
        ("29/03/2026 24:30", None, "instant"),
    ],
)
def test_times_are_london_s(written_at: str, instant: datetime | None, note: str | None) -> None:
    report, notes = one(Reported=written_at)
    assert report.reported_at == instant
    assert notes == ({note: 1} if note else {})


def test_a_version_is_not_told_from_another_by_an_hour_that_is_shown_twice() -> None:
    report, _ = one(Last_Updated="25/10/2026 01:30:00")
    assert report.source_changed_at == FILE_AT


def test_an_adult_of_whom_nothing_stands_there_is_not_in_the_report() -> None:
    report, _ = one(Suspect="")
    assert [adult.reference for adult in report.adults] == ["A1"]


def test_xml_gives_the_same_kind_of_report() -> None:
    (rows,) = of(DOCUMENT.encode(), XML)
    report = report_of(XML, rows)
    assert (report.reference, report.source_version, report.behaviours) == ("X-1", 4, ("physical",))
    assert list(report.unrecognised.values()) == ["ODD"]
    assert [(child.reference, child.full_name) for child in report.children] == [("C1", "Samiro"), ("C2", None)]
    assert report.adults[0].relationships[0].relation == "mother"
    assert report.children[1].school is not None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (DOCUMENT.replace("?>", '?><!DOCTYPE x [<!ENTITY a "aaaa">]>', 1), "doctype"),
        (DOCUMENT[:-5], "malformed"),
        ("<a>" * 40 + "</a>" * 40, "too-deep"),
        (DOCUMENT.replace("Samiro", "S" * 1_000_001), "record-too-large"),
    ],
)
def test_xml_that_is_not_taken(content: str, code: str) -> None:
    with pytest.raises(ExportRefused) as refused:
        list(of(content.encode(), XML, piece=4096))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no-header"),
        (b"Incident No,Child Id\n", "columns"),
        (written([row("A", "C1", School="\xe9")]).decode().encode("cp1252"), "encoding"),
        (written([row("A", "C1")]) + b'"' + b"x" * 130_000, "line-too-long"),
    ],
)
def test_a_csv_that_is_not_taken(content: bytes, code: str) -> None:
    with pytest.raises(ExportRefused) as refused:
        list(of(content, piece=4096))
    assert refused.value.code == code


def test_encodings() -> None:
    content = written([row("A", "C1", School="Caf\xe9 \u2019s")]).decode()
    windows = read_mapping(CSV.replace('"utf-8"  ', '"windows-1252"').encode(), TABLES)
    for raw, mapping in ((content.encode("utf-8-sig"), example()), (content.encode("cp1252"), windows)):
        (rows,) = of(raw, mapping)
        school = report_of(mapping, rows).children[0].school
        assert school is not None
        assert school.name == "Caf\xe9 \u2019s"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('format = "csv"', 'format = "xls"', "source.format: say csv or xml"),
        ('delimiter = ","', 'delimiter = ",,"', "source.delimiter"),
        ('"example-rms"', '"Example RMS"', "source.system"),
        ('"child.full_name"', '"child.nick_name"', "fields.child.nick_name: a report has no such field"),
        ('"adults.1.full_name"', '"adults.21.full_name"', "fields.adults.21.full_name: a report has no such field"),
        ('"child.reference"', '"child.known_as"', "fields.child.reference: is missing"),
        ("%d/%m/%Y %H:%M:%S", "dd/mm/yyyy", "fields.source_changed_at.format: write it as strptime does"),
        ("example-answers.csv", "gone.csv", "fields.crime.codes: name a CSV file beside the mapping file"),
        ('separator = ";", ', "", "fields.behaviours: a list in a CSV needs a separator"),
        ("[fields]", "[fields", "line 12: is not TOML in UTF-8"),
    ],
)
def test_a_fault_of_a_mapping_file_is_told_with_its_place(before: str, after: str, said: str) -> None:
    assert before in CSV
    with pytest.raises(MappingRefused) as refused:
        read_mapping(CSV.replace(before, after, 1).encode(), TABLES)
    assert said in refused.value.text


@pytest.mark.parametrize("table", [b"a,b\nX\n", b"a,b\nX,yes\nx,no\n", b"\xff"])
def test_a_fault_of_a_code_table_is_told_with_its_place(table: bytes) -> None:
    with pytest.raises(MappingRefused) as refused:
        read_mapping(CSV.encode(), TABLES | {"example-answers.csv": table})
    assert refused.value.text.startswith("example-answers.csv")


def test_every_field_of_a_report_can_be_mapped() -> None:
    assert kind_of("child.welfare_check.made_at") is Kind.INSTANT
    assert kind_of("conditions.2.until_on") is Kind.DAY
    assert kind_of("children") is None
    assert "child.upn" in unfilled(example())
    assert "child.full_name" not in unfilled(example())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["tail", "cells", "xml", "alone"]), st.booleans())
def test_whatever_the_bytes_are_they_are_refused_or_mapped(noise: bytes, way: str, windows: bool) -> None:
    mapping = read_mapping(CSV.replace('"utf-8"  ', '"windows-1252"').encode(), TABLES) if windows else example()
    text = noise.decode("latin-1")
    content = {
        "tail": written([row("A", "C1")]) + noise,
        "cells": written([row(text[at : at + 9], text[at + 3 : at + 30], Reported=text[at:]) for at in range(0, 40, 9)]),
        "xml": DOCUMENT.encode().replace(b"Samiro", noise),
        "alone": noise,
    }[way]
    mapping = XML if way == "xml" else mapping
    try:
        groups = list(of(content, mapping, piece=64))
    except ExportRefused:
        return
    for rows in groups:
        if rows[0].fault:
            continue
        made = built(mapping, rows, FILE_AT)
        if isinstance(made, Built):
            with contextlib.suppress(ReportRefused):
                assert read(made.body).report.system == "example-rms"


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 10_000), st.integers(1, 70))
def test_no_row_is_lost_and_none_is_doubled(seed: int, size: int) -> None:
    content = export(seed=seed, incidents=3).content
    rows = [line for group in of(content, piece=size) for line in group]
    assert len({line.line for line in rows}) == len(rows)
    assert len(rows) == content.count(b"\r\n") - 1
    assert len(HEADER) == 17
