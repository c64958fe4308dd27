"""Notifier: tells a named person at each destination, goes on until one says that she is acting, and shows what happened to nobody else."""

from services.notifier import pages, pages_briefing, pages_calls
from services.notifier.calls import Calls
from services.notifier.channels import EMAIL, SMS, Channel, channel_from_url
from services.notifier.channels.duty_lists import Folder
from services.notifier.channels.fictional import FictionalOnly
from services.notifier.channels.none import NoChannel
from services.notifier.channels.returned import MaildirBox
from services.notifier.handlers_revising import Revising
from services.notifier.handlers_teams import Owing
from services.notifier.loops import Ladder
from services.notifier.loops_briefings import Briefings
from services.notifier.loops_fallback import Fallback
from services.notifier.loops_known import Knowing
from services.notifier.loops_notices import Notices
from services.notifier.loops_noticing import Noticing
from services.notifier.loops_returned import MovingOn
from services.notifier.loops_sending import Sending
from services.notifier.pages_visit import Room
from services.notifier.visits import Visits
from services.notifier.visits_answers import Answers
from services.notifier.visits_briefing import BriefingVisits
from services.notifier.visits_list import Lists
from shared.errors import Refused, SettingsRefused
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
from shared.vault import box


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
    box = MaildirBox(parts.settings.returns_dir) if parts.settings.returns_dir else None
    moving_on = MovingOn(database=database, clock=clock, mailbox=box)
    calls = Calls(database=database, clock=clock, directory=directory, knowing=knowing, sending=sending)
    url = parts.settings.public_url
    briefings = Briefings(database=database, clock=clock, directory=directory, channels=used, public_url=url)
    briefed = BriefingVisits(database=database, clock=clock, directory=directory, vault=vault, channels=used)
    room = Room(frame=parts.frame, visits=visits, answers=answers, lists=Lists(database=database, vault=vault))
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
        loops=(ladder, notices, moving_on, *([fallback] if (fallback := fallback_of(parts)) else []), briefings),
        pages=(pages.build(room), pages_calls.build(desk), pages_briefing.build(parts.frame, briefed)),
        closers=(*(channel.close for channel in used.values()), ladder.drain),  # taken from behind: what is being sent goes first
    )


def fallback_of(parts: Parts) -> Fallback | None:
    """What writes the duty desk's list; None where nobody has said where. Raises SettingsRefused for a key that cannot be read."""
    settings, database, clock = parts.settings, parts.database, parts.clock
    if settings.fallback_dir is None or settings.fallback_key_file is None:
        return None
    try:
        public = box.public_key(settings.fallback_key_file.read_text(encoding="ascii"))
    except (OSError, ValueError, Refused):
        raise SettingsRefused("ENCOMPASS_FALLBACK_KEY_FILE: the public key cannot be read") from None
    directory, vault = parts.directory, parts.vault
    knowing = Knowing(database=database, directory=directory, vault=vault, channels=())
    place = Folder(settings.fallback_dir)
    return Fallback(database=database, clock=clock, directory=directory, vault=vault, knowing=knowing, place=place, public=public)


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
