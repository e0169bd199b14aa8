"""The credentials of Shopee's Open Platform."""

from __future__ import annotations

from pydantic import StrictBool

from service.marketplaces.credentials import ApiCredentials, Secret, Word


class ShopeeCredentials(ApiCredentials):
    """A partner, and the token of a shop that has authorised it. Cross-border shops have payouts and no wallet."""

    partner_id: Word
    shop_id: Word
    partner_key: Secret
    access_token: Secret
    cross_border: StrictBool = False

    @property
    def shop(self) -> str:
        return self.shop_id
