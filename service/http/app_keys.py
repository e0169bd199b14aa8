"""What handlers find in the application."""

from __future__ import annotations

from aiohttp import web

from service.health import Health
from service.http.balance_reader import BalanceReader
from service.keys import KeyRing
from service.ledger import Ledger
from service.plugipay.receiver import Receiver
from service.seam import Seam

LEDGER = web.AppKey("ledger", Ledger)
KEYS = web.AppKey("keys", KeyRing)
SEAM = web.AppKey("seam", Seam)
BALANCES = web.AppKey("balances", BalanceReader)
RECEIVER = web.AppKey("receiver", Receiver)
HEALTH = web.AppKey("health", Health)
