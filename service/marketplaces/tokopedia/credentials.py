"""The credentials of Tokopedia's API."""

from __future__ import annotations

from service.marketplaces.credentials import ApiCredentials, Secret, Word


class TokopediaCredentials(ApiCredentials):
    """A shop of an app's fulfilment service, and the app's bearer token."""

    fs_id: Word
    shop_id: Word
    access_token: Secret

    @property
    def shop(self) -> str:
        return self.shop_id
