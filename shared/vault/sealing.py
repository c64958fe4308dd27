"""Sealing bytes under a data key, and wrapping a data key under a wrapping key: AES-256-GCM (design rule 7.2).

One format for both: 1 version byte ‖ 12 random bytes of nonce ‖ ciphertext ‖ 16 bytes of tag. What the bytes belong to is authenticated
with them, so that a sealed value moved to another row, or a wrapped key to another scope, does not open. The key is named beside
the bytes: content by its scope, a wrapped key by its ``kek_id``.

A change of the format is a new version byte; version 1 stays readable.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Misuse, VaultSealed

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
VERSION = b"\x01"

_CONTENT = "encompass content"
_DATA_KEY = "encompass data key"


def new_data_key() -> bytes:
    """A fresh random data key, 32 bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(data_key: bytes, plaintext: bytes, identity: str) -> bytes:
    """``plaintext`` sealed as the content of the row ``identity`` (see ``row_identity``): 29 bytes longer than it was."""
    return _encrypted(data_key, plaintext, framed(_CONTENT, identity))


def open_sealed(data_key: bytes, sealed: bytes, identity: str) -> bytes:
    """The plaintext. Raises VaultSealed when key, identity or any byte is not what was sealed; it never says which."""
    return _decrypted(data_key, sealed, framed(_CONTENT, identity))


def wrap(kek_id: str, kek: bytes, data_key: bytes, scope_id: str) -> bytes:
    """``data_key`` under the wrapping key ``kek``, bound to its scope and to the wrapping key's name: 61 bytes."""
    return _encrypted(kek, data_key, framed(_DATA_KEY, scope_id, kek_id))


def unwrap(kek_id: str, kek: bytes, wrapped: bytes, scope_id: str) -> bytes:
    """The data key. Raises VaultSealed when any part is not what was wrapped."""
    return _decrypted(kek, wrapped, framed(_DATA_KEY, scope_id, kek_id))


def row_identity(table: str, *key: str) -> str:
    """The name of one row for ``seal``: table and primary key, and whatever else must not be exchanged, unambiguously joined.

    >>> row_identity("router_pupil", "p1")
    '12:router_pupil2:p1'
    """
    return "".join(f"{len(part)}:{part}" for part in (table, *key))


def framed(*parts: str | bytes) -> bytes:
    """``parts`` joined so that no two different sequences give the same bytes: each after its length (4 bytes, big-endian)."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _encrypted(key: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    if len(key) != KEY_BYTES:  # AES would also take 16 or 24
        raise Misuse("a key of the vault has 32 bytes")
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, VERSION + bound_to)


def _decrypted(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    if len(key) != KEY_BYTES or len(sealed) < len(VERSION) + NONCE_BYTES + TAG_BYTES or sealed[:1] != VERSION:
        raise VaultSealed("the content cannot be opened")
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], VERSION + bound_to)
    except InvalidTag:
        raise VaultSealed("the content cannot be opened") from None
