"""Nobody real: a demonstration takes in and writes to addresses alone that belong to nobody."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from services.console.domain.invented import real_ones
from services.console.domain.rows import ContactRow
from services.demo.moments import moments
from services.notifier.channels import EMAIL, SMS, HandedOver, Message, Refused
from services.notifier.channels.fictional import FictionalOnly
from services.notifier.channels.file import FileChannel, read_messages
from shared.calendar import Calendar, Term, at
from shared.directory.values import ContactDetails
from shared.fictional import is_fictional_mailbox, is_fictional_number

REAL_DOMAIN = "school." + "sch.uk"
REAL_NUMBER = "+44" + "7911123456"


@pytest.mark.parametrize("domain", ["testwood.example", "example.com", "mail.example.org", "Somewhere.TEST", "nobody.invalid"])
def test_a_domain_that_nobody_can_have_is_fictional(domain: str) -> None:
    assert is_fictional_mailbox(f"dsl@{domain}")


@pytest.mark.parametrize("domain", [REAL_DOMAIN, "example.com." + REAL_DOMAIN, "notexample" + ".com", "example" + ".co.uk"])
def test_another_domain_is_not(domain: str) -> None:
    assert not is_fictional_mailbox(f"dsl@{domain}")


@pytest.mark.parametrize("number", ["+447700900123", "+441632960999", "+442079460000", "+441134960123", "+442896496012", "+442920180012"])
def test_a_number_for_drama_is_fictional(number: str) -> None:
    assert is_fictional_number(number)


@pytest.mark.parametrize("number", [REAL_NUMBER, "+4477009001234", "+441632961000", "07700900123"])
def test_another_number_is_not(number: str) -> None:
    assert not is_fictional_number(number)


async def test_the_channels_of_a_demonstration_refuse_a_real_address(tmp_path: Path) -> None:
    for name, to, fine in ((EMAIL, f"dsl@{REAL_DOMAIN}", "dsl@a.example"), (SMS, REAL_NUMBER, "+447700900123")):
        channel = FictionalOnly(FileChannel(name=name, folder=tmp_path))
        message = Message(attempt_id="a-1", to=to, subject="A message", body="Read it")
        assert await channel.send(message) == Refused(reason="not-fictional")
        taken = await channel.send(Message(attempt_id="a-2", to=fine, subject="A message", body="Read it"))
        assert isinstance(taken, HandedOver)
        assert [one.to for one in read_messages(tmp_path, name)] == [fine]


def contact(email: str, phone: str | None) -> ContactRow:
    details = ContactDetails(name="Ada Chalkboard", email=email, phone=phone)
    return ContactRow(
        reference="C-1", setting_id="900001", team_id=None, role="dsl", ordinal=1, verified_on=None, status=None, details=details
    )


def test_a_row_with_a_real_address_or_number_is_refused_without_quoting_it() -> None:
    rows = {2: contact("dsl@a.example", "+447700900123"), 3: contact(f"dsl@{REAL_DOMAIN}", None), 4: contact("dsl@a.example", REAL_NUMBER)}
    refused = real_ones(rows)
    assert [(row.line, row.column, row.code) for row in refused] == [(3, "email", "not-fictional"), (4, "phone", "not-fictional")]
    assert REAL_DOMAIN not in str(refused)
    assert REAL_NUMBER not in str(refused)


TERMS = (Term(first_on=date(2026, 9, 3), last_on=date(2026, 10, 23)), Term(first_on=date(2026, 11, 2), last_on=date(2026, 12, 18)))


def test_the_clock_can_be_moved_to_what_lies_ahead_only() -> None:
    calendar = Calendar(bank_holidays=frozenset(), terms=TERMS)
    for hours in range(24 * 21):
        now = at(date(2026, 10, 12), time(0)) + timedelta(hours=hours)
        found = moments(now, calendar)
        assert [moment.instant for moment in found] == sorted(moment.instant for moment in found)
        assert all(moment.instant > now for moment in found)
    by_code = {moment.code: moment.instant for moment in moments(at(date(2026, 10, 22), time(9)), calendar)}
    assert by_code["morning"] == at(date(2026, 10, 23), time(7, 45))
    assert by_code["holiday"] == at(date(2026, 10, 26), time(7, 45))
    assert by_code["back"] == at(date(2026, 11, 2), time(7, 45))
