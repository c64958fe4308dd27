"""A mailbox and a telephone that are files, for the demonstration and for tests: one JSON object a line.

Several processes may append to one file: each line is a single write to a file opened for appending.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.notifier.channels.port import inspect
from services.notifier.domain.messages import SMS, HandedOver, Message, Outcome, Refused, TryAgain
from shared.clock import Clock

TAKEN_AT = "at"

MAILBOX_UNKNOWN = ".invalid"
"""No mail domain ever ends so (RFC 2606); a demonstration shows a wrong address with it."""

NUMBER_UNKNOWN = "+441632"
"""Ofcom's numbers for drama outside the mobile range: nothing there can take a text message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChannel:
    """Appends to ``<folder>/<name>.jsonl``; makes the folder when it is missing."""

    name: str
    folder: Path
    clock: Clock | None = None
    """Whose instants stand beside the messages; without one none does."""

    async def send(self, message: Message) -> Outcome:
        if refused := inspect(self.name, message):
            return refused
        if self._is_unknown(message.to):
            return Refused(reason="mailbox-unknown")
        try:
            await asyncio.to_thread(self._append, message)
        except OSError:
            return TryAgain(reason="file-unavailable")
        return HandedOver(reference=message.attempt_id)

    async def close(self) -> None:
        return None

    def _is_unknown(self, to: str) -> bool:
        return to.startswith(NUMBER_UNKNOWN) if self.name == SMS else to.endswith(MAILBOX_UNKNOWN)

    def _append(self, message: Message) -> None:
        line = {"attempt_id": message.attempt_id, "to": message.to, "subject": message.subject, "body": message.body}
        if self.clock is not None:
            line[TAKEN_AT] = self.clock.now().isoformat()
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / f"{self.name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, json.dumps(line).encode() + b"\n")
        finally:
            os.close(handle)


def read_messages(folder: Path, name: str) -> Sequence[Message]:
    """What the file channel ``name`` has taken so far, oldest first."""
    try:
        lines = (folder / f"{name}.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return ()
    return tuple(read_line(line)[0] for line in lines)


def read_line(line: str) -> tuple[Message, datetime | None]:
    """One line of such a file, and when the message was taken (UTC) if the channel had a clock."""
    values = json.loads(line)
    taken_at = values.pop(TAKEN_AT, None)
    return Message(**values), None if taken_at is None else datetime.fromisoformat(taken_at)
