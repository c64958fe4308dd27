"""In whose area a child lives, as the report or the roll knows it. For jurisdiction only: nothing here is ever shown (rule 7.3). Pure."""

from collections.abc import Iterable, Mapping

from services.router.domain.evidence import Pupil
from shared.report.model import Child
from shared.report.reading import child_postcode

Areas = Mapping[str, str]
"""Authorities by how the postcodes that lie in them begin."""


def beginnings(postcode: str | None) -> tuple[str, ...]:
    """How a postcode in its written form begins, the longest first.

    >>> beginnings("AA9A 9ZZ")
    ('AA9A 9ZZ', 'AA9A 9', 'AA9A')
    """
    if postcode is None:
        return ()
    outward, _, inward = postcode.partition(" ")
    return (postcode, f"{outward} {inward[:1]}", outward)


def asked(child: Child | None, pupil: Pupil | None) -> tuple[str, ...]:
    """All that must be looked up among the areas to say where this child lives."""
    return tuple(one for postcode in _postcodes(child, pupil) for one in beginnings(postcode))


def residence(child: Child | None, pupil: Pupil | None, areas: Areas) -> str | None:
    """The authority where she lives: by the report's postcode, for it speaks of the night of the incident; else by what the roll says of
    her home; else by the roll's postcode. None when nobody knows.
    """
    reported, on_roll = _postcodes(child, pupil)
    home = pupil.home_authority if pupil is not None else None
    return _authority(reported, areas) or home or _authority(on_roll, areas)


def _postcodes(child: Child | None, pupil: Pupil | None) -> tuple[str | None, str | None]:
    return (child_postcode(child) if child is not None else None, pupil.postcode if pupil is not None else None)


def _authority(postcode: str | None, areas: Areas) -> str | None:
    return next((areas[one] for one in _known(beginnings(postcode), areas)), None)


def _known(wanted: Iterable[str], areas: Areas) -> Iterable[str]:
    return (one for one in wanted if one in areas)
