"""Draws recorded calls for the rules whose time has come, in the order of their storage.

The position of a rule, its counts and the drawn calls are stored in one transaction: after an end
at any moment no call is drawn twice, and none is lost.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from penstock.features.context import Context
from penstock.features.evaluations.online import store
from penstock.features.evaluations.online.model import (
    EVALUATION_TAGS,
    JOB_KIND,
    MAX_LAG_S,
    MAX_WAITING,
    MAX_WAITING_BYTES,
    DrawCounts,
    OnlineRule,
    RuleDrawing,
    SampledCall,
    SampleState,
    StoredOnlineRule,
    Strata,
    stratum_of,
)
from penstock.features.evaluations.online.samples import ArrivedCalls, NoContent, sample_of
from penstock.features.traces.model import CallItem, Cursor
from penstock.infra.jobs import store as jobs
from penstock.infra.jobs.documents import OPEN, Job, JobState
from penstock.infra.jobs.wanted import WorkWanted
from penstock.infra.sql import Transaction
from penstock.kernel.errors import NotFound, PenstockError
from penstock.rules.evaluation.measurements import unmeasured
from penstock.rules.sampling import is_sampled

PAGE: Final = 500  # calls that are read at once
MAX_PAGES: Final = 20  # of a rule, before the others have their turn
MAX_DRAWN: Final = 250  # calls of a turn whose content is read
_RULES_AT_ONCE: Final = 100  # rules of one round
_EVERY_MS: Final = 5_000  # between two looks of a rule that has seen everything
_RETRY_MS: Final = 60_000  # after an error
_DAY_MS: Final = 24 * 3_600_000
_MAX_ERROR_CHARS: Final = 1000  # of an error that is shown; the rest is cut
_log: Final = logging.getLogger("penstock.evaluations")


@dataclass(slots=True)
class _Draw:
    """A turn of a rule. `share` is smaller than that of the rule while it is late. `space` and
    `today` are calls that may be drawn still. `over_budget`: judges may cost no more."""

    rule: OnlineRule
    position: Cursor
    share: float
    space: int
    today: int
    over_budget: bool
    chosen: list[CallItem] = field(default_factory=list[CallItem])
    counts: Strata = field(default_factory=Strata)

    def take(self, call: CallItem) -> bool:
        """Counts a call, and draws it if it belongs to the sample. Returns false, and counts
        nothing, if there is no space for it now."""
        counts, drawn = self._counts_of(call)
        if drawn and len(self.chosen) >= self.space:
            return False
        stratum = stratum_of(call.start_ns, call.caller.get("release", ""))
        self.counts[stratum] = self.counts.get(stratum, DrawCounts()).plus(counts)
        if drawn:
            self.chosen.append(call)
        self.position = Cursor(call.start_ns, call.span_id, call.stored_ns)
        return True

    def _counts_of(self, call: CallItem) -> tuple[DrawCounts, bool]:
        if any(tag in call.tags for tag in EVALUATION_TAGS):
            return DrawCounts(), False
        if not is_sampled(call.trace_id, self.rule.share):
            return DrawCounts(eligible=1), False
        if self.over_budget:
            return DrawCounts(eligible=1, budget=1), False
        if not is_sampled(call.trace_id, self.share):
            return DrawCounts(eligible=1, backlog=1), False
        if len(self.chosen) >= self.today:
            return DrawCounts(eligible=1, daily_calls=1), False
        return DrawCounts(eligible=1, drawn=1), True


@dataclass(frozen=True, slots=True)
class DrawSettings:
    """`waiting`: drawn calls of a rule that may wait for the worker. With half of them, a rule that
    is later than `lag_s` draws a smaller share."""

    waiting: int = MAX_WAITING
    lag_s: float = MAX_LAG_S


class CallDrawer:
    """Draws the calls of rules, and queues the jobs that measure them."""

    def __init__(
        self,
        context: Context,
        calls: ArrivedCalls,
        wanted: WorkWanted,
        limits: DrawSettings | None = None,
    ) -> None:
        self._context = context
        self._calls = calls
        self._wanted = wanted
        self._limits = limits or DrawSettings()

    def run_due(self) -> int:
        """Draws for each due rule. Returns their number."""
        with self._context.database.read() as connection:
            due = store.due_rules(connection, self._context.now_ms(), _RULES_AT_ONCE)
        for stored in due:
            try:
                self._turn(stored)
            except PenstockError as error:
                self._note(stored, error.sentence())
            except Exception:  # noqa: BLE001 - a rule that fails stops no other
                _log.exception("The online evaluation %s failed", stored.id)
                self._note(stored, "An internal error: the server's log has it.")
        return len(due)

    def _turn(self, stored: StoredOnlineRule) -> None:
        now = self._context.now_ms()
        until_ns = (now - stored.rule.delay_s * 1000) * 1_000_000
        draw = self._draw_of(stored, now, until_ns)
        finished = self._fill(stored, draw, until_ns)
        samples = [self._sample(stored, each) for each in draw.chosen]
        day = now // _DAY_MS
        before = stored.drawing.drawn_today if stored.drawing.day == day else 0
        drawing = RuleDrawing(
            position=draw.position,
            day=day,
            drawn_today=before + len(samples),
            looked_ms=now,
            next_ms=now
            if not finished and draw.position != stored.drawing.position
            else now + _EVERY_MS,
        )
        with self._context.database.write() as tx:
            self._commit(tx, stored, drawing, samples, draw.counts)

    def _draw_of(self, stored: StoredOnlineRule, now: int, until_ns: int) -> _Draw:
        rule, drawing = stored.rule, stored.drawing
        with self._context.database.read() as connection:
            count, size = store.waiting_size(connection, stored.id)
        space = self._limits.waiting - count if size < MAX_WAITING_BYTES else 0
        today = drawing.drawn_today if drawing.day == now // _DAY_MS else 0
        lag_s = (until_ns - drawing.position.stored_ns) / 1e9
        late = space < self._limits.waiting / 2 and lag_s > self._limits.lag_s
        return _Draw(
            rule=rule,
            position=drawing.position,
            share=rule.share * self._limits.lag_s / lag_s if late else rule.share,
            space=min(MAX_DRAWN, max(0, space)),
            today=max(0, rule.daily_calls - today),
            over_budget=stored.spent(now).exhausted,
        )

    def _fill(self, stored: StoredOnlineRule, draw: _Draw, until_ns: int) -> bool:
        """Reads calls until there is no space, or no call. Returns whether all are seen."""
        for page in self._pages(stored, until_ns):
            for call in page:
                if not draw.take(call):
                    return False
            if len(page) < PAGE:
                draw.position = max(
                    draw.position, Cursor(0, "", until_ns), key=lambda each: each.stored_ns
                )
                return True
        return False

    def _pages(self, stored: StoredOnlineRule, until_ns: int) -> Iterator[Sequence[CallItem]]:
        after, wanted = stored.drawing.position, stored.rule.filter.calls()
        for _ in range(MAX_PAGES):
            found = self._calls.tail(stored.project_id, after=after, limit=PAGE, wanted=wanted)
            page = [each for each in found.items if each.stored_ns < until_ns]
            yield page
            last = page[-1]
            after = Cursor(last.start_ns, last.span_id, last.stored_ns)

    def _sample(self, stored: StoredOnlineRule, call: CallItem) -> SampledCall:
        drawn = SampledCall(
            stored.id,
            call.span_id,
            call.trace_id,
            call.caller.get("release", ""),
            call.start_ns,
            call.stored_ns,
        )
        try:
            found = self._calls.recorded_request(stored.project_id, call.span_id)
            sample = sample_of(self._calls, found, stored.rule.context_variable)
        except (NoContent, NotFound) as error:
            reason = unmeasured(error.message)
            found_nothing = {each.name: reason for each in stored.rule.evaluators}
            return replace(drawn, state=SampleState.MEASURED, measurements=found_nothing)
        return replace(drawn, sample=sample)

    def _commit(
        self,
        tx: Transaction,
        stored: StoredOnlineRule,
        drawing: RuleDrawing,
        samples: Sequence[SampledCall],
        counts: Strata,
    ) -> None:
        connection = tx.connection
        now_has = store.find_rule_by_id(connection, stored.id)
        if now_has is None or now_has.version != stored.version:
            return  # it was changed while its calls were read: the next turn reads them again
        by_span = {each.span_id: each for each in samples}
        known = store.known_spans(connection, stored.id, by_span)
        store.add_samples(connection, [by_span[each] for each in by_span.keys() - known])
        store.add_counts(connection, stored.id, counts)
        store.save_drawing(connection, stored.id, replace(drawing, job_id=self._job(tx, now_has)))

    def _job(self, tx: Transaction, stored: StoredOnlineRule) -> str:
        """Returns the job of the rule, if it has one. Queues it if calls wait and it has ended."""
        connection, job_id = tx.connection, stored.drawing.job_id
        found = jobs.find_job(connection, job_id) if job_id else None
        if found is not None and found.state in OPEN:
            return job_id
        if not store.waiting_size(connection, stored.id)[0]:
            return job_id
        now = self._context.now_ms()
        tx.after_commit(self._wanted.set)
        if found is not None:
            queued = {"state": JobState.QUEUED.value, "attempts": 0, "due_ms": now, "error": ""}
            jobs.change(connection, found, **queued, cancel_wanted=0, updated_ms=now)
            return job_id
        made = Job(
            self._context.new_id("job"),
            stored.project_id,
            JOB_KIND,
            stored.id,
            due_ms=now,
            created_ms=now,
            updated_ms=now,
        )
        jobs.add_job(connection, made)
        return made.id

    def _note(self, stored: StoredOnlineRule, error: str) -> None:
        """Notes an error; the rule goes on where it is, a minute later."""
        now = self._context.now_ms()
        drawing = replace(
            stored.drawing, error=error[:_MAX_ERROR_CHARS], looked_ms=now, next_ms=now + _RETRY_MS
        )
        with self._context.database.write() as tx:
            store.save_drawing(tx.connection, stored.id, drawing)
