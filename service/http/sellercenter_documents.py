"""SellerCenter's JSON answers, as the document describes them; XML has the same elements.

They are built by `service/marketplaces/lazada/sellercenter_responses.py`, in SellerCenter's own names and texts.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


class SellerCenterStatement(TypedDict):
    """Seed 001's 17 fields, in its order; what a source does not say is empty."""

    StatementNumber: str
    CreatedAt: str
    UpdatedAt: str
    OpeningBalance: str
    ItemRevenue: str
    ShipmentFee: str
    ShipmentFeeCredit: str
    OtherRevenueTotal: str
    FeesTotal: str
    Subtotal1: str
    Refunds: str
    FeesOnRefundsTotal: str
    Subtotal2: str
    ClosingBalance: str
    GuaranteeDeposit: str
    Payout: str
    Paid: str


class SellerCenterStatements(TypedDict):
    Statement: Annotated[
        SellerCenterStatement | list[SellerCenterStatement],
        Field(description="A list where there are several, as SellerCenter's converter has it."),
    ]


class SellerCenterPayouts(TypedDict):
    PayoutStatus: Annotated[str | SellerCenterStatements, Field(description="An empty text where there is none.")]


class SellerCenterSuccessHead(TypedDict):
    RequestId: str
    RequestAction: str
    ResponseType: str
    Timestamp: str


class SellerCenterResult(TypedDict):
    Head: SellerCenterSuccessHead
    Body: SellerCenterPayouts


class SellerCenterSuccess(TypedDict):
    SuccessResponse: SellerCenterResult


class SellerCenterErrorHead(TypedDict):
    RequestAction: str
    ErrorType: str
    ErrorCode: str
    ErrorMessage: str


class SellerCenterFault(TypedDict):
    Head: SellerCenterErrorHead
    Body: str


class SellerCenterError(TypedDict):
    ErrorResponse: SellerCenterFault
