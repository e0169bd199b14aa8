"""TikTok Shop's income file, as Seller Center writes it: a workbook, or one of its sheets as CSV.

Its sheets are Reports (Laporan), Order details (Detail pesanan) and Withdrawal records (Riwayat penarikan). Headings:
several independent sources (A), in English and Indonesian; `Statement ID` one (B). Charges are negative.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.formats.file_remarks import TotalOf
from service.marketplaces.observations import Kind, Level, Stage
from service.marketplaces.report_columns import Movement, ReportColumns
from service.marketplaces.report_tables import ReportFile

_ID = ("Order/adjustment ID", "Order\\adjustment ID", "ID Pesanan/Penyesuaian")
_TYPE = ("Type", "Transaction type", "Jenis transaksi")
_TOTAL = ("Total settlement amount", "Jumlah penyelesaian pembayaran")
_FEES = ("Total Fees", "Total Biaya")

_PARTS: Mapping[str, tuple[Kind, int]] = {
    **dict.fromkeys(("Total Revenue", "Total Pendapatan"), (Kind.ITEM_REVENUE, 1)),
    **dict.fromkeys(_FEES, (Kind.FEE, 1)),
    **dict.fromkeys(("Shipping cost", "Total shipping cost"), (Kind.SHIPPING, 1)),
    **dict.fromkeys(("Adjustment amount", "Jumlah penyesuaian"), (Kind.ADJUSTMENT, 1)),
}
_FEE_NAMES: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.COMMISSION, ("TikTok Shop commission fee", "Platform commission fee", "Platform commission", "Referral fee")),
    (Kind.COMMISSION, ("Dynamic commission", "Biaya komisi platform", "Komisi dinamis")),
    (Kind.AFFILIATE_FEE, ("Affiliate commission", "Affiliate partner commission", "Affiliate Shop Ads commission")),
    (Kind.AFFILIATE_FEE, ("Komisi Afiliasi", "Komisi mitra afiliasi", "Komisi Iklan Toko afiliasi")),
    (Kind.AFFILIATE_FEE, ("Komisi iklan toko Mitra Afiliasi",)),
    (Kind.PAYMENT_FEE, ("Transaction fee", "Biaya Pembayaran", "Credit card installment - Handling fee")),
    (Kind.PAYMENT_FEE, ("Biaya program PayLater",)),
    (
        Kind.SERVICE_FEE,
        ("SFP service fee", "Biaya pemrosesan pesanan", "Biaya layanan Mall", "Biaya layanan pre-order"),
    ),
    (Kind.SERVICE_FEE, ("Biaya layanan khusus platform", "Biaya layanan Program Bebas Ongkir", "Biaya asuransi")),
    (Kind.SERVICE_FEE, ("Biaya layanan logistik", "Biaya layanan Brands Crazy Deal/Flash Sale")),
    (Kind.SERVICE_FEE, ("Biaya sumber daya campaign", "Biaya iklan GMV Max")),
)

_ORDER_WORDS = frozenset({"", "order", "orders", "pesanan"})
_ADJUSTMENT_WORDS = ("adjust", "penyesuaian", "reimburse", "compensation", "kompensasi", "ganti rugi", "penggantian")
_ADS_WORDS = ("gmv", "ads", "iklan")
_BALANCE_TYPES: Mapping[str, Movement] = {
    **dict.fromkeys(("payments", "payment", "withdrawal", "withdrawals"), Movement(Kind.WITHDRAWAL, sign=-1)),
    **dict.fromkeys(("penarikan", "penarikan dana", "pembayaran"), Movement(Kind.WITHDRAWAL, sign=-1)),
    **dict.fromkeys(("earnings", "earning", "settlement"), Movement(Kind.PAYOUT, Stage.RELEASED)),
    **dict.fromkeys(("penghasilan", "pendapatan"), Movement(Kind.PAYOUT, Stage.RELEASED)),
}


def _of_an_order(type_name: str | None) -> Movement:
    lowered = (type_name or "").lower()
    if lowered in _ORDER_WORDS:
        return Movement(Kind.PAYOUT)
    if any(word in lowered for word in _ADS_WORDS):
        return Movement(Kind.SERVICE_FEE)
    if any(word in lowered for word in _ADJUSTMENT_WORDS):
        return Movement(Kind.ADJUSTMENT)
    return Movement(Kind.OTHER, known=False)


def _of_the_balance(type_name: str | None) -> Movement:
    lowered = (type_name or "").lower()
    if lowered in _BALANCE_TYPES:
        return _BALANCE_TYPES[lowered]
    if any(word in lowered for word in _ADS_WORDS):
        return Movement(Kind.SERVICE_FEE, Stage.RELEASED)
    return Movement(Kind.OTHER, Stage.RELEASED, known=False)


def income_file(order_details: str, withdrawal_records: str, *, books: bool) -> ReportFile:
    """The file with these sources. Where orders book their channel's money, `books`, a settled order is released."""
    return ReportFile(
        (
            ReportColumns(
                source=order_details,
                level=Level.ORDER,
                stage=Stage.RELEASED if books else Stage.OWED,
                reference="settled",
                needs=(_ID, _TOTAL),
                total=_TOTAL,
                parts=_PARTS,
                breakdown_of=_FEES,
                breakdown={name: (kind, 1) for kind, found in _FEE_NAMES for name in found},
                kind_name=_TYPE,
                means=_of_an_order,
                own_id=_ID,
                own_id_is_order=True,
                statement=("Statement ID",),
                order=("Related order ID", "ID pesanan terkait"),
                item=("SKU ID", "ID SKU"),
                occurred_at=("Order settled time", "Waktu pembayaran pesanan", "Waktu penyelesaian pesanan"),
                books=books,
                dated_when_released=books,
                without_order=True,
            ),
            ReportColumns(
                source=withdrawal_records,
                level=Level.GLOBAL,
                stage=Stage.PAID,
                reference="movement",
                needs=(("Reference ID", "ID referensi"), ("Amount", "Total"), ("Status",)),
                amount=("Amount", "Total"),
                kind_name=_TYPE,
                means=_of_the_balance,
                own_id=("Reference ID", "ID referensi"),
                occurred_at=("Success time", "Waktu keberhasilan", "Request time", "Waktu permintaan"),
                without_order=True,
            ),
        ),
        totals=dict.fromkeys((name.lower() for name in _TOTAL), (TotalOf.AMOUNTS, ("order details", "detail pesanan"))),
    )
