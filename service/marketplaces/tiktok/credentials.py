"""The credentials of TikTok Shop's API."""

from __future__ import annotations

from service.marketplaces.credentials import ApiCredentials, Secret, Word


class TikTokCredentials(ApiCredentials):
    """An app of TikTok Shop, and the token of a shop that has authorised it."""

    app_key: Word
    shop_cipher: Word
    app_secret: Secret
    access_token: Secret

    @property
    def shop(self) -> str:
        return self.shop_cipher
