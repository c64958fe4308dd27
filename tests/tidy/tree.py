"""The files that the rules are about: everything that is, or would be, committed."""

import subprocess
from pathlib import Path

from tests.tidy.source import Source

TOP = Path(__file__).resolve().parents[2]
TEXT = {".py", ".md", ".toml", ".txt", ".json", ".yaml", ".yml", ".csv", ".html", ".css", ".js", ".mako", ".ini", ".cfg", ".sh", ".sql"}
NAMED = {"Makefile", "run", ".gitignore", "LICENSE"}


def sources() -> list[Source]:
    """Every text file of the checkout that git keeps or has not been told to ignore."""
    return [Source(path=path, text=(TOP / path).read_text(encoding="utf-8")) for path in sorted(_paths()) if _is_text(path)]


def _is_text(path: str) -> bool:
    file = TOP / path
    return (file.suffix in TEXT or file.name in NAMED) and file.is_file()


def _paths() -> list[str]:
    command = ["git", "-C", str(TOP), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        # Not a git checkout (an unpacked archive): everything but what the set-up makes.
        found = (file.relative_to(TOP).as_posix() for file in TOP.rglob("*"))
        return [path for path in found if not path.startswith((".", "shared/web/static/govuk/")) and ".egg-info" not in path]
    return [path for path in listed.split("\0") if path]
