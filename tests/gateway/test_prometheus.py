"""The metrics page: right numbers, valid format, one page for all workers of a home."""

import os
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.prometheus_text import Scrape, parse
from penstock.gateway.metrics.counts import MAX_OUTCOMES, MAX_SERIES, Metrics
from penstock.gateway.metrics.histogram import MAX_LABEL_CHARS
from penstock.gateway.metrics.page import MetricsPage, MetricsPages
from penstock.gateway.metrics.prometheus import page_of, render
from penstock.rules.call import AttemptRecord, CallBegin, CallEnd, Caller, CallStatus, Usage

NASTY = st.text(max_size=300) | st.text('\u2028\u2029\x85\r\n\x00\x1c\v\f"\\{}=, m', max_size=12)
ANY_NAMES = NASTY | st.text(st.characters(categories=["Cs", "Lu"]), max_size=4)


def ended(
    provider: str = "up",
    *,
    error: str = "",
    cost: str = "0.5",
    took_s: float = 0.2,
    status: int = 0,
) -> CallEnd:
    begin = CallBegin("p", "t", "s", "", 0, "chat", "m", stream=False, caller=Caller())
    how = CallStatus.ERROR if error else CallStatus.OK
    attempt = AttemptRecord("a", provider, "m", "h", 1, 0, 1, how)
    return CallEnd(
        begin=begin,
        end_ns=int(took_s * 1e9),
        status=how,
        http_status=status or (502 if error else 200),
        error_type=error,
        provider=provider,
        usage=Usage(input_tokens=10, output_tokens=3, cache_read_tokens=4),
        cost=cost,
        first_token_ns=50_000_000,
        overhead_ns=200_000,
        attempts=(attempt,),
    )


def counted(*records: CallEnd) -> Metrics:
    metrics = Metrics()
    for record in records:
        metrics.observe(record, "m")
    return metrics


def page(metrics: Metrics, worker: str = "1") -> MetricsPage:
    return page_of(metrics, {"in_flight": ("Calls under way.", 3)}, worker)


def scraped(metrics: Metrics) -> Scrape:
    return parse(render([page(metrics)]).encode())


def test_calls_tokens_and_cost_are_counted_by_provider_and_model() -> None:
    scrape = scraped(counted(ended(), ended(), ended(error="upstream_cut", cost="")))
    name, labels = "penstock_requests_total", {"provider": "up", "model": "m", "worker": "1"}
    assert scrape.total(name, **labels, operation="chat", status="200", error="") == 2
    assert scrape.total(name, **labels, status="502", error="upstream_cut") == 1
    assert scrape.total("penstock_tokens_total", **labels, kind="input") == 30
    assert scrape.total("penstock_tokens_total", **labels, kind="cache_read") == 12
    assert scrape.total("penstock_cost_usd_total", **labels) == 1.0
    assert scrape.total("penstock_in_flight", worker="1") == 3


def test_histograms_are_cumulative_and_end_in_infinity() -> None:
    scrape = scraped(counted(ended(took_s=0.2), ended(took_s=500.0)))
    found = [
        scrape.total("penstock_request_seconds_bucket", provider="up", model="m", le=bound)
        for bound in ("0.1", "0.25", "120.0", "+Inf")
    ]
    assert found == [0, 1, 1, 2]
    assert scrape.total("penstock_overhead_seconds_count") == 2


def test_a_call_without_a_price_is_unpriced_not_free() -> None:
    scrape = scraped(counted(ended(cost=""), ended(cost="", error="upstream_cut")))
    assert scrape.total("penstock_unpriced_total", provider="up", model="m") == 1


@given(st.lists(st.tuples(ANY_NAMES, ANY_NAMES), max_size=8))
def test_with_any_names_the_page_is_valid_and_counts_every_call(
    names: list[tuple[str, str]],
) -> None:
    metrics = Metrics()
    for provider, model in names:
        metrics.observe(ended(provider), model)
    written = msgspec.msgpack.encode(page(metrics))
    read = msgspec.msgpack.decode(written, type=MetricsPage)
    scrape = parse(render([read, page(Metrics(), "2")]).encode())
    assert scrape.total("penstock_requests_total") == len(names)
    assert scrape.total("penstock_tokens_total", kind="output") == 3 * len(names)
    assert len(scrape.kinds) == 14
    labels = scrape.label("penstock_unpriced_total", "model")
    assert all(len(name) <= MAX_LABEL_CHARS and name.isprintable() for name in labels)


def test_names_from_callers_cannot_create_unlimited_series() -> None:
    metrics = Metrics()
    for number in range(MAX_SERIES + 50):
        metrics.observe(ended(), f"m{number}")
    scrape = scraped(metrics)
    assert len(scrape.label("penstock_unpriced_total", "model")) == MAX_SERIES + 1
    assert scrape.total("penstock_requests_total", provider="other", model="other") == 50


def test_outcomes_cannot_create_unlimited_series() -> None:
    statuses = range(100, 900)
    metrics = counted(*(ended(error=f"upstream_{n}", status=n) for n in statuses))
    scrape = scraped(metrics)
    assert scrape.total("penstock_requests_total") == len(statuses)
    assert len(scrape.label("penstock_requests_total", "status")) <= MAX_OUTCOMES + 10
    assert scrape.total("penstock_requests_total", status="800", error="other") == 100


def test_pages_are_joined_with_one_header_per_family() -> None:
    joined = render([page(Metrics(), "1"), page(Metrics(), "2")])
    assert joined.count("# HELP penstock_in_flight Calls under way.\n") == 1
    assert parse(joined.encode()).label("penstock_in_flight", "worker") == {"1", "2"}


def test_pages_of_ended_workers_are_removed(tmp_path: Path) -> None:
    mine = MetricsPages(tmp_path, "1")
    mine.write(page(Metrics()))
    alive = tmp_path / f"metrics-2-{os.getppid()}.page"
    alive.write_bytes(msgspec.msgpack.encode(page(Metrics(), "2")))
    dead = tmp_path / "metrics-3-4194999.page"
    dead.write_bytes(b"old")
    assert [other.worker for other in mine.others()] == ["2"]
    assert not dead.exists()
    mine.remove()
    assert [path.name for path in tmp_path.iterdir()] == [alive.name]


@given(st.binary(max_size=60), st.integers(0, 400))
def test_only_a_damaged_page_is_left_out(tmp_path_factory, junk: bytes, cut: int) -> None:
    folder: Path = tmp_path_factory.mktemp("run")
    good = msgspec.msgpack.encode(page(counted(ended()), "2"))
    pid = os.getppid()
    (folder / f"metrics-2-{pid}.page").write_bytes(good)
    (folder / f"metrics-3-{pid}.page").write_bytes(good[:cut] + junk)
    for name in (
        "metrics-x.page",
        f"metrics-4-{pid}.prom",
        "metrics--.page",
        "metrics-5-9999999999.page",
    ):
        (folder / name).write_bytes(junk)
    (folder / f"metrics-6-{pid}.page").mkdir()
    pages = [page(counted(ended()), "1"), *MetricsPages(folder, "1").others()]
    assert parse(render(pages).encode()).total("penstock_requests_total") >= 2


def test_a_metric_of_another_kind_is_left_out() -> None:
    odd = msgspec.msgpack.decode(
        msgspec.msgpack.encode(["2", [["penstock_in_flight", "counter", "", [["", [], 1.0]]]]]),
        type=MetricsPage,
    )
    scrape = parse(render([page(Metrics(), "1"), odd]).encode())
    assert scrape.label("penstock_in_flight", "worker") == {"1"}
