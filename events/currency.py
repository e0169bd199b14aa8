"""Currencies and amounts: an amount is an integer of a currency's minor unit, never a float.

The exponents are ISO 4217's (its published list of active codes, without the metals, funds and test codes). A ledger
writes the exponents it uses into its genesis event, so an auditor never needs this table (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

AMOUNT_MAX = 2**53 - 1
"""The largest amount, in minor units: the largest integer every JSON reader keeps exact (RFC 8785)."""

_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS
    KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
    PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
    TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

ISO_4217_EXPONENTS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(_TWO_DECIMALS.split(), 2)
    | dict.fromkeys(_NO_DECIMALS.split(), 0)
    | dict.fromkeys(_THREE_DECIMALS.split(), 3)
)
"""Decimal places of each currency's minor unit."""


def is_known(currency: str) -> bool:
    """Whether the code is an active ISO 4217 currency, in upper case."""
    return currency in ISO_4217_EXPONENTS


def in_major_units(amount: int, exponent: int) -> Decimal:
    """The amount as people write it: 12345 with two decimals is 123.45."""
    return Decimal(amount).scaleb(-exponent)
