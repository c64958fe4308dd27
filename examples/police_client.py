"""A records system's side of Encompass, on a page: send a report until there is a receipt, correct it, and follow what became of it.

    ENCOMPASS_API=https://encompass.example ENCOMPASS_KEY=<key id>.<secret> python examples/police_client.py report.json

Needs httpx. Keep three things: the receipt's ``incident_id``, the ETag of the version you sent last, and the cursor of the feed.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

AGAIN = (429, 503)
"""Nothing was taken: the same request, after ``Retry-After`` seconds, is right. So it is when no answer came at all."""


def connected(address: str, key: str) -> httpx.Client:
    """One client for everything: it keeps connections open."""
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30.0)


def call(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    """One call, made again for as long as it takes: a repeat is safe, because the same report gets the same receipt."""
    while True:
        try:
            answer = client.request(method, path, **request)
        except httpx.TransportError:
            time.sleep(5)
            continue
        if answer.status_code not in AGAIN:
            return answer
        time.sleep(float(answer.headers.get("Retry-After", 5)))


def send(client: httpx.Client, report: dict[str, Any]) -> httpx.Response:
    """Send a report, or a later version of one that was sent before; its receipt is in the answer, with the ETag of this version.

    A report that is refused (422) names each fault by its place in the body: it must be mended, not sent again.
    """
    answer = call(client, "POST", "/v1/incidents", json=report)
    if answer.status_code == 409:  # sent before with another content: this is its correction
        address = answer.links["edit"]["url"]
        current = call(client, "GET", address)
        answer = call(client, "PUT", address, json=report, headers={"If-Match": current.headers["ETag"]})
    if answer.status_code == 422:
        for fault in answer.json()["errors"]:
            print(f"{fault['pointer']}: {fault['text']}", file=sys.stderr)
    answer.raise_for_status()
    return answer


def news(client: httpx.Client, after: str | None) -> Iterator[dict[str, Any]]:
    """What became of children since the cursor ``after``, oldest first; keep the cursor of each when you have dealt with it."""
    more = True
    while more:
        page = call(client, "GET", "/v1/outcomes", params={"after": after} if after else {}).json()
        yield from page["entries"]
        after, more = page["cursor"], page["more"]


def main() -> None:
    """Send the file and tell what became of each of its children."""
    client = connected(os.environ["ENCOMPASS_API"], os.environ["ENCOMPASS_KEY"])
    receipt = send(client, json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).json()
    print(f"{receipt['reference']}: version {receipt['version']} is taken, {len(receipt['findings'])} findings")
    seen = call(client, "GET", f"/v1/incidents/{receipt['incident_id']}").json()
    for child in seen["children"]:
        print(f"{child['reference']}: {child['outcome']}, by {child['deadline_at']}")


if __name__ == "__main__":
    main()
