"""What an import's processor time goes into: of this process by what it does, and of Postgres beside it.

    python -m bench.import_cost [--rows N] [--profile]

imports N of Shopee's escrow details into an empty ledger, on an embedded Postgres of its own, and prints microseconds of
processor time an order. Unlike orders a second, they say nearly the same on a machine that does other things meanwhile.
`--profile` prints where the deciding thread was, by cProfile, whose own cost is in those figures. Linux only.
"""

from __future__ import annotations

import argparse
import base64
import cProfile
import os
import pstats
import secrets
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from bench.imports import ours, write
from service.imports import ingestion
from service.marketplaces.booking import RecordsUnit
from service.marketplaces.import_source import MarketplaceSource
from simulator.servers.postgres import start_postgres

_TICKS = os.sysconf("SC_CLK_TCK")


def postgres_seconds(directory: Path) -> float:
    """The processor time that the server's processes have taken so far, those that have ended included."""
    postmaster = next(directory.rglob("postmaster.pid")).read_text().split()[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if stat.parent.name == postmaster:
            ticks += sum(map(int, after_name[11:15]))
        elif after_name[1] == postmaster:
            ticks += sum(map(int, after_name[11:13]))
    return ticks / _TICKS


def timed(owner: Any, name: str, seconds: defaultdict[str, float], part: str) -> None:
    """From now on, the calls of a function add their thread's processor time to `part`."""
    function: Callable[..., Any] = getattr(owner, name)

    def measured(*given: Any) -> Any:
        before = time.thread_time()
        try:
            return function(*given)
        finally:
            seconds[part] += time.thread_time() - before

    setattr(owner, name, measured)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.import_cost")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    seconds: defaultdict[str, float] = defaultdict(float)
    timed(ingestion, "_next_slice", seconds, "reading: JSON, lines, their texts")
    timed(MarketplaceSource, "unit", seconds, "checking what the log can hold")
    timed(RecordsUnit, "decide", seconds, "deciding: judging, events, digests, sealing, receipt")
    with tempfile.TemporaryDirectory(prefix="payout-ledger-bench-") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "escrow.jsonl"
        write(file, 1, rows_count=options.rows)
        postgres = start_postgres(Path(folder))
        try:
            os.environ["DATABASE_URL"], os.environ["MIGRATE_DATABASE_URL"] = postgres.service_url, postgres.migrate_url
            os.environ["MASTER_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
            write(Path(folder) / "first.jsonl", 2, rows_count=1)
            # The first one migrates, and reads what is read once.
            uvloop.run(ours(Path(folder) / "first.jsonl", "acc_first"))
            seconds.clear()
            of_postgres, of_process, began = postgres_seconds(Path(folder)), time.process_time(), time.perf_counter()
            profile = cProfile.Profile()
            if options.profile:
                profile.runcall(uvloop.run, ours(file, "acc_cost"))
            else:
                uvloop.run(ours(file, "acc_cost"))
            of_process, took = time.process_time() - of_process, time.perf_counter() - began
            of_postgres = postgres_seconds(Path(folder)) - of_postgres
        finally:
            postgres.stop()
    seconds["the rest: rows of the append, driver, loop"] = of_process - sum(seconds.values())
    for part, found in (*seconds.items(), ("this process", of_process), ("Postgres", of_postgres)):
        print(f"{found / options.rows * 1e6:6.0f} us an order  {part}")
    print(f"{options.rows / took:6.0f} orders a second")
    if options.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    main()
