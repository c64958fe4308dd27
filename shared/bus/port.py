"""The bus port, and the table of its adapters."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.errors import SettingsRefused
from shared.events import Envelope


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Durably someone else's problem."""


@dataclass(frozen=True, slots=True)
class Returned:
    """No queue is bound for it: a topology that is not there yet. The pointer stays and is tried again."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The broker did not confirm. The pointer stays and is tried again."""

    reason: str


Outcome = Confirmed | Returned | Failed

#: Takes a batch of facts for one service. When it returns, each is in that service's inbox, whatever became of it there.
#: It raises DatabaseUnavailable, and nothing else, when the inbox could not be written.
Subscriber = Callable[[Sequence[Envelope]], Awaitable[None]]
Delivered = Mapping[str, Subscriber]


class Bus(Protocol):
    """A transport of facts from services to their subscribers, at least once."""

    async def start(self) -> None:
        """Connect and consume for the subscribers given at the making. Raises BusUnavailable or SettingsRefused."""
        ...

    async def publish(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """One outcome for each envelope, in order. Raises Misuse inside a transaction; never raises for a broker that is down."""
        ...

    async def healthy(self) -> bool:
        """Whether facts can move now: connected, and every subscription really consuming."""
        ...

    async def stop(self) -> None:
        """Let go. A batch in hand that is not committed by then comes again."""
        ...


#: ``subscribers``: service name → subscriber, for the services in this process. ``prefix`` begins every exchange and queue name.
BusFactory = Callable[[str, Delivered, str, Clock], Bus]


def bus_from_url(url: str, subscribers: Delivered, *, prefix: str, clock: Clock) -> Bus:
    """The bus that ``url``'s scheme names: ``memory:`` or ``amqp://`` / ``amqps://``. Raises SettingsRefused for any other."""
    from shared.bus.memory import MemoryBus  # noqa: PLC0415  each transport's library is loaded only where it is used

    scheme = url.partition(":")[0]
    if scheme == "memory":
        return MemoryBus(subscribers)
    if scheme in ("amqp", "amqps"):
        from shared.bus.rabbit import RabbitBus  # noqa: PLC0415

        return RabbitBus(url, subscribers, prefix=prefix, clock=clock)
    raise SettingsRefused("the bus URL must start with memory:, amqp:// or amqps://")
