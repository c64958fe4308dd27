"""Notifier: tells a named person at each destination, goes on until one says that she is acting, and shows what happened to nobody else."""

from services.notifier import pages, pages_calls
from services.notifier.calls import Calls
from services.notifier.channels import EMAIL, SMS, Channel, channel_from_url
from services.notifier.channels.fictional import FictionalOnly
from services.notifier.channels.none import NoChannel
from services.notifier.handlers_revising import Revising
from services.notifier.handlers_teams import Owing
from services.notifier.loops import Ladder
from services.notifier.loops_known import Knowing
from services.notifier.loops_notices import Notices
from services.notifier.loops_noticing import Noticing
from services.notifier.loops_sending import Sending
from services.notifier.pages_visit import Room
from services.notifier.visits import Visits
from services.notifier.visits_answers import Answers
from shared.events import (
    NOTIFIER,
    ChildHeld,
    DestinationRevised,
    IncidentRouted,
    PhoneTaskOpened,
    ReviewAsked,
    ReviewEscalated,
)
from shared.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service on the channels that the settings name. Raises SettingsRefused for a channel's URL that cannot serve."""
    return built(parts, channels(parts))


def built(parts: Parts, used: dict[str, Channel]) -> Service:
    """The service on these channels, by name. A channel that is not among them is one that no contact has."""
    database, clock, directory, vault = parts.database, parts.clock, parts.directory, parts.vault
    knowing = Knowing(database=database, directory=directory, vault=vault, channels=used)
    sending = Sending(database=database, clock=clock, channels=used, public_url=parts.settings.public_url)
    visits = Visits(database=database, clock=clock, directory=directory, vault=vault, channels=used)
    noticing = Noticing(database=database, clock=clock, directory=directory, vault=vault)
    notices = Notices(database=database, clock=clock, noticing=noticing, channels=used, public_url=parts.settings.public_url)
    revising, owing = Revising(directory, vault), Owing(directory, notices.woken.set)
    answers = Answers(database=database, vault=vault, visits=visits)
    ladder = Ladder(database=database, clock=clock, knowing=knowing, sending=sending)
    calls = Calls(database=database, clock=clock, directory=directory, knowing=knowing, sending=sending)
    desk = pages_calls.Desk(frame=parts.frame, clock=clock, calls=calls)
    return Service(
        name=NOTIFIER,
        handlers={
            IncidentRouted.TYPE: revising.routed,
            DestinationRevised.TYPE: revising.revised,
            ChildHeld.TYPE: owing.review,
            ReviewEscalated.TYPE: owing.review,
            ReviewAsked.TYPE: owing.review,
            PhoneTaskOpened.TYPE: owing.call,
        },
        loops=(ladder, notices),
        pages=(pages.build(Room(frame=parts.frame, visits=visits, answers=answers)), pages_calls.build(desk)),
        closers=(*(channel.close for channel in used.values()), ladder.drain),  # taken from behind: what is being sent goes first
    )


def channels(parts: Parts) -> dict[str, Channel]:
    """The deployment's channels. ``none:`` is left out: its contacts have one channel less, and somebody telephones (design rule 7.5).

    A demonstration writes to nobody real.
    """
    settings = parts.settings
    found = (
        channel_from_url(settings.email_url, name=EMAIL, clock=parts.clock, sender=settings.email_from, ca_file=settings.email_ca_file),
        channel_from_url(settings.sms_url, name=SMS, clock=parts.clock),
    )
    used = [channel for channel in found if not isinstance(channel, NoChannel)]
    return {channel.name: FictionalOnly(channel) if settings.demo else channel for channel in used}
