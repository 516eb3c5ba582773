"""The files of a home: each is either data or kept by a reset."""

from pathlib import Path

from penstock.infra.home import Home

HOME = Path("/home/of/penstock")


def _files() -> set[Path]:
    home = Home(HOME)
    properties = [name for name, value in vars(Home).items() if isinstance(value, property)]
    return {value for name in properties if isinstance(value := getattr(home, name), Path)}


def test_a_reset_deletes_what_it_does_not_keep() -> None:
    home = Home(HOME)
    assert {home.cache, home.spool, home.database, home.master_key} < _files()
    assert _files() - set(home.data) == set(home.kept)
