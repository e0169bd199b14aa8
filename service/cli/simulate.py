"""`payout-ledger simulate-plugipay`: a simulated provider, for development and demos."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import uvloop
from cyclopts import Parameter

from service.platform import logs
from service.platform.settings import WrongSettings
from simulator.provider.faults import FAULTS, WrongFault, parse_rates
from simulator.provider.lifespan import CannotListen, Simulated, simulated_plugipay
from simulator.provider.settings import EndpointSettings, Generation, SimulatorSettings, WorkspaceSettings
from simulator.provider.state_file import WrongFile

_DEFAULT = WorkspaceSettings()
_WEBHOOK_SECRET = "whsec_simulated"  # noqa: S105 - not secret, like the key's: it signs simulations only

Fault = Annotated[list[str] | None, Parameter(help=f"NAME=RATE, again for each. Names: {', '.join(FAULTS)}.")]


def simulate_plugipay(
    *,
    host: str = "127.0.0.1",
    port: int = 8090,
    webhook_url: str | None = None,
    webhook_secret: str = _WEBHOOK_SECRET,
    generation: Generation = "b",
    workspace: str = _DEFAULT.id,
    key_id: str = _DEFAULT.key_id,
    secret: str = _DEFAULT.secret,
    balance: int = 1_000_000_000_000,
    currency: str = "IDR",
    time_scale: float = 60,
    seed: int = 0,
    fault: Fault = None,
    manual: bool = False,
    state: Path | None = None,
) -> None:
    """Simulate a Plugipay whose payouts move by themselves: its payouts API, its webhooks, and faults on demand.

    Parameters
    ----------
    host
        The address to listen on. The control API needs no login.
    port
        The port to listen on; 0 takes a free one.
    webhook_url
        The URL that webhooks are sent to; without it, none are sent.
    webhook_secret
        The secret that webhooks are signed with.
    generation
        Which of Plugipay's two webhook envelopes: a of its documentation, b of its SDKs.
    workspace
        The account that payouts belong to.
    key_id
        The id of its key.
    secret
        The secret of its key, which requests are signed with.
    balance
        The account's balance at Plugipay, in the currency's smallest unit.
    currency
        IDR or USD.
    time_scale
        How many times faster than real time Plugipay's time runs: at 60 a payout is paid after about 11 seconds.
    seed
        The same seed gives the same faults.
    manual
        Payouts move only by the control API.
    state
        Store payouts in this file, so that the next run has them.

    """
    if time_scale <= 0:
        raise WrongSettings("--time-scale is to be more than 0")
    if balance < 0:
        raise WrongSettings("--balance is not to be less than 0")
    if currency not in ("IDR", "USD"):
        raise WrongSettings("--currency is to be IDR or USD")
    endpoint = EndpointSettings(webhook_url, webhook_secret, generation) if webhook_url is not None else None
    try:
        settings = SimulatorSettings(
            workspaces=(
                WorkspaceSettings(
                    workspace, key_id, secret, platform=True, balances={currency: balance}, endpoint=endpoint
                ),
            ),
            host=host,
            port=port,
            time_scale=time_scale,
            seed=seed,
            moves=not manual,
            faults=parse_rates(fault or ()),
            state_file=state,
        )
        logs.configure("info")
        uvloop.run(_serve(settings))
    except (WrongFault, WrongFile, CannotListen) as problem:
        raise WrongSettings(str(problem)) from None


async def _serve(settings: SimulatorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with simulated_plugipay(settings) as simulated:
        _show(settings, simulated)
        await stop.wait()


def _show(settings: SimulatorSettings, simulated: Simulated) -> None:
    workspace = settings.workspaces[0]
    endpoint = workspace.endpoint
    destination = (
        f"{endpoint.url}, secret {_shown(endpoint.secret)}" if endpoint else "nowhere: --webhook-url says where"
    )
    lines = [
        "",
        f"A simulated Plugipay is at {simulated.url}  (stop it with Ctrl-C)",
        f"account {workspace.id}, key {workspace.key_id}, secret {_shown(workspace.secret)}",
        f"webhooks go to {destination}",
        "",
        f"curl -s {simulated.url}/simulator",
        f"curl -s {simulated.url}/simulator/payouts",
        f"""curl -s -X PATCH {simulated.url}/simulator/faults -d '{{"silent": {{"rate": 1, "times": 1}}}}'""",
        f"""curl -s -X POST {simulated.url}/simulator/advance -d '{{"hours": 1}}'""",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _shown(secret: str) -> str:
    """A default secret is shown; one that was chosen is not."""
    return secret if secret in (_DEFAULT.secret, _WEBHOOK_SECRET) else "as given"
