"""A setting's own holiday contacts: told in place of everybody else there, and chased by the setting's authority."""

from datetime import timedelta

from tests.contract.notifier_world import AUTHORITY_LEAD, DEADLINE, DEPUTY, DSL, HEAD, PHONE_DESK, World, clock, reasons, world

__all__ = ["clock", "world"]


async def test_only_holiday_contacts_are_told_and_the_settings_authority_chases(world: World) -> None:
    await world.change_contacts(HEAD, holiday=True)
    await world.opened("C1", purpose="holiday-live")
    await world.settle()
    assert world.email.to == [HEAD]
    await world.advance(DEADLINE)
    assert {DSL, DEPUTY} & {*world.email.to} == set()
    assert f"lead@{AUTHORITY_LEAD}.example" in world.email.to
    assert reasons(await world.rows("notifier_phone_task")) == {"not-acknowledged": PHONE_DESK}


async def test_one_who_is_none_any_more_leaves_a_call_at_once(world: World) -> None:
    """Between the routing and the opening the setting may lose its holiday contact: somebody telephones, and it is not silent."""
    await world.change_contacts(HEAD, holiday=True, state="suspended")
    await world.opened("C1", purpose="holiday-live", deadline_at=DEADLINE + timedelta(hours=1))
    await world.settle()
    assert not {HEAD, DSL, DEPUTY} & {*world.email.to}
    assert f"lead@{AUTHORITY_LEAD}.example" in world.email.to


async def test_on_the_first_staff_day_everybody_is_told_as_ever(world: World) -> None:
    await world.change_contacts(HEAD, holiday=True)
    await world.opened("C1", purpose="first-staff-day")
    await world.settle()
    assert world.email.to == [DSL]
