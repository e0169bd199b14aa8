"""The days on which banks pay, by country: weekends and public holidays from the `holidays` library.

Countries are ISO 3166 codes. `EU` is the euro's calendar (T2, of the European Central Bank); without a country, only
Saturdays and Sundays are no business days. Bank holidays and collective leave that a government declares (Indonesia's
cuti bersama) are no business days either. Holidays of a single state or province are ignored. Dates that follow the
moon are estimates until a government announces them: a newer release of the library corrects them, and the due dates.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

import holidays

_CODE = re.compile("[A-Z]{2}", re.ASCII)
EURO = "EU"
COUNTRIES = {
    "AUD": "AU",
    "EUR": EURO,
    "GBP": "GB",
    "IDR": "ID",
    "JPY": "JP",
    "MYR": "MY",
    "PHP": "PH",
    "SGD": "SG",
    "THB": "TH",
    "USD": "US",
    "VND": "VN",
}
"""The country whose banks pay a currency, by default."""

_CLOSING = {"bank", "government", "public"}
"""The library's categories of days that close a bank; few countries have all three."""
_EURO_CALENDAR = "XECB"
_SATURDAY = 5


def is_known(country: str) -> bool:
    """Whether there is a calendar for this code."""
    if country == EURO:
        return True
    try:
        return bool(_closing(country))
    except ValueError:
        return False


def country_of(currency: str) -> str | None:
    """The country whose banks pay this currency; None where it is unknown."""
    return COUNTRIES.get(currency)


@lru_cache(16_384)
def is_business_day(day: date, country: str | None) -> bool:
    """Whether banks pay on this day. ValueError for a country that there is no calendar for."""
    if country is None:
        return day.weekday() < _SATURDAY
    return _year(country, day.year).is_working_day(day)


def business_day_on_or_after(day: date, country: str | None) -> date:
    """The first business day that is not earlier than `day`."""
    while not is_business_day(day, country):
        day += timedelta(days=1)
    return day


def business_day_on_or_before(day: date, country: str | None) -> date:
    """The last business day that is not later than `day`."""
    while not is_business_day(day, country):
        day -= timedelta(days=1)
    return day


def add_business_days(day: date, count: int, country: str | None) -> date:
    """The count-th business day after `day`, which itself does not count. For 0, the first business day from `day` on."""
    if count < 0:
        raise ValueError(f"{count} business days after a day: a count is not negative")
    if count == 0:
        return business_day_on_or_after(day, country)
    for _ in range(count):
        day = business_day_on_or_after(day + timedelta(days=1), country)
    return day


@lru_cache(512)
def _year(country: str, year: int) -> holidays.HolidayBase:
    if country == EURO:
        return holidays.financial_holidays(_EURO_CALENDAR, years=year)
    return holidays.country_holidays(country, years=year, categories=_closing(country))


@lru_cache(256)
def _closing(country: str) -> tuple[str, ...]:
    """The categories of holidays that close this country's banks and that the library has for it."""
    try:
        # Two capitals are a country; the library also has other names.
        known = holidays.country_holidays(country).supported_categories if _CODE.fullmatch(country) else None
    except NotImplementedError:
        known = None
    if known is None:
        raise ValueError(f"{country!r} is no country with a holiday calendar: give its ISO 3166 code, such as ID")
    return tuple(sorted(_CLOSING.intersection(known)))
