"""The shapes of times and amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from service.formats.amounts import NotAnAmount, Number, in_minor_units, read_amount, read_grouped, read_payout
from service.formats.times import read_epoch, read_moment


@pytest.mark.parametrize(
    ("text", "instant", "assumed"),
    [
        ("2014-01-04 00:23:04", "2014-01-03T17:23:04.000000Z", True),
        ("2015-06-16T13:57:59+0000", "2015-06-16T13:57:59.000000Z", False),
        ("2015-01-01T11:11+0200", "2015-01-01T09:11:00.000000Z", False),
        ("2016-04-01T10:00:00+02:00", "2016-04-01T08:00:00.000000Z", False),
        ("2018-01-04", "2018-01-03T17:00:00.000000Z", True),
        ("20180104", "2018-01-03T17:00:00.000000Z", True),
        ("17 May 2016", "2016-05-16T17:00:00.000000Z", True),
        ("1655714431", "2022-06-20T08:40:31.000000Z", False),
        ("1655714431250", "2022-06-20T08:40:31.250000Z", False),
    ],
)
def test_every_shape_is_understood(text: str, instant: str, assumed: bool) -> None:
    moment = read_moment(text, "Asia/Jakarta")
    assert (moment.text, moment.instant) == (text, instant)
    assert moment.zone == ("Asia/Jakarta" if assumed else None)


@pytest.mark.parametrize(
    "text",
    ["", "0000-00-00 00:00:00", "2014-13-01", "2015-02-29 10:00:00", "31 Mei 2016", "2015-01-01T25:00+0000",
     "2015-W01-1", "9999-12-31T23:59:59-10:00", "2015-01-01T10:00+0099", "\uff12\uff10\uff11\uff14-01-04 00:23:04"],
)  # fmt: skip
def test_what_is_no_time_keeps_its_text(text: str) -> None:
    moment = read_moment(text, "Asia/Jakarta")
    assert (moment.text, moment.instant) == (text, None)


def test_a_zone_that_is_none_leaves_bare_times_unknown() -> None:
    assert read_moment("2014-01-04 00:23:04", "Mars/Olympus").instant is None


@pytest.mark.parametrize("found", [0, "0", "soon", True, None, "-5"])
def test_what_is_no_epoch_is_no_time(found: object) -> None:
    assert read_epoch(found).instant is None


@pytest.mark.parametrize(
    ("text", "number"), [("-18674.59", "-18674.59"), ("0.00", "0.00"), ("+5", "5"), ("1E+3", "1E+3")]
)
def test_amounts_keep_text_and_value(text: str, number: str) -> None:
    assert (read_amount(text).text, str(read_amount(text).number)) == (text, number)


@pytest.mark.parametrize(
    "found",
    [
        "",
        "NaN",
        "Infinity",
        "1e999",
        "1_000",
        "\uff11\uff12",
        "12 EUR",
        "0x10",
        None,
        True,
        1.5,
        [],
        "1" * 41,
        Number("1e500"),
    ],
)
def test_what_is_no_amount_is_refused(found: object) -> None:
    with pytest.raises(NotAnAmount):
        read_amount(found)


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [
        ("1.234.567,50", True, "1234567.50"),
        ("Rp 8.000", True, "8000"),
        ("-Rp8.000", True, "-8000"),
        ("(8.000,5)", True, "-8000.5"),
        ("8,000.25", False, "8000.25"),
        ("8.25", True, "8.25"),
        ("8.000", False, "8.000"),
    ],
)
def test_grouped_amounts(text: str, comma: bool, number: str) -> None:
    assert read_grouped(text, comma).number == Decimal(number)


def test_a_payout_may_carry_its_currency() -> None:
    amount, currency = read_payout("3962.41 EUR")
    assert (amount.text, amount.number, currency) == ("3962.41 EUR", Decimal("3962.41"), "EUR")
    assert read_payout("0.00")[1] is None


@pytest.mark.parametrize(
    ("number", "exponent", "whole", "left"),
    [
        ("1521950.71", 0, 1521950, "0.71"),
        ("-18674.59", 0, -18674, "-0.59"),
        ("80000.5", 2, 8000050, "0.0"),
        ("0.0112", 2, 1, "0.0012"),
        ("-0.0112", 2, -1, "-0.0012"),
    ],
)
def test_what_does_not_fit_is_rounded_toward_zero_and_left_over(
    number: str, exponent: int, whole: int, left: str
) -> None:
    assert in_minor_units(Decimal(number), exponent) == (whole, Decimal(left))
