"""The metrics page: right numbers, valid format, one page for all workers of a home."""

import os
from pathlib import Path

from penstock.gateway.exposition import Pages, merge, render
from penstock.gateway.metrics import MAX_SERIES, Metrics
from penstock.rules.call import Attempt, CallBegin, CallEnd, Caller, CallStatus, Usage


def ended(model: str = "m", *, error: str = "", cost: str = "0.5", took_s: float = 0.2) -> CallEnd:
    begin = CallBegin("p", "t", "s", "", 0, "chat", model, stream=False, caller=Caller())
    status = CallStatus.ERROR if error else CallStatus.OK
    attempt = Attempt("a", "up", model, "h", 1, 0, 1, status)
    return CallEnd(
        begin=begin,
        end_ns=int(took_s * 1e9),
        status=status,
        http_status=502 if error else 200,
        error_type=error,
        provider="up",
        usage=Usage(input_tokens=10, output_tokens=3, cache_read_tokens=4),
        cost=cost,
        first_token_ns=50_000_000,
        overhead_ns=200_000,
        attempts=(attempt,),
    )


def page_of(*records: CallEnd) -> list[str]:
    metrics = Metrics()
    for record in records:
        metrics.observe(record)
    return render(metrics, {"in_flight": ("Calls under way.", 3)}, "1").splitlines()


def test_calls_tokens_and_cost_are_counted_by_provider_and_model() -> None:
    page = page_of(ended(), ended(), ended(error="upstream_cut", cost=""))
    labels = 'provider="up",model="m"'
    how = 'operation="chat",status="{}",error="{}",worker="1"'
    assert f"penstock_requests_total{{{labels},{how.format(200, '')}}} 2" in page
    assert f"penstock_requests_total{{{labels},{how.format(502, 'upstream_cut')}}} 1" in page
    assert f'penstock_tokens_total{{{labels},kind="input",worker="1"}} 30' in page
    assert f'penstock_tokens_total{{{labels},kind="cache_read",worker="1"}} 12' in page
    assert f'penstock_cost_usd_total{{{labels},worker="1"}} 1.0' in page
    assert 'penstock_in_flight{worker="1"} 3' in page


def test_histograms_are_cumulative_and_end_in_infinity() -> None:
    page = page_of(ended(took_s=0.2), ended(took_s=500.0))
    line = 'penstock_request_seconds_bucket{{provider="up",model="m",le="{}",worker="1"}} {}'
    assert line.format("0.1", 0) in page
    assert line.format("0.25", 1) in page
    assert line.format("120.0", 1) in page
    assert line.format("+Inf", 2) in page
    assert 'penstock_overhead_seconds_count{worker="1"} 2' in page


def test_a_call_without_a_price_is_unpriced_not_free() -> None:
    page = page_of(ended(cost=""), ended(cost="", error="upstream_cut"))
    assert 'penstock_unpriced_total{provider="up",model="m",worker="1"} 1' in page


def test_names_from_callers_cannot_make_endless_series_or_break_the_page() -> None:
    page = page_of(*(ended(f'm"{number}\n') for number in range(MAX_SERIES + 50)))
    series = [line for line in page if line.startswith("penstock_unpriced_total{")]
    assert len(series) == MAX_SERIES + 1
    assert any('provider="other",model="other"' in line for line in series)
    assert any(r'model="m\"7\n"' in line for line in series)


def test_pages_are_joined_with_one_header_for_each_family() -> None:
    one = render(Metrics(), {"in_flight": ("Calls.", 1)}, "1")
    two = render(Metrics(), {"in_flight": ("Calls.", 2)}, "2")
    joined = merge((one, two))
    assert joined.count("# TYPE penstock_in_flight gauge\n") == 1
    assert joined.count("# HELP penstock_in_flight Calls.\n") == 1
    assert 'penstock_in_flight{worker="1"} 1\npenstock_in_flight{worker="2"} 2\n' in joined


def test_pages_of_the_dead_are_removed(tmp_path: Path) -> None:
    mine = Pages(tmp_path, "1")
    mine.leave("mine\n")
    alive = tmp_path / f"metrics-2-{os.getppid()}.prom"
    alive.write_text("theirs\n")
    dead = tmp_path / "metrics-3-4194999.prom"
    dead.write_text("old\n")
    assert list(mine.others()) == ["theirs\n"]
    assert not dead.exists()
    mine.remove()
    assert [path.name for path in tmp_path.iterdir()] == [alive.name]
