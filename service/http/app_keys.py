"""What handlers find in the application."""

from __future__ import annotations

from aiohttp import web

from service.http.balance_reader import BalanceReader
from service.http.request_metrics import RequestsTally
from service.ledger.api_keys import KeyRing
from service.ledger.ledger import Ledger
from service.marketplaces.import_jobs import Imports
from service.platform.health import Health
from service.platform.runtime import Seam
from service.platform.settings import Settings
from service.plugipay.inbound.receiver import Receiver
from service.plugipay.inbound.workspaces import Workspaces
from service.reconciliation.reconciliation_cache import Standings

LEDGER = web.AppKey("ledger", Ledger)
KEYS = web.AppKey("keys", KeyRing)
SEAM = web.AppKey("seam", Seam)
BALANCES = web.AppKey("balances", BalanceReader)
RECEIVER = web.AppKey("receiver", Receiver)
IMPORTS = web.AppKey("imports", Imports)
WORKSPACES = web.AppKey("workspaces", Workspaces)
STANDINGS = web.AppKey("standings", Standings)
REQUESTS = web.AppKey("requests", RequestsTally)
HEALTH = web.AppKey("health", Health)
SETTINGS = web.AppKey("settings", Settings)
