"""A mail server that takes everything at once and remembers only when: as little work as a conversation in SMTP allows."""

import asyncio
import time


class Sink:
    """Counts messages; ``taken`` are monotonic instants in seconds, in the order in which the messages came."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Conversation(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()


class _Conversation(asyncio.Protocol):
    """One connection, line by line; between DATA and the single dot everything is text."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""
        self._is_text = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example.com ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = b"\r\n.\r\n" if self._is_text else b"\r\n"
            line, found, rest = self._buffer.partition(end)
            if not found:
                return
            self._buffer = rest
            self._answer(line[:8].upper())

    def _answer(self, verb: bytes) -> None:
        assert self._transport is not None
        if self._is_text:
            self._is_text = False
            self._sink.taken.append(time.monotonic())
            self._transport.write(b"250 taken\r\n")
        elif verb.startswith(b"DATA"):
            self._is_text = True
            self._transport.write(b"354 go on\r\n")
        elif verb.startswith(b"EHLO"):
            self._transport.write(b"250-sink.example.com\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
        elif verb.startswith(b"QUIT"):
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 ok\r\n")
