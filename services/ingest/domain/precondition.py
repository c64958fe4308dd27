"""``If-Match``: which versions of an incident a request is meant for. An incident's entity tag is its version in quotes."""

import re
from dataclasses import dataclass

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")
_OURS = re.compile(r'"([1-9][0-9]{0,8})"', re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """``versions`` by number; ``any_version`` for ``*``."""

    versions: frozenset[int] = frozenset()
    any_version: bool = False

    def admits(self, version: int) -> bool:
        """Whether the request is meant for that version."""
        return self.any_version or version in self.versions


def expected(if_match: str) -> Expected | None:
    """What the header's value says (RFC 9110, section 13.1.1); None when it is no such value.

    A weak tag and another's tag match nothing.

    >>> expected('"3"').versions
    frozenset({3})
    """
    value = if_match.strip(" \t")
    if value == "*":
        return Expected(any_version=True)
    if not _TAGS.fullmatch(value):
        return None
    tags = (tag.strip(" \t") for tag in re.findall(_TAG, value))
    return Expected(versions=frozenset(int(ours[1]) for tag in tags if (ours := _OURS.fullmatch(tag))))


def entity_tag(version: int) -> str:
    """The header's value for a version."""
    return f'"{version}"'
