"""Counters and cached answers on Redis (or Valkey), for gateways on several machines.

`open_counters` and `open_answers` are for gateways, `RedisView` for the server. The library is an
optional dependency, `penstock[redis]`, and is imported when a URL is configured.
"""

from pathlib import Path
from uuid import uuid4

from penstock.infra.counters import LocalCounters, allowance_path_in
from penstock.infra.redis.allowance import LocalAllowance
from penstock.infra.redis.answers import RedisAnswers
from penstock.infra.redis.counters import RedisCounters
from penstock.infra.redis.library import require_library
from penstock.infra.redis.view import RedisView
from penstock.kernel.time import Clock

__all__ = ["RedisAnswers", "RedisView", "open_answers", "open_counters"]


def open_counters(url: str, folder: Path, clock: Clock, allowance: float) -> RedisCounters:
    """Returns the counters at a URL. `folder` has the file of what this machine may use without
    them, `allowance` is its share of each limit. Raises `SetupError` without the library."""
    require_library()
    local = LocalAllowance(LocalCounters(allowance_path_in(folder), clock), allowance)
    return RedisCounters(url, uuid4().hex, clock, local)


def open_answers(url: str, max_bytes: int) -> RedisAnswers:
    """Returns the cached answers at a URL, at most so many bytes for each project. Raises
    `SetupError` without the library."""
    require_library()
    return RedisAnswers(url, uuid4().hex, max_bytes)
