"""Comparisons of releases: begun, paused, promoted and rolled back by users or by the plan's rule.

Each change is one transaction with the rollout's own change, so history, undo and audit are those
of all rollouts. A change that is made without it ends the comparison.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.rollouts import store
from penstock.features.rollouts.measures import RolloutMeasures, moment
from penstock.features.rollouts.model import RolloutAction, StoredRollout
from penstock.features.rollouts.runs import (
    MAX_PERIODS,
    DecisionRecord,
    RolloutRun,
    RunPeriod,
    RunStatus,
    StoredRun,
    check_arms,
    evidence_of,
    step_weights,
    weighted,
    weights_of,
)
from penstock.features.rollouts.service import ChangeBy, RolloutService
from penstock.features.rollouts.store import ROLLOUTS, RUNS
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound, PenstockError
from penstock.rules.rollouts.decision import DecisionKind, RolloutDecision
from penstock.rules.rollouts.documents import Rollout, RolloutArm
from penstock.rules.rollouts.plan import RolloutPlan, check_plan
from penstock.spi.rollout_rule import RolloutRule

RULE: Final = Principal("system", "rollout_rule", "rule of the rollout", {}, instance_admin=True)
_REFERENCE_NS: Final = 24 * 3600 * 10**9
_ACTIONS: Final = {
    DecisionKind.PROMOTE: RolloutAction.PROMOTE,
    DecisionKind.ROLL_BACK: RolloutAction.ROLL_BACK,
    DecisionKind.ADVANCE: RolloutAction.ADVANCE,
}


class ComparisonService:
    """Use cases of comparisons. `rule` finds an installed rule by its name or raises `NotFound`."""

    def __init__(
        self,
        context: Context,
        rollouts: RolloutService,
        measures: RolloutMeasures,
        rule: Callable[[str], RolloutRule],
    ) -> None:
        self._context = context
        self._rollouts = rollouts
        self._measures = measures
        self._rule = rule

    def begin(
        self,
        actor: Principal,
        project_id: str,
        wanted: Rollout,
        plan: RolloutPlan,
        *,
        message: str = "",
    ) -> StoredRun:
        """Starts a comparison of several releases. `wanted.version` is the one that the actor saw;
        the first step of the plan, if it has steps, sets the weights of its two arms. Raises as
        `RolloutService.start`."""
        self._rollouts.require_allowed(actor, project_id, wanted, starts=True)
        wanted = replace(wanted, arms=self._rollouts.servable(project_id, wanted.arms))
        check_arms(wanted)
        self._check_plan(plan, wanted)
        if plan.steps:
            wanted = replace(wanted, arms=weighted(wanted, step_weights(wanted, plan, 0)))
        run = RolloutRun(
            wanted.use_case,
            wanted.environment,
            0,
            plan,
            step=0 if plan.steps else None,
            references=self._references(project_id, wanted, plan),
        )
        by = ChangeBy(actor, project_id, RolloutAction.COMPARE, message)
        with self._context.database.write() as tx:
            return self._next_period(tx, by, run, wanted)

    def begin_canary(
        self,
        actor: Principal,
        project_id: str,
        wanted: Rollout,
        plan: RolloutPlan,
        *,
        message: str = "",
    ) -> StoredRun:
        """Starts a comparison of the only arm of `wanted` with the release that answers all calls.
        Raises `Conflict` if several do."""
        present = self._rollouts.get(project_id, wanted.use_case, wanted.environment).entry
        if len(present.arms) != 1:
            raise Conflict(
                f"{present.place!r} has {len(present.arms)} releases; a canary begins beside one.",
                hint="Promote or roll back first, or start a release.",
                code="rollout_not_full",
            )
        if not plan.steps:
            raise InvalidRequest("A canary needs steps.", code="rollout_invalid", param="plan")
        arms = (*present.arms, *wanted.arms)
        both = replace(wanted, arms=arms, baseline=present.arms[0].name)
        return self.begin(actor, project_id, both, plan, message=message)

    def list_all(self, project_id: str) -> list[StoredRun]:
        """Returns the comparisons of a project that run, also those that are paused."""
        with self._context.database.read() as connection:
            return store.list_runs(connection, project_id)

    def get(self, project_id: str, use_case: str, environment: str) -> StoredRun:
        """Returns the comparison that runs. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return _present(connection, project_id, Rollout(use_case, environment, 0, ()).place)[0]

    def decisions(
        self, project_id: str, use_case: str, environment: str, before_ms: int | None, limit: int
    ) -> list[DecisionRecord]:
        """Returns what the rule decided, newest first."""
        place = Rollout(use_case, environment, 0, ()).place
        with self._context.database.read() as connection:
            return store.list_decisions(connection, project_id, place, before_ms, limit)

    def running(self) -> list[tuple[str, RolloutRun]]:
        """Returns the comparisons of all projects on which the rule decides."""
        with self._context.database.read() as connection:
            found = RUNS.of_all_projects(connection)
            rollouts = ROLLOUTS.of_all_projects(connection)
        present = {
            (project_id, each.place, each.version)
            for project_id, entries in rollouts.items()
            for each in entries
        }
        return [
            (project_id, run)
            for project_id, runs in found.items()
            for run in runs
            if run.status is RunStatus.RUNNING
            and run.plan.guards
            and (project_id, run.place, run.version) in present
        ]

    def weigh(
        self,
        actor: Principal,
        project_id: str,
        wanted: Rollout,
        percents: Mapping[str, float],
        *,
        message: str = "",
    ) -> StoredRun:
        """Changes the shares of the arms. Raises `InvalidRequest` unless they sum to 100."""
        self._rollouts.require_allowed(actor, project_id, wanted, starts=True)
        with self._context.database.write() as tx:
            run, present = _present(tx.connection, project_id, wanted.place)
            if set(percents) != {each.name for each in present.entry.arms}:
                raise InvalidRequest(
                    "Each arm needs a share.",
                    hint=f"The arms: {', '.join(each.name for each in present.entry.arms)}.",
                    code="rollout_invalid",
                    param="arms",
                )
            arms = weighted(present.entry, weights_of(percents))
            by = ChangeBy(actor, project_id, RolloutAction.COMPARE, message)
            changed = replace(present.entry, arms=arms, version=wanted.version)
            return self._next_period(tx, by, replace(run.entry, step=None), changed)

    def pause(self, actor: Principal, project_id: str, wanted: Rollout, note: str) -> StoredRun:
        """Keeps the weights as they are; nothing is decided until it is resumed."""
        self._rollouts.require_allowed(actor, project_id, wanted, starts=False)
        return self._switch(actor, project_id, wanted.place, RunStatus.PAUSED, note)

    def resume(self, actor: Principal, project_id: str, wanted: Rollout, note: str) -> StoredRun:
        """Resumes decisions. The comparison begins anew: whoever resumes has judged the
        evidence before."""
        self._rollouts.require_allowed(actor, project_id, wanted, starts=True)
        return self._switch(actor, project_id, wanted.place, RunStatus.RUNNING, note)

    def end(
        self,
        actor: Principal,
        project_id: str,
        wanted: Rollout,
        action: RolloutAction,
        *,
        arm: str = "",
        message: str = "",
    ) -> StoredRollout:
        """Makes one arm answer all calls, which ends the comparison: the baseline, or the
        arm that is promoted, by its name if there are several candidates."""
        promotes = action is RolloutAction.PROMOTE
        self._rollouts.require_allowed(actor, project_id, wanted, starts=promotes)
        by = ChangeBy(actor, project_id, action, message)
        with self._context.database.write() as tx:
            _, present = _present(tx.connection, project_id, wanted.place)
            chosen = _chosen(present.entry, arm, promotes=promotes)
            return self._full(tx, by, replace(present.entry, version=wanted.version), chosen)

    def observe(
        self, project_id: str, use_case: str, environment: str
    ) -> tuple[StoredRun, RolloutDecision]:
        """Returns the comparison that runs with what its rule says now; changes nothing."""
        with self._context.database.read() as connection:
            place = Rollout(use_case, environment, 0, ()).place
            run, rollout = _present(connection, project_id, place)
        return run, self._decide(project_id, run.entry, rollout.entry)

    def follow(self, project_id: str, run: RolloutRun) -> RolloutDecision:
        """Does what the rule says. A comparison that was changed in between
        stays as it is."""
        with self._context.database.read() as connection:
            found, rollout = _present(connection, project_id, run.place)
        decision = self._decide(project_id, found.entry, rollout.entry)
        if decision.kind is not DecisionKind.WAIT:
            with self._context.database.write() as tx:
                now = _present(tx.connection, project_id, run.place)
                if now[0] == found and found.entry.status is RunStatus.RUNNING:
                    decision = self._taken(tx, project_id, rollout.entry, decision)
                    self._act(tx, project_id, found.entry, rollout.entry, decision)
        return decision

    def _decide(self, project_id: str, run: RolloutRun, rollout: Rollout) -> RolloutDecision:
        now_ns = self._context.clock.now_ns()
        observed = self._measures.observe(project_id, run, rollout, now_ns)
        return self._rule(run.plan.rule).decide(run.plan, observed, moment(now_ns))

    def _taken(
        self, tx: Transaction, project_id: str, rollout: Rollout, decision: RolloutDecision
    ) -> RolloutDecision:
        """A pause instead of more traffic for a release that its environment no longer takes."""
        if decision.kind not in {DecisionKind.ADVANCE, DecisionKind.PROMOTE}:
            return decision
        try:
            self._rollouts.require_still_taken(tx.connection, RULE, project_id, rollout)
        except Conflict as error:
            return dataclasses.replace(decision, kind=DecisionKind.PAUSE, reason=error.sentence())
        return decision

    def _act(
        self,
        tx: Transaction,
        project_id: str,
        run: RolloutRun,
        rollout: Rollout,
        decision: RolloutDecision,
    ) -> None:
        evidence = evidence_of(decision)
        record = DecisionRecord(
            project_id,
            run.place,
            self._context.now_ms(),
            decision.kind.value,
            decision.arm,
            decision.reason,
            evidence,
        )
        store.add_decision(tx.connection, record)
        self._context.audit_log.append(
            tx,
            RULE,
            project_id,
            "rollout.decided",
            run.place,
            after={"decision": decision.kind.value, "reason": decision.reason, **evidence},
        )
        if decision.kind is DecisionKind.PAUSE:
            paused = replace(run, status=RunStatus.PAUSED, note=decision.reason)
            RUNS.save(tx.connection, StoredRun(project_id, paused, self._context.now_ms()))
            return
        by = ChangeBy(RULE, project_id, _ACTIONS[decision.kind], decision.reason)
        if decision.kind is DecisionKind.ADVANCE and run.step is not None:
            arms = weighted(rollout, step_weights(rollout, run.plan, run.step + 1))
            following = replace(run, step=run.step + 1)
            self._next_period(tx, by, following, replace(rollout, arms=arms))
            return
        promotes = decision.kind is DecisionKind.PROMOTE
        chosen = _chosen(rollout, decision.arm if promotes else "", promotes=promotes)
        self._full(tx, by, rollout, chosen)

    def _next_period(
        self, tx: Transaction, by: ChangeBy, run: RolloutRun, wanted: Rollout
    ) -> StoredRun:
        if len(run.periods) >= MAX_PERIODS:
            raise Conflict(
                f"A comparison has at most {MAX_PERIODS} changes of weights.",
                hint="Begin a new one.",
                code="rollout_changed_often",
            )
        changed = self._rollouts.change(tx, by, wanted)
        weights = {each.name: each.weight for each in wanted.arms}
        period = RunPeriod(weights, changed.updated_ms)
        next_run = replace(
            run,
            version=changed.entry.version,
            since_ms=changed.updated_ms,
            periods=(*run.periods, period),
        )
        stored = StoredRun(by.project_id, next_run, changed.updated_ms)
        before = RUNS.find(tx.connection, by.project_id, run.place)
        (RUNS.save if before else RUNS.add)(tx.connection, stored)
        return stored

    def _full(
        self, tx: Transaction, by: ChangeBy, rollout: Rollout, chosen: RolloutArm
    ) -> StoredRollout:
        RUNS.remove(tx.connection, by.project_id, rollout.place)
        alone = replace(rollout, arms=(replace(chosen, weight=1),), baseline="", overrides={})
        return self._rollouts.change(tx, by, alone)

    def _switch(
        self, actor: Principal, project_id: str, place: str, status: RunStatus, note: str
    ) -> StoredRun:
        now_ms = self._context.now_ms()
        with self._context.database.write() as tx:
            found, _ = _present(tx.connection, project_id, place)
            run = found.entry
            if run.status is status:
                return found
            changed = replace(run, status=status, note=note)
            if status is RunStatus.RUNNING:
                period = RunPeriod(run.periods[-1].weights, now_ms)
                changed = replace(changed, periods=(period,), since_ms=now_ms)
            stored = StoredRun(project_id, changed, now_ms)
            RUNS.save(tx.connection, stored)
            action = "rollout.paused" if status is RunStatus.PAUSED else "rollout.resumed"
            self._context.audit_log.append(
                tx, actor, project_id, action, place, after={"message": note}
            )
        return stored

    def _check_plan(self, plan: RolloutPlan, wanted: Rollout) -> None:
        try:
            check_plan(plan)
        except ValueError as error:
            raise InvalidRequest(
                f"The plan is not valid: {error}.", code="rollout_invalid", param="plan"
            ) from None
        if plan.steps and len(wanted.arms) != 2:
            raise InvalidRequest(
                "Steps need two arms.",
                hint="Give several candidates shares, without steps.",
                code="rollout_invalid",
                param="plan.steps",
            )
        self._rule(plan.rule)

    def _references(self, project_id: str, wanted: Rollout, plan: RolloutPlan) -> dict[str, float]:
        """The means before it began, which make figures less noisy; none if they are not known."""
        now_ns = self._context.clock.now_ns()
        try:
            return self._measures.references(
                project_id, wanted, plan.guards, now_ns - _REFERENCE_NS, now_ns
            )
        except PenstockError:
            return {}


def _present(
    connection: Connection, project_id: str, place: str
) -> tuple[StoredRun, StoredRollout]:
    run = RUNS.find(connection, project_id, place)
    rollout = ROLLOUTS.find(connection, project_id, place)
    if run is None or rollout is None or run.entry.version != rollout.entry.version:
        raise NotFound(
            f"No releases are compared in {place[:127]!r}.",
            hint="Begin: penstock rollout canary USE_CASE RELEASE",
            code="no_comparison",
        )
    return run, rollout


def _chosen(rollout: Rollout, arm: str, *, promotes: bool) -> RolloutArm:
    """The arm that answers all calls from now on."""
    if not promotes:
        return next(each for each in rollout.arms if each.name == rollout.baseline)
    candidates = [each for each in rollout.arms if each.name != rollout.baseline]
    wanted = [each for each in rollout.arms if each.name == arm] if arm else candidates
    if len(wanted) != 1:
        raise InvalidRequest(
            "Name the arm to promote.",
            hint=f"The arms: {', '.join(each.name for each in rollout.arms)}.",
            code="rollout_invalid",
            param="arm",
        )
    return wanted[0]
