"""`penstock explain` against a running installation: it says what a call gets, and makes none."""

from collections.abc import Iterator

import pytest

from installation import Installation, wait_until

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("explain") / "home")
    it.start()
    it.wait_for(it.answers)
    yield it
    it.kill()


def test_a_route_and_a_limit_are_explained(installation: Installation) -> None:
    targets = ("--target", "sim/sim-small", "--fallback", "sim/sim-large")
    installation.run("route", "set", "support", *targets)
    scope = ("--only", "team=search", "--tokens", "10", "--window", "month")
    installation.run("limit", "add", "tiny", *scope)

    def known() -> bool:
        found = installation.json("explain", "support", "--attribute", "team=search")
        return bool(found["route"] and found["limits"])

    wait_until(known)
    found = installation.json("explain", "support", "--attribute", "team=search")
    assert [each["model"] for each in found["targets"]] == ["sim-small", "sim-large"]
    assert found["rejection"]["code"] == "rate_limited"
    assert found["limits"][0]["fits"] is False
    others = installation.json("explain", "support", "--attribute", "team=ads")
    assert others["rejection"] is None
    shown = installation.run("explain", "support", "--attribute", "team=search")
    assert "sim/sim-large" in shown
    assert "429 rate_limited" in shown
    missing = installation.json("explain", "no-such-model")
    assert missing["rejection"]["code"] == "model_not_found"


def test_the_shadow_of_a_rollout_is_named(installation: Installation) -> None:
    installation.run("use-case", "set", "billing", "--owner", "ann", "--purpose", "Answers.")
    answers, copied = (
        installation.json("release", "create", "--model", model, "-m", "Made")["digest"]
        for model in ("sim/sim-small", "sim/sim-large")
    )
    dev = ("--environment", "dev")
    installation.run("rollout", "start", "billing", answers, *dev)
    budget = ("--percent", "25", "--usd-per-day", "2.5")
    installation.run("rollout", "shadow", "billing", copied, *dev, *budget)
    asks = ("explain", "billing", "--attribute", "environment=dev")
    wait_until(lambda: bool(installation.json(*asks)["rollout_shadow"]))
    shown = installation.run(*asks)
    assert f"25 % to {copied[:12]}, 2.5 of 2.5 USD left today" in shown


def test_options_that_are_not_valid_are_named(installation: Installation) -> None:
    assert "NAME=VALUE" in installation.run("explain", "x", "--header", "odd", code=2)
    unknown = installation.run("explain", "x", "--attribute", "weather=sunny", code=1)
    assert "no call attribute" in unknown
