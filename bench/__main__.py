"""`make bench`: our figures beside their references, interleaved and repeated, in one run on one Postgres with fsync on.

    python -m bench [--quick] [--only NAME]

writes bench/results/latest.json: rows of name, ours, reference, ratio, spread, and what else was measured of ours; and
what machine it was.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from bench import imports
from bench.append import append_ours, append_pgbench
from bench.http import Services, balance_bare, balance_ours, command_bare, command_ours
from bench.imports import import_copy, import_large_copy, import_large_ours, import_ours
from simulator.servers.postgres import start_postgres

RESULTS = Path(__file__).parent / "results" / "latest.json"

Measure = Callable[[Services, float], dict[str, float]]


@dataclass
class Row:
    """Rates a second. `spread` is (largest - smallest) / median over the rounds of ours."""

    name: str
    ours: float
    reference: float
    reference_is: str
    ratio: float
    spread: float
    p50_ms: float
    p99_ms: float
    rounds: int
    reach: float | None
    more: dict[str, float]
    """Of the import: megabytes a second, and the largest memory of the importing process and of the reference's."""


@dataclass(frozen=True)
class Bench:
    """Ours and its reference, as long as they are told to take; `rounds_max` for those that take as long as they take."""

    ours: Measure
    reference: Measure
    reference_is: str
    reach: float | None
    rounds_max: int = 5


PARSE_AND_COPY = "json.loads of each line and COPY of order, amount and line into one table, a commit for 200 rows"

BENCHES: dict[str, Bench] = {
    "http_command": Bench(command_ours, command_bare, "bare aiohttp + uvloop answering a POST with JSON", 0.4),
    "http_balance": Bench(balance_ours, balance_bare, "bare aiohttp + uvloop answering a GET with JSON", 0.5),
    "append": Bench(append_ours, append_pgbench, "pgbench, one-row inserts, 64 clients, no order, no chain", 1.0),
    "import": Bench(import_ours, import_copy, PARSE_AND_COPY, None, 2),
    "import_100mb": Bench(import_large_ours, import_large_copy, PARSE_AND_COPY, None, 1),
}
SLOW = frozenset({"import_100mb"})
"""Left out of a quick run, unless it is asked for."""


def measure(name: str, services: Services, rounds: int, seconds: float, console: Console) -> Row:
    bench = BENCHES[name]
    rounds = min(rounds, bench.rounds_max)
    ours, references = [], []
    for number in range(rounds):
        ours.append(bench.ours(services, seconds))
        references.append(bench.reference(services, seconds))
        console.print(
            f"{name} {number + 1}/{rounds}: ours {ours[-1]['rate']:,.0f}/s, reference {references[-1]['rate']:,.0f}/s"
        )
    rates = [result["rate"] for result in ours]
    middle = statistics.median(rates)
    # Pair by pair, so that a machine whose speed drifts changes both sides of a ratio.
    ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(ours, references, strict=True))
    return Row(
        name=name,
        ours=round(middle, 1),
        reference=round(statistics.median(result["rate"] for result in references), 1),
        reference_is=bench.reference_is,
        ratio=round(ratio, 3),
        spread=round((max(rates) - min(rates)) / middle, 3),
        p50_ms=round(statistics.median(result.get("p50_ms", 0.0) for result in ours), 2),
        p99_ms=round(statistics.median(result.get("p99_ms", 0.0) for result in ours), 2),
        rounds=rounds,
        reach=bench.reach,
        more=_more(ours, references),
    )


def _more(ours: list[dict[str, float]], references: list[dict[str, float]]) -> dict[str, float]:
    """The medians of what only some benchmarks measure."""
    more = {
        name: statistics.median(result[name] for result in ours)
        for name in ours[0]
        if name not in ("rate", "p50_ms", "p99_ms")
    }
    if "peak_mb" in more:
        more["reference_peak_mb"] = statistics.median(result["peak_mb"] for result in references)
    return {name: round(found, 2) for name, found in more.items()}


def machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="under two minutes, and less to be trusted")
    parser.add_argument("--only", choices=BENCHES, help="one of the benchmarks")
    options = parser.parse_args()
    rounds, seconds = (2, 3.0) if options.quick else (5, 8.0)
    console = Console(stderr=True, highlight=False)
    about = machine()
    with tempfile.TemporaryDirectory(prefix="payout-ledger-bench-") as folder:
        Path(folder).chmod(0o755)
        postgres = start_postgres(Path(folder))
        try:
            with Services.start(postgres) as services:
                shown = [name for name in BENCHES if not (options.quick and name in SLOW)]
                names = [options.only] if options.only else shown
                if options.quick:
                    imports.rows_count = imports.QUICK_ROWS
                rows = [measure(name, services, rounds, seconds, console) for name in names]
        finally:
            postgres.stop()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "quick": options.quick,
                "machine": about,
                "postgres": {"version": services.postgres_version, "fsync": "on", "synchronous_commit": "on"},
                "rows": [asdict(row) for row in rows],
            },
            indent=2,
        )
        + "\n"
    )
    table = Table(
        Column("benchmark", no_wrap=True),
        "ours/s",
        "reference/s",
        "ratio",
        "reach",
        "spread",
        "p50 ms",
        "p99 ms",
        "MB/s",
        "peak MB",
    )
    for row in rows:
        more = (row.more.get("mb_per_second"), row.more.get("peak_mb"))
        figures = (row.ratio, row.reach, row.spread, row.p50_ms, row.p99_ms, *more)
        shown_figures = ("" if figure is None else f"{figure:g}" for figure in figures)
        table.add_row(row.name, f"{row.ours:,.0f}", f"{row.reference:,.0f}", *shown_figures)
    # Where it goes into a file, nothing is cut off it.
    Console(width=None if sys.stdout.isatty() else 140).print(table)


if __name__ == "__main__":
    main()
