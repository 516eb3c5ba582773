"""Each benchmark can be started: a change of the product does not break its imports unseen."""

import importlib
import pkgutil

import bench

_OWN_ENVIRONMENT = {"tensorzero_gateway"}  # run by the interpreter of what it measures


def test_all_benchmarks_can_be_imported() -> None:
    names = {each.name for each in pkgutil.iter_modules(bench.__path__)}
    assert len(names) > 20
    for name in names - _OWN_ENVIRONMENT - {"__main__"}:
        importlib.import_module(f"bench.{name}")
