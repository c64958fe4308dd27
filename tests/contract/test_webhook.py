"""The webhook: the feed pushed in order, at least once, signed as Standard Webhooks says; and never given up in silence."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.ingest.domain.webhook import OVERLAP, PAUSED_AFTER, back_off, url_fault
from services.ingest.handlers_webhook import Webhooks
from services.ingest.handlers_webhook_client import Posted, Poster
from services.ingest.loops_webhook import ENTRIES_AT_ONCE, LEASE, Pushing
from shared.addresses import is_public
from shared.calendar import london_date
from shared.clock import ManualClock
from shared.db import Database
from shared.errors import Conflict, Refused
from tests import facts
from tests.contract.feed_world import FeedWorld, a_feed_world
from tests.contract.ingest_world import FORCE
from tests.receiver import Receiver, receiving
from tests.samples import sample_report
from tests.waiting import until

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """A force with a webhook, and where it goes."""

    feed: FeedWorld
    webhooks: Webhooks
    pushing: Pushing
    receiver: Receiver
    secret: str

    def with_poster(self, poster: Poster) -> Pushing:
        """Another process, which posts in another way."""
        world = self.feed.world
        return Pushing(database=world.database, clock=world.clock, feed=self.feed.feed, webhooks=self.webhooks, poster=poster)

    async def happened(self, seed: int) -> None:
        """Three children's outcomes have changed."""
        await self.feed.sent(seed=seed)
        await self.feed.settle()

    async def row(self) -> dict[str, object]:
        (row,) = await self.feed.world.rows("ingest_webhook")
        return row


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(facts.RECEIVED)


@pytest.fixture
async def hooked(database: Database, clock: ManualClock) -> AsyncIterator[Hooked]:
    async with a_feed_world(database, clock) as feed, receiving() as receiver:
        vault = feed.world.vault
        webhooks = Webhooks(database=database, vault=vault, clock=clock, plain=True)
        await feed.sent(seed=99)
        await feed.settle()
        secret = await webhooks.set(FORCE, receiver.url, sandbox=False)
        pushing = Pushing(database=database, clock=clock, feed=feed.feed, webhooks=webhooks, poster=Poster(private=True))
        yield Hooked(feed=feed, webhooks=webhooks, pushing=pushing, receiver=receiver, secret=secret)


class Dying(Poster):
    """Hands the message over and dies before anybody learns of it."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        await super().post(url, body, headers)
        raise RuntimeError("died")


@on_sqlite
async def test_what_the_feed_says_arrives_signed_and_in_order(hooked: Hooked, clock: ManualClock) -> None:
    for seed in range(ENTRIES_AT_ONCE // 3 + 1):
        await hooked.feed.sent(seed=seed)
    await hooked.feed.settle()
    while await hooked.pushing.run_once():
        pass
    first, second = hooked.receiver.arrived
    read = (await hooked.feed.read("3"))["entries"]
    assert first.message["data"]["entries"] + second.message["data"]["entries"] == read
    assert len(first.cursors) == ENTRIES_AT_ONCE
    assert first.headers["webhook-timestamp"] == str(int(clock.real().timestamp()))
    assert all(one.verified_by(hooked.secret) for one in (first, second))
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    assert first.message["type"] == "outcomes.changed"


async def test_after_a_crash_the_same_comes_under_the_same_id(hooked: Hooked, clock: ManualClock) -> None:
    await hooked.happened(1)
    with pytest.raises(RuntimeError):
        await hooked.with_poster(Dying(private=True)).run_once()
    await hooked.happened(2)
    assert await hooked.pushing.run_once() == 0  # whoever claimed it may be at it still
    clock.move_to(clock.now() + LEASE)
    while await hooked.pushing.run_once():
        pass
    first, again, after = hooked.receiver.arrived
    assert (again.headers["webhook-id"], again.cursors) == (first.headers["webhook-id"], first.cursors)
    assert (first.cursors, after.cursors) == (["4", "5", "6"], ["7", "8", "9"])


class Stalled(Poster):
    """Where one force's receiver answers only when it is told to."""

    def __init__(self, slow: str) -> None:
        super().__init__(private=True)
        self.answering = asyncio.Event()
        self._slow = slow

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        if url == self._slow:
            await self.answering.wait()
        return await super().post(url, body, headers)


@on_sqlite
async def test_a_slow_receiver_holds_up_nobody_elses_backlog(hooked: Hooked) -> None:
    for seed in range(2 * ENTRIES_AT_ONCE // 3 + 1):
        await hooked.feed.sent(seed=seed)
    await hooked.feed.settle()
    async with receiving() as slow:
        await hooked.webhooks.set("otherforce", slow.url, sandbox=False)
        await hooked.feed.world.client.post("/v1/incidents", json=sample_report(seed=98), headers=await hooked.feed.world.key("otherforce"))
        await hooked.feed.settle()
        poster = Stalled(slow.url)
        pushing = asyncio.create_task(hooked.with_poster(poster).run_once())

        async def backlog_arrived() -> bool:
            return len(hooked.receiver.arrived) == 3

        await until(backlog_arrived, what="the whole backlog")
        assert slow.arrived == []
        poster.answering.set()
        assert await pushing == 4
    assert len(slow.arrived) == 1


@on_sqlite
async def test_a_failure_is_tried_again_with_growing_pauses(hooked: Hooked, clock: ManualClock) -> None:
    hooked.receiver.answers += [500, 302]
    await hooked.happened(1)
    for attempt in (1, 2):
        await hooked.pushing.run_once()
        assert await hooked.pushing.run_once() == 0
        clock.move_to(clock.now() + back_off(attempt))
    await hooked.pushing.run_once()
    ids = {one.headers["webhook-id"] for one in hooked.receiver.arrived}
    assert (len(hooked.receiver.arrived), len(ids)) == (3, 1)
    row = await hooked.row()
    assert (row["attempts"], row["failing_since_at"], row["position"]) == (0, None, 6)


@on_sqlite
async def test_after_days_it_is_paused_and_goes_on_where_it_stopped(hooked: Hooked, clock: ManualClock) -> None:
    await hooked.happened(1)
    start = clock.now()
    while (row := await hooked.row())["state"] == "active":
        hooked.receiver.answers.append(503)
        await hooked.pushing.run_once()
        clock.move_to(clock.now() + timedelta(hours=12))
    assert (row["reason"], clock.now() - start >= PAUSED_AFTER) == ("failing", True)
    hooked.receiver.answers.clear()
    assert await hooked.pushing.run_once() == 0
    await hooked.webhooks.resume(FORCE, sandbox=False)
    await hooked.pushing.run_once()
    assert hooked.receiver.arrived[-1].cursors[:3] == ["4", "5", "6"]
    assert (await hooked.row())["state"] == "active"


@on_sqlite
async def test_gone_is_paused_at_once(hooked: Hooked) -> None:
    hooked.receiver.answers.append(410)
    await hooked.happened(1)
    await hooked.pushing.run_once()
    row = await hooked.row()
    assert (row["state"], row["reason"]) == ("paused", "gone")


@on_sqlite
async def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(hooked: Hooked, clock: ManualClock) -> None:
    newer = await hooked.webhooks.rotate(FORCE, sandbox=False)
    await hooked.happened(1)
    await hooked.pushing.run_once()
    clock.move_to(clock.now() + OVERLAP)
    await hooked.happened(2)
    await hooked.pushing.run_once()
    during, after = hooked.receiver.arrived
    assert during.verified_by(hooked.secret)
    assert during.verified_by(newer)
    assert not after.verified_by(hooked.secret)
    assert after.verified_by(newer)


@on_sqlite
async def test_secrets_are_sealed_renewed_and_destroyed(hooked: Hooked, clock: ManualClock) -> None:
    (before,) = await hooked.feed.world.rows("ingest_webhook_secret")
    assert hooked.secret.encode() not in before["sealed"]
    clock.move_to(clock.now() + timedelta(days=181))
    vault = hooked.feed.world.vault
    vault.keyring = vault.keyring.extended(london_date(clock.now()), 12)
    await hooked.webhooks.renew(str((await hooked.row())["webhook_id"]))
    (after,) = await hooked.feed.world.rows("ingest_webhook_secret")
    assert after["secret_id"] != before["secret_id"]
    await hooked.happened(1)
    await hooked.pushing.run_once()
    assert hooked.receiver.arrived[-1].verified_by(hooked.secret)
    await hooked.webhooks.remove(FORCE, sandbox=False)
    assert await hooked.feed.world.rows("ingest_webhook_secret") == []
    keys = {row["scope_id"]: row["wrapped"] for row in await hooked.feed.world.rows("vault_key")}
    assert (keys[before["secret_id"]], keys[after["secret_id"]]) == (None, None)


@on_sqlite
async def test_a_test_message_says_nothing(hooked: Hooked) -> None:
    posted = await hooked.webhooks.test(FORCE, Poster(private=True), sandbox=False)
    (arrived,) = hooked.receiver.arrived
    assert posted.taken
    assert arrived.verified_by(hooked.secret)
    assert (arrived.message["type"], arrived.message["data"]) == ("webhook.test", {})


@on_sqlite
async def test_nothing_goes_to_an_address_of_ours(hooked: Hooked) -> None:
    await hooked.happened(1)
    await hooked.with_poster(Poster(private=False)).run_once()
    assert hooked.receiver.arrived == []
    for name in ("localhost", "127.0.0.1", "[::1]"):
        posted = await Poster(private=False).post(f"https://{name}/", b"{}", {})
        assert posted.said == "address-refused"


@on_sqlite
async def test_a_force_has_one_webhook_and_it_is_https(hooked: Hooked, database: Database, clock: ManualClock) -> None:
    live = Webhooks(database=database, vault=hooked.feed.world.vault, clock=clock, plain=False)
    with pytest.raises(Conflict):
        await live.set(FORCE, "https://receiver.example/", sandbox=False)
    with pytest.raises(Refused, match="https"):
        await live.set("otherforce", hooked.receiver.url, sandbox=False)


@pytest.mark.parametrize(
    "url", ["http://a.example/", "https:///x", "https://u:p@a.example/", "https://a.example/#x", "https://a.example:x/", "ftp://a.example"]
)
def test_addresses_that_cannot_be_a_webhooks(url: str) -> None:
    assert url_fault(url, plain=False) is not None


def test_only_public_addresses_are_public() -> None:
    inside = "127.0.0.1 10.1.2.3 169.254.169.254 192.168.0.1 100.64.0.1 0.0.0.0 224.0.0.1 ::1 fe80::1%eth0 fd00::1 fec0::1 ::ffff:127.0.0.1"
    translated = "64:ff9b::7f00:1 2002:7f00:1:: x"
    assert not any(is_public(address) for address in f"{inside} {translated}".split())
    assert is_public("1.1.1.1")
    assert is_public("2606:4700:4700::1111")
