"""Builds the vertical of annotation."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from penstock.features.access import Guards
from penstock.features.annotation.http.agreement import judge_routes
from penstock.features.annotation.http.queues import (
    queue_filling_routes,
    queue_routes,
    queue_rule_routes,
)
from penstock.features.annotation.http.results import (
    label_preview_routes,
    label_use_routes,
    labelled_item_routes,
)
from penstock.features.annotation.http.reviewing import reviewing_routes
from penstock.features.annotation.model.ports import (
    AddExamples,
    KeptReads,
    MeasuredRuns,
    MeasuredTraffic,
    PromptDrafts,
    ReadCalls,
    StoreScores,
)
from penstock.features.annotation.service.agreement import AnnotatorAgreement
from penstock.features.annotation.service.deciding import Deciding
from penstock.features.annotation.service.filling import QueueFilling
from penstock.features.annotation.service.following import QueueRules
from penstock.features.annotation.service.judges import JudgeCalibration
from penstock.features.annotation.service.queues import AnnotationQueues
from penstock.features.annotation.service.reviewing import Reviewing
from penstock.features.annotation.service.scores import AnnotationScores
from penstock.features.annotation.service.selecting import SelectionReader
from penstock.features.annotation.service.uses import LabelUses
from penstock.features.background import rounds
from penstock.features.context import Context
from penstock.features.evaluations.model import DatasetItems, EvaluationRun
from penstock.features.vertical import Vertical
from penstock.rules.annotation.calibration import JudgeFigures

_RULES_EVERY_S: Final = 5.0
_SCORES_EVERY_S: Final = 2.0
_log: Final = logging.getLogger("penstock.annotation")


@dataclass(frozen=True, slots=True)
class AnnotationPorts:
    """The parts of other verticals that annotation reads and writes."""

    items: DatasetItems
    runs: MeasuredRuns
    traffic: MeasuredTraffic
    reads: KeptReads
    calls: ReadCalls
    submit: StoreScores
    add_examples: AddExamples
    drafts: PromptDrafts


def figures_of_judges(
    context: Context, runs: MeasuredRuns, reads: KeptReads
) -> Callable[[str, EvaluationRun], Mapping[str, JudgeFigures]]:
    """Returns what compares the judges of a run with annotators, for its report."""
    calibration = JudgeCalibration(context, runs, reads)

    def figures(project_id: str, run: EvaluationRun) -> Mapping[str, JudgeFigures]:
        found = calibration.of_run(project_id, run)
        return {name: judge.figures for name, judge in found.items()}

    return figures


def build(context: Context, guards: Guards, ports: AnnotationPorts) -> Vertical:
    """Builds the vertical."""
    queues, deciding = AnnotationQueues(context), Deciding(context)
    reader = SelectionReader(context, ports.items, ports.runs, ports.traffic, ports.calls)
    filling = QueueFilling(context, reader, ports.calls)
    rules = QueueRules(context, filling, ports.runs, ports.traffic)
    scores = AnnotationScores(context, ports.submit)
    agreement = AnnotatorAgreement(context, ports.reads)
    uses = LabelUses(deciding, ports.add_examples, ports.drafts)
    return Vertical(
        routers=(
            judge_routes(guards.require, JudgeCalibration(context, ports.runs, ports.reads)),
            queue_routes(guards.require, queues),
            queue_rule_routes(guards.require, rules),
            queue_filling_routes(guards.require, filling, rules),
            reviewing_routes(guards.require, Reviewing(context), queues),
            labelled_item_routes(guards.require, deciding, agreement),
            label_use_routes(guards.require, uses),
            label_preview_routes(guards.require, uses),
        ),
        jobs=(
            lambda: rounds(rules.run_due, _RULES_EVERY_S),
            lambda: rounds(scores.send_due, _SCORES_EVERY_S),
        ),
    )
