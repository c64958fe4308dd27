"""HTTP itself broken in more than fifty ways, at the socket of a real process: refused, and nothing of the input in its log."""

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.log import FIELDS
from tests.scenario.leaks import Search, names
from tests.scenario.solo import Solo, solo

RAW = "Varnopeth"
CHUNK = b"5000\r\n" + (RAW.encode() * 2276)[:0x5000] + b"\r\n"


DYING = ("no body comes", *(f"{share} bytes of the body come" for share in (1, 5, 9, 20, 40)), "half a header", "chunk without an end")
WAITING = ("length and chunks", f"chunk size {b'F' * 6!r}")
"""The server takes the chunked body, as RFC 9112 says, and its end does not come."""


def raw_requests(key: str) -> Iterator[tuple[str, bytes]]:
    """More than fifty ways to break HTTP itself, each with the marker somewhere."""
    post = f"POST /v1/incidents HTTP/1.1\r\nHost: {RAW}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n".encode()
    body = json.dumps({"system": RAW, "reference": RAW, "children": [RAW]}).encode()
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    get = b"GET /%s HTTP/1.1\r\nHost: x\r\n"
    yield "no body comes", post + length
    for share in (1, 5, 9, 20, 40):
        yield f"{share} bytes of the body come", post + length + body[:share]
    yield "half a header", post[:-20]
    for bad in (b"-1", b"+5", b"5, 5", b"5 5", b"0x10", b"", b"9" * 30, b"9" * 5_000, RAW.encode(), b"\xd9\xa5"):
        yield f"length {bad[:12]!r}", post + b"Content-Length: " + bad + b"\r\n\r\n" + body
    yield "two lengths", post + b"Content-Length: 3\r\nContent-Length: 70\r\n\r\n" + body
    yield "length and chunks", post + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    yield "too short a length", post + b"Content-Length: 3\r\n\r\n" + body
    yield "a length too large", post + b"Content-Length: 9999999\r\n\r\n" + body
    yield "chunks too large", post + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 14 + b"0\r\n\r\n"
    for bad in (b"zz", b"-5", b"F" * 17, b"5;" + b"x" * 5_000, b"\0\0"):
        yield f"chunk size {bad[:6]!r}", post + b"Transfer-Encoding: chunked\r\n\r\n" + bad + b"\r\n" + body + b"\r\n0\r\n\r\n"
    yield "chunk without an end", post + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK
    yield "unknown transfer", post + b"Transfer-Encoding: gzip, " + RAW.encode() + b"\r\n\r\n" + body
    yield "header without colon", post + RAW.encode() + b"\r\n\r\n"
    yield "header with NUL", post + b"X-A: \0" + RAW.encode() + b"\r\n\r\n"
    yield "folded header", post + b"X-A: b\r\n " + RAW.encode() + b"\r\n" + length + body
    yield "bare line ends", post.replace(b"\r\n", b"\n") + b"\n" + body
    yield "huge header", post + b"X-A: " + RAW.encode() * 20_000 + b"\r\n\r\n"
    yield "many headers", post + b"".join(b"X-%d: %s\r\n" % (number, RAW.encode()) for number in range(3_000)) + b"\r\n"
    yield "huge cookie", get % b"message" + b"Cookie: message=" + RAW.encode() * 6_000 + b"\r\n\r\n"
    yield "huge path", get % (RAW.encode() * 3_000) + b"\r\n"
    yield "huge query", get % (b"message?" + RAW.encode() * 3_000) + b"\r\n"
    for path in (
        b"%00" + RAW.encode(),
        b"..%2f..%2fetc/" + RAW.encode(),
        b"%ff%fe" + RAW.encode(),
        b"%zz" + RAW.encode(),
        b"/" + RAW.encode(),
    ):
        yield f"path {path[:8]!r}", get % path + b"Connection: close\r\n\r\n"
    yield "no path", b"GET  HTTP/1.1\r\nHost: " + RAW.encode() + b"\r\n\r\n"
    yield "method in lower case", post.replace(b"POST", b"post") + length + body
    yield "method of ours", post.replace(b"POST", RAW.encode()) + length + body
    yield "version of ours", post.replace(b"HTTP/1.1", RAW.encode()) + length + body
    yield "version 9.9", post.replace(b"HTTP/1.1", b"HTTP/9.9") + length + body
    yield "HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + RAW.encode()
    yield "TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + RAW.encode() * 30
    yield "noise", bytes(range(256)) + RAW.encode() + b"\r\n\r\n"
    yield "a proxy's question", b"CONNECT " + RAW.encode() + b":443 HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "a trace", b"TRACE /" + RAW.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    yield "an upgrade", get % RAW.encode() + b"Connection: Upgrade, close\r\nUpgrade: " + RAW.encode() + b"\r\n\r\n"
    yield "a web socket", get % RAW.encode() + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"


def answered(port: int, request: bytes, *, dies: bool) -> bytes:
    """Everything that comes back. A client that ``dies`` stops in the middle; another one has said all when the first answer comes."""
    said = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection, contextlib.suppress(OSError):
        connection.sendall(request)
        if not dies:
            said += connection.recv(65_536)
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65_536):
            said += part
    return bytes(said)


@pytest.fixture(scope="module")
def process(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Solo]:
    with solo(sqlite_template, tmp_path_factory.mktemp("solo")) as one:
        yield one


def test_fifty_requests_that_are_not_http_at_a_real_socket(process: Solo) -> None:
    requests = list(raw_requests(process.key))
    assert len(requests) >= 50
    told: dict[str, bytes] = {}
    for name, request in requests:
        told[name] = answered(process.port, request, dies=name in DYING)
        statuses = re.findall(rb"^HTTP/1\.1 (\d{3})", told[name], re.MULTILINE)
        assert all(status[:1] == b"4" for status in statuses), (name, statuses)
    unanswered = {name for name, said in told.items() if not said}
    assert unanswered <= {*DYING, *WAITING}, "a request that has come to its end has an answer"
    assert all(told[name][:13] == b"HTTP/1.1 413 " for name in ("a length too large", "chunks too large"))
    assert httpx.get(f"{process.url}/healthz").status_code == 200, "and it lives"
    search = Search(names(RAW))
    assert not search.hits(told)
    assert not search.hits({"log": process.log})
    assert not [line for line in process.log.splitlines() if '"level": "error"' in line]
    assert process.log.count("http.answered") > 10, "the log was on"


def test_nothing_but_our_lines_is_in_the_log_of_a_real_process(process: Solo) -> None:
    httpx.get(f"{process.url}/{RAW}?{RAW}={RAW}", headers={"User-Agent": RAW, "Referer": RAW})
    lines = process.log.splitlines()
    assert {"process.started", "http.answered"} <= {json.loads(line)["event"] for line in lines}
    for line in lines:
        assert set(json.loads(line)) <= FIELDS, line
