"""Importing Shopee's escrow details, beside parsing the same file and copying it into one table, as often durable.

    python -m bench.imports ours|reference '{"file": "...", "account": "acc_1"}'    with the service's environment

is one import in a process of its own; it prints one JSON line: rows, bytes, seconds and the process's largest memory.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from bench.http import Services
from events.accounts.state import LIVE
from events.envelope import Actor, Source
from service.imports.import_source import SLICE, ImportRequest
from service.imports.ingestion import import_file
from service.ledger.commands import RequestOrigin
from service.ledger.lifespan import running_ledger
from service.marketplaces.import_source import MarketplaceOptions
from service.platform import logs, settings
from service.platform.runtime import collect_garbage_rarely

ROWS, QUICK_ROWS = 100_000, 5_000
LARGE_BYTES = 100 * 1024 * 1024
SECONDS_MAX = 3600

_RUNS = count()
_CONSTANT = {
    "order_original_price": 300, "credit_card_transaction_fee": 0, "voucher_from_seller": 0, "service_fee": 0,
    "seller_coin_cash_back": 0, "shopee_shipping_rebate": 0, "actual_shipping_fee": 0, "final_shipping_fee": 0,
    "reverse_shipping_fee": 0, "seller_return_refund": 0, "drc_adjustable_refund": 0, "escrow_tax": 0,
    "order_ams_commission_fee": 0, "campaign_fee": 0, "total_adjustment_amount": 0,
}  # fmt: skip


def rows(seed: int, padding: int = 0) -> Iterator[bytes]:
    """Escrow details as `get_escrow_detail` gives them, one a line; `padding` makes each that much longer."""
    chance = random.Random(seed)
    for number in itertools.count():
        price, shipping = chance.randrange(10_000, 900_000), chance.randrange(5_000, 40_000)
        commission, payment = price // 25, price // 50
        income = {
            "escrow_amount": price + shipping - commission - payment,
            "cost_of_goods_sold": price,
            "buyer_paid_shipping_fee": shipping,
            "commission_fee": commission,
            "seller_transaction_fee": payment,
            **_CONSTANT,
        }
        found = {"order_sn": f"26{seed:04}{number:08}", "buyer_user_name": "b" * padding, "order_income": income}
        yield json.dumps({"error": "", "response": found}).encode() + b"\n"


def write(path: Path, seed: int, *, rows_count: int | None = None, bytes_count: int | None = None) -> int:
    """A file of so many rows, or of so many bytes at least; gives the number of rows."""
    written = size = 0
    with path.open("wb") as file:
        # A hundred megabytes are as many rows as many, of the size that they have with their items.
        for row in rows(seed, 0 if bytes_count is None else 600):
            if written == rows_count or (bytes_count is not None and size >= bytes_count):
                break
            size += file.write(row)
            written += 1
    return written


async def ours(file: Path, account: str) -> int:
    """What `payout-ledger import` does."""
    logs.configure("error")
    origin = RequestOrigin(Actor("operator", "bench"), Source("cli", "bench"), LIVE, "req_bench")
    async with running_ledger(settings.load()) as ledger:
        collect_garbage_rarely()
        with file.open("rb") as stream:
            request = ImportRequest(account, file.name, MarketplaceOptions("shopee", currency="IDR"))
            found = await import_file(ledger, request, stream, origin)
    assert found.counts["unreadable"] == 0
    assert found.counts["new"] == found.counts["read"]
    return found.counts["read"]


async def reference(file: Path, account: str) -> int:
    """Each line parsed by the standard library, order, amount and line copied, a commit for each slice."""
    connection = await asyncpg.connect(os.environ["MIGRATE_DATABASE_URL"])
    table = f"bench_{account}"
    await connection.execute(f'CREATE TABLE "{table}" (order_sn text PRIMARY KEY, amount bigint, line text)')
    copied = 0
    with file.open("rb") as stream:
        while lines := list(itertools.islice(stream, SLICE)):
            records = []
            for line in lines:
                found = json.loads(line)["response"]
                records.append((found["order_sn"], found["order_income"]["escrow_amount"], line.decode()))
            await connection.copy_records_to_table(table, records=records)
            copied += len(records)
    await connection.execute(f'DROP TABLE "{table}"')
    await connection.close()
    return copied


def _largest_bytes() -> int:
    """The largest memory of this process; what the one that started it had is not counted where Linux tells."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def measured(services: Services, which: str, file: Path) -> dict[str, float]:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "bench.imports", which),
            json.dumps({"file": str(file), "account": f"acc_import_{os.getpid()}_{next(_RUNS)}"}),
        ],
        env={
            **os.environ,
            "DATABASE_URL": services.postgres.service_url,
            "MIGRATE_DATABASE_URL": services.postgres.migrate_url,
            "MASTER_KEY": services.master_key,
        },
        stdout=subprocess.PIPE,
        check=True,
        timeout=SECONDS_MAX,
    )
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


rows_count = ROWS
"""How many rows `import` takes: fewer in a quick run."""


def _of_rows(services: Services, which: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="payout-ledger-bench-") as folder:
        file = Path(folder) / "escrow.jsonl"
        assert write(file, 1, rows_count=rows_count) == rows_count
        return measured(services, which, file)


def _of_bytes(services: Services, which: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="payout-ledger-bench-") as folder:
        file = Path(folder) / "escrow.jsonl"
        write(file, 2, bytes_count=LARGE_BYTES)
        return measured(services, which, file)


def import_ours(services: Services, _seconds: float) -> dict[str, float]:
    """100,000 escrow details, as many lines of a file, into a new account; durable slice by slice."""
    return _of_rows(services, "ours")


def import_copy(services: Services, _seconds: float) -> dict[str, float]:
    return _of_rows(services, "reference")


def import_large_ours(services: Services, _seconds: float) -> dict[str, float]:
    """A file of 100 MB."""
    return _of_bytes(services, "ours")


def import_large_copy(services: Services, _seconds: float) -> dict[str, float]:
    return _of_bytes(services, "reference")


def _main(which: str, given: dict[str, Any]) -> None:
    file = Path(given["file"])
    began = time.perf_counter()
    count_of_rows = uvloop.run({"ours": ours, "reference": reference}[which](file, given["account"]))
    seconds = time.perf_counter() - began
    size = file.stat().st_size
    print(
        json.dumps(
            {
                "rate": count_of_rows / seconds,
                "mb_per_second": size / seconds / 1_000_000,
                "peak_mb": _largest_bytes() / 1_000_000,
                "rows": count_of_rows,
                "file_mb": size / 1_000_000,
                "seconds": seconds,
            }
        )
    )


if __name__ == "__main__":
    _main(sys.argv[1], json.loads(sys.argv[2]))
