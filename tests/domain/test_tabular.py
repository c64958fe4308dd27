"""CSV files are read as people export them, row by row, and a bad row never takes its neighbours or its values along."""

from pathlib import Path

import pytest

from shared.tabular import CELL_CHARACTERS_MAX, LINE_CHARACTERS_MAX, Column, FileRefused, RefusedRow, Row, count_lines, read_rows

COLUMNS = (Column(name="upn"), Column(name="full_name", also=("pupil name",)), Column(name="postcode", required=False))


def read(tmp_path: Path, content: bytes | str) -> list[Row | RefusedRow]:
    path = tmp_path / "file.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path, COLUMNS))


def cells(rows: list[Row | RefusedRow]) -> list[tuple[int, list[str]]]:
    return [(row.line, list(row.cells.values())) for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_do_not_matter(tmp_path: Path, encoding: str, newline: str) -> None:
    text = newline.join(["Pupil-Name, UPN", " Zoë O’Specimen ,A1", "", '"Comma, Test",A2'])
    assert cells(read(tmp_path, text.encode(encoding))) == [(2, ["A1", "Zoë O’Specimen", ""]), (4, ["A2", "Comma, Test", ""])]


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("A1,Secret,Zed,extra", "cells", ""),
        ("A1,Secret", "cells", ""),
        ('A1,"Secret"x,Zed', "malformed", ""),
        ("A1,Sec\x00ret,Zed", "control-character", "full_name"),
        (f"A1,{'S' * (CELL_CHARACTERS_MAX + 1)},Zed", "too-long", "full_name"),
    ],
)
def test_a_bad_row_is_refused_alone_and_unquoted(tmp_path: Path, line: str, code: str, column: str) -> None:
    first, bad, last = read(tmp_path, f"upn,full_name,postcode\nA0,First,\n{line}\nA2,Last,\n")
    assert isinstance(bad, RefusedRow)
    assert (bad.line, bad.code, bad.column) == (3, code, column)
    assert "Sec" not in repr(bad)
    assert cells([first, last]) == [(2, ["A0", "First", ""]), (4, ["A2", "Last", ""])]
    assert "First" not in repr(first)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "missing: upn, full_name"),
        (b"Wren Secretname,2018-03-04\nRobin,2018-03-04\n", "missing: upn, full_name"),
        (b"upn,UPN,full_name\n", "upn twice"),
        (b"upn,full_name\nA1,\x81\xff\n", "neither UTF-8 nor Windows-1252"),
        (b"upn,full_name\nA1," + b"x" * LINE_CHARACTERS_MAX + b"\n", "a line of more than"),
    ],
)
def test_a_file_that_is_not_such_a_table_is_refused_unquoted(tmp_path: Path, content: bytes, match: str) -> None:
    with pytest.raises(FileRefused, match=match) as refused:
        read(tmp_path, content)
    assert "Secretname" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_unclosed_quotation_mark_does_not_swallow_the_file_in_silence(tmp_path: Path) -> None:
    rows = read(tmp_path, 'upn,full_name\nA1,"Open\nA2,Second\nA3,Third\n')
    assert [type(row) for row in rows] == [RefusedRow]


def test_lines_are_counted_for_the_progress_bar(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a\nb\nc\n")
    assert count_lines(tmp_path / "x.csv") == 3
