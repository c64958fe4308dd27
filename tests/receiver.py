"""A webhook's receiver: a real HTTP server on a socket that keeps what arrives and answers as it is told.

It checks signatures by itself, from the specification's words and with nothing of the product.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One request: header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The body as JSON."""
        message: dict[str, Any] = json.loads(self.body)
        return message

    @property
    def cursors(self) -> list[str]:
        """The entries that it brought."""
        return [entry["cursor"] for entry in self.message["data"]["entries"]]

    def verified_by(self, secret: str) -> bool:
        """Whether any of the signatures is this secret's."""
        key = base64.b64decode(secret.split("_", 1)[1])
        content = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body])
        wanted = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


@dataclass(slots=True, kw_only=True)
class Receiver:
    """``answers`` are the statuses to come, one for each request; then always 200."""

    url: str
    arrived: list[Arrived] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.arrived.append(Arrived(headers=headers, body=body))
        status = self.answers.pop(0) if self.answers else 200
        location = f"Location: {self.url}/elsewhere\r\n" if status == 302 else ""
        writer.write(f"HTTP/1.1 {status} Said\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver(url="")
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/outcomes"
    try:
        yield receiver
    finally:
        server.close()
