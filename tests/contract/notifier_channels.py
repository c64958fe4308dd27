"""Channels that keep what they are given, and a program that ends in the middle of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.notifier.domain.messages import HandedOver, Message, Outcome, fault
from shared.db import assert_outside_transaction


class Crash(BaseException):
    """The program ends here."""


@dataclass
class RecordingChannel:
    """Keeps every message; answers what the test has laid out for an address, else that it took it."""

    name: str
    sent: list[Message] = field(default_factory=list)
    answers: dict[str, list[Outcome | BaseException]] = field(default_factory=dict)
    meanwhile: Callable[[Message], Awaitable[None]] | None = None

    async def send(self, message: Message) -> Outcome:
        assert_outside_transaction()
        assert fault(self.name, message) is None
        self.sent.append(message)
        if self.meanwhile is not None:
            await self.meanwhile(message)
        laid_out = self.answers.get(message.to, [])
        answer = laid_out.pop(0) if laid_out else HandedOver(reference=message.attempt_id)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def close(self) -> None:
        return None

    @property
    def to(self) -> list[str]:
        return [message.to for message in self.sent]
