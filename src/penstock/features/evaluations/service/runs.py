"""Starts, shows, cancels and resumes evaluation runs. The work itself is a job of the worker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.datasets.model import ItemFilter
from penstock.features.evaluations import store, summary_store
from penstock.features.evaluations.endpoints import (
    EndpointSecrets,
    NewEndpoint,
    check_endpoint,
)
from penstock.features.evaluations.model import (
    JOB_KIND,
    MAX_RUNS,
    OPEN_STATES,
    DatasetItems,
    EvaluatedReleases,
    EvaluationPlan,
    EvaluationRun,
    FindEvaluator,
    Result,
    ResultState,
    RunState,
    TargetAnswer,
    check_plan,
    facets_of,
)
from penstock.infra.jobs import store as jobs
from penstock.infra.jobs.documents import Job, JobProgress, JobState
from penstock.infra.jobs.wanted import WorkWanted
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.releases.documents import Release

RunReference = Callable[[Connection, str, str], str]
"""Returns what needs a run of a project, as in "the gate gat_1"; empty if nothing does."""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run with how far it is."""

    run: EvaluationRun
    progress: JobProgress


@dataclass(frozen=True, slots=True)
class UploadedOutput:
    """A recorded output of an item and repeat."""

    item_id: str
    repeat: int
    answer: TargetAnswer


@dataclass(frozen=True, slots=True)
class EvaluationService:
    """Use cases of runs. `find` returns an evaluator by its kind; `wanted` wakes the worker;
    `references` say what else needs a run."""

    context: Context
    items: DatasetItems
    releases: EvaluatedReleases
    find: FindEvaluator
    wanted: WorkWanted
    secrets: EndpointSecrets | None = None
    references: Sequence[RunReference] = ()

    def start(
        self,
        actor: Principal,
        project_id: str,
        plan: EvaluationPlan,
        target: Release | None = None,
        *,
        waits: bool = False,
        endpoint: NewEndpoint | None = None,
    ) -> ShownRun:
        """Starts a run. `target`: what to call, if it is no release yet: it becomes one. A run that
        `waits` begins with `resume`, once its outputs are uploaded. Raises `InvalidRequest`,
        `NotFound`."""
        if endpoint is not None:
            check_endpoint(actor, endpoint)
            if self.secrets is None:
                raise InvalidRequest("This process starts no runs of endpoints.")
            plan = replace(plan, endpoint=self.secrets.seal(project_id, endpoint))
        run = self.prepare(actor, project_id, plan, target)
        with self.context.database.write() as tx:
            return self.add(tx, actor, run, waits=waits)

    def prepare(
        self,
        actor: Principal,
        project_id: str,
        plan: EvaluationPlan,
        target: Release | None = None,
    ) -> EvaluationRun:
        """Returns a run that is not stored yet; `target` becomes a release. Raises
        `InvalidRequest`, `NotFound`."""
        check_key(actor, project_id, plan.key_id)
        _, version = self.items.version(project_id, plan.dataset, plan.version or None)
        plan = replace(plan, version=version.version)
        if target is not None:
            plan = replace(plan, release=self.releases.make(actor, project_id, target))
        elif plan.release:
            plan = replace(plan, release=self.releases.load(project_id, plan.release).digest)
        check_plan(plan, self.find)
        self._check_baseline(project_id, plan)
        chosen = len(plan.item_ids) or (0 if plan.split else version.item_count)
        return EvaluationRun(
            id=self.context.new_id("evr"),
            project_id=project_id,
            plan=plan,
            dataset_digest=version.digest,
            total=chosen * plan.repeats,
            author=actor.label,
            created_ms=self.context.now_ms(),
        )

    def add(
        self, tx: Transaction, actor: Principal, run: EvaluationRun, *, waits: bool = False
    ) -> ShownRun:
        """Stores a prepared run, and queues it unless it waits. Raises `InvalidRequest`."""
        if store.count_runs(tx.connection, run.project_id) >= MAX_RUNS:
            raise InvalidRequest(f"A project has at most {MAX_RUNS:,} evaluation runs.")
        run = run if waits else replace(run, job_id=self._queue(tx, run))
        store.add_run(tx.connection, run)
        self._audit(tx, actor, run, "start")
        return ShownRun(run, JobProgress(total=run.total))

    def repeat(
        self, actor: Principal, runs: Sequence[EvaluationRun], item_ids: Sequence[str], label: str
    ) -> Sequence[EvaluationRun]:
        """Starts runs as these, of some of their items only: all, or none. Raises as `start`."""
        chosen = {"item_ids": tuple(item_ids), "split": "", "label": label}
        plans = [(run.project_id, replace(run.plan, **chosen)) for run in runs]
        prepared = [self.prepare(actor, project_id, plan) for project_id, plan in plans]
        with self.context.database.write() as tx:
            return [self.add(tx, actor, each).run for each in prepared]

    def run(self, project_id: str, run_id: str) -> EvaluationRun:
        """Returns a run. Raises `NotFound`."""
        return self.get(project_id, run_id).run

    def get(self, project_id: str, run_id: str) -> ShownRun:
        """Returns a run. Raises `NotFound`."""
        with self.context.database.read() as connection:
            return self._shown(connection, get_run(connection, project_id, run_id))

    def list(
        self,
        project_id: str,
        dataset: str,
        release: str,
        before: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[ShownRun]:
        """Returns runs, newest first."""
        with self.context.database.read() as connection:
            found = store.list_runs(
                connection, project_id, dataset=dataset, release=release, before=before, limit=limit
            )
            return [self._shown(connection, each) for each in found]

    def cancel(self, actor: Principal, project_id: str, run_id: str) -> ShownRun:
        """Ends an open run where it is; what is measured is kept. One that no worker has begun ends
        at once; the others when their worker has written the report. Raises `NotFound`,
        `Conflict`."""
        with self.context.database.write() as tx:
            found = get_run(tx.connection, project_id, run_id, lock=True)
            run = self._shown(tx.connection, found).run
            if run.state not in OPEN_STATES:
                raise Conflict(f"The run has ended: {run.state}.", code="evaluation_ended")
            now = self.context.now_ms()
            queued = run.state is RunState.QUEUED
            if not run.job_id or (queued and jobs.cancel_queued(tx.connection, run.job_id, now)):
                ended = {"state": RunState.CANCELLED.value, "ended_ms": now}
                store.change_run(tx.connection, run.id, **ended)
            else:
                jobs.want_cancelled(tx.connection, run.job_id, now)
                tx.after_commit(self.wanted.set)
            self._audit(tx, actor, run, "cancel")
        return self.get(project_id, run_id)

    def remove(self, actor: Principal, project_id: str, run_id: str) -> None:
        """Removes a run with its results. Raises `NotFound`, and `Conflict` if it has not ended or
        something refers to it."""
        with self.context.database.write() as tx:
            run = get_run(tx.connection, project_id, run_id, lock=True)
            if self._shown(tx.connection, run).run.is_open:
                raise Conflict(
                    "The run has not ended.",
                    hint=f"Cancel it first: penstock eval cancel {run.id}",
                    code="evaluation_runs",
                )
            self._require_unneeded(tx.connection, run)
            summary_store.remove_summary(tx.connection, run.id)
            store.remove_run(tx.connection, run.id)
            self._audit(tx, actor, run, "remove")

    def resume(
        self, actor: Principal, project_id: str, run_id: str, cost_cap_usd: float | None = None
    ) -> ShownRun:
        """Goes on with a run that has ended early, or begins one that waits: does what is missing,
        and tries again what failed. Raises `NotFound`, `Conflict` if it runs or has finished."""
        with self.context.database.write() as tx:
            found = get_run(tx.connection, project_id, run_id, lock=True)
            run = self._shown(tx.connection, found).run
            if run.state in OPEN_STATES and run.job_id:
                raise Conflict("The run has not ended.", code="evaluation_runs")
            round_ = run.round + 1 if run.job_id else run.round
            plan = run.plan
            if cost_cap_usd is not None:
                plan = replace(plan, cost_cap_usd=cost_cap_usd)
            run = replace(run, state=RunState.QUEUED, round=round_, plan=plan)
            values: dict[str, Any] = {
                "state": run.state.value,
                "round": round_,
                "plan": store.encode_plan(plan),
                "job_id": self._queue(tx, run),
                "error": "",
                "ended_ms": 0,
            }
            store.change_run(tx.connection, run.id, **values)
            self._audit(tx, actor, run, "resume")
        return self.get(project_id, run_id)

    def upload(self, project_id: str, run_id: str, outputs: Sequence[UploadedOutput]) -> int:
        """Stores recorded outputs of a run that waits. Returns how many it has. Raises
        `InvalidRequest` for items or repeats that the run does not have, `Conflict` if it does not
        wait for outputs."""
        run = self.get(project_id, run_id).run
        plan = run.plan
        ids = tuple({each.item_id for each in outputs})
        chosen = ItemFilter(ids=ids, split=plan.split or None)
        page = self.items.items(
            project_id, plan.dataset, plan.version, limit=max(1, len(ids)), chosen=chosen
        )
        known = {each.item.id: each for each in page.items}
        rows: dict[tuple[str, int], Result] = {}
        for at, each in enumerate(outputs):
            found = known.get(each.item_id)
            if found is None or not 0 <= each.repeat < plan.repeats:
                raise InvalidRequest(
                    f"The run has no item {each.item_id[:200]!r} with a repeat {each.repeat}.",
                    param=f"outputs.{at}",
                )
            rows[each.item_id, each.repeat] = Result(
                *(each.item_id, each.repeat, found.position, ResultState.ANSWERED, 0, each.answer),
                group=found.item.group,
                facets=facets_of(found.item.metadata),
            )
        with self.context.database.write() as tx:
            current = get_run(tx.connection, project_id, run_id, lock=True)
            if current.job_id or not plan.waits:
                raise Conflict("This run waits for no outputs.", code="evaluation_runs")
            store.save_results(tx.connection, run.id, list(rows.values()))
            counts = store.sums_of(tx.connection, run.id)
        return sum(count for count, _ in counts.values())

    def _check_baseline(self, project_id: str, plan: EvaluationPlan) -> None:
        """Raises `InvalidRequest` unless the baseline has ended, on the same items; `NotFound`."""
        if not plan.baseline_run:
            return
        baseline = self.run(project_id, plan.baseline_run)
        its, ours = (f"{each.dataset}@{each.version}" for each in (baseline.plan, plan))
        if its != ours:
            raise InvalidRequest(
                f"The baseline {baseline.id} is of {its}, this run of {ours}.",
                hint="Start it on the version of the baseline.",
                param="baseline_run",
            )
        if baseline.is_open:
            raise InvalidRequest(
                f"The baseline {baseline.id} has not ended.",
                hint="Wait for its end, then start this run.",
                param="baseline_run",
            )

    def _require_unneeded(self, connection: Connection, run: EvaluationRun) -> None:
        """Raises `Conflict` if something refers to a run."""
        compared = store.find_compared_with(connection, run.project_id, run.id)
        needs = [f"the open run {compared}"] if compared else []
        needs += [each(connection, run.project_id, run.id) for each in self.references]
        if found := next(filter(None, needs), ""):
            raise Conflict(f"The run stays: {found} refers to it.", code="evaluation_needed")

    def _queue(self, tx: Transaction, run: EvaluationRun) -> str:
        """Adds the job of a run, and returns its id."""
        now = self.context.now_ms()
        job = Job(
            id=self.context.new_id("job"),
            project_id=run.project_id,
            kind=JOB_KIND,
            subject=run.id,
            due_ms=now,
            progress=JobProgress(total=run.total),
            created_ms=now,
            updated_ms=now,
        )
        jobs.add_job(tx.connection, job)
        tx.after_commit(self.wanted.set)
        return job.id

    def _shown(self, connection: Connection, run: EvaluationRun) -> ShownRun:
        if run.report and not run.is_open:  # the job may not say so yet
            done, cost = sum(run.report["rows"].values()), run.report["cost_usd"]
            return ShownRun(run, JobProgress(done, run.total or done, cost))
        job = jobs.find_job(connection, run.job_id) if run.job_id else None
        if run.is_open and job and job.state is JobState.FAILED:  # its worker could not say so
            run = replace(run, state=RunState.FAILED, error=job.error)
        return ShownRun(run, job.progress if job else JobProgress(total=run.total))

    def _audit(self, tx: Transaction, actor: Principal, run: EvaluationRun, act: str) -> None:
        after = {
            "dataset": f"{run.plan.dataset}@{run.plan.version}",
            "release": run.plan.release,
            "endpoint": run.plan.endpoint.url if run.plan.endpoint else "",
            "evaluators": [each.name for each in run.plan.evaluators],
            "cost_cap_usd": run.plan.cost_cap_usd,
        }
        action = f"evaluation.{act}"
        self.context.audit_log.append(tx, actor, run.project_id, action, run.id, after=after)


def check_key(actor: Principal, project_id: str, key_id: str) -> None:
    """Raises `Forbidden` if a key without a role would call models as another key."""
    without_role = actor.kind == "key" and project_id not in actor.roles
    if without_role and not actor.instance_admin and key_id not in ("", actor.id):
        raise Forbidden("A key without a role calls models as itself only.", param="key_id")


def get_run(
    connection: Connection, project_id: str, run_id: str, *, lock: bool = False
) -> EvaluationRun:
    """Returns a run of a project. Raises `NotFound`."""
    if found := store.find_run(connection, project_id, run_id, lock=lock):
        return found
    raise NotFound(
        f"This project has no evaluation run {run_id[:64]}.", hint="List them: penstock eval list"
    )
