"""What a run could not try: counted while it runs, told at its end, and a failure where nobody is there to read it.

A skipped test looks like a passed one in a hurry; here it is a line with a reason and a remedy.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.parts import MARKERS, NOT_RUN

REMEDIES: Mapping[str, str] = {
    "postgres": "apt-get install postgresql (or set ENCOMPASS_TEST_POSTGRES)",
    "rabbit": "apt-get install rabbitmq-server (or set ENCOMPASS_TEST_AMQP)",
    "rabbit_node": "apt-get install rabbitmq-server",
    "browser": "apt-get install chromium (or set ENCOMPASS_TEST_CHROMIUM)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that was not tried, and how many tests wanted it."""

    what: str
    tests: int
    why: str
    remedy: str


class Tally:
    """A pytest plugin that counts skipped tests by their reason."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
            self.reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self.reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1


def gaps(reasons: Mapping[str, int], missing: Mapping[str, str]) -> list[Gap]:
    """Every missing part (marker to the reason why it is missing), whether or not a test asked for it, then every other skip."""
    parts = [
        Gap(what=MARKERS[marker], tests=_wanting(marker, reasons), why=why, remedy=REMEDIES[marker]) for marker, why in missing.items()
    ]
    others = [
        Gap(what="a test that skips itself", tests=count, why=reason, remedy="make the test able to run, or remove it")
        for reason, count in reasons.items()
        if not reason.startswith(NOT_RUN)
    ]
    return parts + others


def _wanting(marker: str, reasons: Mapping[str, int]) -> int:
    """How many tests were skipped for want of this part; one that lacked several counts for each."""
    return sum(
        count
        for reason, count in reasons.items()
        if reason.startswith(NOT_RUN) and MARKERS[marker] in reason.removeprefix(NOT_RUN).split(", ")
    )


def table(found: Sequence[Gap], skipped: int) -> str:
    """The closing table."""
    rows = [("what", "tests", "why", "how to get it"), *((gap.what, str(gap.tests), gap.why, gap.remedy) for gap in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    rule = "-" * max(len(line) for line in lines)
    return "\n".join([f"NOT RUN: {skipped} tests", rule, lines[0], rule, *lines[1:], rule])
