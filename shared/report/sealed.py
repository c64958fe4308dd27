"""What the vault keeps of an accepted report: the canonical report and the id that each of its children was given.

Written once by ingest, read by whoever works on the incident. Two lines: a JSON object with the format and the children's ids by their
references, then the canonical report (canonical JSON holds no line end of its own).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import Misuse
from shared.report.model import Child, Report

KIND = "report"
"""The vault's kind of such a content. Its scope is the incident."""

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReport:
    """A report with its children's ids: ``child_ids`` is child reference → child_id, in the report's order. Shows nothing of itself."""

    report: Report = field(repr=False)
    child_ids: Mapping[str, str] = field(repr=False)

    def to_bytes(self) -> bytes:
        """The plaintext to be sealed."""
        ids = json.dumps({"format": FORMAT, "child_ids": dict(self.child_ids)}, ensure_ascii=True, separators=(",", ":"))
        return ids.encode() + b"\n" + self.report.to_canonical()

    @classmethod
    def from_bytes(cls, content: bytes) -> "SealedReport":
        """What ``to_bytes`` wrote. Raises Misuse, with a fixed text, for anything else."""
        first, _, canonical = content.partition(b"\n")
        child_ids = _child_ids(first)
        report = Report.from_canonical(canonical)
        if child_ids is None or [child.reference for child in report.children] != list(child_ids):
            raise Misuse("the stored report cannot be read back")
        return cls(report=report, child_ids=child_ids)

    def child(self, child_id: str) -> Child | None:
        """The child with that id."""
        return self.children.get(child_id)

    @property
    def children(self) -> dict[str, Child]:
        """child_id → child, in the report's order."""
        return {self.child_ids[child.reference]: child for child in self.report.children}


def _child_ids(line: bytes) -> dict[str, str] | None:
    """None for a line that is not ours; its error is let go of, because it holds the text."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    child_ids = document.get("child_ids")
    return child_ids if isinstance(child_ids, dict) else None
