"""Business days, checked against calendars that governments and central banks published."""

from __future__ import annotations

from datetime import date

import pytest

from service.platform.calendars import (
    add_business_days,
    business_day_on_or_after,
    business_day_on_or_before,
    country_of,
    is_business_day,
    is_known,
)


def test_weekends_and_public_holidays_are_no_business_days() -> None:
    assert is_business_day(date(2026, 8, 14), "ID")  # a Friday
    assert not is_business_day(date(2026, 8, 15), "ID")  # Saturday
    assert not is_business_day(date(2026, 8, 16), "ID")  # Sunday
    assert not is_business_day(date(2026, 8, 17), "ID")  # Independence Day, a Monday
    assert is_business_day(date(2026, 8, 17), "MY")


def test_collective_leave_closes_indonesian_banks() -> None:
    # SKB 3 Menteri for 2025: 31 March and 1 April are Idul Fitri, 2, 3, 4 and 7 April are cuti bersama.
    assert business_day_on_or_after(date(2025, 3, 31), "ID") == date(2025, 4, 8)


def test_a_year_that_ends_does_not_end_the_count() -> None:
    # 2025-12-25 is Christmas, 26 cuti bersama, 27/28 a weekend; 2026-01-01 is a holiday; 3/4 January are a weekend.
    assert add_business_days(date(2025, 12, 24), 4, "ID") == date(2026, 1, 2)
    assert add_business_days(date(2025, 12, 24), 5, "ID") == date(2026, 1, 5)


def test_the_fifth_business_day_after_a_week_skips_the_national_day() -> None:
    # Lazada Malaysia's rule. The week ends on Sunday 26 August 2018; Friday the 31st is National Day.
    assert add_business_days(date(2018, 8, 26), 5, "MY") == date(2018, 9, 3)


def test_no_business_days_after_a_day_is_that_day_or_the_next_business_day() -> None:
    assert add_business_days(date(2026, 8, 14), 0, "ID") == date(2026, 8, 14)
    assert add_business_days(date(2026, 8, 15), 0, "ID") == date(2026, 8, 18)
    with pytest.raises(ValueError, match="not negative"):
        add_business_days(date(2026, 8, 14), -1, "ID")


def test_the_day_before_a_long_weekend_is_found_backwards() -> None:
    assert business_day_on_or_before(date(2026, 8, 17), "ID") == date(2026, 8, 14)
    assert business_day_on_or_before(date(2026, 8, 18), "ID") == date(2026, 8, 18)


def test_the_euro_follows_its_own_calendar() -> None:
    # T2 is closed on Good Friday and Easter Monday, and open on 14 July and 3 October.
    assert business_day_on_or_after(date(2026, 4, 3), "EU") == date(2026, 4, 7)
    assert is_business_day(date(2026, 7, 14), "EU")
    assert not is_business_day(date(2026, 7, 14), "FR")


def test_a_working_saturday_is_a_business_day() -> None:
    # China's State Council moved the Spring Festival week of 2026: Saturday 14 February is worked.
    assert is_business_day(date(2026, 2, 14), "CN")


def test_without_a_country_only_weekends_are_no_business_days() -> None:
    assert is_business_day(date(2026, 12, 25), None)
    assert business_day_on_or_after(date(2026, 12, 26), None) == date(2026, 12, 28)


def test_every_currency_of_ours_has_a_calendar() -> None:
    for currency in ("IDR", "MYR", "SGD", "PHP", "THB", "VND", "EUR", "USD"):
        country = country_of(currency)
        assert country is not None
        assert is_known(country)
    assert country_of("XAU") is None


@pytest.mark.parametrize("country", ["XX", "id", "IDN", "", "AB", "Indonesia", "__"])
def test_a_country_without_a_calendar_is_refused_by_name(country: str) -> None:
    assert not is_known(country)
    with pytest.raises(ValueError, match="holiday calendar"):
        is_business_day(date(2026, 8, 17), country)
