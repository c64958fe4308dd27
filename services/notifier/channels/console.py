"""Messages on the terminal, for a demonstration. The address is left out."""

import sys
from dataclasses import dataclass, field
from typing import TextIO

from services.notifier.channels.port import inspect
from services.notifier.domain.messages import HandedOver, Message, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleChannel:
    """Writes each message to ``out``."""

    name: str
    out: TextIO = field(default_factory=lambda: sys.stdout)

    async def send(self, message: Message) -> Outcome:
        if refused := inspect(self.name, message):
            return refused
        head = f"[{self.name} {message.attempt_id}] {message.subject}".rstrip()
        self.out.write(f"{head}\n{message.body}\n\n")
        self.out.flush()
        return HandedOver(reference=message.attempt_id)

    async def close(self) -> None:
        return None
