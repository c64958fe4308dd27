"""What the vault keeps of a report reads back as it was, shows nothing of itself, and nothing else reads as one."""

import pytest

from shared.errors import Misuse
from shared.report.read import read
from shared.report.sealed import SealedReport
from tests.samples import personal_words, sample_body, sample_report


def sealed(**overrides: object) -> SealedReport:
    report = read(sample_body(**overrides)).report  # type: ignore[arg-type]  # a body's members are any JSON
    return SealedReport(report=report, child_ids={child.reference: f"id of {child.reference}" for child in report.children})


@pytest.mark.parametrize(
    "overrides", [{}, {"children": [{"reference": "a\u00e9\u4e2d \U0001f600"}]}, {"brief_circumstances": "two\nlines", "odd\nfield": "x\n"}]
)
def test_a_sealed_report_reads_back_as_it_was(overrides: dict[str, object]) -> None:
    one = sealed(**overrides)
    again = SealedReport.from_bytes(one.to_bytes())
    assert again.report.to_canonical() == one.report.to_canonical()
    assert again.child_ids == one.child_ids


def test_a_child_is_found_by_its_id() -> None:
    one = sealed()
    found = one.child("id of C2")
    assert found is not None
    assert found.reference == "C2"
    assert one.child("C2") is None
    assert list(one.children) == ["id of C1", "id of C2", "id of C3"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}\n{}",
        sealed().report.to_canonical(),
        sealed().to_bytes().replace(b'"format":1', b'"format":2'),
        sealed().to_bytes().replace(b'"C1":', b'"C9":', 1),
        sealed().to_bytes()[:-1],
    ],
)
def test_anything_else_is_refused_without_being_quoted(content: bytes) -> None:
    with pytest.raises(Misuse, match="the stored report cannot be read back") as refused:
        SealedReport.from_bytes(content)
    assert refused.value.__cause__ is refused.value.__context__ is None


def test_it_shows_nothing_of_itself() -> None:
    assert not [word for word in personal_words(sample_report()) if word in repr(sealed())]
