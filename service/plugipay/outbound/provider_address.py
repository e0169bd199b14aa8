"""The addresses that an account's own provider may have: those of the settings, and no others.

Whoever may set an account's provider must not choose where the service sends bank account numbers and signed requests.
"""

from __future__ import annotations

from yarl import URL

from service.platform.address_guard import url_problem
from service.platform.settings import Settings


def is_of_the_settings(base_url: str, settings: Settings) -> bool:
    """Whether this is the address of `PLUGIPAY_BASE_URL`: whoever runs the service answers for it, wherever it is."""
    return base_url.rstrip("/") == settings.plugipay_base_url.rstrip("/")


def provider_address_problem(base_url: str, settings: Settings) -> str | None:
    """Why an account's provider cannot be at this address, or None."""
    if is_of_the_settings(base_url, settings):
        return None
    problem = url_problem(base_url, settings)
    if problem is not None:
        return problem
    address = URL(base_url)
    if address.query_string:
        return "the provider's address has no query"
    allowed = {host.strip().lower() for host in settings.plugipay_hosts.split(",")}
    if (address.host or "").lower() not in allowed:
        return (
            f"{address.host} is not among the provider's hosts: whoever runs the service names them in PLUGIPAY_HOSTS"
        )
    return None
