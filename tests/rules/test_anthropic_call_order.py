"""Tool calls whose arguments a provider mixes are written one after the other."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.sse import event_data
from penstock.rules.neutral.answer import (
    AnswerEvent,
    AnswerStarted,
    ChoiceFinished,
    FinishReason,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from penstock.rules.wire.anthropic import call_order
from penstock.rules.wire.anthropic.answer_writer import MessageEventWriter
from penstock.rules.wire.anthropic.call_order import CallOrder


def started(call: int) -> ToolCallStarted:
    return ToolCallStarted(0, call, f"call_{call}", f"f{call}")


def more(call: int, arguments: str) -> ToolArgumentsDelta:
    return ToolArgumentsDelta(0, call, arguments)


def events_of(written: bytes) -> list[dict[str, object]]:
    blocks = [block for block in written.split(b"\n\n") if block]
    return [json.loads(event_data(block + b"\n\n") or b"") for block in blocks]


def calls_of(events: list[AnswerEvent]) -> list[tuple[str, str]]:
    """Name and arguments of each block; one block is open at a time."""
    writer = MessageEventWriter("openai")
    written = b"".join(writer.write(event) for event in events) + writer.end()
    calls: list[tuple[str, str]] = []
    open_block: object = None
    for event in events_of(written):
        match event:
            case {"type": "content_block_start", "index": index, "content_block": dict(block)}:
                assert open_block is None
                open_block = index
                calls.append((str(block.get("name", "text")), ""))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON
            case {"type": "content_block_delta", "index": index, "delta": {"partial_json": text}}:
                assert index == open_block
                calls[-1] = (calls[-1][0], calls[-1][1] + str(text))  # pyright: ignore[reportUnknownArgumentType] - JSON
            case {"type": "content_block_stop"}:
                open_block = None
            case _:
                pass
    return calls


START = AnswerStarted("a", "m")
END = ChoiceFinished(0, FinishReason.TOOL_CALLS)


def test_mixed_arguments_are_written_in_the_order_of_their_calls() -> None:
    events = [
        *(START, started(0), started(1), more(0, '{"a"'), more(1, '{"b"'), more(0, ":1}")),
        *(more(1, ":2}"), END),
    ]
    assert calls_of(events) == [("f0", '{"a":1}'), ("f1", '{"b":2}')]


def test_a_call_after_a_whole_one_goes_on_at_once() -> None:
    order = CallOrder()
    assert order.add(started(0)) == [started(0)]
    assert order.add(more(0, "{}")) == [more(0, "{}")]
    assert order.add(started(1)) == [started(1)]
    assert order.add(started(2)) == []
    assert order.add(more(2, "{}")) == []
    assert order.add(more(1, '{"x":1}')) == [more(1, '{"x":1}'), started(2), more(2, "{}")]


def test_text_ends_the_calls_before_it() -> None:
    events = [START, started(0), started(1), more(1, "{}"), TextDelta(0, "so"), END]
    assert calls_of(events) == [("f0", ""), ("f1", "{}"), ("text", "")]


def test_arguments_of_a_call_that_has_ended_are_an_error() -> None:
    order = CallOrder()
    for event in (started(0), more(0, "{}"), started(1)):
        order.add(event)
    with pytest.raises(UpstreamFailed, match="mixed the arguments"):
        order.add(more(0, "x"))
    assert order.add(more(0, "")) == []


def test_what_waits_is_bounded() -> None:
    order = CallOrder()
    order.add(started(0))
    order.add(started(1))
    piece = "x" * (call_order.MAX_WAITING_CHARS // 4)
    for _ in range(4):
        assert order.add(more(1, piece)) == []
    with pytest.raises(UpstreamFailed, match="several large tool calls"):
        order.add(more(1, "x"))


@given(st.data(), st.lists(st.dictionaries(st.text(max_size=3), st.integers()), max_size=4))
def test_no_argument_is_lost_however_calls_are_mixed(
    data: st.DataObject, arguments: list[dict[str, int]]
) -> None:
    texts = [json.dumps(each) for each in arguments]
    cut = [sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=3))) for text in texts]
    left = [
        [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
        for text, cuts in zip(texts, cut, strict=True)
    ]
    events: list[AnswerEvent] = [START, *(started(call) for call in range(len(texts)))]
    while any(left):
        call = data.draw(st.sampled_from([n for n, pieces in enumerate(left) if pieces]))
        events.append(more(call, left[call].pop(0)))
    assert calls_of([*events, END]) == [(f"f{n}", text) for n, text in enumerate(texts)]
