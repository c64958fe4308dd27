"""``make bench``: how fast, beside a reference and a floor in the same run, because ratios hold where absolutes do not.

Rounds are interleaved and the median is told. End to end is from the first POST to the last e-mail that a mail server took. The light
load is 20 reports a second; the n-th e-mail is taken for the n-th report's, which shifts a time only where two overtook each other.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import floor, subjects
from tests.benchmarks.load import Load, at_once, evenly
from tests.benchmarks.processes import machine
from tests.benchmarks.sink import Sink
from tests.benchmarks.subjects import Subject
from tests.parts import detected
from tests.waiting import until

ROUNDS = 3
CONNECTIONS = 32
EACH_SECOND = 20.0


@dataclass(frozen=True)
class Sizes:
    """How much of each."""

    rounds: int
    burst: int
    light: int

    @property
    def reports(self) -> int:
        """How many reports one subject needs: a warm-up first."""
        return 100 + self.rounds * (self.burst + self.light)


@dataclass(frozen=True)
class Row:
    """One line of the table: what, each subject's figure, and their ratio (more is better when ``more``)."""

    what: str
    unit: str
    ours: float
    other: float
    against: str
    more: bool

    @property
    def ratio(self) -> float:
        return self.ours / self.other if self.more else self.other / self.ours


async def main(sizes: Sizes) -> None:
    """Measure and print."""
    figures: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sink = Sink()
        await sink.start()
        try:
            async with contextlib.AsyncExitStack() as stack:
                ours = await stack.enter_async_context(subjects.encompass(folder, sink.port, sizes.reports))
                other = await stack.enter_async_context(subjects.reference(folder, sink.port, sizes.reports))
                for subject in (ours, other):
                    await _burst(subject, sink, 100)
                for number in range(sizes.rounds):
                    for subject in (ours, other) if number % 2 == 0 else (other, ours):
                        print(f"round {number + 1} of {sizes.rounds}: {subject.name}", flush=True)
                        for what, value in (await _measured(subject, sink, sizes)).items():
                            figures[subject.name, what].append(value)
        finally:
            await sink.stop()
        figures |= await floor.measured(folder, sizes.rounds)
    _print(figures)


async def _measured(subject: Subject, sink: Sink, sizes: Sizes) -> dict[str, float]:
    before = subject.processes.cpu_seconds()
    load, taken = await _burst(subject, sink, sizes.burst)
    used = {name: seconds - before[name] for name, seconds in subject.processes.cpu_seconds().items()}
    light, handed = await _light(subject, sink, sizes.light)
    waits = sorted(1000 * (end - begin) for begin, end in zip(sorted(light.posted), handed, strict=True))
    return {
        "end to end": sizes.burst / (taken[-1] - load.posted[0]),
        "cpu": 1000 * sum(used.values()) / sizes.burst,
        **{f"cpu {name}": 1000 * seconds / sizes.burst for name, seconds in used.items()},
        "p50": waits[len(waits) // 2],
        "p99": waits[min(len(waits) - 1, int(len(waits) * 0.99))],
    }


async def _burst(subject: Subject, sink: Sink, count: int) -> tuple[Load, list[float]]:
    return await _sent(subject, sink, count, lambda requests: at_once(subject.port, requests, connections=CONNECTIONS))


async def _light(subject: Subject, sink: Sink, count: int) -> tuple[Load, list[float]]:
    return await _sent(subject, sink, count, lambda requests: evenly(subject.port, requests, each_second=EACH_SECOND))


Send = Callable[[Sequence[bytes]], Awaitable[Load]]


async def _sent(subject: Subject, sink: Sink, count: int, send: Send) -> tuple[Load, list[float]]:
    begin = len(sink.taken)
    load = await send(subject.take(count))
    if refused := [status for status in load.statuses if status != 202]:
        raise RuntimeError(f"{len(refused)} of {count} were refused by {subject.name}: {refused[0]}")

    async def all_taken() -> bool:
        return len(sink.taken) - begin >= count

    await until(all_taken, what=f"e-mails of {subject.name}", within=300)
    return load, sink.taken[begin : begin + count]


def _print(figures: dict[tuple[str, str], list[float]]) -> None:
    value = {key: statistics.median(found) for key, found in figures.items()}
    rows = [
        _beside("end to end, first POST to last e-mail", "incidents/s", value, "end to end", more=True),
        _beside("processor time of an incident", "ms", value, "cpu"),
        _beside("light load, hand-off, median", "ms", value, "p50"),
        _beside("light load, hand-off, 99 of 100", "ms", value, "p99"),
        _beside("durable accept", "reports/s", value, "accept", "floor", more=True),
    ]
    print(f"\n{machine()}; PostgreSQL and RabbitMQ on the same machine; medians of interleaved rounds\n")
    print(f"{'what':40} {'unit':12} {'Encompass':>10} {'other':>10}  {'ratio':>6}  against")
    for row in rows:
        print(f"{row.what:40} {row.unit:12} {row.ours:10.1f} {row.other:10.1f}  {row.ratio:6.2f}  {row.against}")
    spent = {what.removeprefix("cpu "): one for (name, what), one in value.items() if name == "encompass" and what.startswith("cpu ")}
    print("\nprocessor time of an incident by process: " + ", ".join(f"{name} {one:.2f} ms" for name, one in spent.items()))


def _beside(
    what: str, unit: str, value: dict[tuple[str, str], float], figure: str, against: str = "reference", *, more: bool = False
) -> Row:
    shown = {"floor": "without a database"}.get(against, against)
    return Row(what, unit, value["encompass", figure], value[against, figure], shown, more)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="make bench")
    arguments.add_argument("--quick", action="store_true", help="one short round, for a look")
    quick = arguments.parse_args().quick
    if None in (detected().postgres_url, detected().amqp_url):
        sys.exit("make bench needs PostgreSQL and RabbitMQ at their usual addresses")
    asyncio.run(main(Sizes(rounds=1, burst=300, light=60) if quick else Sizes(rounds=ROUNDS, burst=2000, light=400)))
