"""The values of a run by metric, in little memory: blocks of items, each compressed."""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.rules.document import Document
from penstock.rules.eval_reports.report import SampledItem
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.gates.values import MetricValues
from penstock.rules.scores.vocabulary import ScoreState

BLOCK: Final = 1000  # items of a block
_FAST: Final = 1  # the level of compression: numbers gain little by more


class _Metric(msgspec.Struct):
    """The values of a metric: those of each item's repeats, in the order of the items."""

    states: dict[str, int]
    values: list[tuple[float, ...]]


class _Block(msgspec.Struct):
    """The values of some items. `groups`: of those that have one."""

    items: list[str]
    groups: dict[str, str]
    metrics: dict[str, _Metric]


class ReadValues(Document, frozen=True):
    """The values of a run by metric, its items, and their groups."""

    items: frozenset[str]
    groups: dict[str, str]
    metrics: dict[str, MetricValues]


class ValueBlocks:
    """Collects measurements. Those of an item come one after the other."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._block = _Block([], {}, {})

    def add(self, item: SampledItem, measured: Mapping[str, Measurement]) -> None:
        """Adds the measurements of a sample."""
        if not self._block.items or self._block.items[-1] != item.id:
            if len(self._block.items) == BLOCK:
                self._end_block()
            self._block.items.append(item.id)
            if item.group:
                self._block.groups[item.id] = item.group
        place = len(self._block.items)
        for name, found in measured.items():
            metric = self._block.metrics.setdefault(name, _Metric({}, []))
            metric.states[found.state.value] = metric.states.get(found.state.value, 0) + 1
            if found.state is ScoreState.SCORED and isinstance(found.value, bool | int | float):
                metric.values += [()] * (place - len(metric.values))
                metric.values[-1] = (*metric.values[-1], float(found.value))

    def content(self) -> bytes:
        """Returns all blocks as one text of bytes."""
        self._end_block()
        return msgspec.msgpack.encode(self._blocks)

    def _end_block(self) -> None:
        if self._block.items:
            self._blocks.append(zlib.compress(msgspec.msgpack.encode(self._block), _FAST))
            self._block = _Block([], {}, {})


def read_values(content: bytes) -> ReadValues:
    """Returns the values of blocks."""
    items: set[str] = set()
    groups: dict[str, str] = {}
    values: dict[str, dict[str, tuple[float, ...]]] = {}
    states: dict[str, dict[ScoreState, int]] = {}
    for packed in msgspec.msgpack.decode(content, type=list[bytes]):
        block = msgspec.msgpack.decode(zlib.decompress(packed), type=_Block)
        items.update(block.items)
        groups |= block.groups
        for name, metric in block.metrics.items():
            pairs = zip(block.items, metric.values, strict=False)  # the last items may have none
            values.setdefault(name, {}).update((item, some) for item, some in pairs if some)
            counts = states.setdefault(name, {})
            for state, count in metric.states.items():
                counts[ScoreState(state)] = counts.get(ScoreState(state), 0) + count
    metrics = {name: MetricValues(values[name], states[name]) for name in states}
    return ReadValues(frozenset(items), groups, metrics)
