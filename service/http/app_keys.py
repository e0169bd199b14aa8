"""The keys under which handlers find services and settings in the application."""

from __future__ import annotations

from aiohttp import web

from service.imports.import_jobs import ImportJobs
from service.ledger.api_keys import KeyRing
from service.ledger.ledger import Ledger
from service.platform.health import Health
from service.platform.runtime import Runtime
from service.platform.settings import Settings
from service.plugipay.inbound.receiver import Receiver
from service.plugipay.inbound.workspaces import Workspaces
from service.reconciliation.reconciliation_cache import ReconciliationCache

LEDGER = web.AppKey("ledger", Ledger)
KEYS = web.AppKey("keys", KeyRing)
RUNTIME = web.AppKey("runtime", Runtime)
RECEIVER = web.AppKey("receiver", Receiver)
IMPORTS = web.AppKey("imports", ImportJobs)
WORKSPACES = web.AppKey("workspaces", Workspaces)
RECONCILIATION_CACHE = web.AppKey("reconciliation_cache", ReconciliationCache)
HEALTH = web.AppKey("health", Health)
SETTINGS = web.AppKey("settings", Settings)
