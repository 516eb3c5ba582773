"""Evaluators that compare answers: the second pass of a run, and its restarts."""

import asyncio
from typing import Any

import pytest

from penstock.features.evaluations.model import RunState, TargetAnswer
from penstock.features.evaluations.service.runs import UploadedOutput
from penstock.infra.jobs.runner import JobRunner
from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.evaluators.prose import counterfactual
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import PeerRelation, Sample
from penstock.spi.evaluator import Options
from tests.features.evaluations.conftest import Evaluated, RuleEvaluator


class Comparing(RuleEvaluator):
    """Keeps the samples that it saw; its metric is the share of peers with the same output."""

    def __init__(self, relation: PeerRelation) -> None:
        super().__init__(self._same)
        self._relation = relation
        self.seen: list[Sample] = []
        self.failures = 0

    def facts(self, options: Options) -> MetricFacts:
        return MetricFacts(MetricKind.MEAN, needs=("output", f"peers.{self._relation}"))

    def _same(self, sample: Sample) -> float:
        if self.failures:
            self.failures -= 1
            raise UpstreamFailed("The judge does not answer.")
        self.seen.append(sample)
        peers = sample.peers_of(self._relation)
        return sum(each.output == sample.output for each in peers) / len(peers)


def comparing(evaluated: Evaluated, relation: PeerRelation) -> Comparing:
    found = Comparing(relation)
    evaluated.evaluators[relation.value] = found
    return found


def recorded(evaluated: Evaluated, *evaluators: str, outputs: list[tuple[str, int, str]]) -> str:
    """Runs with outputs: item, repeat, text."""
    repeats = max(repeat for _, repeat, _ in outputs) + 1
    run = evaluated.start(*evaluators, waits=True, repeats=repeats)
    uploaded = [UploadedOutput(item, at, TargetAnswer(text)) for item, at, text in outputs]
    evaluated.service.upload(evaluated.project, run, uploaded)
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run)
    evaluated.run_jobs()
    return run


def test_repeats_of_an_item_are_peers_of_each_other(evaluated: Evaluated) -> None:
    judge = comparing(evaluated, PeerRelation.REPEAT)
    evaluated.fill(2)
    texts = [("i0", 0, "a"), ("i0", 1, "a"), ("i0", 2, "b"), ("i1", 0, "c"), ("i1", 1, "c")]
    run = recorded(evaluated, "repeat", "equals", outputs=texts)
    seen = {(s.item_id, s.repeat): [p.output for p in s.peers] for s in judge.seen}
    assert seen == {
        ("i0", 0): ["a", "b"],
        ("i0", 1): ["a", "b"],
        ("i0", 2): ["a", "a"],
        ("i1", 0): ["c"],
        ("i1", 1): ["c"],
    }
    metric = evaluated.metrics(run)["repeat"]
    assert metric["states"] == {"scored": 5, "unmeasured": 1}  # no output of i1's third repeat
    assert metric["estimate"]["mean"] == pytest.approx((1 / 3 + 1) / 2)
    assert evaluated.get(run).progress.done == 6


def test_items_of_a_group_are_peers_and_an_item_without_others_is_unmeasured(
    evaluated: Evaluated,
) -> None:
    evaluated.evaluators["counterfactual"] = counterfactual
    evaluated.fill(3, group="same")
    texts = [("i0", 0, "yes"), ("i1", 0, "yes"), ("i2", 0, "no")]
    run = recorded(evaluated, "counterfactual", outputs=texts)
    rows = evaluated.results.page(evaluated.project, run, (), None, 10)
    assert [each.measurements["counterfactual"].value for each in rows] == [0.5, 0.5, 0.0]
    alone = recorded(evaluated, "counterfactual", outputs=texts[:1])
    states = evaluated.metrics(alone)["counterfactual"]["states"]
    assert states == {"unmeasured": 3}


def test_the_baseline_is_another_run_that_has_ended_on_the_same_items(
    evaluated: Evaluated,
) -> None:
    judge = comparing(evaluated, PeerRelation.BASELINE)
    evaluated.fill(3)
    first = evaluated.start("equals", output_field="out")
    with pytest.raises(InvalidRequest, match="has not ended"):
        evaluated.start("baseline", output_field="out", baseline_run=first)
    evaluated.run_jobs()
    with pytest.raises(InvalidRequest, match="name it"):
        evaluated.start("baseline", output_field="out")
    run = evaluated.start("baseline", output_field="out", baseline_run=first, repeats=2)
    evaluated.run_jobs()
    assert [[each.output for each in s.peers] for s in judge.seen] == [
        [s.output] for s in judge.seen
    ]
    assert evaluated.metrics(run)["baseline"]["states"] == {"scored": 6}
    evaluated.fill_more()
    with pytest.raises(InvalidRequest, match="is of faq@1, this run of faq@2"):
        evaluated.start("baseline", output_field="out", baseline_run=first)


def test_a_run_without_repeats_cannot_compare_them(evaluated: Evaluated) -> None:
    comparing(evaluated, PeerRelation.REPEAT)
    evaluated.fill(1)
    with pytest.raises(InvalidRequest, match="set 2 or more") as caught:
        evaluated.start("repeat", output_field="out")
    assert caught.value.param == "repeats"


def test_a_stop_between_and_within_the_passes_measures_no_row_twice(evaluated: Evaluated) -> None:
    judge = comparing(evaluated, PeerRelation.REPEAT)
    measured: list[Any] = []

    def stops_at(runner: JobRunner, count: int, seen: list[Any]) -> RuleEvaluator:
        def rule(sample: Sample) -> bool:
            seen.append((sample.item_id, sample.repeat))
            if len(seen) == count:
                runner.stop()
            return True

        return RuleEvaluator(rule)

    evaluated.fill(40)
    evaluated.evaluators["first"] = RuleEvaluator(lambda _: True)
    run = evaluated.start("first", "repeat", output_field="out", repeats=2, concurrency=4)

    def in_first_pass(runner: JobRunner) -> None:
        evaluated.evaluators["first"] = stops_at(runner, 80, measured)

    evaluated.run_jobs(in_first_pass)
    assert (len(measured), judge.seen) == (80, [])
    assert evaluated.get(run).run.state is RunState.RUNNING

    def in_second_pass(runner: JobRunner) -> None:
        rule = judge._rule

        def stopping(sample: Sample) -> Any:
            if len(judge.seen) == 30:
                runner.stop()
            return rule(sample)

        judge._rule = stopping

    evaluated.run_jobs(in_second_pass)
    assert 30 < len(judge.seen) < 80
    evaluated.run_jobs()
    assert evaluated.get(run).run.state is RunState.DONE
    compared = [(each.item_id, each.repeat) for each in judge.seen]
    assert sorted(compared) == sorted(measured)
    assert len(set(compared)) == 80


def test_a_resume_compares_again_only_what_no_judge_answered(evaluated: Evaluated) -> None:
    judge = comparing(evaluated, PeerRelation.REPEAT)
    evaluated.fill(5)
    judge.failures = 3
    run = evaluated.start("equals", "repeat", output_field="out", repeats=2)
    evaluated.run_jobs()
    states = evaluated.metrics(run)["repeat"]["states"]
    assert states == {"infrastructure_error": 3, "scored": 7}
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run)
    evaluated.run_jobs()
    assert evaluated.metrics(run)["repeat"]["states"] == {"scored": 10}
    assert len(judge.seen) == 10


def test_a_peer_that_failed_is_no_missing_peer(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.calls.AWAY_S", 0.0)
    comparing(evaluated, PeerRelation.BASELINE)
    evaluated.fill(2)
    release = evaluated.released.release("support-route").digest
    first = evaluated.start(release=release, key_id="key_1")
    asyncio.run(evaluated.work_until_idle())
    run = evaluated.start("baseline", output_field="out", baseline_run=first)
    evaluated.run_jobs()
    assert evaluated.metrics(run)["baseline"]["states"] == {"infrastructure_error": 2}
