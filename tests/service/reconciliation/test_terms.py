"""By when channels have to have paid: on their usual days, or on those that an account sets."""

from __future__ import annotations

from datetime import date

from projections.reconciliation import due_on, terms_of
from service.platform.calendars import add_business_days
from service.reconciliation.items import USUAL_TERMS


def due(channel: str, day: date, country: str | None = None, /, **said: object) -> date | None:
    return due_on(terms_of(USUAL_TERMS.get(channel), said), day, country, add_business_days)


def test_channels_pay_on_their_usual_days() -> None:
    # A statement made on Monday 27 August 2018 covers the week to Sunday; Friday the 31st is Malaysia's National Day.
    assert due("lazada", date(2018, 8, 27), "MY") == date(2018, 9, 3)
    assert due("lazada", date(2018, 8, 26), "MY") == date(2018, 9, 3), "on the Sunday itself, the week has ended"
    assert due("lazada", date(2018, 9, 1), "MY") == date(2018, 9, 3), "and on the Saturday after, it is the same one"
    assert due("shopee", date(2026, 11, 2), "ID") == date(2026, 11, 17)
    assert due("tiktok", date(2026, 11, 2), "ID") == date(2026, 11, 17)
    assert due("tokopedia", date(2026, 11, 2), "ID") == date(2026, 11, 2)
    # The week ended on Sunday 16 August 2026; Monday is Independence Day: Tuesday, Wednesday, Thursday.
    assert due("blibli", date(2026, 8, 17), "ID") == date(2026, 8, 20)
    assert due("payout", date(2026, 8, 14), "ID") == date(2026, 8, 20)
    assert due("a shop of one's own", date(2026, 11, 2)) is None


def test_an_account_says_when_a_channel_is_held_to_pay_it() -> None:
    assert due("lazada", date(2026, 11, 4), "ID", dueAfterDays=7) == date(2026, 11, 8), "after the week's Sunday"
    assert due("lazada", date(2026, 11, 4), "ID", dueAfterDays=7, period="statement") == date(2026, 11, 11)
    assert due("shopee", date(2026, 11, 6), "ID", dueAfterBusinessDays=1) == date(2026, 11, 9)
    assert due("lazada", date(2018, 8, 27), "ID", country="MY") == date(2018, 9, 3)
    assert due("mine", date(2026, 11, 2), dueAfterDays=3) == date(2026, 11, 5)
    assert due("mine", date(2026, 11, 2), period="weekly") is None, "a period alone says no day"
