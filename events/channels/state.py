"""How marketplaces pay, and what they said that was booked."""

from __future__ import annotations

from dataclasses import field

from events.instants import Instant
from events.values import Data, value

SELLER, PLATFORM = "seller", "platform"
"""Who collects a channel's money: the seller's own bank, or us."""

StatementKey = tuple[str, str, str]
"""(channel, seller or nothing, number)."""


@value
class Channel:
    """How a marketplace pays this account, and what its records leave out."""

    collects: str = SELLER
    seller: str | None = None
    currency: str | None = None
    zone: str | None = None
    paid_out: dict[str, int] = field(default_factory=dict)
    """By currency: what stands in the paid out because it paid orders. Replaced as a whole, never changed in place."""


@value
class ChannelStatement:
    """A marketplace's statement as it was last observed, and what was booked because of it."""

    source: str
    currency: str
    """Of the money booked: another one, said later, is a finding."""
    content: Data
    findings: list[Data]
    digest: str
    reference: str
    """The order that its money counts for."""
    collects: str
    """Who collected it: as the channel stood, and from the first observation as paid on as it stood then."""
    first_position: int
    position: int
    created_at: Instant | None = None
    updated_at: Instant | None = None
    paid: bool | None = None
    was_paid: bool = False
    """Whether it was ever said to be paid: its money has moved, and does not move back by itself."""
    booked: int = 0
    """The payout amount that the ledger agrees with, whether commands or the statement recorded it."""
    paid_out: int = 0
    """How much of it stands in the paid out."""
    deposit: int | None = None
    """What the channel held back when this statement was made."""
    previous: str | None = None
