"""What labels become: scores, examples, prompts, evaluators, and the calibration of judges."""

from typing import Any

import pytest

from penstock.features.annotation.service.deciding import SentDecision
from penstock.features.annotation.service.judges import JudgeCalibration
from penstock.features.annotation.service.uses import Expected
from penstock.features.annotation.store.items import QueueItemFilter
from penstock.features.evaluations import store as runs_store
from penstock.features.prompts.model import NewVersion
from penstock.kernel.errors import InvalidRequest
from penstock.rules.annotation.calibration import corrected
from penstock.rules.annotation.labels import LabelChoice, LabelKind, LabelSchema
from penstock.rules.evaluation.measurements import scored
from penstock.rules.evaluation.pairwise import PairChoice
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable
from penstock.rules.render.prompt import compile_prompt
from penstock.rules.scores.score import check_score
from penstock.rules.scores.vocabulary import ScoreSource, ScoreState
from tests.features.annotation.conftest import Annotation, schema

TEXTS = [f"answer {at}" for at in range(10)]


def test_a_finished_item_is_one_score_of_its_call(annotation: Annotation) -> None:
    annotation.queue(overlap=2)
    run = annotation.run(TEXTS[:2], {"helpful": [True, True]})
    annotation.fill(run=run.id)
    ann, bob = annotation.person("ann"), annotation.person("bob")
    annotation.label_all(ann, [True, True])
    assert annotation.scores.send_due() == 0
    annotation.label_all(bob, [True, False])
    assert annotation.scores.send_due() == 2
    agreed, differing = sorted(annotation.sent, key=lambda each: each.trace_id)
    for each in annotation.sent:
        check_score(each)
    assert (agreed.name, agreed.value, agreed.source) == ("helpful", True, ScoreSource.ANNOTATOR)
    assert (differing.value, differing.state) == (None, ScoreState.ABSTAINED)
    assert "bob@example.org: no" in differing.comment
    assert annotation.scores.send_due() == 0


def test_what_changes_later_replaces_the_score(annotation: Annotation) -> None:
    annotation.queue()
    run = annotation.run(TEXTS[:1], {"helpful": [True]})
    annotation.fill(run=run.id)
    ann = annotation.person("ann")
    (item,) = annotation.next(ann)
    annotation.label(ann, item.id, True)
    annotation.scores.send_due()
    annotation.label(ann, item.id, False)
    annotation.scores.send_due()
    annotation.reviewing.withdraw(ann, annotation.project, "review", item.id)
    annotation.scores.send_due()
    found = [(each.value, each.state) for each in annotation.sent]
    assert found == [
        (True, ScoreState.SCORED),
        (False, ScoreState.SCORED),
        (None, ScoreState.UNMEASURED),
    ]
    assert len({each.stored_id() for each in annotation.sent}) == 1


@pytest.mark.parametrize(
    ("kind", "label", "value"),
    [
        (LabelKind.ORDINAL, "good", 3),
        (LabelKind.CATEGORICAL, "fair", "fair"),
        (LabelKind.TEXT, "too long", None),
        (LabelKind.SPANS, [{"start": 0, "end": 3, "value": "bad"}], 1),
    ],
)
def test_each_kind_of_label_is_a_valid_score(
    annotation: Annotation, kind: LabelKind, label: Any, value: Any
) -> None:
    annotation.queue(kind=kind)
    run = annotation.run(TEXTS[:1], {"helpful": [True]})
    annotation.fill(run=run.id)
    annotation.label_all(annotation.person("ann"), [label])
    annotation.scores.send_due()
    (score,) = annotation.sent
    check_score(score)
    assert (score.value, score.state) == (value, ScoreState.SCORED)


def test_labels_become_a_version_of_a_dataset(annotation: Annotation) -> None:
    annotation.queue(overlap=2)
    annotation.fill(dataset="faq", limit=3)
    ann, bob = annotation.person("ann"), annotation.person("bob")
    for person, values in ((ann, [True, True, False]), (bob, [True, False, False])):
        for value in values:
            (item,) = annotation.next(person)
            fixed = "A better answer." if not value and person is bob else ""
            annotation.label(person, item.id, value, correction=fixed)
    place = annotation.editor, annotation.project, "review"
    made = annotation.uses.to_dataset(*place, "golden")
    assert (made.version, made.changed, made.undecided) == (1, 3, 0)
    page = annotation.reader.items(annotation.project, "golden", 1)
    found = [(each.item.id, each.item.expected, each.item.metadata) for each in page.items]
    assert found[1] == (
        "i1",
        "A better answer.",
        {"output": "answer 1", "label_helpful": None, "annotators": 2},
    )
    assert found[0][1] is None
    labels = annotation.uses.to_dataset(*place, "labels", expected=Expected.LABEL)
    page = annotation.reader.items(annotation.project, "labels", labels.version)
    assert [each.item.expected for each in page.items] == [True, None, False]


def test_without_a_label_there_is_nothing_to_add(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill()
    with pytest.raises(InvalidRequest, match="No item has a final label"):
        annotation.uses.to_dataset(annotation.editor, annotation.project, "review", "golden")


def test_a_correction_becomes_an_example_in_a_draft_of_a_prompt(annotation: Annotation) -> None:
    messages = (PromptMessage("system", "Be brief."), PromptMessage("user", "{{ question }}"))
    content = PromptContent("chat", messages=messages, variables={"question": PromptVariable()})
    prompt, _ = annotation.prompts.add(
        annotation.editor, annotation.project, "support/answer", NewVersion(content)
    )
    annotation.queue()
    annotation.fill(dataset="faq", limit=2)
    ann = annotation.person("ann")
    one, other = annotation.next(ann, 2)
    answer = "Say {{ nothing }} {% endraw %} of it."
    annotation.label(ann, one.id, False, correction=answer)
    annotation.label(ann, other.id, True)
    place = annotation.editor, annotation.project, "review"
    preview = annotation.uses.draft_of(*place[1:], one.id, "support/answer")
    assert (preview.prompt_id, preview.version) == (prompt.id, 1)
    assert [(each.role, each.added) for each in preview.messages] == [
        ("system", False),
        ("user", True),
        ("assistant", True),
        ("user", False),
    ]
    made = annotation.uses.to_prompt(*place, one.id, "support/answer")
    assert (made.prompt_id, made.version, made.messages) == (prompt.id, 2, preview.messages)
    latest = annotation.prompts.resolve(annotation.project, "support/answer", "latest")
    assert latest.prompt.labels == {}
    rendered = compile_prompt(latest.version.content, {}).render({"question": "Why?"})
    assert [each["content"] for each in rendered.messages] == [
        "Be brief.",
        "question 0",
        answer,
        "Why?",
    ]
    with pytest.raises(InvalidRequest, match="no corrected answer"):
        annotation.uses.to_prompt(*place, other.id, "support/answer")
    annotation.prompts.remove(annotation.editor, annotation.project, prompt.id)


def test_a_queue_becomes_a_judge_with_its_guidelines(annotation: Annotation) -> None:
    grades = LabelSchema(LabelKind.ORDINAL, "How good?", tuple(map(LabelChoice, "12345")))
    annotation.queue(guidelines="Short answers are fine.")
    annotation.queue("pairs", LabelKind.PAIRWISE)
    annotation.queue("grades")
    annotation.queue("spans", LabelKind.SPANS)
    annotation.queues.change(annotation.editor, annotation.project, "grades", schema=grades)
    made = annotation.uses.evaluator(annotation.project, "review", "gpt-5")
    assert (made.name, made.kind) == ("helpful", "rubric")
    assert made.options["criteria"] == "Is the answer helpful?\n\nShort answers are fine."
    assert annotation.uses.evaluator(annotation.project, "pairs", "m").kind == "pairwise"
    assert annotation.uses.evaluator(annotation.project, "grades", "m").options["scale"] == [1, 5]
    with pytest.raises(InvalidRequest, match="No judge gives"):
        annotation.uses.evaluator(annotation.project, "spans", "m")


def test_a_judge_knows_what_annotators_remark_of_an_item(annotation: Annotation) -> None:
    annotation.queue(guidelines="Short answers are fine.")
    annotation.fill(dataset="faq", limit=1)
    ann = annotation.person("ann")
    (item,) = annotation.next(ann)
    annotation.label(ann, item.id, False, comment="The price is missing.")
    made = annotation.uses.evaluator(annotation.project, "review", "gpt-5", item.id)
    criteria = "Is the answer helpful?\n\nShort answers are fine."
    assert made.options["criteria"] == (
        f"{criteria}\n\nAn annotator remarks: The price is missing."
    )


def test_an_example_is_shown_before_it_is_added(annotation: Annotation) -> None:
    annotation.queue()
    annotation.fill(dataset="faq", limit=1)
    ann = annotation.person("ann")
    (item,) = annotation.next(ann)
    with pytest.raises(InvalidRequest, match="No item has a final label"):
        annotation.uses.example(annotation.project, "review", item.id)
    annotation.label(ann, item.id, False, correction="A better answer.")
    shown = annotation.uses.example(annotation.project, "review", item.id)
    annotation.uses.to_dataset(annotation.editor, annotation.project, "review", "golden")
    (added,) = annotation.reader.items(annotation.project, "golden", 1).items
    assert (shown.expected, shown.metadata) == (added.item.expected, added.item.metadata)


def test_a_judge_is_compared_with_annotators_on_the_same_outputs(annotation: Annotation) -> None:
    annotation.queue(shows_suggestions=False)
    judged = [True, True, True, True, True, True, False, False, False, False]
    run = annotation.run(TEXTS, {"helpful": judged})
    other = annotation.run(["else"] * 10, {"helpful": judged})
    annotation.fill(run=run.id, suggest="helpful")
    human = [True, True, True, True, False, False, False, False, False, True]
    annotation.label_all(annotation.person("ann"), human)
    (judge,) = annotation.judges.judges(annotation.project)
    assert (judge.choice.name, judge.runs) == ("helpful", (run.id,))
    assert (judge.compared, judge.labelled) == (10, 10)
    quality = judge.figures.quality
    assert quality
    assert (quality.positives, quality.negatives) == (5, 5)
    rates = [each.estimate for each in (quality.sensitivity, quality.specificity) if each]
    assert rates == [0.8, 0.6]
    counts = {(each.human, each.judge): each.count for each in judge.figures.confusion}
    assert counts == {("no", "no"): 3, ("no", "yes"): 2, ("yes", "no"): 1, ("yes", "yes"): 4}
    beside = annotation.judges.of_run(annotation.project, other)
    assert beside["helpful"].figures == judge.figures  # the same judge, in another run
    rate = corrected(0.6, 10, judge.figures)
    assert rate.corrected
    assert rate.corrected.estimate == pytest.approx((0.6 + 0.6 - 1) / (0.8 + 0.6 - 1))
    assert "Corrected for its errors against 10 human labels" in rate.text
    with annotation.context.database.write() as tx:
        runs_store.remove_run(tx.connection, run.id)
    assert annotation.judges.of_run(annotation.project, other) == {}


def test_judges_are_compared_again_only_after_a_label(
    annotation: Annotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotation.queue()
    run = annotation.run(TEXTS, {"helpful": [True] * 10})
    annotation.fill(run=run.id)
    annotation.label_all(annotation.person("ann"), [True] * 9)
    reads = 0
    compare = JudgeCalibration._compare

    def counted(*args: Any) -> None:
        nonlocal reads
        reads += 1
        compare(*args)

    monkeypatch.setattr(JudgeCalibration, "_compare", counted)
    for _ in range(3):
        assert annotation.judges.judges(annotation.project)[0].figures.labels == 9
    assert reads == 1
    annotation.label_all(annotation.person("ann"), [True])
    assert annotation.judges.judges(annotation.project)[0].figures.labels == 10
    assert reads == 2


def test_a_judge_with_other_options_is_another_judge(annotation: Annotation) -> None:
    annotation.queue()
    run = annotation.run(TEXTS, {"helpful": [True] * 10})
    annotation.fill(run=run.id)
    annotation.label_all(annotation.person("ann"), [True] * 9)
    (judge,) = annotation.judges.judges(annotation.project)
    assert judge.figures.reason == ("9 answers have a human label; at least 10 are needed.")
    same = annotation.run(TEXTS, {"helpful": [True] * 10}, kind="panel")
    found = annotation.judges.of_run(annotation.project, same)
    assert found["helpful"].choice.kind == "panel"
    assert {each.choice.kind for each in annotation.judges.judges(annotation.project)} == {
        "rubric",
        "panel",
    }


def test_the_bias_of_a_pairwise_judge_is_shown(annotation: Annotation) -> None:
    annotation.queue(kind=LabelKind.PAIRWISE)
    base = annotation.run([f"b{at}" for at in range(10)], {"other": [True] * 10})
    first = (PairChoice.FIRST.value, PairChoice.FIRST.value)
    ties = [scored(0.5, orders=first) for _ in range(10)]
    run = annotation.run(TEXTS, {"helpful": ties}, kind="pairwise", baseline_run=base.id)
    annotation.fill(run=run.id, other_run=base.id)
    annotation.label_all(annotation.person("ann"), ["first", "second"] * 5)
    (judge,) = annotation.judges.judges(annotation.project)
    order = judge.figures.order
    assert order
    assert (order.biased, order.both_first, judge.figures.quality) == (True, 10, None)
    assert judge.figures.agreement
    assert judge.figures.agreement.estimate == 0


def test_decisions_count_as_the_label_of_annotators(annotation: Annotation) -> None:
    annotation.queue(overlap=2)
    run = annotation.run(TEXTS, {"helpful": [True] * 10})
    annotation.fill(run=run.id)
    annotation.label_all(annotation.person("ann"), [True] * 10)
    annotation.label_all(annotation.person("bob"), [False] * 10)
    assert annotation.judges.judges(annotation.project) == []
    _, found = annotation.deciding.items(annotation.project, "review", QueueItemFilter(), 0, 20)
    for each in found:
        place = annotation.project, "review", each.item.id
        sent = SentDecision(schema().digest(), False)
        annotation.deciding.decide(annotation.editor, *place, sent)
    (judge,) = annotation.judges.judges(annotation.project)
    assert judge.figures.labels == 10
