"""Two weeks of a fictional force's reports: what its records system sends, and when. Everything follows from a seed.

The week before the autumn half term and the holiday itself, in 2026: the clocks go back on the Sunday between the two.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

from services.demo.people import Pupil, chosen
from services.demo.places import name_of
from services.demo.report import child_of, report_of
from shared.calendar import at

WORLD_ON = date(2026, 10, 5)
"""The day on which the directory and the roll are taken: a fortnight before, so that its terms leave the holiday as it is."""
BEGINS_ON, HOLIDAY_ON, BACK_ON = date(2026, 10, 19), date(2026, 10, 24), date(2026, 11, 2)
ENDS_ON = date(2026, 11, 4)
POST, RESEND, CORRECT, WITHDRAW = "post", "resend", "correct", "withdraw"
_HOURS = (0, 0, 1, 1, 2, 3, 5, 7, 9, 11, 12, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21, 21, 21, 22, 22, 22, 23, 23, 23)
"""When reports come in, as often as they stand here: most in the evening and at night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One thing that the records system does at ``at``: posts, posts again, corrects or withdraws the report ``reference``.

    ``children`` are the references of the children that the report has from then on: the sender's own list.
    """

    at: datetime
    kind: str
    reference: str
    body: dict[str, Any] = field(repr=False)
    children: tuple[str, ...]


def sendings(known: Sequence[Pupil], *, seed: int, reports: int) -> tuple[Sending, ...]:
    """So many reports of the families in ``known``, and what follows on some of them, in the order of sending."""
    families = _families(known)
    found = [sending for number in range(reports) for sending in _of_report(number, families, seed)]
    return tuple(sorted(found, key=lambda sending: (sending.at, sending.reference, sending.kind)))


def _families(known: Sequence[Pupil]) -> list[tuple[Pupil, ...]]:
    by_home: dict[tuple[str, str], list[Pupil]] = defaultdict(list)
    for pupil in known:
        by_home[pupil.surname, pupil.postcode].append(pupil)
    return [tuple(family) for family in by_home.values()]


def _of_report(number: int, families: Sequence[tuple[Pupil, ...]], seed: int) -> Iterator[Sending]:
    def draw(items: Sequence[Any], what: str) -> Any:
        return chosen(items, seed, number, what)

    sent_at = _instant(draw(range(100), "when"), draw(range(100), "day"), draw(_HOURS, "hour"), draw(range(0, 60, 5), "minute"))
    late = draw(range(100), "late") < 12
    believed_at = sent_at - (timedelta(hours=draw(range(8, 60), "late by")) if late else timedelta(minutes=draw(range(10, 120), "after")))
    family = draw(families, "family")
    numbers = count(1)
    children = [_child(f"C{next(numbers)}", pupil, draw) for pupil in family]
    body = report_of(f"{seed}-{number:05d}", believed_at, children, flags=_flags(draw(range(100), "flags"))) | {"source_version": 1}
    names = tuple(child["reference"] for child in children)
    first = Sending(at=sent_at, kind=POST, reference=body["reference"], body=body, children=names)
    yield first
    yield from _later(first, draw)


def _later(first: Sending, draw: Any) -> Iterator[Sending]:
    """Some reports are sent again unchanged, some are put right, a few are taken back."""
    after = first.at + timedelta(minutes=draw(range(10, 400, 5), "later"))
    kind = draw(range(100), "kind")
    if kind < 15:
        yield Sending(at=after, kind=RESEND, reference=first.reference, body=first.body, children=first.children)
    elif kind < 30:
        yield _corrected(first, after, draw)
    elif kind < 34:
        yield Sending(at=after, kind=WITHDRAW, reference=first.reference, body={"reason": "recorded-in-error"}, children=first.children)


def _corrected(first: Sending, after: datetime, draw: Any) -> Sending:
    """Another content under the same reference: what happened, a child out, or only what nobody is shown."""
    body = copy.deepcopy(first.body) | {"source_version": 2}
    what = draw(("shown", "silent", "child out"), "what")
    if what == "shown":
        body["behaviours"] = [*body["behaviours"], "harassment"]
    elif what == "child out" and len(body["children"]) > 1:
        gone = body["children"].pop()["reference"]
        for adult in body["adults"]:
            adult["relationships"] = [one for one in adult["relationships"] if one["child"] != gone]
    else:
        body["reported_at"] = first.body["believed_at"]
    return Sending(
        at=after, kind=CORRECT, reference=first.reference, body=body, children=tuple(child["reference"] for child in body["children"])
    )


def _instant(when: int, day: int, hour: int, minute: int) -> datetime:
    """Two reports of three fall into the school week and its weekend, the third into the holiday."""
    on = BEGINS_ON + timedelta(days=day % 7) if when < 66 else HOLIDAY_ON + timedelta(days=2 + day % 7)
    return at(on, time(hour, minute))


def _flags(drawn: int) -> list[str]:
    return ["refuge"] if drawn < 2 else ["protected-identity"] if drawn < 4 else []


def _child(reference: str, pupil: Pupil, draw: Any) -> dict[str, Any]:
    """The child as officers wrote it down: with its UPN, by its school, or with something missing or wrong."""
    how = draw(range(100), f"child {reference}")
    child = child_of(reference, pupil, place=draw(range(3), f"place {reference}"))
    if how < 55 and pupil.upn:
        return child | {"upn": pupil.upn}
    if how >= 98:
        return child | {"full_name": f"Nobody Unknownby-{pupil.surname}"}
    if how >= 96:
        return child | {"full_name": f"{pupil.forename}e {pupil.surname}"}
    if how >= 94:
        return child | {"date_of_birth": pupil.date_of_birth.replace(year=pupil.date_of_birth.year - 17, day=1).isoformat()}
    if how >= 91:
        return {key: value for key, value in child.items() if key != "school"}
    if how >= 88:
        name = name_of(pupil.setting_id).partition(",")[0]
        return child | {"school": {"name": name}} if name != name_of(pupil.setting_id) else child | {"date_of_birth_accuracy": "estimated"}
    return child
