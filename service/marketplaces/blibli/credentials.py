"""The credentials of Blibli's API."""

from __future__ import annotations

from service.marketplaces.credentials import ApiCredentials, Secret, Word


class BlibliCredentials(ApiCredentials):
    """A store, and the keys of the API's client and of the seller.

    Without a signature key, requests are not signed: Blibli lets sellers choose.
    """

    client_id: Word
    store_code: Word
    username: Word
    client_key: Secret
    seller_key: Secret
    signature_key: Secret | None = None

    @property
    def shop(self) -> str:
        return self.store_code
