"""Bank holidays as GOV.UK publishes them (gov.uk/bank-holidays.json), against those that came with the program. Pure.

A holiday may be proclaimed weeks ahead, or moved. What is published counts for the years that it covers; what looks like a mistake of
theirs or of the way here is refused whole, and yesterday's list stays.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from shared.directory.bank_holidays import DIVISIONS
from shared.errors import Refused

FEWEST_A_YEAR = 6
"""Every nation has eight or more; a list with fewer for this year has lost some."""
MOST_TAKEN_BACK = 2
"""So many coming holidays may vanish at once: one that moves, and one more. Otherwise the list is doubted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One date of one nation that is a holiday by the published list alone, or (``is_holiday`` false) by the program's alone."""

    nation: str
    on: date
    is_holiday: bool


def read(content: bytes, today: date) -> dict[str, frozenset[date]]:
    """The dates by nation. Raises Refused for what is not such a list, or one that does not cover this year."""
    try:
        lists = {division: _dates(json.loads(content)[division]["events"]) for division in sorted(set(DIVISIONS.values()))}
    except (ValueError, TypeError, KeyError, LookupError, RecursionError):
        raise Refused("the answer is not a list of bank holidays", code="not-a-list") from None
    for dates in lists.values():
        if sum(on.year == today.year for on in dates) < FEWEST_A_YEAR:
            raise Refused("the list does not cover this year", code="too-short")
    return {nation: lists[division] for nation, division in DIVISIONS.items()}


def differences(packaged: Mapping[str, frozenset[date]], published: Mapping[str, frozenset[date]], today: date) -> tuple[Difference, ...]:
    """What differs for the dates that the published list covers. Raises Refused when too much that is coming would be taken back."""
    found = []
    for nation, dates in sorted(published.items()):
        first, last = min(dates), max(dates)
        gone = {on for on in packaged.get(nation, frozenset()) - dates if first <= on <= last}
        if sum(on >= today for on in gone) > MOST_TAKEN_BACK:
            raise Refused("too many coming holidays are missing from the list", code="doubtful")
        new = dates - packaged.get(nation, frozenset())
        found += [Difference(nation=nation, on=on, is_holiday=on in new) for on in sorted(gone | new)]
    return tuple(found)


def _dates(events: list[dict[str, str]]) -> frozenset[date]:
    return frozenset(date.fromisoformat(event["date"]) for event in events)
