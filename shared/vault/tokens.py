"""Keyed hashes: blind-index tokens to find sealed rows by, and hashes of things too guessable for a plain hash (design rule 7.2).

HMAC-SHA256 under an index key of the keyring. Without that key a token says nothing, so a stolen database cannot be searched by
guessing. With it, equal inputs still give equal tokens: that is why a token is of several fields together and never of names alone,
which would show how often each name occurs. Fields arrive normalised; nothing here folds case or accents.

A token is stored beside the id of its key. Index keys rotate by writing a second token set under the new key; until that is
complete, a search asks with the tokens of every key in ``Keyring.index_key_ids``.
"""

import hashlib
import hmac

from shared.errors import Misuse
from shared.vault.sealing import KEY_BYTES, framed

TOKEN_BYTES = 16
IDENTIFIER_DIGITS = 10


def token(index_key: bytes, rule: str, *fields: str) -> bytes:
    """The 16-byte token of ``fields`` under ``rule`` (which says what they are, such as ``name-dob``).

    Raises Misuse for fewer than two fields, an empty field, or fields without a digit anywhere (names alone): a missing value
    means no token, not a token of the rest.
    """
    if len(fields) < 2 or not all(fields):
        raise Misuse("a token is of two or more fields, none of them empty")
    if not any(_digits(field) for field in fields):
        raise Misuse("a token is never of names alone")
    return _mac(index_key, "token", rule, *fields)[:TOKEN_BYTES]


def identifier_token(index_key: bytes, rule: str, identifier: str) -> bytes:
    """The 16-byte token of one identifier that only one person has (UPN, NHS number).

    Raises Misuse for one with fewer than ten digits: names, postcodes and dates are not identifiers.
    """
    if _digits(identifier) < IDENTIFIER_DIGITS:
        raise Misuse("an identifier has ten digits or more")
    return _mac(index_key, "identifier", rule, identifier)[:TOKEN_BYTES]


def keyed_hash(index_key: bytes, purpose: str, data: bytes) -> str:
    """64 hexadecimal characters: whether two bodies are the same, or the stored form of a code that a person types."""
    return _mac(index_key, "hash", purpose, data).hex()


def keyed_hash_matches(index_key: bytes, purpose: str, data: bytes, stored: str) -> bool:
    """Whether ``stored`` is the hash of ``data``, compared in constant time."""
    return hmac.compare_digest(keyed_hash(index_key, purpose, data).encode(), stored.encode())


def _digits(text: str) -> int:
    return sum("0" <= character <= "9" for character in text)


def _mac(index_key: bytes, *parts: str | bytes) -> bytes:
    if len(index_key) != KEY_BYTES:
        raise Misuse("an index key has 32 bytes")
    return hmac.new(index_key, framed(*parts), hashlib.sha256).digest()
