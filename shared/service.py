"""What a service is to the process that runs it: a name, handlers for facts, loops, and pages or routes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter

from shared.bus.delivery import Handler
from shared.bus.loop import Loop
from shared.clock import Clock
from shared.db import Database
from shared.directory import Directory
from shared.settings import Settings
from shared.vault import Vault
from shared.web.frame import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every service is built from."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    directory: Directory
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, built. ``handlers`` are by fact type and must cover exactly what ``shared.events`` says it subscribes to.

    ``api`` routers stand in the OpenAPI document; ``pages`` do not. Pages are built on ``parts.frame``; a service's own templates lie in
    its folder ``templates``. ``closers`` are awaited when the process ends.
    """

    name: str
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    loops: tuple[Loop, ...] = ()
    api: tuple[APIRouter, ...] = ()
    pages: tuple[APIRouter, ...] = ()
    closers: tuple[Callable[[], Awaitable[None]], ...] = ()


Build = Callable[[Parts], Service]
