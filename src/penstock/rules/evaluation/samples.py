"""A sample: one answer to one item, as evaluators see it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import Measurement


class SampleToolCall(Document, frozen=True):
    """A call of a tool in an answer. `arguments` are parsed; a text that is no JSON stays one."""

    name: str
    arguments: Any = None


class PeerRelation(StrEnum):
    """The relations of an answer to another one that it is compared with."""

    REPEAT = "repeat"  # of the same target to the same item
    GROUP = "group"  # of the same target to another item of the same group
    BASELINE = "baseline"  # of another target to the same item


class SamplePeer(Document, frozen=True):
    """Another answer that a sample is compared with. `metadata` is of its item."""

    relation: PeerRelation
    output: str
    item_id: str = ""
    metadata: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each peer


def relations_in(needs: Iterable[str]) -> frozenset[PeerRelation]:
    """Returns the relations among named fields: `peers.repeat` is one."""
    pairs = (name.partition(".") for name in needs)
    return frozenset(PeerRelation(relation) for _, _, relation in pairs if relation)


class Sample(Document, frozen=True):
    """An answer to an item, with all that is needed to judge it.

    `output` is the text of the last answer, `messages` the whole conversation where there is one.
    `latency_ms` and `cost_usd` are `None` where they were not measured. A sample of live traffic
    has no `expected`, and `item_id` is its span. `peers` are other answers, for metrics that
    compare answers; a run adds them once they are there. `scores` came with a recorded output.
    """

    item_id: str
    input: Any = None
    output: str = ""
    expected: Any = None
    context: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each sample
    messages: tuple[dict[str, Any], ...] = ()
    tool_calls: tuple[SampleToolCall, ...] = ()
    finish_reason: str = ""
    latency_ms: float | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    repeat: int = 0
    peers: tuple[SamplePeer, ...] = ()
    scores: dict[str, Measurement] = {}  # noqa: RUF012 - msgspec copies it for each sample

    def missing(self, needs: Iterable[str]) -> tuple[str, ...]:
        """Returns which of the named fields are absent or empty. `peers.repeat` names the peers of
        one relation."""
        return tuple(name for name in needs if self._lacks(name))

    def peers_of(self, relation: PeerRelation) -> tuple[SamplePeer, ...]:
        """Returns the peers of one relation."""
        return tuple(each for each in self.peers if each.relation is relation)

    def _lacks(self, name: str) -> bool:
        field, _, relation = name.partition(".")
        if relation:
            return not self.peers_of(PeerRelation(relation))
        value = getattr(self, field)
        return value is None or value in ("", (), [], {})
