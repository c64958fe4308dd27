"""What every adapter asks before it sends."""

from services.notifier.domain.messages import Message, Refused, fault
from shared.db import assert_outside_transaction


def inspect(channel: str, message: Message) -> Refused | None:
    """Whether this message may not be sent at all. Raises Misuse inside a database transaction: a slow provider would hold its rows."""
    assert_outside_transaction()
    return fault(channel, message)
