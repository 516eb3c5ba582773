"""The benchmark's statistics."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.chart import draw
from bench.figures import medians, percentile, ratio
from bench.session import CallCounts, Paced, Round, Unary
from bench.streams import StreamLoad
from bench.table import disturbed, render, summarise, targets


def unary(rate: float, p50_us: int = 100, p99_us: int = 200) -> Unary:
    return Unary(rate, p50_us, p99_us, failed=0, cpu_us_per_call=10.0, cpu_share=1.0)


def one_round(name: str, rate: float, p50_us: int = 100, clean: int = 256) -> Round:
    wave = StreamLoad(256, clean, 20_000, 25_000, 300, 900, 1_000)
    each = {"small@1": unary(rate / 10, p50_us), "small@64": unary(rate)}
    return Round(name, each, Paced([wave], 15.0), memory_mb=50.0, ledger=None)


@pytest.mark.parametrize(("share", "value"), [(50, 2), (75, 3), (99, 4), (100, 4), (1, 1)])
def test_a_percentile_is_the_nearest_rank(share: int, value: int) -> None:
    assert percentile([4, 1, 3, 2], share) == value


def test_the_percentile_of_no_values_is_zero() -> None:
    assert percentile([], 99) == 0


@given(st.lists(st.integers(), min_size=1), st.integers(1, 100))
def test_a_percentile_is_at_least_as_large_as_its_share_of_values(
    values: list[int], share: int
) -> None:
    bound = percentile(values, share)
    assert bound in values
    assert sum(value <= bound for value in values) * 100 >= share * len(values)


def test_a_median_is_over_the_rounds_that_measured_the_figure() -> None:
    assert medians([{"a": 1, "b": 5}, {"a": 9}, {"a": 2}]) == {"a": 2, "b": 5}


def test_a_ratio_to_zero_is_zero() -> None:
    assert ratio(5.0, 0.0) == 0.0


def test_ratios_are_taken_within_a_round_before_their_median() -> None:
    # The machine is half as fast in the second round: the ratio must not notice.
    fast = [one_round("nginx", 1000), one_round("penstock", 300)]
    slow = [one_round("nginx", 500), one_round("penstock", 150)]
    assert summarise([fast, slow])["penstock"]["small@64.of_nginx"] == pytest.approx(0.3)


def test_added_latency_is_relative_to_the_direct_call_of_the_same_round() -> None:
    rounds = [[one_round("direct", 9000, p50_us=20), one_round("penstock", 300, p50_us=320)]]
    assert summarise(rounds)["penstock"]["small@1.added_p50_us"] == 300


def test_targets_are_evaluated() -> None:
    rounds = [
        [
            one_round("direct", 9000, p50_us=20),
            one_round("nginx", 1000),
            one_round("nginx-plain", 500),
            one_round("penstock", 240, p50_us=600, clean=255),
            one_round("litellm", 2),
        ]
    ]
    results = {target.sentence: target.reached for target in targets(summarise(rounds))}
    assert results["small: at least 25 % of nginx at 64 connections"] is False
    assert results["small: at least 25 % of nginx-plain at 64 connections"] is True
    assert results["small: at least 100 times litellm at 64 connections"] is True
    assert results["penstock: at most 0.5 ms added at one connection, p50"] is False
    assert results["100 % of the paced streams clean"] is False


def test_an_unmeasured_target_is_left_out() -> None:
    assert targets(summarise([[one_round("nginx", 1000)]])) == []


def test_a_gateway_without_its_core_is_reported() -> None:
    starved = Unary(100.0, 1, 2, failed=0, cpu_us_per_call=10.0, cpu_share=0.5)
    rounds = [
        Round(name, {"small@64": load}, None, memory_mb=1.0, ledger=None)
        for name, load in [("nginx", starved), ("penstock", starved), ("litellm", unary(5))]
    ]
    assert [line.split()[0] for line in disturbed(summarise([rounds]))] == ["penstock"]


def test_each_table_has_a_line_for_each_contender() -> None:
    rounds = [[one_round("nginx", 1000), one_round("penstock", 300)]]
    for table in render(summarise(rounds)).split("\n\n"):
        _, *lines = table.splitlines()
        assert len({len(line) for line in lines}) == 1
        assert [line.split()[0] for line in lines[2:]] == ["nginx", "penstock"]
    assert "30.0" in render(summarise(rounds)).splitlines()[4]


def test_the_product_costs_gateway_and_server() -> None:
    load = Unary(100.0, 1, 2, 0, 70.0, 1.0, server_cpu_us_per_call=180.0)
    rounds = [[Round("penstock", {"small@64": load}, None, memory_mb=1.0, ledger=None)]]
    row = render(summarise(rounds)).splitlines()[3].split()
    assert row[4:7] == ["70", "180", "250"]


def test_the_product_of_a_peer_that_stores_nothing_is_its_gateway() -> None:
    figures = summarise([[one_round("litellm", 10)]])["litellm"]
    assert figures["small@64.product_cpu_us"] == figures["small@64.cpu_us"] == 10.0
    assert "small@64.server_cpu_us" not in figures


def test_the_floor_with_kept_alive_connections_is_quoted_first() -> None:
    names = ("nginx-plain", "nginx", "penstock")
    sentences = [one.sentence for one in targets(summarise([[one_round(x, 9) for x in names]]))]
    assert [" nginx " in one for one in sentences[:2]] == [True, False]


def test_the_chart_is_well_formed_and_names_each_gateway() -> None:
    summary = summarise([[one_round("nginx", 1000), one_round("penstock", 300)]])
    texts = [node.text for node in ET.fromstring(draw(summary)).iter() if node.text]
    assert "penstock" in texts
    assert "1,000" in texts


@pytest.mark.parametrize(
    ("stored", "holds"), [(99, False), (102, False), (103, True), (113, True), (114, False)]
)
def test_the_counts_match_if_all_seen_calls_and_only_those_are_stored(
    stored: int, *, holds: bool
) -> None:
    assert CallCounts(answered=100, seen=103, stored=stored, broken_off=10).holds is holds
