"""A sealed box: whoever has the public key closes it, and only who has the private key opens it.

X25519 with a key pair of its own for each box, HKDF-SHA256, AES-256-GCM. The private key never comes near the service: a stolen service or
database opens no box, not even its own.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import Refused

MAGIC = b"ENCOMPASS-BOX-1\n"
PUBLIC, PRIVATE = "encompass-box-public-1", "encompass-box-private-1"
_KEY, _NONCE = 32, 12


def new_pair() -> tuple[str, str]:
    """A new private key and its public key, each one line of text."""
    private = X25519PrivateKey.generate()
    return _line(PRIVATE, private.private_bytes_raw()), _line(PUBLIC, private.public_key().public_bytes_raw())


def public_key(text: str) -> bytes:
    """The key of a public key's line. Raises Refused when it is none; the text is not shown, for it may be a private one."""
    return _key(PUBLIC, text)


def close(public: bytes, content: bytes) -> bytes:
    """The box."""
    ours = X25519PrivateKey.generate()
    shown, nonce = ours.public_key().public_bytes_raw(), os.urandom(_NONCE)
    key = _derived(ours.exchange(X25519PublicKey.from_public_bytes(public)), shown, public)
    return MAGIC + shown + nonce + AESGCM(key).encrypt(nonce, content, MAGIC + shown + public)


def open_box(private_text: str, box: bytes) -> bytes:
    """What is in it. Raises Refused for a key that is none, a file that is no box, and a box for another key or that was changed."""
    private = X25519PrivateKey.from_private_bytes(_key(PRIVATE, private_text))
    if not box.startswith(MAGIC) or len(box) < len(MAGIC) + _KEY + _NONCE:
        raise Refused("that is no sealed list")
    rest = box[len(MAGIC) :]
    shown, nonce, sealed = rest[:_KEY], rest[_KEY : _KEY + _NONCE], rest[_KEY + _NONCE :]
    public = private.public_key().public_bytes_raw()
    try:
        key = _derived(private.exchange(X25519PublicKey.from_public_bytes(shown)), shown, public)
        return AESGCM(key).decrypt(nonce, sealed, MAGIC + shown + public)
    except (InvalidTag, ValueError):
        raise Refused("that list was sealed for another key, or has been changed") from None


def _derived(secret: bytes, shown: bytes, public: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=shown + public, info=MAGIC).derive(secret)


def _line(kind: str, key: bytes) -> str:
    return f"{kind} {base64.urlsafe_b64encode(key).decode()}\n"


def _key(kind: str, text: str) -> bytes:
    named, _, coded = text.strip().partition(" ")
    try:
        key = base64.b64decode(coded, altchars=b"-_", validate=True) if named == kind else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY:
        raise Refused(f"that is no key of the kind {kind}")
    return key
