"""One look at a schedule: what is due, what its last run has cost, and what is left to spend. Pure
but for the values that it collects."""

from dataclasses import dataclass, field, replace
from typing import Final

from penstock.features.evaluations.model import EvaluationRun, RunState
from penstock.features.evaluations.schedules.model import (
    MAX_LATE_MS,
    MAX_REASON_CHARS,
    ScheduleProgress,
    StartOutcome,
    StoredSchedule,
)
from penstock.features.evaluations.schedules.times import count_times, next_time_ms, shown_time
from penstock.features.evaluations.schedules.triggers import StartCause

_DAY_MS: Final = 24 * 3_600_000
_BAD_ENDS: Final = (RunState.FAILED, RunState.CAP_REACHED)


@dataclass(frozen=True, slots=True)
class LoggedStart:
    """An entry for the log of a schedule. `run`: the one that starts."""

    cause: StartCause
    outcome: StartOutcome
    reason: str = ""
    run: EvaluationRun | None = None


@dataclass(slots=True)
class Turn:
    """A look at a schedule at a time. `failures` are for the audit log."""

    stored: StoredSchedule
    now_ms: int
    progress: ScheduleProgress
    log: list[LoggedStart] = field(default_factory=list[LoggedStart])
    failures: list[dict[str, object]] = field(default_factory=list[dict[str, object]])

    @classmethod
    def of(cls, stored: StoredSchedule, now_ms: int) -> "Turn":
        """Returns a look that has seen nothing yet."""
        return cls(stored, now_ms, stored.progress)

    @property
    def changed(self) -> bool:
        """Returns whether there is anything to store."""
        return bool(self.log) or self.progress != self.stored.progress

    def settle(self, run: EvaluationRun | None, cost_usd: float) -> None:
        """Notes the end of the last run, and what it has cost in its period."""
        before = self.progress
        if before.settled or (run is not None and run.is_open):
            return
        spent = before.spent_usd if before.spent_period == before.run_period else 0.0
        self.progress = replace(
            before, settled=True, spent_period=before.run_period, spent_usd=spent + cost_usd
        )
        if run is not None and run.state in _BAD_ENDS:
            reason = f"The run {run.id} ended as {run.state}. {run.error}".strip()
            self._failed(reason, run=run.id)

    def due_time(self) -> StartCause | None:
        """Returns the time of the cron expression that has come, and goes on to the next one. What
        is more than an hour late is skipped. A clock that goes back repeats no time, unless by
        more than a day; one that goes forward has a single start."""
        schedule, before, now = self.stored.schedule, self.progress, self.now_ms
        went_back = before.looked_ms > now
        if not schedule.cron or (before.next_ms > now and not went_back):
            return None
        come_ms = self._in_time(before.next_ms)
        over_ms = come_ms or before.slot_ms
        if over_ms - now > _DAY_MS:
            over_ms = 0
        next_ms = next_time_ms(schedule.cron, schedule.time_zone, max(now, over_ms))
        self.progress = replace(before, slot_ms=over_ms, next_ms=next_ms, looked_ms=now)
        return self._time(come_ms) if come_ms else None

    def _in_time(self, next_ms: int) -> int:
        """Returns the first time from `next_ms` on that has come, and is not too late; 0 if there
        is none."""
        schedule, now = self.stored.schedule, self.now_ms
        if next_ms > now or now - next_ms <= MAX_LATE_MS:
            return next_ms if next_ms <= now else 0
        latest = next_time_ms(schedule.cron, schedule.time_zone, now - MAX_LATE_MS - 1)
        come_ms = latest if latest <= now else 0
        others = count_times(schedule.cron, schedule.time_zone, next_ms, (come_ms or now + 1) - 1)
        reason = f"No server looked in time; {others} later times are skipped, too."
        self.skip(self._time(next_ms), reason)
        return come_ms

    def _time(self, at_ms: int) -> StartCause:
        return StartCause(f"time: {shown_time(at_ms, self.stored.schedule.time_zone)}")

    def see(self, sequence: int) -> None:
        """Notes the last change that was looked at."""
        self.progress = replace(self.progress, seen=sequence)

    def left_usd(self) -> float | None:
        """Returns what the next run may cost; `None` without a budget."""
        schedule = self.stored.schedule
        if not schedule.budget_usd:
            return None
        spent = self.stored.with_progress(self.progress).spent(self.now_ms)
        return max(0.0, schedule.budget_usd - spent)

    def skip(self, cause: StartCause, reason: str) -> None:
        """Notes that nothing starts."""
        self.log.append(LoggedStart(cause, StartOutcome.SKIPPED, reason))

    def fail(self, cause: StartCause, reason: str) -> None:
        """Notes that a run cannot start."""
        reason = reason[:MAX_REASON_CHARS]
        self.log.append(LoggedStart(cause, StartOutcome.FAILED, reason))
        self._failed(reason, cause=cause.text)

    def start(self, cause: StartCause, run: EvaluationRun) -> None:
        """Notes that a run starts."""
        self.log.append(LoggedStart(cause, StartOutcome.STARTED, run=run))
        period = self.stored.schedule.budget_period.current(self.now_ms)
        self.progress = replace(
            self.progress, run_id=run.id, run_period=period, settled=False, error=""
        )

    def _failed(self, reason: str, **facts: object) -> None:
        reason = reason[:MAX_REASON_CHARS]
        self.progress = replace(self.progress, error=reason)
        self.failures.append({"reason": reason, **facts})
