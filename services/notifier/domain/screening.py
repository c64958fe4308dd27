"""Whether free text would tell a setting what it must not learn (design rule 7.3).

A person has to edit what this finds before it is shown. It is coarse on purpose: a text that is held for nothing costs a question to the
desk, and the notification itself never waits for it.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator

from shared.report import reading
from shared.report.model import Report

NAME_LENGTH_MIN = 2
PLACE_LENGTH_MIN = 3
"""A name of two letters tells; a part of an address of that length does not."""

POSTCODE = re.compile(r"\b[a-z]{1,2}[0-9][a-z0-9]?\s*[0-9][a-z]{2}\b")
LONG_NUMBER = re.compile(r"[0-9](?:[\s().-]*[0-9]){3,}")
WAYS = (
    *("road", "street", "avenue", "lane", "close", "drive", "court", "crescent", "way", "place", "terrace", "grove", "row", "gardens"),
    *("hill", "square", "mews", "walk", "rise", "view", "green", "parade", "park", "cottages"),
)
STREET = re.compile(rf"\b[0-9]{{1,4}}[a-z]?,?\s+(?:[a-z'-]+\s+){{1,3}}(?:{'|'.join(WAYS)})\b")

ORDINARY = frozenset(
    (
        *WAYS,
        *("the", "and", "for", "not", "mum", "dad", "flat", "house", "school", "primary", "secondary", "academy", "college", "nursery"),
        *("infant", "junior", "high", "church", "community", "saint"),
    )
)
"""Words of addresses and of schools' names that give nothing away by themselves."""


def names_someone_or_somewhere(text: str, report: Report, child_ref: str) -> bool:
    """Whether prose holds an address or a long number, or any telling word of the report's addresses, of a school as written in it, or of
    the name of anyone in it but the child of this sheet.
    """
    if writes_an_address(text, report) or LONG_NUMBER.search(_plain(text)):
        return True
    places = set(_places(report)) - ORDINARY - _own_names(report, child_ref)
    return names_someone(text, report, child_ref) or not places.isdisjoint(_words(text))


def names_someone(text: str, report: Report, child_ref: str) -> bool:
    """Whether it holds a part of the name of anyone in the report but the child of this sheet."""
    names = set(_names(report, child_ref)) - _own_names(report, child_ref)
    return not names.isdisjoint(_words(text))


def names_a_school_or_number(text: str, report: Report) -> bool:
    """Whether it holds a long number, or a telling word of a school as the report writes it."""
    schools = {word for child in report.children if child.school for word in _words(child.school.name) if len(word) >= PLACE_LENGTH_MIN}
    return bool(LONG_NUMBER.search(_plain(text))) or not (schools - ORDINARY).isdisjoint(_words(text))


def writes_an_address(text: str, report: Report) -> bool:
    """Whether it holds a postcode, a house in a street, or two neighbouring words of an address of the report.

    One word of an address is no address: a court and a desk are called after the same county.
    """
    plain = _plain(text)
    if POSTCODE.search(plain) or STREET.search(plain):
        return True
    addresses = (child.address for child in report.children)
    known = {pair for address in addresses for pair in itertools.pairwise(_words(address))}
    return not known.isdisjoint(itertools.pairwise(_words(text)))


def _names(report: Report, child_ref: str) -> Iterator[str]:
    others = [child for child in report.children if child.reference != child_ref]
    for name in (
        *(adult.full_name for adult in report.adults),
        *(child.full_name for child in others),
        *(child.known_as for child in others),
    ):
        yield from (word for word in _words(name) if len(word) >= NAME_LENGTH_MIN)


def _places(report: Report) -> Iterator[str]:
    for child in report.children:
        elsewhere = " ".join(re.findall(r"(?<=\s)[A-Z]\w+", child.lives_elsewhere or ""))  # a sentence: its proper names alone
        for text in (child.address, child.postcode, elsewhere, child.school.name if child.school else None):
            yield from (word for word in _words(text) if len(word) >= PLACE_LENGTH_MIN)


def _own_names(report: Report, child_ref: str) -> set[str]:
    child = reading.child(report, child_ref)
    return {*_words(child.full_name), *_words(child.known_as)} if child else set()


def _words(text: str | None) -> list[str]:
    return re.findall(r"[^\W_]+", _plain(text or "").replace("'", ""))


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).casefold().replace("\u2019", "'")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
