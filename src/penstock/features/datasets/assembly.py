"""Builds the vertical of datasets."""

import logging
from typing import Final, Protocol

from penstock.features.access import Guards
from penstock.features.background import rounds
from penstock.features.conflicts import AuditedEvents
from penstock.features.context import Context
from penstock.features.datasets.http.changes import dataset_change_routes, dataset_draft_routes
from penstock.features.datasets.http.datasets import dataset_routes, dataset_write_routes
from penstock.features.datasets.http.examples import dataset_example_routes
from penstock.features.datasets.http.export import dataset_export_routes
from penstock.features.datasets.http.items import dataset_item_routes
from penstock.features.datasets.http.rules import dataset_rule_list_routes, dataset_rule_routes
from penstock.features.datasets.http.splits import dataset_split_routes
from penstock.features.datasets.service.changes import DatasetChanges
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.datasets.service.division import DatasetDivider
from penstock.features.datasets.service.examples import (
    ExampleReader,
    ListScores,
    RecordedCalls,
)
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.datasets.service.rule_calls import (
    ListArrivedCalls,
    ListArrivedScores,
    RuleCalls,
)
from penstock.features.datasets.service.rule_runs import RuleRunner
from penstock.features.datasets.service.rules import DatasetRules
from penstock.features.datasets.service.screening import PersonalDataScreen
from penstock.features.vertical import Vertical
from penstock.infra.registry import Registry
from penstock.rules.guards.scanning import Scanner
from penstock.spi.guard import Detector

_EXPIRE_EVERY_S: Final = 3600.0
_RULES_EVERY_S: Final = 5.0
_DETECTORS: Final = ("card_numbers", "secrets")  # of guardrails, for personal data
_log: Final = logging.getLogger("penstock.datasets")


class StoredCalls(RecordedCalls, Protocol):
    """The stored calls, also in the order of their storage."""

    @property
    def tail(self) -> ListArrivedCalls: ...


class StoredScores(Protocol):
    """The stored scores."""

    @property
    def list_scores(self) -> ListScores: ...
    @property
    def arrived(self) -> ListArrivedScores: ...


def build(
    context: Context,
    guards: Guards,
    calls: StoredCalls,
    scores: StoredScores,
    events: AuditedEvents,
) -> Vertical:
    """Builds the vertical. `calls` and `scores` are what items are made of."""
    examples = ExampleReader(calls, scores.list_scores)
    datasets, changes, reader = (
        DatasetService(context),
        DatasetChanges(context, personal_data_screen()),
        DatasetReader(context),
    )
    runner = RuleRunner(context, changes, examples, RuleCalls(calls.tail, scores.arrived))
    rules = DatasetRules(context, events)
    return Vertical(
        routers=(
            dataset_routes(guards.require, datasets, reader),
            dataset_write_routes(guards.require, datasets),
            dataset_item_routes(guards.require, reader),
            dataset_export_routes(guards.require, reader),
            dataset_change_routes(guards.require, changes),
            dataset_draft_routes(guards.require, changes),
            dataset_example_routes(guards.require, changes, examples),
            dataset_rule_routes(guards.require, rules),
            dataset_rule_list_routes(guards.require, rules),
            dataset_split_routes(guards.require, reader, DatasetDivider(reader, changes)),
        ),
        jobs=(
            lambda: rounds(changes.expire, _EXPIRE_EVERY_S),
            lambda: rounds(runner.run_due, _RULES_EVERY_S),
        ),
    )


def personal_data_screen() -> PersonalDataScreen:
    """Returns what looks for personal data, with the detectors of guardrails."""
    detectors: Registry[Detector] = Registry("penstock.guards")
    scanners = [detectors.get(name).scanner({}) for name in _DETECTORS]
    return PersonalDataScreen([each for each in scanners if isinstance(each, Scanner)])
