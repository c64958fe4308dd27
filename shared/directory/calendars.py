"""School days from the database: bank holidays ← authority terms ← the setting's own terms ← overrides (design section 5).

A setting with terms of its own keeps those alone. Where no layer says anything, ``shared.calendar`` answers *unknown*, never *closed*.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import and_, or_, select

from shared.calendar import Calendar, DayKind, Term
from shared.db import Reading
from shared.db.tables.directory import directory_authority, directory_bank_holiday, directory_day, directory_setting, directory_term
from shared.directory.bank_holidays import BankHolidays
from shared.directory.values import Setting
from shared.errors import NotFound

_AT_ONCE = 500
"""Settings asked about in one statement."""

_Terms = Mapping[tuple[str, str | None], tuple[Term, ...]]
_Overrides = Mapping[str, Mapping[date, tuple[DayKind, date | None]]]


async def of_authority(reading: Reading, bank_holidays: BankHolidays, authority: str) -> Calendar:
    """The calendar of the authority's terms, without any setting. Raises NotFound."""
    holidays = await _holidays(reading, bank_holidays, [authority])
    terms = await _terms(reading, [authority], ())
    return Calendar(bank_holidays=holidays[authority], terms=terms.get((authority, None), ()))


async def of_settings(reading: Reading, bank_holidays: BankHolidays, settings: Sequence[Setting]) -> dict[str, Calendar]:
    """The calendar of each setting, by its id, with three statements for every 500 settings."""
    calendars: dict[str, Calendar] = {}
    for start in range(0, len(settings), _AT_ONCE):
        some = settings[start : start + _AT_ONCE]
        authorities = {setting.authority for setting in some}
        ids = [setting.setting_id for setting in some]
        holidays = await _holidays(reading, bank_holidays, authorities)
        terms = await _terms(reading, authorities, ids)
        overrides = await _overrides(reading, ids)
        calendars |= {
            setting.setting_id: _calendar(setting.setting_id, setting.authority, holidays[setting.authority], terms, overrides)
            for setting in some
        }
    return calendars


async def published(reading: Reading, bank_holidays: BankHolidays) -> BankHolidays:
    """The bank holidays of every nation, as the published list has them where it was looked at."""
    by_nation = dict(bank_holidays.by_nation)
    for row in await reading.execute(select(directory_bank_holiday)):
        if row.nation in by_nation:
            by_nation[row.nation] = by_nation[row.nation] | {row.on} if row.is_holiday else by_nation[row.nation] - {row.on}
    return BankHolidays(by_nation=by_nation)


async def mostly_closed(reading: Reading, bank_holidays: BankHolidays, authority: str, on: date) -> bool:
    """Whether nobody is at most of the authority's open settings on the date ``on``, among those whose calendar says anything of it.

    An unknown day is no evidence, and where nothing is known nothing is mostly closed. A staff-only day is not closed: people are there.
    Raises NotFound for an unknown authority.
    """
    holidays = (await _holidays(reading, bank_holidays, [authority]))[authority]
    open_settings = select(directory_setting.c.setting_id).where(
        directory_setting.c.authority == authority, directory_setting.c.status != "closed"
    )
    ids = list((await reading.execute(open_settings)).scalars())
    days = []
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        terms, overrides = await _terms(reading, [authority], some), await _overrides(reading, some)
        days += [_calendar(setting_id, authority, holidays, terms, overrides).day(on) for setting_id in some]
    known = [day.kind for day in days if day.known]
    return 2 * known.count(DayKind.CLOSED) > len(known)


def _calendar(setting_id: str, authority: str, holidays: frozenset[date], terms: _Terms, overrides: _Overrides) -> Calendar:
    own = terms.get((authority, setting_id), ())
    return Calendar(
        bank_holidays=holidays,
        terms=own or terms.get((authority, None), ()),
        own_terms=bool(own),
        overrides={on: kind for on, (kind, _) in overrides.get(setting_id, {}).items()},
        overrides_as_at={on: as_at_on for on, (_, as_at_on) in overrides.get(setting_id, {}).items() if as_at_on is not None},
    )


async def _holidays(reading: Reading, bank_holidays: BankHolidays, authorities: Iterable[str]) -> dict[str, frozenset[date]]:
    wanted = set(authorities)
    columns = (
        directory_authority.c.authority,
        directory_authority.c.nation,
        directory_bank_holiday.c.on,
        directory_bank_holiday.c.is_holiday,
    )
    theirs = directory_bank_holiday.c.nation == directory_authority.c.nation
    joined = select(*columns).outerjoin_from(directory_authority, directory_bank_holiday, theirs)
    found: dict[str, frozenset[date]] = {}
    for row in await reading.execute(joined.where(directory_authority.c.authority.in_(wanted))):
        known = found.get(row.authority) or bank_holidays.dates(row.nation)
        found[row.authority] = known if row.on is None else known | {row.on} if row.is_holiday else known - {row.on}
    if found.keys() != wanted:
        raise NotFound("there is no such authority")
    return found


async def _terms(reading: Reading, authorities: Iterable[str], setting_ids: Iterable[str]) -> _Terms:
    theirs = and_(directory_term.c.authority.in_(set(authorities)), directory_term.c.setting_id.is_(None))
    statement = select(directory_term).where(or_(theirs, directory_term.c.setting_id.in_(set(setting_ids))))
    terms: dict[tuple[str, str | None], tuple[Term, ...]] = defaultdict(tuple)
    for row in await reading.execute(statement):
        terms[row.authority, row.setting_id] += (Term(first_on=row.first_on, last_on=row.last_on, as_at_on=row.as_at_on),)
    return terms


async def _overrides(reading: Reading, setting_ids: Iterable[str]) -> _Overrides:
    overrides: dict[str, dict[date, tuple[DayKind, date | None]]] = defaultdict(dict)
    for row in await reading.execute(select(directory_day).where(directory_day.c.setting_id.in_(set(setting_ids)))):
        overrides[row.setting_id][row.on] = (DayKind(row.kind), row.as_at_on)
    return overrides
