"""Bodies that are not reports: ``malformed(seed)`` is one of them, the same for the same seed, and must always be refused.

Each kind damages shape, size or identity, never an optional value. ``KINDS`` is the list; a seed picks the kind in turn and rolls the rest.
"""

import json
import random
from collections.abc import Callable
from typing import Any

from tests.samples import sample_report

BODY_BYTES_MAX = 256 * 1024


def malformed(seed: int) -> bytes:
    """A body that no reader may take."""
    return KINDS[seed % len(KINDS)](random.Random(seed))


def _bytes(report: Any) -> bytes:
    return json.dumps(report).encode()


def _sample(dice: random.Random) -> dict[str, Any]:
    return sample_report(seed=dice.randrange(10**6))


def _truncated(dice: random.Random) -> bytes:
    body = _bytes(_sample(dice))
    return body[: dice.randrange(1, len(body) - 1)]


def _empty(dice: random.Random) -> bytes:
    return dice.choice([b"", b" ", b"\n\n", b"\xef\xbb\xbf"])


def _trailing(dice: random.Random) -> bytes:
    return _bytes(_sample(dice)) + dice.choice([b"}", b"{}", b"x", b",", b"null"])


def _not_json(dice: random.Random) -> bytes:
    return dice.choice(
        [b"<report/>", b"reference=SAMPLE", b"{'a': 1}", b'{"a": 1,}', b"{a: 1}", b"%PDF-1.7", b'{"a": 01}', b'{"a": "\t\n"}']
    )


def _root(dice: random.Random) -> bytes:
    sample = _sample(dice)
    return _bytes(dice.choice([[sample], [], "report", 7, -1.5, True, None, [[sample]], json.dumps(sample)]))


def _bad_utf8(dice: random.Random) -> bytes:
    body = bytearray(_bytes(_sample(dice)))
    at = body.index(b"Officers") + dice.randrange(8)
    body[at : at + 1] = dice.choice([b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"O\x92"])
    return bytes(body)


def _other_encoding(dice: random.Random) -> bytes:
    return json.dumps(_sample(dice)).encode(dice.choice(["utf-16", "utf-32", "utf-16-le", "utf-16-be"]))


def _surrogate(dice: random.Random) -> bytes:
    half = dice.choice(["\\ud800", "\\uDFFF", "\\udc00\\ud83d", "a\\uD83D"])
    member = dice.choice(["brief_circumstances", "an_unknown_field", "reference"])
    return _bytes(_sample(dice))[:-1] + f', "{member}x": "{half}"}}'.encode()


def _surrogate_in_a_name(dice: random.Random) -> bytes:
    return _bytes(_sample(dice))[:-1] + b', "' + dice.choice([b"\\ud83d", b"\\uDC00"]) + b'": 1}'


def _nul(dice: random.Random) -> bytes:
    sample = _sample(dice)
    person = dice.choice(sample["children"] + sample["adults"])
    person[dice.choice(["full_name", "reference", "language", "new_field", "new\x00field"])] = dice.choice(
        ["\x00", "Sam\x00ple", "end\x00"]
    )
    return _bytes(sample)


def _raw_control(dice: random.Random) -> bytes:
    return _bytes(_sample(dice)).replace(b"Officers", dice.choice([b"Off\x00icers", b"Off\x01icers", b"Off\nicers", b"Off\x1ficers"]))


def _duplicate_member(dice: random.Random) -> bytes:
    name = dice.choice(["reference", "children", "believed_at", "another"])
    extra = b', "another": 1' if name == "another" else b""
    return _bytes(_sample(dice))[:-1] + extra + f', "{name}": {json.dumps(dice.choice(["x", [], None]))}}}'.encode()


def _duplicate_deeper(dice: random.Random) -> bytes:
    return _bytes(_sample(dice)).replace(b'"full_name":', b'"full_name": "Samandra Other", "full_name":', dice.randrange(1, 4))


def _deep(dice: random.Random) -> bytes:
    depth = dice.choice([17, 40, 900, 5_000, 100_000])
    opening, closing = dice.choice([(b"[", b"]"), (b'{"a":', b"}")])
    inner = opening * depth + b"1" + closing * depth
    return inner if dice.random() < 0.3 else _bytes(_sample(dice))[:-1] + b', "a_field": ' + inner[: BODY_BYTES_MAX - 10_000] + b"}"


def _huge_number(dice: random.Random) -> bytes:
    digits = dice.choice(["9" * 31, "9" * 5_000, "-" + "1" * 100_000, "1e999", "-1E400", "1.5e99999", "NaN", "Infinity", "-Infinity"])
    place = dice.choice(["an_unknown_field", "believed_on", "upn"])
    return _bytes(_sample(dice))[:-1] + f', "{place}": {digits}}}'.encode()


def _missing(dice: random.Random) -> bytes:
    sample = _sample(dice)
    del sample[dice.choice(["system", "reference", "children"])]
    return _bytes(sample)


def _wrong_type(dice: random.Random) -> bytes:
    name = dice.choice(["system", "reference", "children", "adults"])
    return _bytes(_sample(dice) | {name: dice.choice([7, True, {}, {"a": 1}, 1.5, "", "\t"])})


def _null_identity(dice: random.Random) -> bytes:
    return _bytes(_sample(dice) | {dice.choice(["system", "reference", "children"]): None})


def _bad_reference(dice: random.Random) -> bytes:
    bad = ["", " ", " A", "A ", "A\nB", "A\tB", "x" * 65, "A\u200bB", "A\u2028B", "\u202eA", "A\x7f", "A\u00a0B", 12, ["A"], {"a": "b"}]
    return _bytes(_sample(dice) | {"reference": dice.choice(bad)})


def _bad_system(dice: random.Random) -> bytes:
    bad = ["", "UPPER", "two words", "-start", "end-", "é", "x" * 33, "a/b", "a\n", 5, ["sample-rms"]]
    return _bytes(_sample(dice) | {"system": dice.choice(bad)})


def _person_without_reference(dice: random.Random) -> bytes:
    sample = _sample(dice)
    person = dice.choice(sample["children"] + sample["adults"])
    person["reference"] = dice.choice([None, "", 3, "x" * 65, ["C1"], " C1"])
    if dice.random() < 0.4:
        del person["reference"]
    return _bytes(sample)


def _not_a_person(dice: random.Random) -> bytes:
    sample = _sample(dice)
    people = sample[dice.choice(["children", "adults"])]
    people[dice.randrange(len(people))] = dice.choice([None, "Samandra Testerby", 3, [], [{"reference": "C9"}], True])
    return _bytes(sample)


def _repeated_reference(dice: random.Random) -> bytes:
    sample = _sample(dice)
    people = sample[dice.choice(["children", "adults"])]
    people[-1]["reference"] = people[0]["reference"]
    return _bytes(sample)


def _too_many_children(dice: random.Random) -> bytes:
    return _bytes(_sample(dice) | {"children": [{"reference": f"C{n}"} for n in range(dice.choice([31, 32, 400]))]})


def _too_many_adults(dice: random.Random) -> bytes:
    return _bytes(_sample(dice) | {"adults": [{"reference": f"A{n}"} for n in range(dice.choice([21, 22, 400]))]})


def _no_children(dice: random.Random) -> bytes:
    return _bytes(_sample(dice) | {"children": []})


def _oversize(dice: random.Random) -> bytes:
    sample = _sample(dice)
    sample[dice.choice(["brief_circumstances", "an_unknown_field"])] = "x" * (BODY_BYTES_MAX + dice.randrange(1, 1_000))
    return _bytes(sample)


def _oversize_white_space(dice: random.Random) -> bytes:
    return _bytes(_sample(dice)) + dice.choice([b" ", b"\n", b"\t"]) * BODY_BYTES_MAX


def _noise(dice: random.Random) -> bytes:
    return b"\xff" + dice.randbytes(dice.randrange(0, 4_000))


KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    _truncated,
    _empty,
    _trailing,
    _not_json,
    _root,
    _bad_utf8,
    _other_encoding,
    _surrogate,
    _surrogate_in_a_name,
    _nul,
    _raw_control,
    _duplicate_member,
    _duplicate_deeper,
    _deep,
    _huge_number,
    _missing,
    _wrong_type,
    _null_identity,
    _bad_reference,
    _bad_system,
    _person_without_reference,
    _not_a_person,
    _repeated_reference,
    _too_many_children,
    _too_many_adults,
    _no_children,
    _oversize,
    _oversize_white_space,
    _noise,
)
