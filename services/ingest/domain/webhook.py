"""How a webhook is signed, where it may go and when it is tried again: Standard Webhooks, pure.

A secret is ``whsec_`` and base64 of the key; a signature is ``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body``. While a secret
is being exchanged there are two signatures, separated by a space: a receiver takes the message if either is right.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

PREFIX = "whsec_"
URL_CHARS_MAX = 500
OVERLAP = timedelta(hours=24)
"""How long the secret before the last rotation goes on signing."""
PAUSED_AFTER = timedelta(days=5)
"""A receiver that has taken nothing for so long is told no more until somebody resumes it; every try before is a line in the log."""

_BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1_800, 3_600))


def secret_of(token: str) -> str:
    """The secret whose key is the random token (URL-safe base64 without padding)."""
    key = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return PREFIX + base64.b64encode(key).decode()


def headers(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message, with a signature for each secret. ``timestamp`` is in real seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = [base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode() for secret in secrets]
    signature = " ".join(f"v1,{one}" for one in made)
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def back_off(attempts: int) -> timedelta:
    """How long to wait after that many failed tries in a row (1 or more): five seconds at first, an hour in the end."""
    return _BACK_OFF[min(max(attempts, 1), len(_BACK_OFF)) - 1]


def url_fault(url: str, *, plain: bool) -> str | None:
    """Why the address cannot be a webhook's; None when it can. ``plain`` allows http, for a demonstration."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "the address cannot be read"
    if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return f"the address has at most {URL_CHARS_MAX} characters, all of them ASCII, and no space"
    if parts.scheme != "https" and not (plain and parts.scheme == "http"):
        return "the address must be https"
    if not parts.hostname:
        return "the address names no host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "the address must not carry a user, a password or a fragment"
    return None


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))
