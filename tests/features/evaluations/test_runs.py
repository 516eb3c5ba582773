"""Runs of recorded outputs: the ledger, states, resumes, odd evaluators."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from penstock.features.evaluations import store
from penstock.features.evaluations.model import (
    EvaluationPlan,
    EvaluatorChoice,
    ResultState,
    RunState,
    TargetAnswer,
)
from penstock.features.evaluations.selection import ResultSelection
from penstock.features.evaluations.service.runs import UploadedOutput
from penstock.infra.jobs.documents import Job, JobState
from penstock.infra.jobs.queue import JobQueue
from penstock.infra.jobs.runner import JobControl, JobRunner, StopReason
from penstock.infra.jobs.store import change, find_job
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.plugins.evaluators.recorded import recorded
from penstock.rules.evaluation.measurements import abstained, scored
from tests.features.evaluations.conftest import Evaluated, RuleEvaluator


def test_recorded_outputs_are_measured_with_denominators(evaluated: Evaluated) -> None:
    evaluated.fill(40)
    run = evaluated.start("equals", output_field="out")
    assert evaluated.wanted
    evaluated.run_jobs()
    found = evaluated.get(run)
    assert (found.run.state, found.progress.done, found.run.total) == (RunState.DONE, 40, 40)
    metric = evaluated.metrics(run)["equals"]
    assert (metric["samples"], metric["scored"]) == (40, 40)
    assert metric["estimate"]["mean"] == pytest.approx(31 / 40)  # each fourth is wrong but the 0th
    assert {each["value"] for each in metric["slices"]} == {"de", "en"}


def test_uploaded_outputs_are_measured_once_they_are_there(evaluated: Evaluated) -> None:
    evaluated.fill(10)
    run = evaluated.start("equals", waits=True, repeats=2)
    evaluated.run_jobs()
    assert evaluated.get(run).run.state is RunState.QUEUED
    outputs = [UploadedOutput(f"i{at}", 0, TargetAnswer(str(at))) for at in range(10)]
    assert evaluated.service.upload(evaluated.project, run, outputs) == 10
    assert evaluated.service.upload(evaluated.project, run, outputs) == 10
    editor = evaluated.released.editor
    evaluated.service.resume(editor, evaluated.project, run)
    evaluated.run_jobs()
    metric = evaluated.metrics(run)["equals"]
    assert (metric["scored"], metric["states"]["unmeasured"]) == (10, 10)
    with pytest.raises(Conflict):
        evaluated.service.upload(evaluated.project, run, outputs)


def test_an_upload_for_a_foreign_item_names_it(evaluated: Evaluated) -> None:
    evaluated.fill(2)
    run = evaluated.start("equals", waits=True)
    for wrong in (
        UploadedOutput("no", 0, TargetAnswer("")),
        UploadedOutput("i0", 1, TargetAnswer("")),
    ):
        with pytest.raises(InvalidRequest) as caught:
            evaluated.service.upload(evaluated.project, run, [wrong])
        assert caught.value.param == "outputs.0"


def test_an_evaluator_that_raises_or_hangs_is_a_judge_error_and_others_go_on(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.measuring.MAX_BLOCKING_S", 0.05)

    def fails(_: object) -> bool:
        raise ValueError("broken")

    def blocks(_: object) -> bool:
        time.sleep(30)
        return True

    async def waits(_: object) -> bool:
        await asyncio.sleep(0.01)
        return True

    for name, rule in (("fails", fails), ("blocks", blocks), ("waits", waits)):
        evaluated.evaluators[name] = RuleEvaluator(rule)
    evaluated.fill(3)
    run = evaluated.start("fails", "blocks", "waits", "equals", output_field="out")
    evaluated.run_jobs()
    assert evaluated.get(run).run.state is RunState.DONE
    states = {name: each["states"] for name, each in evaluated.metrics(run).items()}
    assert states == {
        "fails": {"judge_error": 3},
        "blocks": {"judge_error": 3},
        "waits": {"scored": 3},
        "equals": {"scored": 3},
    }


def test_a_gateway_that_is_away_fails_the_run_and_a_resume_tries_again(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.calls.AWAY_S", 0.0)
    monkeypatch.setattr("penstock.features.evaluations.work.execution.MAX_FAILURES", 5)
    evaluated.fill(20)
    release = evaluated.released.release("support-route").digest
    run = evaluated.start("equals", release=release, key_id="key_1", concurrency=2)
    evaluated.run_jobs()
    found = evaluated.get(run)
    assert found.run.state is RunState.FAILED
    assert "The last 5 calls got no answer" in found.run.error
    failed = evaluated.metrics(run)["equals"]
    assert 5 <= failed["states"]["infrastructure_error"] < 20
    assert failed["estimate"] == {}
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run)
    evaluated.run_jobs()
    rows = evaluated.results.page(evaluated.project, run, [ResultState.FAILED], None, 100)
    assert max(each.round for each in rows) == 1


def test_a_run_stops_in_the_middle_and_the_next_worker_does_the_rest_only(
    evaluated: Evaluated,
) -> None:
    measured: list[str] = []

    def count(sample: Any) -> bool:
        measured.append(sample.item_id)
        return True

    evaluated.evaluators["count"] = RuleEvaluator(count)
    evaluated.fill(300)
    run = evaluated.start("count", output_field="out")

    def stop_soon(runner: JobRunner) -> None:
        def counted(sample: Any) -> bool:
            if len(measured) == 99:
                runner.stop()
            return count(sample)

        evaluated.evaluators["count"] = RuleEvaluator(counted)

    evaluated.run_jobs(stop_soon)
    assert evaluated.get(run).run.state is RunState.RUNNING
    assert 100 <= len(measured) < 300
    evaluated.run_jobs()
    assert evaluated.get(run).run.state is RunState.DONE
    assert sorted(measured) == sorted(f"i{at}" for at in range(300))


def test_a_cancelled_run_keeps_what_is_measured(evaluated: Evaluated) -> None:
    evaluated.fill(5)
    run = evaluated.start("equals", output_field="out")
    cancelled = evaluated.service.cancel(evaluated.released.editor, evaluated.project, run)
    assert cancelled.run.state is RunState.CANCELLED
    evaluated.run_jobs()
    assert evaluated.get(run) == cancelled
    with pytest.raises(Conflict):
        evaluated.service.cancel(evaluated.released.editor, evaluated.project, run)
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run)
    evaluated.run_jobs()
    assert evaluated.get(run).run.state is RunState.DONE


def queued_job(evaluated: Evaluated, run: str) -> Job | None:
    with evaluated.context.database.read() as connection:
        return find_job(connection, evaluated.get(run).run.job_id)


def test_a_queued_run_is_cancelled_or_taken_by_a_worker_and_never_both(
    evaluated: Evaluated,
) -> None:
    evaluated.fill(2)
    editor, project, database = evaluated.released.editor, evaluated.project, evaluated.context
    worker = JobQueue(database.database, database.clock, "w")

    first = evaluated.start("equals", output_field="out")  # the user is first
    assert evaluated.service.cancel(editor, project, first).run.state is RunState.CANCELLED
    assert worker.claim(["evaluation"]) is None

    second = evaluated.start("equals", output_field="out")  # the worker is first
    assert worker.claim(["evaluation"])
    assert evaluated.service.cancel(editor, project, second).run.state is RunState.QUEUED
    job = queued_job(evaluated, second)
    assert job is not None
    assert (job.state, job.cancel_wanted) == (JobState.RUNNING, True)
    evaluated.run_jobs()
    assert evaluated.get(second).run.state is RunState.CANCELLED

    third = evaluated.start("equals", output_field="out")  # both at once
    with ThreadPoolExecutor(2) as pool:
        cancelling = pool.submit(evaluated.service.cancel, editor, project, third)
        claiming = pool.submit(worker.claim, ["evaluation"])
        at_once = cancelling.result().run.state is RunState.CANCELLED
        assert at_once == (claiming.result() is None)
    evaluated.run_jobs()
    assert evaluated.get(third).run.state is RunState.CANCELLED


def test_what_cannot_be_run_is_said_at_the_start(evaluated: Evaluated) -> None:
    evaluated.fill(1)
    with pytest.raises(NotFound):
        evaluated.start("unknown", output_field="out")
    with pytest.raises(InvalidRequest, match="needs a key"):
        evaluated.start("equals", release=evaluated.released.release("support-route").digest)
    with pytest.raises(NotFound):
        evaluated.start("equals", release="0" * 64, key_id="k")
    with pytest.raises(NotFound):
        evaluated.service.get("other-project", evaluated.start("equals", output_field="out"))


def test_runs_are_compared_on_shared_items_regressions_first(evaluated: Evaluated) -> None:
    evaluated.fill(40)
    first = evaluated.start("equals", output_field="out")
    second = evaluated.start("equals", waits=True)
    outputs = [UploadedOutput(f"i{at}", 0, TargetAnswer(str(at % 10))) for at in range(40)]
    evaluated.service.upload(evaluated.project, second, outputs)
    evaluated.service.resume(evaluated.released.editor, evaluated.project, second)
    evaluated.run_jobs()
    (found,) = evaluated.results.compare(evaluated.project, [first, second]).differences
    assert (found.items, found.outcome) == (40, "worse")
    pair = (first, second)
    worst = evaluated.results.regressions(evaluated.project, pair, ResultSelection(), 0, 1)[0]
    assert (worst.advantage, worst.before[0].answer.output) == (-1.0, worst.item_id[1:])
    with pytest.raises(InvalidRequest):
        evaluated.results.compare(evaluated.project, [first, first])


def test_ten_thousand_outputs_take_less_than_twenty_seconds_of_a_processor(
    evaluated: Evaluated, drill_size: int
) -> None:
    evaluated.fill(drill_size)
    names = [f"rule{at}" for at in range(5)]
    for name in names:
        evaluated.evaluators[name] = RuleEvaluator(lambda sample: sample.output == sample.expected)
    began = time.process_time()
    run = evaluated.start(*names, output_field="out")
    evaluated.run_jobs()
    took = time.process_time() - began
    print(f"{drill_size} outputs, {len(names)} evaluators: {took:.1f} s")
    assert evaluated.metrics(run)["rule0"]["scored"] == drill_size
    assert took < 20


@pytest.fixture
def drill_size(request: pytest.FixtureRequest) -> int:
    return 10_000 if request.config.getoption("--drill-full") else 1_000


def test_the_work_on_a_run_that_has_ended_does_nothing(evaluated: Evaluated) -> None:
    evaluated.fill(1)
    run = evaluated.start("equals", output_field="out")
    evaluated.run_jobs()
    shown = evaluated.get(run).run
    with evaluated.context.database.read() as connection:
        before = list(store.all_results(connection, run))
    with evaluated.context.database.read() as connection:
        old = find_job(connection, shown.job_id)
    assert old is not None
    control = JobControl()
    asyncio.run(evaluated.work(old, control))
    with evaluated.context.database.read() as connection:
        assert list(store.all_results(connection, run)) == before
    assert control.stop is StopReason.NONE


def test_recorded_errors_are_lost_answers_and_recorded_scores_are_measurements(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.execution.MAX_FAILURES", 2)
    evaluated.evaluators["recorded"] = recorded
    evaluated.fill(6)
    choice = EvaluatorChoice("polite", "recorded", {"score": "polite"})
    plan = EvaluationPlan("faq", 0, (choice,))
    editor, project = evaluated.released.editor, evaluated.project
    run = evaluated.service.start(editor, project, plan, waits=True).run.id
    scores = {"i3": scored(True, "Thanks"), "i4": abstained("No opinion"), "i5": scored(0.5)}
    outputs = [
        UploadedOutput(
            f"i{at}",
            0,
            TargetAnswer(str(at), scores={"polite": scores[f"i{at}"]})
            if at > 2
            else TargetAnswer(error="The provider was away."),
        )
        for at in range(6)
    ]
    evaluated.service.upload(project, run, outputs)
    evaluated.service.resume(editor, project, run)
    evaluated.run_jobs()
    assert evaluated.get(run).run.state is RunState.DONE
    found = evaluated.metrics(run)["polite"]
    assert found["states"] == {
        "infrastructure_error": 3,
        "scored": 1,
        "abstained": 1,
        "unmeasured": 1,
    }
    rows = evaluated.results.page(project, run, (), None, 100)
    assert [each.state.value for each in rows] == ["failed"] * 3 + ["measured"] * 3
    assert rows[3].measurements["polite"].reason == "Thanks"
    evaluated.service.resume(editor, project, run)
    evaluated.run_jobs()
    assert evaluated.metrics(run)["polite"]["states"] == found["states"]


def test_a_run_whose_job_has_failed_is_failed_and_can_be_resumed(evaluated: Evaluated) -> None:
    evaluated.fill(3)
    run = evaluated.start("equals", output_field="out")
    with evaluated.context.database.write() as tx:
        job = find_job(tx.connection, evaluated.get(run).run.job_id)
        assert job is not None
        assert change(tx.connection, job, state="failed", error="Its worker ended 5 times.")
    found = evaluated.get(run).run
    assert (found.state, found.error) == (RunState.FAILED, "Its worker ended 5 times.")
    editor = evaluated.released.editor
    with pytest.raises(Conflict, match="has ended"):
        evaluated.service.cancel(editor, evaluated.project, run)
    evaluated.service.resume(editor, evaluated.project, run)
    evaluated.run_jobs()
    assert evaluated.get(run).run.state is RunState.DONE
