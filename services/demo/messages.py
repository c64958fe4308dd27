"""What the demonstration's mailbox and telephones have taken: two files that the file channels append to."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from services.notifier.channels import EMAIL, SMS, Message, read_messages

LOOK_AGAIN_SECONDS = 0.5
"""A message is written before anything tells of it, and a code without a fact that wakes us; so we also look."""
_LINK = re.compile(r"https?://\S+")
_CODE = re.compile(r"\b\d{6}\b")

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message, and the channel that took it: ``email`` or ``sms``."""

    channel: str
    message: Message

    @property
    def link(self) -> str | None:
        """The address in it."""
        found = _LINK.search(self.message.body)
        return found[0] if found else None

    @property
    def code(self) -> str | None:
        """The six digits in it."""
        found = None if self.link else _CODE.search(self.message.body)
        return found[0] if found else None


class Messages:
    """Both files, read as they grow. ``woken`` may be set by whoever knows that there could be something new."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._given = {EMAIL: 0, SMS: 0}
        self.woken = asyncio.Event()

    def all(self) -> Sequence[Arrived]:
        """Everything so far: e-mails, then text messages, each in the order of arrival."""
        return [Arrived(channel=channel, message=message) for channel in (EMAIL, SMS) for message in read_messages(self._folder, channel)]

    async def wait(self, find: Callable[[Sequence[Arrived]], Found | None]) -> Found:
        """What ``find`` makes of the messages, as soon as it makes anything. The caller limits the time."""
        while (found := find(self.all())) is None:
            self.woken.clear()
            try:
                await asyncio.wait_for(self.woken.wait(), LOOK_AGAIN_SECONDS)
            except TimeoutError:
                continue
        return found

    async def fresh(self) -> Sequence[Arrived]:
        """The messages that this has not given before; waits until there is one."""
        return await self.wait(self._ungiven)

    def _ungiven(self, every: Sequence[Arrived]) -> Sequence[Arrived] | None:
        found: list[Arrived] = []
        for channel, given in self._given.items():
            of_channel = [one for one in every if one.channel == channel]
            found += of_channel[given:]
            self._given[channel] = len(of_channel)
        return found or None
