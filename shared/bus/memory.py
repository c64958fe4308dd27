"""The bus within one process: the relay calls each subscriber, which has committed when it returns."""

from collections.abc import Sequence

from shared.bus.port import Confirmed, Delivered, Failed, Outcome
from shared.db import assert_outside_transaction
from shared.errors import DatabaseUnavailable, SettingsRefused
from shared.events import SUBSCRIBERS, Envelope


class MemoryBus:
    """Refuses to start unless every subscriber of every fact is in the process: a fact for nobody would be silence."""

    def __init__(self, subscribers: Delivered) -> None:
        missing = {service for services in SUBSCRIBERS.values() for service in services} - set(subscribers)
        if missing:
            raise SettingsRefused(f"the memory bus needs every subscriber in one process; missing: {', '.join(sorted(missing))}")
        self._subscribers = subscribers

    async def start(self) -> None:
        """Nothing to connect to."""

    async def publish(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Call each subscriber once with its share of the list. A subscriber that could not write its inbox fails the whole list."""
        assert_outside_transaction()
        try:
            for service, subscriber in self._subscribers.items():
                if share := [envelope for envelope in envelopes if service in SUBSCRIBERS.get(envelope.type, ())]:
                    await subscriber(share)
        except DatabaseUnavailable as error:
            return [Failed(error.code)] * len(envelopes)
        return [Confirmed()] * len(envelopes)

    async def healthy(self) -> bool:
        """As long as the process lives."""
        return True

    async def stop(self) -> None:
        """Nothing to let go."""
