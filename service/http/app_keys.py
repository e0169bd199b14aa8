"""What handlers find in the application."""

from __future__ import annotations

from aiohttp import web

from service.health import Health
from service.http.balance_reader import BalanceReader
from service.http.requests_tally import RequestsTally
from service.keys import KeyRing
from service.ledger import Ledger
from service.marketplaces.imports import Imports
from service.plugipay.receiver import Receiver
from service.plugipay.workspaces import Workspaces
from service.reconciliation.standing import Standings
from service.seam import Seam
from service.settings import Settings

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
