"""Compares docs/gateway.md with the code."""

import re
from collections.abc import Mapping
from pathlib import Path
from random import Random

from penstock.gateway.auth_failures import AuthFailures, FailureLimits
from penstock.gateway.call_limits import KIB, MIB, CallLimits
from penstock.gateway.credentials import CredentialPools
from penstock.gateway.health_checks import HealthChecks
from penstock.gateway.http.readiness import GatewayReadiness
from penstock.gateway.inflight import InFlight
from penstock.gateway.metrics.counts import Metrics
from penstock.gateway.metrics.prometheus import page_of, render
from penstock.gateway.shadows import ShadowOutcome
from penstock.gateway.snapshot.holder import SnapshotHolder
from penstock.gateway.stages.reserve import ReserveLimits
from penstock.gateway.target_health import TargetHealths
from penstock.gateway.target_slots import SlotSource
from penstock.gateway.targets import TargetSource
from penstock.infra.breaker_file import BreakerFile
from penstock.infra.counters import LocalCounters
from penstock.infra.egress.client import Egress
from penstock.infra.registry import Registry
from penstock.infra.slot_file import SlotFile
from penstock.infra.spool import SpoolStats
from penstock.kernel.time import SystemClock
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.spi.chat import ChatProvider

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text()
SOURCE = Path(__file__).parents[2] / "src" / "penstock"


class _NoShadows:
    counts: Mapping[ShadowOutcome, int] = {}

    def in_progress(self) -> int:
        return 0


def _no_spool() -> SpoolStats:
    kinds = {int: 0, float: 0.0, str: ""}
    return SpoolStats(*(kinds[kind] for kind in SpoolStats.__annotations__.values()))


def test_every_metric_is_documented(tmp_path: Path) -> None:
    holder, inflight = SnapshotHolder(), InFlight(CallLimits())
    failures = AuthFailures(FailureLimits(), 0.0)
    credentials = CredentialPools(SystemClock(), Egress())
    healths = TargetHealths(BreakerFile(tmp_path))
    plugins: Registry[ChatProvider] = Registry("penstock.providers")
    slots = SlotSource(SlotFile(tmp_path), SystemClock(), Random())
    targets = TargetSource(plugins.get, credentials, healths, slots)
    counters = LocalCounters(Path("counters"), SystemClock())
    readiness = GatewayReadiness(
        holder,
        _no_spool,
        inflight,
        failures,
        credentials=credentials,
        healths=healths,
        slots=slots,
        shadows=_NoShadows(),
        checks=HealthChecks(holder, targets, Egress(), SystemClock(), Random()),
        monotonic=lambda: 0.0,
        counters=counters,
        limits=ReserveLimits(counters, SystemClock()),
    )
    page = render([page_of(Metrics(), readiness.gauges(), "1")])
    documented = set(re.findall(r"`((?:penstock|gen_ai_client|gen_ai_server)_\w+)`", PAGE))
    assert documented == set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))


def test_every_error_code_in_the_table_is_one_of_ours() -> None:
    table = PAGE[PAGE.index("## Errors") : PAGE.index("## Streams")]
    codes = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", table))
    source = "".join(
        path.read_text()
        for folder in ("gateway", "infra", "kernel", "rules", "spi")
        for path in (SOURCE / folder).rglob("*.py")
    )
    assert len(codes) > 20
    assert {code for code in codes if f'"{code}"' not in source} == set()


def test_documented_limits_are_the_defaults() -> None:
    limits, entry = CallLimits(), ProviderEntry("n", "k", "u")
    assert (limits.capture_request_bytes, limits.capture_response_bytes) == (MIB, 128 * KIB)
    assert limits.body_timeout_s == 30
    assert (entry.connect_timeout_ms, entry.first_byte_timeout_ms) == (5_000, 120_000)
    assert (entry.silence_timeout_ms, entry.total_timeout_ms) == (60_000, 900_000)
    for figure in ("1 MiB", "128 KiB", "30 s", "5 s to connect", "120 s", "60 s", "15 minutes"):
        assert figure in PAGE
