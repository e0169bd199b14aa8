"""camt.053 as banks write it, read entry by entry; what is damaged or dangerous is kept and listed."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest

from service.banks.camt import camt_observations
from service.banks.observations import BankObservation, ObservedBankStatement, ObservedEntry
from service.formats.file_remarks import StatedTotal
from service.formats.unreadable import Unreadable
from tests.service.banks.samples import NAMESPACE, PAYOUT, PENDING, camt


def read(content: bytes) -> list[BankObservation]:
    return list(camt_observations(io.BytesIO(content)))


def entries(content: bytes) -> list[ObservedEntry]:
    return [each for each in read(content) if isinstance(each, ObservedEntry)]


def problems(content: bytes) -> list[str]:
    return [each.reason for each in read(content) if isinstance(each, Unreadable)]


def test_an_entry_has_what_the_bank_says_of_it() -> None:
    payout, reversal = entries(camt())
    assert (payout.amount, payout.currency, payout.booked_on) == (Decimal("3962.41"), "EUR", date(2026, 11, 9))
    assert payout.value_on == date(2026, 11, 10)
    assert (payout.reference, payout.references) == ("BANK-REF-1", ("E2E-1",))
    assert payout.remittance == "Payout EG100RT-20141228 week 52"
    assert payout.counterparty == "Lazada South East Asia SG00 1234", "who paid, and not the account's own holder"
    assert payout.bank_account == "DE89 3704 0044 0532 0130 00"
    assert payout.raw.startswith(b"<Ntry><NtryRef>1</NtryRef>")
    assert payout.raw.endswith(b"</Ntry>")
    assert (reversal.amount, reversal.reversal) == (Decimal("-12.41"), True), "a reversal of a credit is a debit"
    assert (reversal.counterparty, reversal.remittance, reversal.reference) == ("Lazada", "correction", None)


@pytest.mark.parametrize("version", ["02", "04", "06", "08", "11"])
def test_every_version_is_read_whatever_its_namespace_and_prefix(version: str) -> None:
    namespace = NAMESPACE[:-2] + version
    assert len(entries(camt(namespace=namespace))) == 2
    prefixed = camt(namespace=namespace).replace(b"<", b"<c:").replace(b"<c:/", b"</c:").replace(b"<c:?", b"<?")
    assert len(entries(prefixed.replace(b"xmlns=", b"xmlns:c="))) == 2


def test_balances_stand_beside_what_the_entries_add_up_to() -> None:
    statement = read(camt(closing="4050.01"))[-1]
    assert isinstance(statement, ObservedBankStatement)
    assert (statement.part.number, statement.currency) == ("STMT-1", "EUR")
    assert (statement.part.opening, statement.part.closing) == (Decimal("100.00"), Decimal("4050.01"))
    assert (statement.part.from_on, statement.part.to_on) == (date(2026, 11, 9), date(2026, 11, 10))


def test_what_is_not_booked_is_no_entry() -> None:
    assert [each.amount for each in entries(camt(PAYOUT, PENDING))] == [Decimal("3962.41")]


def test_a_batch_of_payments_is_one_entry_in_bounded_memory() -> None:
    details = "".join(f"<TxDtls><Refs><EndToEndId>E-{n}</EndToEndId></Refs></TxDtls>" for n in range(5000))
    batch = PAYOUT.replace("<NtryDtls>", f"<NtryDtls>{details}")
    [entry] = entries(camt(batch))
    assert (len(entry.references), len(entry.raw)) == (50, 64 * 1024)
    after = entries(camt(batch, PAYOUT.replace("BANK-REF-1", "BANK-REF-2")))
    assert after[1].raw.endswith(b"</Ntry>")
    assert after[1].raw.startswith(b"<Ntry>")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<CdtDbtInd>IN</CdtDbtInd><Sts>", "CdtDbtInd is 'IN'"),
        ('EUR">3962.41</Amt><CdtDbtInd>', 'EUR">-3962.41</Amt><CdtDbtInd>', "has a sign"),
        ('EUR">3962.41</Amt><CdtDbtInd>', 'EUR">much</Amt><CdtDbtInd>', "is not an amount"),
        ("<Dt>2026-11-09</Dt></BookgDt>", "<Dt>09.11.2026</Dt></BookgDt>", "is not a date"),
    ],
)
def test_an_entry_that_cannot_be_read_is_listed_and_the_others_are_in(old: str, new: str, reason: str) -> None:
    assert old in PAYOUT
    found = read(camt(PAYOUT.replace(old, new, 1), PAYOUT))
    assert [type(each) for each in found] == [Unreadable, ObservedEntry, StatedTotal, ObservedBankStatement]
    assert isinstance(found[0], Unreadable)
    assert reason in found[0].reason
    assert found[0].place.startswith("Stmt[0]/Ntry[0], line ")


def test_a_document_type_is_refused_before_anything_is_expanded() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>'
    assert problems(bomb) == ["not XML that we read: it has a document type: none of ours does"]
    outside = camt().replace(b"?>", b'?><!DOCTYPE Document SYSTEM "http://127.0.0.1:9/camt.dtd">', 1)
    assert [type(each) for each in read(outside)] == [Unreadable]


def test_what_breaks_off_keeps_what_was_read() -> None:
    found = read(camt()[:-30])
    assert [type(each) for each in found] == [ObservedEntry, ObservedEntry, Unreadable]
    [reason] = problems(b"<Document><BkToCstmrAcctRpt/></Document>")
    assert "it is no camt.053" in reason
    assert "nested more than" in problems(b"<a>" * 40)[0]
