"""Shopee's reports: the income report and the Transaction Report of the balance, as Seller Centre writes them.

An income report is a workbook with the sheets Summary, Penghasilan (or Income), and Adjustment; others explain it further.
Its rows are of an order or of one of its products, as `Lihat berdasarkan` (`View By`) says. Charges are negative numbers,
unlike those of the API. Indonesian headings: several independent sources (A). English ones, of Malaysia, Singapore and
the Philippines: several sources (A), in Indonesian shops one (B).
"""

from __future__ import annotations

from collections.abc import Mapping

from service.formats.file_remarks import TotalOf
from service.marketplaces.observations import Kind, Level, Stage
from service.marketplaces.report_columns import Items, Movement, ReportColumns
from service.marketplaces.report_tables import ReportFile
from service.marketplaces.shopee import names

_ORDER = ("No. Pesanan", "Order ID", "Order No.", "Order SN")
_RELEASED_AT = ("Tanggal Dana Dilepaskan", "Payout Completed Date")
_TOTAL = ("Total Penghasilan", "Total Released Amount")

_PART_NAMES: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.ITEM_REVENUE, ("Harga Asli Produk", "Original Product Price", "Product Price")),
    (Kind.ITEM_REVENUE, ("Total Diskon Produk", "Seller Product Promotion", "Your Seller product promotion")),
    (Kind.REFUND, ("Jumlah Pengembalian Dana ke Pembeli", "Refund Amount to Buyer", "Refund Amount")),
    (Kind.OTHER_REVENUE, ("Diskon Produk dari Shopee", "Product Discount Rebate from Shopee")),
    (Kind.OTHER_REVENUE, ("Rebate Provided by Shopee",)),
    (Kind.VOUCHER, ("Voucher disponsor oleh Penjual", "Voucher co-fund disponsor oleh Penjual")),
    (Kind.VOUCHER, ("Cashback Koin disponsori Penjual", "Cashback Koin Co-fund disponsori Penjual")),
    (Kind.VOUCHER, ("Seller Voucher Discount", "Voucher Sponsored by Seller")),
    (Kind.VOUCHER, ("Coin Cashback Sponsored by Seller", "Seller Absorbed Coin Cashback")),
    (Kind.SHIPPING, ("Ongkir Dibayar Pembeli", "Ongkir yang Diteruskan oleh Shopee ke Jasa Kirim")),
    (Kind.SHIPPING, ("Ongkos Kirim Pengembalian Barang", "Kembali ke Biaya Pengiriman Pengirim")),
    (Kind.SHIPPING, ("Pengembalian Biaya Kirim", "Shipping Fee Paid by Buyer", "Buyer Paid Shipping Fee")),
    (Kind.SHIPPING, ("Shipping Fee Charged by Logistic Provider", "Reverse Shipping Fee", "Return to Seller Fee")),
    (Kind.SHIPPING_SUBSIDY, ("Diskon Ongkir Ditanggung Jasa Kirim", "Gratis Ongkir dari Shopee")),
    (Kind.SHIPPING_SUBSIDY, ("Shipping Rebate From Shopee", "Shipping Fee Rebate from Shopee")),
    (Kind.SHIPPING_SUBSIDY, ("Saver Programme Shipping Fee Savings",)),
    (Kind.AFFILIATE_FEE, ("Biaya Komisi AMS", "AMS Commission Fee")),
    (Kind.COMMISSION, ("Biaya Administrasi", "Commission Fee")),
    (Kind.SERVICE_FEE, ("Biaya Layanan", "Biaya Proses Pesanan", "Premi", "Biaya Program Hemat Biaya Kirim")),
    (Kind.SERVICE_FEE, ("Biaya Kampanye", "Biaya Isi Saldo Otomatis (dari Penghasilan)")),
    (Kind.SERVICE_FEE, ("Service Fee", "Saver Programme Fee", "Campaign Fee", "Ads Escrow Top Up Fee")),
    (Kind.PAYMENT_FEE, ("Biaya Transaksi", "Transaction Fee")),
    (Kind.TAX, ("Bea Masuk, PPN & PPh", "Withholding Tax")),
)
_PARTS: Mapping[str, tuple[Kind, int]] = {name: (kind, 1) for kind, found in _PART_NAMES for name in found}

INCOME = ReportColumns(
    source=names.INCOME_REPORT,
    level=Level.ORDER,
    stage=Stage.RELEASED,
    reference="order",
    needs=(_ORDER, _RELEASED_AT, _TOTAL),
    total=_TOTAL,
    parts=_PARTS,
    order=_ORDER,
    occurred_at=_RELEASED_AT,
    items=Items(
        source=names.INCOME_ITEMS,
        level=("Lihat berdasarkan", "View By"),
        whole=frozenset({"order", "pesanan"}),
        part=frozenset({"sku", "produk", "product"}),
        item=("ID Produk", "Product ID", "Nama Produk", "Product Name"),
    ),
    books=True,
    dated_when_released=True,
    without_order=True,
    identified=True,
)

ADJUSTMENTS = ReportColumns(
    source=names.INCOME_ADJUSTMENTS,
    level=Level.ORDER,
    stage=Stage.RELEASED,
    reference="adjustment",
    needs=(
        ("Biaya Penyesuaian", "Adjustment Amount"),
        ("No. Pesanan Terhubung", "Linked Order No.", "Linked Order ID"),
    ),
    amount=("Biaya Penyesuaian", "Adjustment Amount"),
    kind_name=("Tipe Penyesuaian | Deskripsi", "Adjustment Type | Description"),
    description=("Alasan Penyesuaian", "Adjustment Reason"),
    order=("No. Pesanan Terhubung", "Linked Order No.", "Linked Order ID"),
    occurred_at=(
        "Tanggal Penyesuaian Selesai", "Adjustment Complete Date", "Tanggal Penyesuaian Dibuat", *_RELEASED_AT,
    ),
    books=True,
    without_order=True,
    adjusts=True,
)  # fmt: skip
"""Money of its own: the orders' rows of the same workbook do not have it."""


def _movement(type_name: str | None) -> Movement:
    """Rows of an order are let go by it. A withdrawal leaves for the bank. What is of no order is booked here."""
    found = _TYPES.get((type_name or "").lower())
    return Movement(Kind.OTHER, known=False) if found is None else found


_OF_ORDERS = Movement(Kind.PAYOUT, books=False)
_WITHDRAWN = Movement(Kind.WITHDRAWAL, Stage.PAID, books=False)
_TYPES: Mapping[str, Movement] = {
    **dict.fromkeys(
        ("penghasilan dari pesanan", "income from orders", "income from order", "order income"), _OF_ORDERS
    ),
    **dict.fromkeys(("penarikan dana", "penarikan saldo", "withdrawal", "withdrawals", "fund withdrawal"), _WITHDRAWN),
    **dict.fromkeys(("penyesuaian", "adjustment", "adjustments"), Movement(Kind.ADJUSTMENT)),
    **dict.fromkeys(
        (
            "pembayaran dengan saldo penjual",
            "pay with seller balance",
            "paid with seller balance",
            "seller balance payment",
        ),
        Movement(Kind.SERVICE_FEE),
    ),
}

BALANCE = ReportColumns(
    source=names.BALANCE_REPORT,
    level=Level.ORDER,
    stage=Stage.RELEASED,
    reference="balance",
    needs=(
        ("Tanggal Transaksi", "Date", "Transaction Date"),
        ("Tipe Transaksi", "Transaction Type"),
        ("Jumlah", "Amount"),
        ("Saldo Akhir", "Balance After Transactions", "Balance After Transaction", "Balance"),
    ),
    amount=("Jumlah", "Amount"),
    kind_name=("Tipe Transaksi", "Transaction Type"),
    means=_movement,
    description=("Deskripsi", "Description"),
    order=_ORDER,
    occurred_at=("Tanggal Transaksi", "Date", "Transaction Date"),
    direction=("Jenis Transaksi", "Money Direction", "Money Flow", "Cash Flow"),
    status=("Status",),
    balance=("Saldo Akhir", "Balance After Transactions", "Balance After Transaction", "Balance"),
    books=True,
    without_order=True,
    adjusts=True,
)
"""The movements of the balance, as `Jenis Transaksi` says their direction and `Status` whether they are done."""

REPORT = ReportFile(
    (INCOME, ADJUSTMENTS, BALANCE),
    totals={
        **dict.fromkeys(
            ("total yang dilepas", "total released amount", "total released"),
            (TotalOf.AMOUNTS, ("penghasilan", "income")),
        ),
        **dict.fromkeys(("total saldo masuk", "total money in"), (TotalOf.CREDITS, ())),
        **dict.fromkeys(("total saldo keluar", "total money out"), (TotalOf.DEBITS, ())),
    },
)
"""`3. Total yang Dilepas` of the sheet Summary is what the orders' rows add up to (A)."""
