"""The state of one worker: problems, notices and gauges."""

from collections.abc import Callable, Mapping
from typing import Protocol

from penstock.gateway.auth_failures import AuthFailures
from penstock.gateway.credentials import CredentialPools
from penstock.gateway.health_checks import HealthChecks
from penstock.gateway.inflight import InFlight
from penstock.gateway.metrics.page import Labels
from penstock.gateway.metrics.prometheus import Gauges
from penstock.gateway.shadows import ShadowOutcome
from penstock.gateway.snapshot.holder import SnapshotHolder, SnapshotOrigin
from penstock.gateway.target_health import TargetHealths
from penstock.gateway.target_slots import SlotSource, TargetSlots
from penstock.infra.spool import SpoolStats


class LimitCounts(Protocol):
    """Calls that limits could not judge, or judged too low, since the start."""

    @property
    def unchecked_count(self) -> int: ...
    @property
    def overrun_count(self) -> int: ...


class ShadowCounts(Protocol):
    """The shadow calls in progress, and the outcomes of those that were drawn."""

    @property
    def counts(self) -> Mapping[ShadowOutcome, int]: ...
    def in_progress(self) -> int: ...


class CountersState(Protocol):
    """The state of the counters of limits."""

    @property
    def problem(self) -> str: ...
    @property
    def notice(self) -> str: ...


class GatewayReadiness:
    """Collects `problems` and `notices` for `/readyz`, `gauges` for `/metrics`."""

    def __init__(
        self,
        holder: SnapshotHolder,
        spool: Callable[[], SpoolStats],
        inflight: InFlight,
        failures: AuthFailures,
        *,
        credentials: CredentialPools,
        healths: TargetHealths,
        checks: HealthChecks,
        slots: SlotSource,
        shadows: ShadowCounts,
        monotonic: Callable[[], float],
        counters: CountersState,
        limits: LimitCounts,
    ) -> None:
        self._holder = holder
        self._spool = spool
        self._inflight = inflight
        self._failures = failures
        self._credentials = credentials
        self._healths = healths
        self._checks = checks
        self._slots = slots
        self._shadows = shadows
        self._counters = counters
        self._limits = limits
        self._monotonic = monotonic
        self._confirmed_s = monotonic()

    def problems(self) -> list[str]:
        """Reasons why this worker cannot serve, as sentences; empty when it is ready."""
        found: list[str] = []
        if self._holder.known is None:
            found.append(
                f"The gateway has no configuration yet. {self._holder.state.problem}".strip()
            )
        if full := self._spool().full_because:
            found.append(f"Call records cannot be written: {full}.")
        if self._inflight.closing:
            found.append("The gateway is stopping.")
        return found

    def notices(self) -> list[str]:
        """Sentences about problems that an operator should know although the worker serves."""
        found = self._spool().notices()
        if problem := self._counters.problem or self._counters.notice:
            found.append(f"Limits cannot be counted as they should: {problem}")
        if problem := self._healths.problem:
            found.append(f"Each worker must find out by itself which targets fail: {problem}")
        if problem := self._slots.problem:
            found.append(f"Each worker has its own limits of calls at once: {problem}")
        return found

    def gauges(self) -> Gauges:
        """Returns help and value of each gauge, or its values by labels."""
        spool = self._spool()
        return {
            "in_flight": ("Calls in progress.", len(self._inflight)),
            "held_bytes": (
                "Memory for request bodies, answers that wait, and what guardrail checks read.",
                self._inflight.held_bytes,
            ),
            "shed_calls": (
                "Calls rejected at a limit, since the start.",
                self._inflight.shed_count,
            ),
            **_of_limits(self._limits, self._counters),
            "unrecorded_auth_failures": (
                "Calls without a valid key that were counted but not recorded, since the start.",
                self._failures.unrecorded_count,
            ),
            "resting_credentials": (
                "Credentials of providers that rest after they were rejected or limited.",
                {
                    (("provider", provider), ("credential", name)): rest
                    for (provider, name), rest in self._credentials.resting().items()
                },
            ),
            **_of_targets(self._healths, self._checks, self._monotonic()),
            **_of_slots(self._slots),
            **_of_shadows(self._shadows),
            "spool_bytes": ("Size of the spool on disk, all workers.", spool.bytes_on_disk),
            "spool_lag_seconds": ("Age of the oldest unshipped record.", spool.oldest_unshipped_s),
            "spool_lost_calls": ("Records lost because the spool was full.", spool.lost_calls),
            "spool_refused_calls": (
                "Calls rejected because the spool was full.",
                spool.refused_calls,
            ),
            "spool_projects_at_share": (
                "Projects that have used their share of the spool.",
                spool.projects_at_share,
            ),
            "spool_rejected_batches": ("Batches in quarantine.", spool.rejected_on_disk),
            "spool_corrupt": ("Damaged byte ranges in quarantine.", spool.corrupt_on_disk),
            "spool_torn_tails": ("Incomplete writes found after a crash.", spool.torn_tails),
            "spool_interrupted_calls": (
                "Calls of ended workers recorded as interrupted.",
                spool.interrupted_calls,
            ),
            "spool_sync_failures": ("Failed syncs to the disk.", spool.sync_failures),
            "spool_full": (
                "1 while the spool is full.",
                float(bool(spool.full_because)),
            ),
            "snapshot_age_seconds": (
                "Seconds since the server last confirmed the snapshot.",
                self._age(),
            ),
        }

    def _age(self) -> float:
        """Seconds since the server confirmed the snapshot; grows while it does not answer."""
        state, now = self._holder.state, self._monotonic()
        if state.origin is SnapshotOrigin.SERVER and not state.problem:
            self._confirmed_s = now
        return round(now - self._confirmed_s, 1)


def _of_limits(limits: LimitCounts, counters: CountersState) -> Gauges:
    return {
        "limits_unavailable": (
            "1 while the counters of limits cannot be changed.",
            float(bool(counters.problem)),
        ),
        "limits_unchecked_calls": (
            "Calls that limits admitted while their counters were away, since the start.",
            limits.unchecked_count,
        ),
        "limits_overruns": (
            "Calls that used more than they had reserved on a limit, since the start.",
            limits.overrun_count,
        ),
    }


def _of_targets(healths: TargetHealths, checks: HealthChecks, now: float) -> Gauges:
    return {
        "unavailable_targets": (
            "Targets that get no calls of routes, because they failed or asked for a pause.",
            {
                (("provider", provider), ("model", model)): count
                for (provider, model), count in healths.unavailable(now).items()
            },
        ),
        "health_checks": (
            "Health checks of targets by outcome, since the start.",
            {
                (("provider", provider), ("model", model), ("outcome", outcome)): count
                for (provider, model, outcome), count in checks.counts.items()
            },
        ),
    }


def _of_slots(slots: SlotSource) -> Gauges:
    found = slots.all()

    def by_provider(value: Callable[[TargetSlots], int]) -> dict[Labels, float]:
        counts: dict[Labels, float] = {}
        for each in found:
            labels: Labels = (("provider", each.provider),)
            counts[labels] = counts.get(labels, 0) + value(each)
        return counts

    return {
        "provider_calls": (
            "Calls in progress at providers with a limit of calls at once.",
            by_provider(lambda each: each.own),
        ),
        "provider_waiting_calls": (
            "Calls that wait for such a provider.",
            by_provider(lambda each: each.waiting),
        ),
        "provider_refused_calls": (
            "Calls that found no place in its queue or waited too long, since the start.",
            by_provider(lambda each: each.refused_count),
        ),
    }


def _of_shadows(shadows: ShadowCounts) -> Gauges:
    outcomes: dict[Labels, float] = {
        (("outcome", outcome),): shadows.counts.get(outcome, 0) for outcome in ShadowOutcome
    }
    return {
        "shadow_calls": ("Shadow calls in progress.", shadows.in_progress()),
        "shadow_outcomes": ("Shadow calls by outcome, since the start.", outcomes),
    }
