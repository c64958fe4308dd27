"""What a row of a pupil extract says: a pupil, or why it cannot be taken; no value of a row is ever told."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from services.router.domain.evidence import Pupil, compact_upn, folded
from shared.ids import new_id
from shared.policy import WEEKDAYS
from shared.tabular import Column, RefusedRow, Row

SETTINGS_MAX = 8
NAME_CHARACTERS_MAX = 200

COLUMNS = (
    Column(name="upn"),
    Column(name="forename", also=("given_name", "first_name")),
    Column(name="surname", also=("family_name", "last_name")),
    Column(name="known_as", required=False, also=("preferred_forename", "preferred_name")),
    Column(name="date_of_birth", also=("dob",)),
    Column(name="postcode"),
    Column(name="settings", also=("urn", "urns", "setting_ids")),
    Column(name="restricted"),
    Column(name="home_authority", required=False, also=("home_la",)),
    Column(name="education", required=False),
)
EDUCATION = ("", "home-educated", "missing-education")
_YES, _NO = ("yes", "y", "true", "1"), ("", "no", "n", "false", "0")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_BRITISH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|GIR ?0AA", re.ASCII)
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,31})?", re.ASCII)
_SETTING = re.compile(r"[A-Z]{0,2}\d{5,8}", re.ASCII)


def read_pupils(rows: Iterable[Row | RefusedRow], authority: str, as_at_on: date) -> tuple[dict[int, Pupil], list[RefusedRow]]:
    """The pupils by line, and the rows that cannot be taken; no value of a row is ever told."""
    pupils: dict[int, Pupil] = {}
    refused: list[RefusedRow] = []
    seen: set[str] = set()
    for row in rows:
        pupil = row if isinstance(row, RefusedRow) else _pupil(row, authority, as_at_on)
        if isinstance(pupil, RefusedRow):
            refused.append(pupil)
        elif pupil.upn is not None and pupil.upn in seen:
            text = "an earlier row has this UPN: give a pupil one row with all settings"
            refused.append(RefusedRow(line=row.line, column="upn", code="duplicate", text=text))
        else:
            pupils[row.line] = pupil
            seen |= {pupil.upn} if pupil.upn else set()
    return pupils, refused


def _pupil(row: Row, authority: str, as_at_on: date) -> Pupil | RefusedRow:
    cells = row.cells
    upn = compact_upn(cells["upn"]) if cells["upn"] else None
    attended = attendance(cells["settings"])
    settings = tuple(attended)
    born = born_on(cells["date_of_birth"])
    wrong = {
        "upn": ("check-letter", "its form or its check letter is wrong") if cells["upn"] and upn is None else None,
        "forename": _name_wrong(cells["forename"]),
        "surname": _name_wrong(cells["surname"]),
        "known_as": _name_wrong(cells["known_as"]) if cells["known_as"] else None,
        "date_of_birth": _born_wrong(born, as_at_on),
        "settings": _settings_wrong(settings),
        "home_authority": None if _AUTHORITY.fullmatch(cells["home_authority"]) else ("malformed", "give the authority's code"),
        "education": None if cells["education"] in EDUCATION else ("unknown-code", f"give {' or '.join(EDUCATION[1:])}, or nothing"),
        "restricted": ("unknown-code", "give yes or no") if cells["restricted"].casefold() not in (*_YES, *_NO) else None,
    }
    for column, problem in wrong.items():
        if problem is not None:
            return RefusedRow(line=row.line, column=column, code=problem[0], text=problem[1])
    assert born is not None
    return Pupil(
        pupil_id=new_id(),
        authority=authority,
        setting_ids=settings,
        restricted=cells["restricted"].casefold() in _YES,
        upn=upn,
        forename=cells["forename"],
        surname=cells["surname"],
        known_as=cells["known_as"] or None,
        date_of_birth=born,
        postcode=_postcode(cells["postcode"]),
        home_authority=cells["home_authority"] or None,
        education=cells["education"] or None,
        weekdays={setting_id: days for setting_id, days in attended.items() if days},
    )


def attendance(cell: str) -> dict[str, frozenset[int]]:
    """The settings that a cell gives, each with the weekdays on which she is there (Monday = 0); none said: every day.

    What is no weekday stays part of the setting's id, and no id has such a form.

    >>> attendance("100001; ey100002:tue+thu")
    {'100001': frozenset(), 'EY100002': frozenset({1, 3})}
    """
    found: dict[str, frozenset[int]] = {}
    for part in filter(None, (part.strip() for part in cell.split(";"))):
        setting_id, _, written = part.partition(":")
        days = written.casefold().split("+") if written else []
        if any(day not in WEEKDAYS for day in days):
            setting_id, days = part, []
        found[setting_id.strip().upper()] = frozenset(WEEKDAYS.index(day) for day in days)
    return found


def _name_wrong(name: str) -> tuple[str, str] | None:
    if not folded(name):
        return "missing", "there is no name"
    return ("too-long", f"a name has at most {NAME_CHARACTERS_MAX} characters") if len(name) > NAME_CHARACTERS_MAX else None


def _born_wrong(born: date | None, as_at_on: date) -> tuple[str, str] | None:
    if born is None:
        return "malformed", "give a date as 2018-03-04 or 04/03/2018"
    return ("future", "the date lies after that of the roll") if born > as_at_on else None


def _settings_wrong(settings: Sequence[str]) -> tuple[str, str] | None:
    if len(settings) > SETTINGS_MAX:
        return "too-many", f"a pupil has at most {SETTINGS_MAX} settings"
    if not all(_SETTING.fullmatch(setting_id) for setting_id in settings):
        return "malformed", "give URNs or early years register numbers, separated by semicolons"
    return None


def born_on(text: str) -> date | None:
    """The date that a cell gives; None for anything else."""
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _BRITISH.fullmatch(text):
        day, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _postcode(text: str) -> str | None:
    """``AA9A 9AA``; None for anything that is no postcode."""
    compact = "".join(text.upper().split())
    return f"{compact[:-3]} {compact[-3:]}" if _POSTCODE.fullmatch(compact) else None
