"""Metrics under OpenTelemetry's GenAI names, and the gateway's own time by stage."""

from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics as convention

from gateway.prometheus_text import Scrape, parse
from penstock.gateway.metrics.counts import Metrics
from penstock.gateway.metrics.gen_ai import MAX_GEN_AI_SERIES, GenAiMetrics
from penstock.gateway.metrics.prometheus import page_of, render, without_names
from penstock.gateway.metrics.stages import STAGES, StageTimes
from penstock.rules.call import (
    AttemptRecord,
    CallBegin,
    CallEnd,
    Caller,
    CallStatus,
    Usage,
    UsageSource,
)

SECOND = 1_000_000_000
USAGE = Usage(input_tokens=100, output_tokens=11, source=UsageSource.PROVIDER)
OPERATION = "gen_ai_operation_name"


def attempt(provider: str = "up", error: str = "", usage: Usage = USAGE) -> AttemptRecord:
    status = CallStatus.ERROR if error else CallStatus.OK
    return AttemptRecord(
        "a", provider, "m", "h", 1, SECOND, 3 * SECOND, status, error_type=error, usage=usage
    )


def ended(
    *attempts: AttemptRecord, error: str = "", first_s: float = 0, usage: Usage = USAGE
) -> CallEnd:
    begin = CallBegin("p", "t", "s", "", 0, "chat", "m", stream=False, caller=Caller())
    return CallEnd(
        begin=begin,
        end_ns=4 * SECOND,
        status=CallStatus.ERROR if error else CallStatus.OK,
        http_status=502 if error else 200,
        error_type=error,
        provider=attempts[-1].provider if attempts else "",
        usage=usage,
        first_token_ns=int(first_s * SECOND),
        attempts=attempts,
    )


def scraped(*records: CallEnd, public: bool = False) -> Scrape:
    metrics = Metrics()
    for record in records:
        metrics.observe(record, "m")
    page = page_of(metrics, {}, "1")
    return parse(render([without_names(page) if public else page]).encode())


def test_the_names_are_those_of_the_convention() -> None:
    names = {
        convention.GEN_AI_CLIENT_OPERATION_DURATION: "_seconds",
        convention.GEN_AI_CLIENT_TOKEN_USAGE: "",  # a unit in braces gives no suffix
        convention.GEN_AI_SERVER_REQUEST_DURATION: "_seconds",
        convention.GEN_AI_SERVER_TIME_TO_FIRST_TOKEN: "_seconds",
        convention.GEN_AI_SERVER_TIME_PER_OUTPUT_TOKEN: "_seconds",
    }
    expected = {name.replace(".", "_") + suffix for name, suffix in names.items()}
    found = {family.name for family in GenAiMetrics().families()}
    assert found == expected


def test_a_call_and_its_attempts_are_counted_apart() -> None:
    failed = attempt("first", "upstream_unavailable", Usage())
    scrape = scraped(ended(failed, attempt(), first_s=3))
    client, server = "gen_ai_client_operation_duration_seconds", "gen_ai_server_request_duration"
    of = {OPERATION: "chat", "gen_ai_request_model": "m"}
    assert scrape.total(f"{client}_count", **of, gen_ai_provider_name="up") == 1
    assert scrape.total(f"{client}_sum", **of, gen_ai_provider_name="up") == 2
    assert scrape.total(f"{client}_count", error_type="upstream_unavailable") == 1
    assert scrape.total(f"{client}_bucket", gen_ai_provider_name="up", le="2.56") == 1
    assert scrape.total(f"{client}_bucket", gen_ai_provider_name="up", le="1.28") == 0
    assert scrape.total(f"{server}_seconds_count") == 1
    assert scrape.total(f"{server}_seconds_sum", gen_ai_provider_name="up") == 4
    assert scrape.total("gen_ai_server_time_to_first_token_seconds_sum") == 3
    assert scrape.total("gen_ai_server_time_per_output_token_seconds_sum") == pytest.approx(0.1)
    tokens = "gen_ai_client_token_usage"
    assert scrape.total(f"{tokens}_sum", gen_ai_token_type="input") == 100
    assert scrape.total(f"{tokens}_sum", gen_ai_token_type="output") == 11
    assert scrape.total(f"{tokens}_bucket", gen_ai_token_type="output", le="16") == 1


def test_what_did_not_reach_a_provider_or_has_no_count_is_left_out() -> None:
    invalid = msgspec.structs.replace(USAGE, source=UsageSource.INVALID)
    scrape = scraped(ended(error="model_not_found"), ended(attempt(usage=invalid)))
    assert scrape.total("gen_ai_client_operation_duration_seconds_count") == 1
    assert scrape.total("gen_ai_server_request_duration_seconds_count") == 1
    assert scrape.total("gen_ai_client_token_usage_count") == 0


def test_without_a_token_there_are_no_names_and_no_tokens() -> None:
    scrape = scraped(ended(attempt("secret-project", error="x"), attempt()), public=True)
    name = "gen_ai_client_operation_duration_seconds_count"
    assert scrape.total(name, **{OPERATION: "chat"}) == 2
    assert scrape.label(name, "gen_ai_provider_name") == set()
    assert scrape.label(name, "gen_ai_request_model") == set()
    assert scrape.total("gen_ai_client_token_usage_count") == 0


def test_names_cannot_create_unlimited_series() -> None:
    metrics = Metrics()
    for number in range(MAX_GEN_AI_SERIES + 30):
        metrics.observe(ended(attempt(f"p{number}")), "m")
    for number in range(50):
        metrics.observe(ended(attempt(error=f"e{number}"), error=f"e{number}"), "m")
    scrape = parse(render([page_of(metrics, {}, "1")]).encode())
    name = "gen_ai_server_request_duration_seconds_count"
    assert scrape.total(name) == MAX_GEN_AI_SERIES + 80
    assert scrape.total(name, gen_ai_provider_name="other", error_type="_OTHER") == 50
    assert len(scrape.label(name, "gen_ai_provider_name")) == MAX_GEN_AI_SERIES + 1


_GAPS = st.integers(0, 10**9)


@given(
    gaps=st.lists(_GAPS, min_size=6, max_size=6),
    attempts=st.lists(st.tuples(_GAPS, _GAPS), max_size=3),
    reached=st.tuples(*[st.booleans()] * 4),
    fetched=st.floats(0, 1),
)
def test_the_stages_add_up_to_the_own_time(
    gaps: list[int],
    attempts: list[tuple[int, int]],
    reached: tuple[bool, bool, bool, bool],
    fetched: float,
) -> None:
    now = 1
    ends: list[int] = []
    for gap in gaps:
        now += gap
        ends.append(now)
    call = SimpleNamespace(start_ns=1, ready_ns=ends[0], attempts=())
    resolved, limited, guarded, wanted = reached
    resolved = resolved or bool(attempts)  # only a call that was resolved goes further
    call.resolved_ns = ends[1] if resolved else 0
    call.reserved_ns = ends[2] if resolved and limited else 0
    call.guarded_ns = ends[3] if resolved and guarded else 0
    call.looked_up_ns = ends[4] if resolved and wanted else 0
    call.fetched_ns = int(gaps[5] * fetched) if resolved else 0  # media, before the attempts
    for pause, took in attempts:
        begun = now + pause
        now = begun + took
        call.attempts = (*call.attempts, SimpleNamespace(start_ns=begun, end_ns=now))
    times = StageTimes()
    times.observe(call, now + 7)  # pyright: ignore[reportArgumentType] - the times of a call only
    own = now + 7 - call.ready_ns - call.fetched_ns - sum(took for _, took in attempts)
    found = {stage: getattr(times, stage) for stage in STAGES}
    assert found.pop("receive") == gaps[0]
    assert sum(found.values()) == own
    assert min(found.values()) >= 0
