"""What fills queues: datasets, runs, other queues, by hand and by rules."""

from dataclasses import replace
from typing import Any

import pytest

from penstock.features.annotation.model.queues import ItemSelection, QueueRule, ResultChoice
from penstock.features.annotation.service.selecting import SETTLES_MS
from penstock.features.annotation.store import rules as rules_store
from penstock.features.annotation.store.items import QueueItemFilter
from penstock.features.annotation.store.rules import RulePlace, RuleWork
from penstock.features.datasets.service.changes import DatasetChange
from penstock.features.evaluations import store as runs_store
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.annotation.labels import LabelKind
from penstock.rules.evaluation.measurements import judge_error
from tests.features.annotation.conftest import Annotation, example

TEXTS = [f"answer {at}" for at in range(10)]


def outputs(annotation: Annotation, name: str = "review") -> list[str]:
    _, found = annotation.deciding.items(annotation.project, name, QueueItemFilter(), 0, 100)
    return [each.item.content.output for each in found]


def test_a_dataset_fills_a_queue_once(annotation: Annotation) -> None:
    annotation.queue()
    assert annotation.fill(dataset="faq", limit=4).added == 4
    again = annotation.fill(dataset="faq")
    assert (again.added, again.known) == (6, 4)
    assert outputs(annotation) == TEXTS
    (item,) = annotation.next(annotation.person("ann"))
    origin = item.content.origin
    assert (origin.dataset, origin.version, origin.example) == ("faq", 1, "i0")
    assert (item.content.input, item.content.metadata) == ("question 0", {})


def test_a_queue_keeps_its_items_when_the_dataset_is_gone(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill()
    annotation.datasets.remove(annotation.editor, annotation.project, "faq")
    annotation.label_all(annotation.person("ann"), [True] * 10)
    assert annotation.queues.get(annotation.project, "review")[1].labelled == 10
    with pytest.raises(NotFound):
        annotation.fill()


def test_a_sample_is_the_same_each_time(annotation: Annotation) -> None:
    annotation.queue()
    first = annotation.fill(dataset="faq", share=0.5).added
    assert 0 < first < 10
    assert annotation.fill(dataset="faq", share=0.5).added == 0


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({}, [0, 1, 2, 3]),
        ({"choose": ResultChoice.LOW, "metrics": ("helpful",)}, [1, 2]),
        ({"choose": ResultChoice.LOW, "metrics": ("similarity",), "at_most": 0.3}, [2]),
        ({"choose": ResultChoice.DISAGREEMENT, "metrics": ("helpful", "similarity")}, [1]),
        ({"item_ids": ("i3",)}, [3]),
    ],
)
def test_results_of_a_run_are_chosen_by_their_metrics(
    annotation: Annotation, fields: dict[str, Any], chosen: list[int]
) -> None:
    annotation.queue()
    run = annotation.run(
        TEXTS[:4],
        {"helpful": [True, False, False, judge_error("?")], "similarity": [0.9, 0.8, 0.2, 0.9]},
    )
    assert annotation.fill(run=run.id, **fields).added == len(chosen)
    assert outputs(annotation) == [TEXTS[at] for at in chosen]


def test_toxic_answers_are_the_low_ones(annotation: Annotation) -> None:
    annotation.queue()
    run = annotation.run(TEXTS[:3], {"toxicity": [True, False, True]}, kind="toxicity")
    low = {"choose": ResultChoice.LOW, "metrics": ("toxicity",)}
    assert annotation.fill(run=run.id, **low).added == 2
    assert outputs(annotation) == [TEXTS[0], TEXTS[2]]


def test_suggestions_of_a_judge_are_marked_and_are_no_labels(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=2)
    run = annotation.run(TEXTS[:2], {"helpful": [True, judge_error("no answer")]})
    filled = annotation.fill(run=run.id, suggest="helpful")
    assert (filled.added, filled.known) == (2, 0)  # the origin differs: a run has no dataset's span
    _, progress = annotation.queues.get(annotation.project, "review")
    assert (progress.suggested, progress.labelled) == (1, 0)
    suggested = [each.suggestion for each in annotation.next(annotation.person("ann"), 10)]
    assert [each.value for each in suggested if each] == [True]
    assert annotation.agreement.of(annotation.project, "review").labelled == 0


def test_pairs_are_the_outputs_of_two_runs(annotation: Annotation) -> None:
    annotation.queue(kind=LabelKind.PAIRWISE)
    one = annotation.run(["a0", "a1"], {"helpful": [True, True]})
    other = annotation.run(["b0", "b1"], {"helpful": [True, True]})
    alone = annotation.fill(run=one.id)
    assert (alone.added, alone.skipped) == (0, 2)
    assert "no second output" in alone.reasons[0]
    assert annotation.fill(run=one.id, other_run=other.id).added == 2
    ann = annotation.person("ann")
    _, shown = annotation.reviewing.reserve(ann, annotation.project, "review", 2)
    pairs = [(each.item.content.output, each.item.content.other_output) for each in shown]
    assert pairs == [("a0", "b0"), ("a1", "b1")]
    annotation.label(ann, shown[0].item.id, "second")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"dataset": "faq", "run": "evr_1"},
        {"dataset": "faq", "metrics": ("helpful",)},
        {"dataset": "faq", "limit": 10_001},
        {"run": "evr_1", "choose": ResultChoice.LOW},
        {"run": "evr_1", "choose": ResultChoice.DISAGREEMENT, "metrics": ("helpful",)},
    ],
)
def test_a_selection_that_says_nothing_is_refused(
    annotation: Annotation, wrong: dict[str, Any]
) -> None:
    annotation.queue()
    wanted = ItemSelection(**wrong)
    with pytest.raises(InvalidRequest):
        annotation.filling.add_selected(annotation.editor, annotation.project, "review", wanted)


def rule(annotation: Annotation, name: str = "review", **fields: Any) -> None:
    runs, cap = fields.pop("runs", False), fields.pop("daily_cap", 100)
    made = QueueRule(ItemSelection(**fields), runs, cap)
    annotation.rules.set(annotation.editor, annotation.project, name, made)


def later(annotation: Annotation, seconds: float = SETTLES_MS / 1000 + 60) -> None:
    annotation.clock.forward(seconds)
    annotation.rules.run_due()


def test_a_rule_follows_the_new_items_of_a_dataset(annotation: Annotation) -> None:
    annotation.queue()
    rule(annotation, dataset="faq", daily_cap=12)
    later(annotation)
    assert len(outputs(annotation)) == 10
    change = DatasetChange(items=[example(number) for number in range(10, 15)])
    annotation.changes.change(annotation.editor, annotation.project, "faq", change)
    later(annotation)
    assert len(outputs(annotation)) == 12  # the cap of the day
    annotation.clock.forward(24 * 3600)
    later(annotation)
    assert len(outputs(annotation)) == 15
    stored = annotation.rules.get(annotation.project, "review")
    assert (stored.work.added, stored.work.error) == (15, "")


def test_a_rule_with_another_cap_goes_on_and_one_that_takes_others_begins_anew(
    annotation: Annotation,
) -> None:
    def work() -> RuleWork:
        return annotation.rules.get(annotation.project, "review").work

    annotation.queue()
    rule(annotation, dataset="faq", daily_cap=11)
    later(annotation)
    before = work()
    assert (len(outputs(annotation)), before.added, before.added_today) == (10, 10, 10)
    assert before.position != RulePlace()
    change = DatasetChange(items=[example(number) for number in range(10, 15)])
    annotation.changes.change(annotation.editor, annotation.project, "faq", change)
    rule(annotation, dataset="faq", daily_cap=12)
    assert (work().position, work().added_today) == (before.position, 10)
    later(annotation)
    assert (len(outputs(annotation)), work().added, work().added_today) == (12, 12, 12)
    for others in ({"split": "test"}, {"split": "test", "runs": True}):
        rule(annotation, dataset="faq", daily_cap=12, **others)
        assert (work().position.id, work().added, work().added_today) == ("", 0, 0)


def test_a_paused_rule_goes_on_from_where_it_was(annotation: Annotation) -> None:
    annotation.queue()
    rule(annotation, dataset="faq", daily_cap=6)
    later(annotation)
    place = annotation.editor, annotation.project, "review"
    assert annotation.rules.pause(*place, paused=True).rule.paused
    annotation.clock.forward(24 * 3600)
    later(annotation)
    assert len(outputs(annotation)) == 6
    (listed,) = annotation.rules.list(annotation.project)
    assert (listed[0], listed[1].rule.paused, listed[1].work.added) == ("review", True, 6)
    annotation.rules.pause(*place, paused=False)
    later(annotation)
    assert len(outputs(annotation)) == 10
    assert annotation.rules.pause(*place, paused=False).work.added == 10


def test_a_rule_that_crashed_adds_nothing_twice(annotation: Annotation) -> None:
    annotation.queue()
    rule(annotation, dataset="faq")
    stored = annotation.rules.get(annotation.project, "review")
    later(annotation)
    with annotation.context.database.write() as tx:
        rules_store.save_work(tx.connection, stored, stored.work)
    later(annotation)
    assert len(outputs(annotation)) == 10


def test_what_a_replaced_rule_has_done_does_not_move_the_next_one(annotation: Annotation) -> None:
    annotation.queue()
    rule(annotation, dataset="faq", share=0.9, daily_cap=3)
    later(annotation)
    before = annotation.rules.get(annotation.project, "review")
    assert before.work.added == 3
    rule(annotation, dataset="faq", daily_cap=12)
    with annotation.context.database.write() as tx:  # a turn that ends after the change
        rules_store.save_work(tx.connection, before, before.work)
    assert annotation.rules.get(annotation.project, "review").work.added == 0
    later(annotation)
    assert len(outputs(annotation)) == 10


def test_a_rule_takes_the_low_results_of_each_new_run(annotation: Annotation) -> None:
    annotation.queue()
    annotation.run(TEXTS[:2], {"helpful": [False, False]})
    annotation.clock.forward(1)
    fields = {"choose": ResultChoice.LOW, "metrics": ("helpful",), "suggest": "helpful"}
    rule(annotation, dataset="faq", runs=True, **fields)
    annotation.clock.forward(1)
    annotation.run(["good", "poor"], {"helpful": [True, False]})
    annotation.run(["poor too", "fine"], {"helpful": [False, True]})
    later(annotation)
    later(annotation)
    assert outputs(annotation) == ["poor", "poor too"]
    gone = annotation.run(["gone"], {"helpful": [False]})
    stored = annotation.rules.get(annotation.project, "review")
    place = rules_store.RulePlace(stored.work.position.at, stored.work.position.id, gone.id)
    with annotation.context.database.write() as tx:
        runs_store.remove_run(tx.connection, gone.id)
        rules_store.save_work(tx.connection, stored, replace(stored.work, position=place))
    annotation.clock.forward(1)
    annotation.run(["poor again"], {"helpful": [False]})
    later(annotation)
    assert outputs(annotation) == ["poor", "poor too", "poor again"]


def test_a_rule_takes_what_annotators_of_another_queue_differ_on(annotation: Annotation) -> None:
    annotation.queue(overlap=2)
    annotation.queue("experts")
    annotation.fill()
    rule(annotation, "experts", queue="review")
    annotation.label_all(annotation.person("ann"), [True] * 4)
    annotation.label_all(annotation.person("bob"), [True, False, True, False])
    later(annotation)
    later(annotation)
    assert outputs(annotation, "experts") == ["answer 1", "answer 3"]


def test_a_rule_whose_dataset_is_gone_says_so_and_goes_on_later(annotation: Annotation) -> None:
    annotation.queue()
    rule(annotation, dataset="faq")
    annotation.datasets.remove(annotation.editor, annotation.project, "faq")
    later(annotation)
    stored = annotation.rules.get(annotation.project, "review")
    assert "no dataset 'faq'" in stored.work.error
    annotation.datasets.add(annotation.editor, annotation.project, "faq")
    change = DatasetChange(items=[example(1)])
    annotation.changes.change(annotation.editor, annotation.project, "faq", change)
    later(annotation)
    assert outputs(annotation) == ["answer 1"]
    annotation.rules.remove(annotation.editor, annotation.project, "review")
    with pytest.raises(NotFound, match="no rule"):
        annotation.rules.get(annotation.project, "review")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"dataset": "faq", "queue": "other"},
        {"queue": "review"},
        {"queue": "other", "runs": True},
        {"dataset": "faq", "run": "evr_1"},
        {"dataset": "faq", "suggest": "helpful"},
        {"dataset": "faq", "runs": True, "choose": ResultChoice.LOW},
    ],
)
def test_a_rule_that_cannot_work_is_refused(annotation: Annotation, wrong: dict[str, Any]) -> None:
    annotation.queue()
    with pytest.raises(InvalidRequest):
        rule(annotation, **wrong)
