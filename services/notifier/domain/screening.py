"""Whether free text would tell a setting what it must not learn (design rule 7.3).

A person has to edit what this finds before it is shown. It is coarse on purpose: a text that is held for nothing costs a question to the
desk, and the notification itself never waits for it.
"""

import re
import unicodedata
from collections.abc import Iterator

from shared.report import reading
from shared.report.model import Report

NAME_LENGTH_MIN = 2

POSTCODE = re.compile(r"\b[a-z]{1,2}[0-9][a-z0-9]?\s*[0-9][a-z]{2}\b")
LONG_NUMBER = re.compile(r"[0-9](?:[\s().-]*[0-9]){3,}")
STREET = re.compile(
    r"\b[0-9]{1,4}[a-z]?,?\s+(?:[a-z'-]+\s+){1,3}(?:road|street|avenue|lane|close|drive|court|crescent|way|place|terrace|grove)\b"
)

ORDINARY = frozenset(
    (
        *("the", "and", "for", "not", "mum", "dad", "flat", "house", "road", "street", "avenue", "lane", "close", "drive", "court"),
        *("crescent", "way", "place", "terrace", "grove", "school", "primary", "secondary", "academy", "college", "nursery"),
        *("infant", "junior", "high", "church", "community", "saint"),
    )
)
"""Words of addresses and of schools' names that give nothing away by themselves."""


def names_someone_or_somewhere(text: str, report: Report, child_ref: str, *, numbers: bool = True) -> bool:
    """Whether ``text`` holds a postcode, a street address or (``numbers``) a long number, or any word of the report's addresses, of a
    school as written in it, or of the name of anyone in it but the child of this sheet.
    """
    plain = _plain(text)
    if POSTCODE.search(plain) or STREET.search(plain) or (numbers and LONG_NUMBER.search(plain)):
        return True
    names, places = set(_names(report, child_ref)), set(_places(report))
    own = _own_names(report, child_ref)
    return bool(_words(text) & ((names - own) | (places - own - ORDINARY)))


def _names(report: Report, child_ref: str) -> Iterator[str]:
    for adult in report.adults:
        yield from _words(adult.full_name)
    for child in report.children:
        if child.reference != child_ref:
            yield from _words(child.full_name) | _words(child.known_as)


def _places(report: Report) -> Iterator[str]:
    """The telling words of addresses and schools; a name of two letters tells, a part of an address of that length does not."""
    for child in report.children:
        for text in (child.address, child.postcode, child.lives_elsewhere, child.school.name if child.school else None):
            yield from (word for word in _words(text) if len(word) > NAME_LENGTH_MIN)


def _own_names(report: Report, child_ref: str) -> set[str]:
    child = reading.child(report, child_ref)
    return _words(child.full_name) | _words(child.known_as) if child else set()


def _words(text: str | None) -> set[str]:
    parts = re.findall(r"[^\W_]+", _plain(text or "").replace("'", ""))
    return {part for part in parts if len(part) >= NAME_LENGTH_MIN}


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).casefold().replace("\u2019", "'")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
