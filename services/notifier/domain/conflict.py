"""Whether a person who is about to be told is one of the incident's adults (design rule 7.7, demand 30).

*Strong*: name and a second identifier agree. The person is passed over, and nothing shows that she was. *Weak*: the name alone, or an
identifier under another name. A machine must not decide that: nothing is sent to her automatically, and a telephone task asks the
authority's named lead to decide within the ladder's time. Either way the other contacts are told as planned.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from shared.names import same_name
from shared.report.model import Report

PHONE_DIGITS = 10
"""The last digits of a telephone number that tell subscribers apart, whatever stands before them (+44, 0044, 0)."""


class Conflict(StrEnum):
    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPerson:
    """Someone who may be told. ``born_on`` where the directory holds it."""

    name: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    born_on: date | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAdult:
    """An adult of the incident: a name, and whatever else the report holds."""

    name: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    born_on: date | None = field(default=None, repr=False)


def known_adults(report: Report) -> tuple[KnownAdult, ...]:
    """The report's adults, as far as they are named. A report holds no telephone or e-mail of theirs."""
    return tuple(KnownAdult(name=adult.full_name, born_on=adult.date_of_birth) for adult in report.adults if adult.full_name)


def conflict(contact: ContactPerson, adults: Iterable[KnownAdult]) -> Conflict:
    """The worst conflict between the contact and any of the adults."""
    found = {_with(contact, adult) for adult in adults}
    return next((grade for grade in (Conflict.STRONG, Conflict.WEAK) if grade in found), Conflict.NONE)


def _with(contact: ContactPerson, adult: KnownAdult) -> Conflict:
    name = same_name(contact.name, adult.name)
    reachable = _agree(_phone(contact.phone), _phone(adult.phone)) or _agree(_email(contact.email), _email(adult.email))
    born = _agree(contact.born_on, adult.born_on)
    if name and (reachable or born):
        return Conflict.STRONG
    return Conflict.WEAK if name or reachable else Conflict.NONE


def _phone(text: str | None) -> str | None:
    digits = "".join(letter for letter in text or "" if letter.isdecimal())
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else None


def _email(text: str | None) -> str | None:
    return (text or "").strip().casefold() or None


def _agree(one: object | None, other: object | None) -> bool:
    return one is not None and one == other
