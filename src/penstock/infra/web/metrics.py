"""Request metrics, and the Prometheus text format (0.0.4)."""

import logging
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})

# A source of metrics: each call returns its lines, with or without details.
MetricSource = Callable[[bool], Iterable[str]]


def metric(name: str, kind: str, text: str, values: Mapping[str, float]) -> Iterator[str]:
    """Yields the lines of one metric. `values` maps rendered labels (`{a="b"}` or empty) to a
    value."""
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{labels} {value:g}" if value % 1 else f"{name}{labels} {int(value)}"


def gauge_lines(gauges: Mapping[str, tuple[str, float]]) -> Iterator[str]:
    """Yields the lines of gauges; `gauges` maps a name to description and value."""
    for name, (text, value) in gauges.items():
        yield from metric(f"penstock_server_{name}", "gauge", text, {"": value})


class RequestMetrics:
    """Counts requests by route and status, and their durations. Used within one event loop, so
    without a lock."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(_BUCKETS_S))
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request."""
        self._requests[method, route, status] += 1
        self._seconds[route] += seconds
        buckets = self._buckets[route]
        for place in range(bisect_left(_BUCKETS_S, seconds), len(_BUCKETS_S)):
            buckets[place] += 1

    def lines(self, sees_all: bool) -> Iterator[str]:  # noqa: FBT001 - the call of a MetricSource
        """Yields the metrics; without `sees_all` only requests by status."""
        requests: Counter[str] = Counter()
        for (method, route, status), count in self._requests.items():
            where = f'method="{method}",route="{route}",' if sees_all else ""
            requests[f'{{{where}status="{status}"}}'] += count
        text = "Requests answered by the server."
        yield from metric("penstock_server_requests_total", "counter", text, requests)
        if sees_all:
            yield from self._durations()

    def _durations(self) -> Iterator[str]:
        yield "# HELP penstock_server_request_seconds Time to answer requests."
        yield "# TYPE penstock_server_request_seconds histogram"
        for route, buckets in self._buckets.items():
            yield from self._histogram(route, buckets)

    def _histogram(self, route: str, buckets: list[int]) -> Iterator[str]:
        name = "penstock_server_request_seconds"
        for bound, count in zip(_BUCKETS_S, buckets, strict=True):
            yield f'{name}_bucket{{route="{route}",le="{bound:g}"}} {count}'
        total = sum(count for (_, of, _), count in self._requests.items() if of == route)
        yield f'{name}_bucket{{route="{route}",le="+Inf"}} {total}'
        yield f'{name}_sum{{route="{route}"}} {self._seconds[route]:.6f}'
        yield f'{name}_count{{route="{route}"}} {total}'


class Observed:
    """ASGI middleware: counts each request and writes it to the access log (probes at level debug).

    Both use the route's pattern, never the path, headers or query, which may contain secrets.
    """

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, log: logging.Logger) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._record(scope, status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.add(method, route, status, seconds)
        caller = scope.get("state", {}).get("caller", "-")
        level = logging.DEBUG if route in _PROBES else logging.INFO
        self._log.log(
            level, "%s %s %d %.1f ms by %s", method, route, status, seconds * 1000, caller
        )
