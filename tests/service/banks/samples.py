"""Banks' statements written by hand, in the shapes that banks use."""

from __future__ import annotations

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{namespace}"><BkToCstmrStmt><GrpHdr><MsgId>M-1</MsgId></GrpHdr><Stmt>
<Id>STMT-1</Id><FrToDt><FrDtTm>2026-11-09T00:00:00+07:00</FrDtTm><ToDtTm>2026-11-10T23:59:59+07:00</ToDtTm></FrToDt>
<Acct><Id><IBAN>DE89 3704 0044 0532 0130 00</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-11-09</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-11-10</Dt></Dt></Bal>"""
TAIL = "</Stmt></BkToCstmrStmt></Document>"

PAYOUT = """<Ntry><NtryRef>1</NtryRef><Amt Ccy="EUR">3962.41</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-11-09</Dt></BookgDt><ValDt><DtTm>2026-11-10T01:00:00+07:00</DtTm></ValDt>
<AcctSvcrRef>BANK-REF-1</AcctSvcrRef><NtryDtls><TxDtls>
<Refs><EndToEndId>E2E-1</EndToEndId><TxId>NOTPROVIDED</TxId></Refs><Amt Ccy="EUR">3962.41</Amt>
<RltdPties><Dbtr><Nm>Lazada South East Asia</Nm></Dbtr><DbtrAcct><Id><IBAN>SG00 1234</IBAN></Id></DbtrAcct>
<Cdtr><Nm>Siti Rahma</Nm></Cdtr></RltdPties>
<RmtInf><Ustrd>Payout EG100RT-20141228</Ustrd><Ustrd>week 52</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""

REVERSAL = """<Ntry><Amt Ccy="EUR">12.41</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><DtTm>2026-11-10T09:00:00+07:00</DtTm></BookgDt><NtryDtls><TxDtls><RltdPties>
<Cdtr><Pty><Nm>Lazada</Nm></Pty></Cdtr></RltdPties></TxDtls></NtryDtls><AddtlNtryInf>correction</AddtlNtryInf></Ntry>"""

PENDING = """<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts>
<BookgDt><Dt>2026-11-10</Dt></BookgDt></Ntry>"""


def camt(*entries: str, closing: str = "4050.00", namespace: str = NAMESPACE) -> bytes:
    """A statement with opening balance 100.00; 100.00 + 3962.41 - 12.41 = 4050.00."""
    return (HEAD.format(closing=closing, namespace=namespace) + "".join(entries or (PAYOUT, REVERSAL)) + TAIL).encode()


BCA = b"""Informasi Rekening;Mutasi
No. rekening;1234567890

Tanggal;Keterangan;Debet;Kredit;Saldo
09/11/2026;"TRSF E-BANKING CR 0911/FTSCY/WS95031 SHOPEE 250001.00 PAYOUT WK45";;"1.500.000,00";"2.500.000,00"
09/11/2026;BIAYA ADM;"15.000,00";;"2.485.000,00"
10/11/2026;BIAYA ADM;"15.000,00";;"2.470.000,00"
10/11/2026;BIAYA ADM;"15.000,00";;"2.455.000,00"
"""

MANDIRI = b"""Date,Value Date,Description,Reference No.,Amount,DB/CR,Balance
2026-11-10,2026-11-11,Tokopedia saldo,REF-2,"2,000,000.00",CR,"2,700,000.00"
2026-11-09,2026-11-09,Payout pout_1,REF-1,"300,000.00",DB,"700,000.00"
"""
