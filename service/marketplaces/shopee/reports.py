"""Shopee's income report, from Seller Centre or `get_income_statement`, with its Indonesian headings.

Charges are negative numbers, unlike those of the API. One source attests the headings.
"""

from __future__ import annotations

from service.marketplaces.observations import Kind, Level, Stage
from service.marketplaces.report_tables import Columns
from service.marketplaces.shopee import names

INCOME = Columns(
    source=names.INCOME_REPORT,
    level=Level.ORDER,
    stage=Stage.RELEASED,
    reference="order",
    needs=("No. Pesanan", "Tanggal Dana Dilepaskan", "Total Penghasilan"),
    total="Total Penghasilan",
    parts={
        "Harga Asli Produk": (Kind.ITEM_REVENUE, 1),
        "Total Diskon Produk": (Kind.ITEM_REVENUE, 1),
        "Jumlah Pengembalian Dana ke Pembeli": (Kind.REFUND, 1),
        "Diskon Produk dari Shopee": (Kind.OTHER_REVENUE, 1),
        "Voucher disponsor oleh Penjual": (Kind.VOUCHER, 1),
        "Voucher co-fund disponsor oleh Penjual": (Kind.VOUCHER, 1),
        "Cashback Koin disponsori Penjual": (Kind.VOUCHER, 1),
        "Cashback Koin Co-fund disponsori Penjual": (Kind.VOUCHER, 1),
        "Ongkir Dibayar Pembeli": (Kind.SHIPPING, 1),
        "Diskon Ongkir Ditanggung Jasa Kirim": (Kind.SHIPPING_SUBSIDY, 1),
        "Gratis Ongkir dari Shopee": (Kind.SHIPPING_SUBSIDY, 1),
        "Ongkir yang Diteruskan oleh Shopee ke Jasa Kirim": (Kind.SHIPPING, 1),
        "Ongkos Kirim Pengembalian Barang": (Kind.SHIPPING, 1),
        "Kembali ke Biaya Pengiriman Pengirim": (Kind.SHIPPING, 1),
        "Pengembalian Biaya Kirim": (Kind.SHIPPING, 1),
        "Biaya Komisi AMS": (Kind.AFFILIATE_FEE, 1),
        "Biaya Administrasi (termasuk PPN 11%)": (Kind.COMMISSION, 1),
        "Biaya Administrasi": (Kind.COMMISSION, 1),
        "Biaya Layanan": (Kind.SERVICE_FEE, 1),
        "Biaya Proses Pesanan": (Kind.SERVICE_FEE, 1),
        "Premi": (Kind.SERVICE_FEE, 1),
        "Biaya Program Hemat Biaya Kirim": (Kind.SERVICE_FEE, 1),
        "Biaya Transaksi": (Kind.PAYMENT_FEE, 1),
        "Biaya Kampanye": (Kind.SERVICE_FEE, 1),
        "Bea Masuk, PPN & PPh": (Kind.TAX, 1),
        "Biaya Isi Saldo Otomatis (dari Penghasilan)": (Kind.SERVICE_FEE, 1),
    },
    order="No. Pesanan",
    occurred_at="Tanggal Dana Dilepaskan",
    books=True,
)

ADJUSTMENTS = Columns(
    source=names.INCOME_ADJUSTMENTS,
    level=Level.ORDER,
    stage=Stage.RELEASED,
    reference="adjustment",
    needs=("Biaya Penyesuaian", "No. Pesanan Terhubung"),
    amount="Biaya Penyesuaian",
    kind_name="Tipe Penyesuaian | Deskripsi",
    order="No. Pesanan Terhubung",
    occurred_at="Tanggal Dana Dilepaskan",
)
"""The escrow details of the orders book these adjustments. The report explains them."""
