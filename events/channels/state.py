"""How marketplaces pay, and what they said that was booked."""

from __future__ import annotations

from dataclasses import field

from events.instants import Instant
from events.observations import Heard
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
    columns: str | None = None
    """The headings of its reports, by their names."""
    types: str | None = None
    """The meaning of its types."""
    paid_out: dict[str, int] = field(default_factory=dict)
    """By currency: what stands in the paid out because it paid orders. Replaced as a whole, never changed in place."""
    owed: dict[str, int] = field(default_factory=dict)
    """By currency: what it took back beyond what it had paid. It is missing in the available, until it is paid again."""


@value
class ChannelStatement:
    """A marketplace's statement as its newest observation has it, and what was booked because of all of them."""

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
    moved_pending: int | None = 0
    """What it has moved of the pending so far. It is less than `booked` where commands had recorded the same money, or had
    settled it. Rows of older releases do not know."""
    moved_available: int | None = 0
    """What it has moved of the available, in the same way."""
    told: Heard = field(default_factory=dict)
    """What each source said of it, and when, with the payout and the deposit. Rows of older releases have nothing here:
    what they know is their content."""
