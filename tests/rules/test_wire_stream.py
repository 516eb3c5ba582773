"""A stream that passes: the same bytes for every split, and no clean end of a cut stream."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.stream import ChatStream

SECRET = "sk-a-secret-of-this-provider"
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def chunk(delta: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    reason = fields.pop("finish_reason", None)
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "model": "m",
        "choices": choices,
        **fields,
    }


def event(data: str, end: str = "\n", comment: str = "") -> bytes:
    lines = ([f": {comment}"] if comment else []) + [f"data: {line}" for line in data.split("\n")]
    return (end.join(lines) + end + end).encode()


TOOL = [
    {"role": "assistant", "content": None},
    {"tool_calls": [{"index": 0, "id": "t1", "type": "function", "function": {"name": "weather"}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": "K'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": 'öln"}'}}]},
    {"tool_calls": [{"index": 1, "id": "t2", "function": {"name": "time", "arguments": "{}"}}]},
]
TEXT = [{"role": "assistant", "content": ""}, {"content": "Grüße"}, {"content": " 👋🏽\n"}]
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def wire(deltas: list[dict[str, Any]], end: str = "\n") -> bytes:
    events = [json.dumps(chunk(delta), ensure_ascii=False) for delta in deltas]
    events.append(json.dumps(chunk({}, finish_reason="stop")))
    events.append(json.dumps(chunk(None, usage=USAGE)))
    return b"".join(event(data, end) for data in (*events, "[DONE]"))


def stream(**options: Any) -> ChatStream:
    return ChatStream(
        **{
            "hide_usage": False,
            "needs_done": True,
            "capture_limit": 10_000,
            "redaction": Redaction(SECRET),
            **options,
        }
    )


def run(through: ChatStream, pieces: list[bytes]) -> bytes:
    out = b""
    for piece in pieces:
        out += through.feed(piece)
        if through.done or through.failure:
            return out
    through.close()
    return out


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("deltas", [TEXT, TOOL])
def test_every_single_cut_gives_the_same_bytes(end: str, deltas: list[dict[str, Any]]) -> None:
    sent = wire(deltas, end)
    for cut in range(len(sent) + 1):
        through = stream()
        out = run(through, [sent[:cut], sent[cut:]])
        assert through.done
        assert out + through.terminal == sent


@given(st.data(), LINE_ENDS, st.sampled_from([TEXT, TOOL]))
def test_any_split_gives_the_same_bytes_and_the_same_record(
    data: st.DataObject, end: str, deltas: list[dict[str, Any]]
) -> None:
    sent = wire(deltas, end)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=30)))
    pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    through, whole = stream(), stream()
    out = run(through, pieces)
    assert out + through.terminal == sent
    run(whole, [sent])
    assert through.assembly.document() == whole.assembly.document()
    assert through.done


def test_the_record_has_the_shape_of_a_whole_answer() -> None:
    through = stream()
    run(through, [wire(TOOL)])
    message = json.loads(through.assembly.document())["choices"][0]["message"]
    assert [call["function"] for call in message["tool_calls"]] == [
        {"name": "weather", "arguments": '{"city": "Köln"}'},
        {"name": "time", "arguments": "{}"},
    ]
    through = stream()
    run(through, [wire(TEXT)])
    document = json.loads(through.assembly.document())
    assert document["choices"][0]["message"]["content"] == "Grüße 👋🏽\n"
    assert document["choices"][0]["finish_reason"] == "stop"
    assert document["usage"] == USAGE
    assert (document["object"], document["id"]) == ("chat.completion", "c1")


def test_the_fingerprint_is_the_first_that_the_stream_names() -> None:
    through = stream()
    for fingerprint in (None, 7, "fp_1", "fp_2"):
        through.feed(event(json.dumps(chunk({"content": "a"}, system_fingerprint=fingerprint))))
    assert (through.facts.fingerprint, through.delta_count) == ("fp_1", 4)


def test_choices_and_kinds_of_text_are_separate() -> None:
    through = stream()
    for index, delta in (
        (1, {"refusal": "no"}),
        (0, {"reasoning_content": "hm"}),
        (0, {"content": "a"}),
    ):
        data = {"id": "c", "choices": [{"index": index, "delta": delta, "finish_reason": "stop"}]}
        through.feed(event(json.dumps(data)))
    first, second = json.loads(through.assembly.document())["choices"]
    assert (first["message"]["content"], first["message"]["reasoning_content"]) == ("a", "hm")
    assert second["message"]["refusal"] == "no"


def test_the_usage_only_chunk_is_hidden_from_a_caller_that_did_not_ask() -> None:
    through = stream(hide_usage=True)
    out = run(through, [wire(TEXT)])
    assert b"prompt_tokens" not in out
    assert json.loads(through.assembly.usage) == USAGE


def test_usage_beside_choices_is_not_hidden() -> None:
    through = stream(hide_usage=True)
    sent = event(json.dumps(chunk({"content": "x"}, usage=USAGE)))
    assert through.feed(sent) == sent


def test_comments_and_multi_line_data_pass_unchanged() -> None:
    pretty = json.dumps(chunk({"content": "x"}), indent=1)
    sent = (
        event(pretty, comment="ping")
        + b": keep-alive\n\n"
        + b"event: message\nid: 3\n"
        + event("{}")
    )
    through = stream()
    assert through.feed(sent) == sent
    assert through.assembly.delta_count == 1


def test_an_incomplete_event_is_held_back() -> None:
    through = stream()
    sent = event(json.dumps(chunk({"content": "x"})))
    assert through.feed(sent[:-1]) == b""
    assert through.feed(sent[-1:]) == sent


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        (b"", "upstream_cut"),
        (b'data: {"id": "c1", "choi', "upstream_cut"),
        (b"data: {broken}\n\n", "upstream_malformed"),
        (b'data: {"error": {"message": "out of memory"}}\n\n', "upstream_stream_error"),
        (b'data: {"error": "out of memory"}\n\n', "upstream_stream_error"),
        (b'event: error\ndata: {"message": "out of memory"}\n\n', "upstream_stream_error"),
        (b"data: " + b"x" * (5 * 1024 * 1024), "upstream_malformed"),
    ],
)
def test_an_incomplete_stream_is_a_failure(tail: bytes, code: str) -> None:
    good = event(json.dumps(chunk({"content": "x"})))
    through = stream()
    out = run(through, [good + tail])
    assert out == good
    assert not through.done
    assert through.failure is not None
    assert through.failure.code == code
    assert ("out of memory" in through.failure.message) == (code == "upstream_stream_error")


def test_good_events_before_a_bad_one_pass() -> None:
    good = event(json.dumps(chunk({"content": "x"})))
    through = stream()
    assert through.feed(good + b"data: nonsense\n\n" + good) == good


def test_done_without_its_blank_line_is_an_end() -> None:
    through = stream()
    run(through, [event(json.dumps(chunk({"content": "x"}))) + b"data: [DONE]"])
    assert through.done
    assert through.terminal == b"data: [DONE]\n\n"


@pytest.mark.parametrize("reason", ["stop", None])
def test_finish_reasons_end_a_stream_without_done(reason: str | None) -> None:
    through = stream(needs_done=False)
    run(through, [event(json.dumps(chunk({"content": "x"}, finish_reason=reason)))])
    assert through.done == (reason is not None)
    assert (through.failure is None) == (reason is not None)


def test_chunks_of_an_unknown_shape_pass() -> None:
    sent = event('{"choices": [{"delta": {"content": [{"type": "text"}]}}]}') + event('["other"]')
    through = stream()
    assert through.feed(sent) == sent
    assert through.failure is None


def test_text_beyond_the_limit_is_counted_but_not_kept() -> None:
    through = stream(capture_limit=10)
    for _ in range(5):
        through.feed(event(json.dumps(chunk({"content": "abcd"}))))
    assert json.loads(through.assembly.document())["choices"][0]["message"]["content"] == "abcdabcd"
    assert through.assembly.delta_count == 5
