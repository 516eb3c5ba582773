"""A sample: one answer to one item, as evaluators see it."""

from typing import Any

from penstock.rules.document import Document


class SampleToolCall(Document, frozen=True):
    """A call of a tool in an answer. `arguments` are parsed; a text that is no JSON stays one."""

    name: str
    arguments: Any = None


class Sample(Document, frozen=True):
    """An answer to an item, with all that is needed to judge it.

    `output` is the text of the last answer, `messages` the whole conversation where there is one.
    `latency_ms` and `cost_usd` are `None` where they were not measured. A sample of live traffic
    has no `expected`, and `item_id` is its span.
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
