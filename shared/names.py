"""Written names of people, as far as they can be one person's. Pure."""

import unicodedata

TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "dame", "lady", "lord", "pc", "dc", "sgt"})


def same_name(one: str, other: str) -> bool:
    """Whether two written names can be one person's: case, accents, order, titles and punctuation apart.

    Either may leave out middle names, but both need two names in common: ``SMYTHE, Zoë Anne`` is ``Zoe Smythe``; ``Smythe`` is nobody.
    """
    names, others = _names(one), _names(other)
    few, many = sorted((names, others), key=len)
    return len(few) >= 2 and few <= many


def _names(text: str) -> frozenset[str]:
    letters = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(_letter(letter) for letter in letters)
    names = frozenset(plain.split())
    untitled = names - TITLES
    return untitled if len(untitled) >= 2 else names  # some families are called Lord or Dean, and some people have one name


def _letter(letter: str) -> str:
    """Accents and apostrophes join (O'Neill is Oneill); every other mark parts."""
    if letter.isalnum():
        return letter
    return "" if unicodedata.combining(letter) or letter in "'\u2019\u2018\u02bc`\u00b4" else " "
