"""The credentials of Lazada's two APIs."""

from __future__ import annotations

from service.marketplaces.credentials import ApiCredentials, Secret, Word


class SellerCenterCredentials(ApiCredentials):
    """A SellerCenter user, and the API key that signs."""

    user_id: Word
    api_key: Secret

    @property
    def shop(self) -> str:
        return self.user_id


class OpenPlatformCredentials(ApiCredentials):
    """An app of the Open Platform, and the token of a seller who has authorised it."""

    app_key: Word
    app_secret: Secret
    access_token: Secret

    @property
    def shop(self) -> str:
        # A token does not say whose it is.
        return self.app_key
