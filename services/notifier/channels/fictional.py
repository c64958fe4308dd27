"""A channel that writes to nobody real: what a demonstration sends through, whatever the channel behind it is."""

from dataclasses import dataclass

from services.notifier.domain.messages import SMS, Channel, Message, Outcome, Refused
from shared.fictional import is_fictional_mailbox, is_fictional_number


@dataclass(frozen=True, slots=True)
class FictionalOnly:
    """Hands on what goes to an address that belongs to nobody, and refuses everything else."""

    behind: Channel

    @property
    def name(self) -> str:
        """As the channel behind it."""
        return self.behind.name

    async def send(self, message: Message) -> Outcome:
        is_fictional = is_fictional_number if self.name == SMS else is_fictional_mailbox
        return await self.behind.send(message) if is_fictional(message.to) else Refused(reason="not-fictional")

    async def close(self) -> None:
        await self.behind.close()
