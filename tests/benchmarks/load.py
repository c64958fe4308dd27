"""A load on one HTTP address, with as little work of its own as possible: bodies made beforehand, connections kept open."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came of a load: when each request was begun and when one was answered (monotonic, in the order of each), and the answers."""

    posted: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)


def request(path: str, body: bytes, key: str) -> bytes:
    """One whole request as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def at_once(port: int, requests: Sequence[bytes], *, connections: int) -> Load:
    """All of them, as fast as they are answered, over so many connections."""
    load, waiting = Load(), iter(requests)

    async def line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for one in waiting:
            await _one(reader, writer, one, load)
        writer.close()

    await asyncio.gather(*(line() for _ in range(connections)))
    return load


async def evenly(port: int, requests: Sequence[bytes], *, each_second: float) -> Load:
    """One after another at even times, whatever the answers take (each on a connection of its own out of a few kept open)."""
    load = Load()
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(8):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    begin = time.monotonic()

    async def send(one: bytes) -> None:
        connection = await free.get()
        await _one(*connection, one, load)
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as group:
        for number, one in enumerate(requests):
            await asyncio.sleep(max(0.0, begin + number / each_second - time.monotonic()))
            group.create_task(send(one))
    while not free.empty():
        free.get_nowait()[1].close()
    return load


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, one: bytes, load: Load) -> None:
    load.posted.append(time.monotonic())
    writer.write(one)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(length)
    load.statuses.append(int(head.split(b" ", 2)[1]))
    load.answered.append(time.monotonic())
