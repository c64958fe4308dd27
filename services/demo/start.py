"""Making a demonstration ready: its settings, its database with Testshire in it, and what a visitor needs to begin."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from services.console.handlers import import_file
from services.demo.places import AUTHORITY, FORCE
from services.demo.report import sample_report
from services.demo.world import AGREEMENT, World
from services.ingest import keys
from services.router.roll import import_roll
from shared.errors import Misuse
from shared.scope import Scope
from shared.service import Parts
from shared.settings import Settings, checked, refuse_doubtful
from shared.web import sessions
from shared.web.sessions import Role

HOST = "127.0.0.1"
DAYS = 7
SIGN_IN_LIFETIME = timedelta(days=1)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The address, the API key of the fictional force, the file of the report to post, and a coordinator's sign-in link (works once).

    The key is in no repr: it opens the API.
    """

    address: str
    key: str = field(repr=False)
    report: Path
    sign_in: str = field(repr=False)


def demo_settings(folder: Path, port: int) -> Settings:
    """Everything inside ``folder``: messages become lines of files there."""
    messages = f"file://{folder / 'messages'}"
    settings = checked(
        {
            "mode": "demo",
            "database_url": f"sqlite+aiosqlite:///{folder / 'encompass.db'}",
            "bus_url": "memory:",
            "public_url": f"http://{HOST}:{port}",
            "host": HOST,
            "port": port,
            "keyring_file": folder / "keyring",
            "email_url": messages,
            "email_from": "messages@encompass.example",
            "sms_url": messages,
            "log_level": "ERROR",
        }
    )
    refuse_doubtful(settings)
    return settings


async def import_world(parts: Parts, world: World, today: date, progress: Progress) -> None:
    """Take the files in, as ``encompass directory import`` does. ``progress`` is told (file, rows done, rows to do)."""
    for kind, path in world.directory:
        told = _told(progress, path)
        result = await import_file(kind, path, parts.database, parts.vault, parts.clock, told, fictional_only=True)
        _all_taken(kind, len(result.refused))
    roll = await import_roll(
        world.roll,
        authority=AUTHORITY,
        as_at_on=today,
        agreement=AGREEMENT,
        database=parts.database,
        vault=parts.vault,
        clock=parts.clock,
        progress=_told(progress, world.roll),
    )
    _all_taken("roll", len(roll.refused))


async def give_access(parts: Parts, world: World, folder: Path) -> Access:
    """Issue the key and the sign-in link, and write the report."""
    real = parts.clock.real()
    async with parts.database.transaction() as tx:
        _, key = await keys.issue(tx, FORCE, "Demonstration", real, DAYS)
        token = await sessions.new_sign_in(tx, Role.COORDINATOR, Scope.authority(AUTHORITY), real, SIGN_IN_LIFETIME)
    report = folder / "report.json"
    report.write_text(json.dumps(sample_report(world.pupils, parts.clock.now()), indent=2) + "\n", encoding="utf-8")
    address = parts.settings.public_url
    return Access(address=address, key=key, report=report, sign_in=f"{address}/sign-in/{token}")


def _told(progress: Progress, path: Path) -> Callable[[int, int], None]:
    return lambda done, total: progress(path.name, done, total)


def _all_taken(kind: str, refused: int) -> None:
    if refused:
        raise Misuse(f"{refused} rows of the demonstration's {kind} are refused")
