"""What keeps this worker from its work, what else to know, and the gauges of how it stands."""

from collections.abc import Callable, Mapping

from penstock.gateway.auth_failures import AuthFailures
from penstock.gateway.inflight import InFlight
from penstock.gateway.snapshot.holder import SnapshotHolder, SnapshotOrigin
from penstock.infra.spool import SpoolStats


class GatewayReadiness:
    """`problems` for `/readyz`, `gauges` for `/metrics`."""

    def __init__(
        self,
        holder: SnapshotHolder,
        spool: Callable[[], SpoolStats],
        inflight: InFlight,
        failures: AuthFailures,
        monotonic: Callable[[], float],
    ) -> None:
        self._holder = holder
        self._spool = spool
        self._inflight = inflight
        self._failures = failures
        self._monotonic = monotonic
        self._heard_s = monotonic()

    def problems(self) -> list[str]:
        """Sentences; empty: ready."""
        found: list[str] = []
        if self._holder.known is None:
            found.append(f"No configuration yet. {self._holder.state.problem}".strip())
        if full := self._spool().full_because:
            found.append(f"Call records cannot be kept: {full}.")
        if self._inflight.closing:
            found.append("The gateway is stopping.")
        return found

    def notices(self) -> list[str]:
        """Sentences about what works but wants to be looked at."""
        return self._spool().notices()

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """Name → (help, value)."""
        spool = self._spool()
        return {
            "in_flight": ("Calls under way.", len(self._inflight)),
            "shed_calls": (
                "Calls refused at the limit, since the start.",
                self._inflight.shed_count,
            ),
            "unrecorded_auth_failures": (
                "Calls without a valid key that were counted but not recorded, since the start.",
                self._failures.unrecorded_count,
            ),
            "spool_bytes": ("Size of the spool on disk, all workers.", spool.bytes_on_disk),
            "spool_lag_seconds": ("Age of the oldest unshipped record.", spool.oldest_unshipped_s),
            "spool_lost_calls": ("Records that found no room.", spool.lost_calls),
            "spool_refused_calls": ("Calls refused for want of room.", spool.refused_calls),
            "spool_projects_at_share": (
                "Projects refused because of their share of the spool.",
                spool.projects_at_share,
            ),
            "spool_rejected_batches": ("Batches set aside.", spool.rejected_on_disk),
            "spool_corrupt": ("Damaged stretches set aside.", spool.corrupt_on_disk),
            "spool_torn_tails": ("Writes cut short by a crash, found.", spool.torn_tails),
            "spool_interrupted_calls": (
                "Calls of dead workers booked as interrupted.",
                spool.interrupted_calls,
            ),
            "spool_sync_failures": ("Failed syncs to the disk.", spool.sync_failures),
            "spool_full": (
                "1 while there is no room for records.",
                float(bool(spool.full_because)),
            ),
            "snapshot_age_seconds": ("Since the server was last heard.", self._age()),
        }

    def _age(self) -> float:
        """Seconds since the server confirmed the snapshot; grows while it is not heard."""
        state, now = self._holder.state, self._monotonic()
        if state.origin is SnapshotOrigin.SERVER and not state.problem:
            self._heard_s = now
        return round(now - self._heard_s, 1)
