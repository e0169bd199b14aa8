"""Currencies and their minor units, as ISO 4217 has them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from events.currency import AMOUNT_MAX, ISO_4217_EXPONENTS, in_major_units, is_known


@pytest.mark.parametrize(
    ("code", "exponent"),
    [("IDR", 2), ("USD", 2), ("SGD", 2), ("MYR", 2), ("PHP", 2), ("THB", 2), ("VND", 0), ("JPY", 0), ("KWD", 3)],
)
def test_the_exponents_are_those_of_iso_4217(code: str, exponent: int) -> None:
    assert ISO_4217_EXPONENTS[code] == exponent


@pytest.mark.parametrize("code", ["idr", "XXX", "XAU", "XTS", "", "ID", "ZZZ"])
def test_what_is_no_currency_in_use_is_not_known(code: str) -> None:
    assert not is_known(code)


def test_codes_are_three_capitals_and_exponents_small() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in ISO_4217_EXPONENTS)
    assert set(ISO_4217_EXPONENTS.values()) == {0, 2, 3}


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ISO_4217_EXPONENTS["IDR"] = 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("amount", "exponent", "text"),
    [(12345, 2, "123.45"), (-5, 2, "-0.05"), (7, 0, "7"), (0, 2, "0.00"), (AMOUNT_MAX, 2, "90071992547409.91")],
)
def test_major_units_are_exact(amount: int, exponent: int, text: str) -> None:
    assert in_major_units(amount, exponent) == Decimal(text)
    assert str(in_major_units(amount, exponent)) == text
