"""Ingest: takes the police's reports and tells them what became of every child.

Subscribes to nothing; what it knows of the other services' work it reads from the journal.
"""

from services.ingest import api, api_control, api_feed, pages_control, pages_correct, pages_entry, pages_withdraw
from services.ingest.api_calling import calling
from services.ingest.handlers import Intake
from services.ingest.handlers_control import ControlLists
from services.ingest.handlers_correct import Corrections
from services.ingest.handlers_entry import Entry
from services.ingest.handlers_feed import Feed
from services.ingest.handlers_folder import FolderIntake
from services.ingest.handlers_folder_setup import folders_at, refuse_ownerless
from services.ingest.handlers_gather import Gathering
from services.ingest.handlers_show import Views
from services.ingest.handlers_webhook import Webhooks
from services.ingest.handlers_webhook_client import Poster
from services.ingest.keys import Keys
from services.ingest.loops import HashRotation
from services.ingest.loops_feed import Feeding
from services.ingest.loops_folder import Folders
from services.ingest.loops_watch import Watching
from services.ingest.loops_webhook import Pushing
from shared.events import INGEST
from shared.service import Parts, Service
from shared.settings import Settings


def build(parts: Parts) -> Service:
    """The service."""
    intake = _intake(parts)
    gathering = Gathering(intake.accept)
    keys = Keys(parts.database, parts.clock)
    corrections = Corrections(database=parts.database, vault=parts.vault)
    views = Views(database=parts.database, vault=parts.vault, clock=parts.clock)
    routes = api.build(
        intake=intake,
        gathering=gathering,
        corrections=corrections,
        views=views,
        keys=keys,
        limits=parts.frame.limits,
        clock=parts.clock,
    )
    who = calling(keys, parts.frame.limits)
    feed = Feed(parts.database, parts.vault)
    entry = Entry(database=parts.database, clock=parts.clock, intake=intake, corrections=corrections, views=views)
    pushing = Pushing(database=parts.database, clock=parts.clock, feed=feed, webhooks=webhooks(parts), poster=poster(parts.settings))
    watched = folders(parts)
    lists = ControlLists(database=parts.database, directory=parts.directory, clock=parts.clock)
    watching = Watching(database=parts.database, directory=parts.directory, clock=parts.clock)
    return Service(
        name=INGEST,
        api=(routes, api_feed.build(feed, who), api_control.build(lists, who)),
        pages=(
            pages_control.build(parts),
            pages_entry.build(parts, entry),
            pages_correct.build(parts, entry),
            pages_withdraw.build(parts, entry),
        ),
        loops=(
            HashRotation(parts.database, parts.vault),
            Feeding(parts.database, parts.clock),
            pushing,
            watching,
            *([watched] if watched else []),
        ),
        closers=(gathering.close, *([watched.close] if watched else [])),
    )


def _intake(parts: Parts) -> Intake:
    months = parts.settings.retention_months
    return Intake(database=parts.database, vault=parts.vault, retention_months=months, directory=parts.directory)


def folders(parts: Parts) -> Folders | None:
    """The watched folders that the settings name. Raises SettingsRefused when they, or their mapping files, cannot be used."""
    if parts.settings.folders_file is None:
        return None
    intake = _intake(parts)
    corrections = Corrections(database=parts.database, vault=parts.vault)
    return Folders(
        [
            FolderIntake(one, database=parts.database, vault=parts.vault, clock=parts.clock, intake=intake, corrections=corrections)
            for one in folders_at(parts.settings.folders_file)
        ]
    )


async def check_folders(parts: Parts) -> None:
    """Raise SettingsRefused when a watched folder that the settings name cannot be used, or is of a force without a policy in force."""
    if parts.settings.folders_file is not None:
        found = folders_at(parts.settings.folders_file)
        async with parts.database.reading() as reading:
            await refuse_ownerless(reading, parts.directory, found, parts.clock.now())


def webhooks(parts: Parts) -> Webhooks:
    """What an operator does with webhooks, under these settings."""
    return Webhooks(database=parts.database, vault=parts.vault, clock=parts.clock, plain=parts.settings.demo)


def poster(settings: Settings) -> Poster:
    """What posts to webhooks: in a demonstration to this machine, too."""
    return Poster(private=settings.demo or settings.webhook_private)
