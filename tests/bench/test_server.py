"""The server's cost, watched from outside."""

import pytest

from bench.server import Reading, parse_gauges


def test_gauges_are_summed_over_workers() -> None:
    page = '# HELP a b\na{worker="1"} 2\na{worker="2"} 0.5\nb 1\n'
    assert parse_gauges(page) == {"a": 2.5, "b": 1.0}


def test_an_idle_server_costs_no_call_anything() -> None:
    before = Reading(at=100.0, cpu_s=5.0, idle_share=0.01)
    idle = Reading(at=200.0, cpu_s=6.0, idle_share=0.01)
    assert idle.spent_since(before) == pytest.approx(0.0)
    loaded = Reading(at=200.0, cpu_s=26.0, idle_share=0.01)
    assert loaded.spent_since(before) == pytest.approx(20.0)
