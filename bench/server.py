"""Penstock's server, watched from outside: its API, its CPU time, and when it has stored all calls.

Watching costs the server nothing: whether records wait is a gauge of the gateway, and a running
merge is a folder of the column store.
"""

import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.process import cpu_seconds

_LAG: Final = "penstock_spool_lag_seconds"
_BYTES: Final = "penstock_spool_bytes"
_PATIENCE_S: Final = 900.0
_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Api:
    """Calls the server's REST API with the admin key of the first start."""

    port: int
    home: Path

    @property
    def key(self) -> str:
        """The admin key of the first start."""
        return str(json.loads((self.home / "bootstrap.json").read_text())["api_key"])

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Sends a request and returns the decoded answer. Raises `HTTPError` for an error."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        url = f"http://127.0.0.1:{self.port}/api/v1{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@dataclass(frozen=True, slots=True)
class SpoolGauges:
    """The spool of the gateway: the age of its oldest unshipped record, and its size on disk, which
    includes shipped records until their segment is deleted."""

    lag_s: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The server's CPU time when nothing was left to do, and its CPU use when idle."""

    at: float
    cpu_s: float
    idle_share: float

    def spent_since(self, before: "Reading") -> float:
        """Returns the CPU seconds since `before`, without those of an idle server."""
        idle = (self.idle_share + before.idle_share) / 2 * (self.at - before.at)
        return max(0.0, self.cpu_s - before.cpu_s - idle)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with its gateway. `pid` is the process whose tree is the server."""

    pid: int
    api: Api
    gateway_port: int

    def spool(self) -> SpoolGauges:
        """Returns the gauges of the gateway's spool."""
        url = f"http://127.0.0.1:{self.gateway_port}/metrics"
        with urllib.request.urlopen(url, timeout=30) as page:
            gauges = parse_gauges(page.read().decode())
        return SpoolGauges(gauges[_LAG], int(gauges[_BYTES]))

    def settle(self, quiet_s: float) -> Reading:
        """Waits until all records are shipped and no merge has run for `quiet_s`. Raises
        `TimeoutError` if that takes too long."""
        deadline = time.monotonic() + _PATIENCE_S
        since, cpu_s = time.monotonic(), cpu_seconds(self.pid)
        while time.monotonic() < deadline:
            if self._is_merging() or self.spool().lag_s > 0:
                since, cpu_s = time.monotonic(), cpu_seconds(self.pid)
            elif (waited_s := time.monotonic() - since) >= quiet_s:
                now_s = cpu_seconds(self.pid)
                return Reading(time.monotonic(), now_s, (now_s - cpu_s) / waited_s)
            time.sleep(_POLL_S)
        raise TimeoutError(f"the server has not stored and merged all calls in {_PATIENCE_S:.0f} s")

    def stored(self) -> int:
        """Returns the number of stored calls. Raises `ValueError` if a call has no price: then
        pricing was not measured."""
        totals = self.api.call("GET", "/overview")["totals"]
        if totals["unpriced"] or not float(totals["cost"]):
            raise ValueError(f"calls without a price: {totals}")
        return int(totals["requests"])

    def _is_merging(self) -> bool:
        """Returns whether the column store has a part that is not complete: it writes the result of
        a merge, and an insert, to a folder whose name begins with `tmp_`."""
        return any((self.api.home / "columns").glob("*/store/*/*/tmp_*"))


def parse_gauges(page: str) -> dict[str, float]:
    """Returns name → value of a page of metrics; the sum over all workers."""
    found: dict[str, float] = {}
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            name = name.partition("{")[0]
            found[name] = found.get(name, 0.0) + float(value)
    return found
