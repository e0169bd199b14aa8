"""`make bench-against REV=...`: this checkout beside another commit of it, in turn, so that a drifting machine hits both.

    python -m bench.against REV [--only NAME,NAME] [--rounds N]

Each round runs each benchmark once on either side, the other commit in a worktree of its own with the same Python. It
prints the median of the ratios, pair by pair, and their range: 1.05 is five percent more per second than at REV.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("http_command", "http_balance", "append", "import")


def run(folder: Path, name: str) -> float:
    """One quick run of one benchmark in a checkout: its rate."""
    subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=True,
        capture_output=True,
        timeout=600,
    )
    [row] = json.loads((folder / "bench" / "results" / "latest.json").read_text())["rows"]
    return float(row["ours"])


def compare(other: Path, names: list[str], rounds: int, console: Console) -> dict[str, list[tuple[float, float]]]:
    """By benchmark: the rates here and there, round by round; who begins changes from round to round."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            sides = (ROOT, other) if number % 2 else (other, ROOT)
            rates = {side: run(side, name) for side in sides}
            found[name].append((rates[ROOT], rates[other]))
            console.print(f"{name} {number + 1}/{rounds}: here {rates[ROOT]:,.0f}/s, there {rates[other]:,.0f}/s")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.against")
    parser.add_argument("rev", help="the commit to compare with")
    parser.add_argument("--only", default=",".join(NAMES), help="some of the benchmarks, with commas between them")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="payout-ledger-against-") as folder:
        other = Path(folder) / "other"
        subprocess.run(["git", "worktree", "add", "--detach", str(other), options.rev], cwd=ROOT, check=True)
        # Postgres runs as an account of its own where this is root.
        Path(folder).chmod(0o755)
        try:
            found = compare(other, options.only.split(","), options.rounds, console)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(other)], cwd=ROOT, check=True)
    table = Table("benchmark", "here/s", f"{options.rev[:12]}/s", "ratio", "lowest", "highest")
    for name, pairs in found.items():
        ratios = sorted(here / there for here, there in pairs)
        here, there = (statistics.median(side) for side in zip(*pairs, strict=True))
        figures = (f"{statistics.median(ratios):.3f}", f"{ratios[0]:.3f}", f"{ratios[-1]:.3f}")
        table.add_row(name, f"{here:,.0f}", f"{there:,.0f}", *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
