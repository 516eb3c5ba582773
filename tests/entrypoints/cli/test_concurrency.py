"""Calls at once, priorities and shadows from the command line and from a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import Installation, wait_until

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("concurrency") / "home")
    it.start()
    it.wait_for(it.answers)
    yield it
    it.kill()


def test_limits_and_shadows_reach_the_gateway_and_come_back_as_a_file(
    installation: Installation, tmp_path: Path
) -> None:
    limits = ("--max-concurrency", "3", "--max-queue", "2", "--queue-timeout", "0.5")
    changed = installation.json("provider", "change", "sim", *limits)
    found = [changed[name] for name in ("max_concurrency", "max_queue", "queue_timeout_ms")]
    assert found == [3, 2, 500]
    kept = installation.json("provider", "change", "sim", "--max-queue", "4")
    assert (kept["max_concurrency"], kept["max_queue"]) == (3, 4)
    key = installation.json("key", "create", "batch", "--priority", "low")
    assert (key["key"]["priority"], key["key"]["strict_hints"]) == ("low", False)
    strict = installation.json("key", "create", "strict", "--strict-hints")
    assert strict["key"]["strict_hints"] is True
    shadow = ("--shadow", "25=sim/sim-large", "--shadow-calls", "2")
    installation.run("route", "set", "support", "--target", "sim/sim-small", *shadow)

    def known() -> bool:
        target = installation.json("explain", "support")["targets"]
        return bool(target) and target[0]["max_calls"] == 3

    wait_until(known)
    explained = installation.json("explain", "support")
    assert (explained["shadow"], explained["call_priority"]) == ("25 % to sim/sim-large", "normal")
    assert "0 of 3" in installation.run("explain", "support")
    written = installation.run("export")
    assert "percent: 25" in written
    file = tmp_path / "penstock.yaml"
    file.write_text(written)
    assert installation.run("plan", "-f", str(file)).startswith("Nothing to do.\n")
    installation.run("route", "set", "support", "--target", "sim/sim-small")
    assert "shadow" in installation.run("plan", "-f", str(file), code=2)


def test_options_of_another_form_are_named(installation: Installation) -> None:
    odd = ("route", "set", "x", "--target", "sim/sim-small", "--shadow", "many=sim/sim-large")
    assert "PERCENT=PROVIDER/MODEL" in installation.run(*odd, code=2)
