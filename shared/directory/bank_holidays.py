"""Bank holidays by nation, from the list that GOV.UK publishes and ``govuk-bank-holidays`` carries; nothing is fetched here.

The list ends somewhere, and behind its end every bank holiday looks like a school day. So it says how far it reaches, and
``cover_findings`` says in time when that is not far enough (design section 5: twelve months).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from govuk_bank_holidays.bank_holidays import BankHolidays as Published

from shared.errors import Misuse

COVER_DAYS = 365
DIVISIONS: Mapping[str, str] = {
    "england": Published.ENGLAND_AND_WALES,
    "wales": Published.ENGLAND_AND_WALES,
    "scotland": Published.SCOTLAND,
    "northern-ireland": Published.NORTHERN_IRELAND,
}
"""A nation and its list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverFinding:
    """A nation whose bank holidays are listed for less than twelve months ahead."""

    nation: str
    covers_until_on: date
    text: str = "the bank holidays known end in less than twelve months: update govuk-bank-holidays"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankHolidays:
    """Dates by nation (``england``, ``wales``, ``scotland``, ``northern-ireland``)."""

    by_nation: Mapping[str, frozenset[date]]

    @classmethod
    def bundled(cls) -> "BankHolidays":
        """The list as it came with the installed package."""
        published = Published(use_cached_holidays=True)
        lists = {division: frozenset(day["date"] for day in published.get_holidays(division)) for division in set(DIVISIONS.values())}
        return cls(by_nation={nation: lists[division] for nation, division in DIVISIONS.items()})

    def dates(self, nation: str) -> frozenset[date]:
        """Every bank holiday known of the nation. Raises Misuse for a nation without a list: none at all would be silently wrong."""
        if not self.by_nation.get(nation):
            raise Misuse("a nation without bank holidays")
        return self.by_nation[nation]

    def covers_until(self, nation: str) -> date:
        """The last bank holiday listed; what lies behind it is not known. Raises Misuse as ``dates`` does."""
        return max(self.dates(nation))

    def cover_findings(self, today: date) -> tuple[CoverFinding, ...]:
        """The nations whose list reaches less than twelve months from the London date ``today``; empty when all is well."""
        needed = today + timedelta(days=COVER_DAYS)
        ends = {nation: self.covers_until(nation) for nation in sorted(self.by_nation)}
        return tuple(CoverFinding(nation=nation, covers_until_on=end) for nation, end in ends.items() if end < needed)
