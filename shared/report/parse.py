"""From bytes to a JSON object, trusting nothing: size, encoding, numbers, duplicate members, nesting, characters.

Python's parser takes more than JSON is (NaN, lone surrogates, the last of two members); whatever two readers could read
differently is refused here, before anything is stored.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from shared.report.findings import ReportRefused, problem

BODY_BYTES_MAX = 256 * 1024
DEPTH_MAX = 16
"""Objects and arrays within one another; a report needs five."""
INTEGER_CHARS_MAX = 30

_SUSPECT_ESCAPE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body`` (UTF-8, a byte order mark is allowed). Raises ReportRefused with one problem."""
    if len(body) > BODY_BYTES_MAX:
        raise _refused("too-large")
    tree, code = _decoded(body)
    if code is None and not isinstance(tree, dict):
        code = "not-an-object"
    if code is None and _deeper_than(tree, DEPTH_MAX):
        code = "too-deep"
    if code is None and _SUSPECT_ESCAPE.search(body):
        code = _bad_character(tree)
    if code is not None:
        raise _refused(code)
    assert isinstance(tree, dict)
    return tree


class _Bad(ValueError):
    """A token that JSON readers disagree about; carries a problem's code."""


def _refused(code: str) -> ReportRefused:
    return ReportRefused((problem(code),))


def _decoded(body: bytes) -> tuple[object, str | None]:
    """The value, or a problem's code. Returned, not raised, so that no exception carries the body in its context."""
    try:
        return _DECODER.decode(body.decode("utf-8-sig")), None
    except _Bad as bad:
        return None, str(bad)
    except UnicodeDecodeError:
        return None, "not-utf-8"
    except RecursionError:
        return None, "too-deep"
    except ValueError:
        return None, "not-json"


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Bad("duplicate-member")
    return members


def _integer(digits: str) -> int:
    if len(digits) > INTEGER_CHARS_MAX:
        raise _Bad("number-out-of-range")
    return int(digits)


def _float(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise _Bad("number-out-of-range")
    return number


def _constant(_name: str) -> float:
    raise _Bad("number-out-of-range")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _deeper_than(value: Any, levels: int) -> bool:
    if levels == 0:
        return True
    inner = value.values() if type(value) is dict else value
    return any(_deeper_than(item, levels - 1) for item in inner if type(item) is dict or type(item) is list)


def _bad_character(tree: object) -> str | None:
    """What an escape smuggled in: bytes that are UTF-8 hold neither, so only a body with such an escape is walked."""
    for text in _texts(tree):
        if "\x00" in text:
            return "nul-character"
        if any("\ud800" <= character <= "\udfff" for character in text):
            return "not-unicode"
    return None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
