from __future__ import annotations

from tests.architecture.walks import Walk
from tests.support.api import Api


async def test_a(api: Api) -> None:
    merchant = await api.merchant(available=10_000)
    body = {
        "order_sn": "A1",
        "order_income": {"escrow_amount": 95000, "cost_of_goods_sold": 100000, "commission_fee": 5000},
    }
    body2 = {
        "order_sn": "A2",
        "order_income": {"escrow_amount": 95000, "cost_of_goods_sold": 100000, "commission_fee": 5000},
    }
    await merchant.post("/v1/settlements/imports?channel=shopee&currency=IDR", body)
    w = Walk()
    with w.follow():
        a = await merchant.post("/v1/settlements/imports?channel=shopee&currency=IDR", body2)
    assert a.status == 200
    print(len(w.files))
    print(" ".join(w.files))
    with w.follow():
        a = await merchant.get("/v1/payouts/balance")
    print(len(w.files))
    print(" ".join(w.files[-5:]))
