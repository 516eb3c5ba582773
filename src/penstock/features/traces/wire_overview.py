"""Response bodies of the overview."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from penstock.features.traces.model import (
    Aggregate,
    CacheMeasures,
    Measures,
    Overview,
    TargetMeasures,
)
from penstock.features.traces.wire import describe_extra
from penstock.kernel.time import rfc3339
from penstock.rules.attributes import CALL_ATTRIBUTES


class Percentiles(BaseModel):
    """In milliseconds."""

    p50: float
    p95: float
    p99: float


class MeasuresOut(BaseModel):
    """Aggregates over calls; percentiles are null if no call has the value."""

    requests: int
    errors: int
    unpriced: Annotated[int, Field(description="calls with tokens but without a price")]
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    reasoning_tokens: int
    cost: Annotated[str, Field(description="USD, over the priced calls")]
    latency_ms: Percentiles | None
    ttft_ms: Percentiles | None


class BucketOut(MeasuresOut):
    """The measures of the time bucket that begins at `start`."""

    start: str


class GroupOut(MeasuresOut):
    """The measures of one value; `value` is empty for calls without one."""

    value: str


_GROUPED: Final = {f"by_{each.name}": each for each in CALL_ATTRIBUTES if each.grouped}


def _describe_groups(schema: dict[str, Any]) -> None:
    groups = {"type": "array", "items": {"$ref": "#/components/schemas/GroupOut"}}
    titles = {field: f"By {each.title}" for field, each in _GROUPED.items()}
    describe_extra(schema, {field: {**groups, "title": title} for field, title in titles.items()})


class OverviewOut(BaseModel):
    """Aggregates between `from` and `to`; `previous`: of the preceding range of the same length.
    `by_…`: by the values of a dimension; call attributes that are grouped have one each."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_describe_groups)

    from_: Annotated[str, Field(alias="from")]
    to: str
    bucket_s: int
    totals: MeasuresOut
    previous: MeasuresOut
    series: list[BucketOut]
    by_model: list[GroupOut]
    by_provider: list[GroupOut]
    by_key: list[GroupOut]


class TargetOut(BaseModel):
    """The attempts at one model of one provider. A call has several attempts if a route
    or another credential was tried; `calls` counts those whose last attempt it was."""

    provider: str
    model: str
    attempts: int
    errors: int
    calls: int
    latency_ms: Percentiles | None
    ttft_ms: Annotated[Percentiles | None, Field(description="until the answer began")]
    error_types: Annotated[dict[str, int], Field(description="failed attempts by type of error")]

    @classmethod
    def of(cls, target: TargetMeasures) -> "TargetOut":
        return cls(
            provider=target.provider,
            model=target.model,
            attempts=target.attempts,
            errors=target.errors,
            calls=target.calls,
            latency_ms=_percentiles(target.duration_ns),
            ttft_ms=_percentiles(target.ttft_ns),
            error_types=target.error_types,
        )


class CacheOut(BaseModel):
    """The effect of the cache: `hits` of the `requests` were answered from it."""

    requests: int
    hits: int
    unpriced: Annotated[int, Field(description="hits whose saving is not known")]
    saved: Annotated[str, Field(description="USD: what the answers from the cache had cost")]

    @classmethod
    def of(cls, cache: CacheMeasures) -> "CacheOut":
        return cls(
            requests=cache.requests,
            hits=cache.hits,
            unpriced=cache.unpriced,
            saved=f"{cache.saved:f}",
        )


def overview_out(overview: Overview) -> OverviewOut:
    """Returns the overview as a response body."""
    by = {name: [_group(group) for group in groups] for name, groups in overview.by.items()}
    return OverviewOut.model_validate(
        {
            "from": rfc3339(overview.range.start_ns),
            "to": rfc3339(overview.range.end_ns),
            "bucket_s": overview.bucket_ns // 10**9,
            "totals": MeasuresOut(**_measures(overview.totals)),
            "previous": MeasuresOut(**_measures(overview.previous)),
            "series": [_bucket(bucket) for bucket in overview.series],
            "by_model": by["model"],
            "by_provider": by["provider"],
            "by_key": by["key_id"],
            **{field: by[each.name] for field, each in _GROUPED.items()},
        }
    )


def _bucket(one: Aggregate) -> BucketOut:
    return BucketOut(start=rfc3339(int(one.value)), **_measures(one))


def _group(one: Aggregate) -> GroupOut:
    return GroupOut(value=one.value, **_measures(one))


def _measures(measures: Measures) -> dict[str, Any]:
    return {
        "requests": measures.requests,
        "errors": measures.errors,
        "unpriced": measures.unpriced,
        "input_tokens": measures.input_tokens,
        "output_tokens": measures.output_tokens,
        "cache_read_tokens": measures.cache_read_tokens,
        "reasoning_tokens": measures.reasoning_tokens,
        "cost": f"{measures.cost or 0:f}",
        "latency_ms": _percentiles(measures.duration_ns),
        "ttft_ms": _percentiles(measures.ttft_ns),
    }


def _percentiles(values_ns: list[float | None]) -> Percentiles | None:
    in_ms = [value / 1e6 for value in values_ns if value is not None]
    if len(in_ms) != 3:
        return None
    return Percentiles(p50=in_ms[0], p95=in_ms[1], p99=in_ms[2])
