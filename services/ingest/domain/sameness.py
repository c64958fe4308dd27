"""What makes two bodies of one identity the same report: their canonical form, not their bytes.

Key order, white space, an explicit null and the offset of an instant make no difference; a value that was set aside does.
"""

import hashlib
import hmac

from shared.report.model import Report


def same_body_hash(report: Report, key: bytes) -> str:
    """HMAC-SHA256 over the canonical report, in hexadecimal (64 characters).

    Keyed, because a plain hash of a child's few fields could be found again by trying names (design rule 7.2). Raises ValueError
    for an empty key.
    """
    if not key:
        raise ValueError("an empty key hides nothing")
    return hmac.new(key, report.to_canonical(), hashlib.sha256).hexdigest()
