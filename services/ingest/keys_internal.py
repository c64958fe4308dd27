"""The key row of a way in that has no key of its own: a watched folder, a form.

Every report names the key that it came with, so that who sent what can be told for good. Such a row is revoked the moment it is made and
its secret is nobody's: no request is ever let in by it.
"""

import hashlib

from services.ingest import store_keys as store
from services.ingest.keys import LABEL_CHARS_MAX
from services.ingest.store_keys import ApiKey
from shared.db import Transaction
from shared.errors import Refused
from shared.ids import new_token


async def internal_key(tx: Transaction, force: str, label: str, *, sandbox: bool = False) -> str:
    """The id of the key row of that way in; made when it is first asked for, and the same ever after.

    ``label`` says which way in, 1 to 80 characters. Raises Refused for another length.
    """
    if not label.strip() or len(label) > LABEL_CHARS_MAX:
        raise Refused(f"the label of a way in has 1 to {LABEL_CHARS_MAX} characters")
    key_id = hashlib.sha256(f"{force}\0{label}\0{sandbox}".encode()).hexdigest()[:16]
    now = tx.clock.real()
    key = ApiKey(
        key_id=key_id,
        force=force,
        label=label,
        secret_hash=hashlib.sha256(new_token().encode()).hexdigest(),
        created_at=now,
        expires_at=None,
        revoked_at=now,
        sandbox=sandbox,
    )
    await store.add_key_once(tx, key)
    return key_id
