"""No channel: a force without text messages says so, and its contacts' second channel is the telephone (design rule 7.5)."""

from dataclasses import dataclass

from services.notifier.channels.port import inspect
from services.notifier.domain.messages import Message, Outcome, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChannel:
    """Refuses everything with ``no-method``, which is permanent: the rung goes on to whoever can be reached."""

    name: str

    async def send(self, message: Message) -> Outcome:
        return inspect(self.name, message) or Refused(reason="no-method")

    async def close(self) -> None:
        return None
