"""Identifiers: random, so that they tell nothing."""

import secrets
import uuid


def new_id() -> str:
    """A fresh random UUID in its 36-character form."""
    return str(uuid.uuid4())


def new_token() -> str:
    """256 random bits, URL-safe: for links, sessions and API keys. Only its hash is ever stored."""
    return secrets.token_urlsafe(32)


def new_code(digits: int = 6) -> str:
    """A short decimal code for a person to type."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"
