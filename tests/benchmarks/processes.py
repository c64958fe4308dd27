"""What processes have used of the machine, from the kernel's own count."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Processes:
    """Process groups by name: each was started as the leader of a group of its own."""

    groups: Mapping[str, int]

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time of every process of each group so far; of those that have ended, as their parents have waited for them."""
        found = dict.fromkeys(self.groups, 0.0)
        names = {group: name for name, group in self.groups.items()}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if (name := names.get(int(fields[2]))) is not None:
                found[name] += sum(int(field) for field in fields[11:15]) / TICKS
        return found


def machine() -> str:
    """The machine in a line."""
    described = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = described[0].partition(":")[2].strip() if described else "?"
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1_000_000
    return f"{os.cpu_count()} cores of {model}, {memory} GB"
