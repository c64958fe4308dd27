"""The passphrase by which a setting or team proves over the telephone that it is the one that was rung.

It comes from a file and is kept as a slow, salted hash alone (scrypt): nobody can read it back, show it or export it, and a copied database
gives it away only guess by guess. It hangs on no key of the keyring, so that rotating keys leaves every passphrase as it was. What is heard
over a telephone has no case and no punctuation, so neither counts.
"""

import base64
import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field

COST, BLOCK, PARALLEL = 2**14, 8, 1
"""scrypt's parameters for new hashes: about 50 milliseconds and 16 MB for one comparison."""
SALT_BYTES_MIN = 16
LETTERS_MIN = 6
"""Letters and digits that a passphrase has at the least."""
LENGTH_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Passphrase:
    """``hint`` reminds the person who is rung and may be read out; ``stored`` is the hash, None where there is no passphrase."""

    hint: str | None = field(repr=False)
    stored: str | None = field(repr=False)

    @property
    def is_known(self) -> bool:
        """Whether anything can be compared."""
        return self.stored is not None

    def matches(self, heard: str) -> bool:
        """Whether this is what was heard. Slow on purpose: call it in a thread. False where there is none."""
        return self.stored is not None and _agrees(heard, self.stored)


def plain(passphrase: str) -> str:
    """Its letters and digits in small letters: ``Blue Heron-7`` is ``blueheron7``."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", passphrase).casefold() if letter.isalnum())


def hashed(passphrase: str, salt: bytes) -> str:
    """What is stored: ``scrypt$16384$8$1$salt$hash``, salt and hash in URL-safe base64. ``salt`` is of at least 16 random bytes."""
    if len(salt) < SALT_BYTES_MIN:
        raise ValueError("a salt has 16 bytes or more")
    digest = _scrypt(passphrase, salt, COST, BLOCK, PARALLEL)
    return "$".join(("scrypt", str(COST), str(BLOCK), str(PARALLEL), _text(salt), _text(digest)))


def _agrees(heard: str, stored: str) -> bool:
    _, cost, block, parallel, salt, digest = stored.split("$")
    made = _scrypt(heard, base64.urlsafe_b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(made, base64.urlsafe_b64decode(digest))


def _scrypt(passphrase: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(plain(passphrase).encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=256 * cost * block, dklen=32)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()
