"""What the demonstration's mailbox and telephones have taken: two files that the file channels append to."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from services.notifier.channels import EMAIL, SMS, Message
from services.notifier.channels.file import read_line

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
    at: datetime | None = None
    """The business instant at which the channel took it, where that is known."""

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
        self._given = 0
        self._read = {EMAIL: 0, SMS: 0}
        self._arrived: list[Arrived] = []
        self.woken = asyncio.Event()

    def all(self) -> Sequence[Arrived]:
        """Everything so far, in the order in which it is found: of what is new at one look the e-mails come first."""
        for channel in (EMAIL, SMS):
            self._arrived += self._unread(channel)
        return self._arrived

    def _unread(self, channel: str) -> list[Arrived]:
        """What has been appended since the last look; a line that is still being written waits for the next one."""
        try:
            with (self._folder / f"{channel}.jsonl").open("rb") as file:
                file.seek(self._read[channel])
                new = file.read()
        except FileNotFoundError:
            return []
        whole = new[: new.rfind(b"\n") + 1]
        self._read[channel] += len(whole)
        read = (read_line(line.decode()) for line in whole.splitlines())
        return [Arrived(channel=channel, message=message, at=at) for message, at in read]

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
        found = every[self._given :]
        self._given = len(every)
        return found or None
