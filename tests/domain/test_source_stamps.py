"""Which version of a record is the later one, and what If-Match names."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ingest.domain.precondition import entity_tag, expected
from services.ingest.domain.stamps import Order, Stamp, later, order
from shared.report.read import read
from tests.samples import sample_body

AT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
SOON = AT + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("here", "sent", "said"),
    [
        (Stamp(), Stamp(), Order.UNSAID),
        (Stamp(version=1), Stamp(), Order.UNSAID),
        (Stamp(), Stamp(version=0), Order.NEWER),
        (Stamp(version=1), Stamp(version=2), Order.NEWER),
        (Stamp(version=2), Stamp(version=2), Order.SAME),
        (Stamp(version=2), Stamp(version=1), Order.OLDER),
        (Stamp(changed_at=AT), Stamp(changed_at=SOON), Order.NEWER),
        (Stamp(changed_at=SOON), Stamp(changed_at=AT), Order.OLDER),
        (Stamp(changed_at=AT), Stamp(version=1), Order.OTHERWISE),
        (Stamp(version=1), Stamp(changed_at=AT), Order.OTHERWISE),
        (Stamp(version=1, changed_at=SOON), Stamp(version=2, changed_at=AT), Order.NEWER),  # the count decides
        (Stamp(version=1, changed_at=AT), Stamp(changed_at=SOON), Order.NEWER),
    ],
)
def test_the_later_version_is_the_sources_own_word(here: Stamp, sent: Stamp, said: Order) -> None:
    assert order(here, sent) is said


def test_what_a_later_version_does_not_say_stays() -> None:
    assert later(Stamp(version=1, changed_at=AT), Stamp(changed_at=SOON)) == Stamp(version=1, changed_at=SOON)


@pytest.mark.parametrize(
    ("value", "admitted"),
    [
        ('"3"', {3}),
        (' "3" ', {3}),
        ('"1","3"', {1, 3}),
        ('"1" , W/"3"', {1}),
        ('"03"', set()),
        ('"3,4"', set()),
        ("\"a'3'\"", set()),
        ("*", {1, 2, 3}),
    ],
)
def test_a_precondition_names_versions(value: str, admitted: set[int]) -> None:
    said = expected(value)
    assert said is not None
    assert {version for version in (1, 2, 3) if said.admits(version)} == admitted & {1, 2, 3}


@pytest.mark.parametrize("value", ["", "3", '"3', '3"', '"3""4"', '"3";"4"', "* *", '*, "3"', '"' + "3" * 10_000])
def test_what_is_no_precondition_is_none(value: str) -> None:
    assert expected(value) is None


def test_an_entity_tag_names_its_version() -> None:
    said = expected(entity_tag(12))
    assert said is not None
    assert said.admits(12)


@pytest.mark.parametrize(
    "stamp", [{"source_version": 9}, {"source_version": "9"}, {"source_version": -1}, {"source_changed_at": "yesterday"}]
)
def test_a_stamp_is_no_part_of_what_a_report_says(stamp: dict[str, Any]) -> None:
    """Readable or not: one that is not is told of, and refuses nothing."""
    plain, stamped = read(sample_body()), read(sample_body(**stamp))
    assert stamped.report.to_canonical() == plain.report.to_canonical()
    readable = stamped.report.source_version is not None
    assert (len(stamped.findings) > len(plain.findings)) is not readable
