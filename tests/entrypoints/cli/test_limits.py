"""`penstock limit` against a running installation: a limit holds, and shows what is used."""

from collections.abc import Iterator

import pytest

from installation import Installation, wait_until

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("limits") / "home")
    it.start()
    yield it
    it.kill()


def _rejected(installation: Installation) -> bool:
    """Asks until the gateway has the limit."""
    try:
        installation.chat()
    except OSError as error:
        return "429" in str(error)
    return False


def test_a_limit_is_added_holds_shows_its_use_and_is_removed(installation: Installation) -> None:
    limit = ("limit", "add", "two", "--requests", "2", "--window", "month")
    added = installation.json(*limit)
    assert (added["measure"], added["amount"], added["use"]["left"]) == ("requests", "2", "2")
    wait_until(lambda: _rejected(installation))
    shown = installation.json("limit", "show", "two")["use"]
    assert (shown["used"], shown["reserved"], shown["left"]) == ("2", "0", "0")
    assert "two" in installation.run("limit", "list")
    assert installation.json("limit", "change", "two", "--amount", "100")["use"]["left"] == "98"
    wait_until(lambda: not _rejected(installation))
    assert installation.json("limit", "remove", "two") == {"removed": "two"}
    assert "two" in installation.run("limit", "show", "two", code=4)


def test_a_limit_by_value_shows_the_counter_that_is_named(installation: Installation) -> None:
    spend = ("--spend", "1.5", "--window", "day", "--time-zone", "Europe/Berlin")
    scope = ("--per", "user", "--only", "team=search", "--only", "team=ads")
    added = installation.json("limit", "add", "each", *spend, *scope)
    assert added["only"] == {"team": ["search", "ads"]}
    assert added["use"] is None
    assert installation.json("limit", "show", "each", "ann")["use"]["left"] == "1.5"
    assert installation.run("limit", "counters", "each") == ""  # the notice is no output
    assert installation.json("limit", "counters", "each") == []
    installation.run("limit", "remove", "each")


def test_a_limit_without_sense_is_rejected(installation: Installation) -> None:
    assert "one of" in installation.run("limit", "add", "x", code=2)
    assert "window" in installation.run("limit", "add", "x", "--requests", "5", code=1)
    negative = ("limit", "add", "x", "--spend=-1", "--window", "day")
    installation.run(*negative, code=1)
    odd = installation.run("limit", "add", "x", "--requests", "5", "--only", "team", code=2)
    assert "DIMENSION=VALUE" in odd
