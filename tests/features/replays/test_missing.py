"""What is missing for a replay is named."""

from typing import Any

import pytest

from penstock.features.replays.model import (
    NotReplayable,
    diff_answers,
    require_replayable,
    require_same,
    summary_of,
)
from penstock.features.traces.model import ATTEMPT, CALL, RecordedRequest, SpanRecord
from penstock.rules.replay import RebuiltRequest
from penstock.rules.sent_request import CUT

TEXTS = (
    *("trace_id", "span_id", "parent_span_id", "status", "error_type", "error_message"),
    *("operation", "provider", "request_model", "model", "key_id", "dialect", "usage_source"),
    *("price_id", "snapshot", "writer", "server_address"),
)
NUMBERS = (
    *("start_ns", "stored_ns", "duration_ns", "http_status", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "reasoning_tokens", "cache_write_tokens", "input_audio_tokens"),
    *("output_audio_tokens", "cache_write_1h_tokens", "input_image_tokens", "output_image_tokens"),
    *("web_searches", "input_audio_seconds", "rerank_searches", "server_port"),
    *("cache_audio_read_tokens", "cache_image_read_tokens", "cache_text_read_tokens"),
    "input_characters",
)


def span(**changes: Any) -> SpanRecord:
    fields: dict[str, Any] = dict.fromkeys(TEXTS, "") | dict.fromkeys(NUMBERS, 0)
    fields |= {"ttft_ns": None, "stream": False, "caller": {}, "tags": {}, "cost": None}
    return SpanRecord(**(fields | changes))


def recorded(
    attempt: dict[str, Any] | None = None, *, body: bytes | None = b"{}", **changes: Any
) -> RecordedRequest:
    sent = {"request_digest": "ab", "codec": 1, "snapshot": "s1", "provider": "up"}
    call = span(kind=CALL, request_size=2, snapshot="s1", **changes.pop("call", {}))
    made = span(kind=ATTEMPT, **(sent | attempt)) if attempt is not None else None
    return RecordedRequest("prj", call, made, body, **changes)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (recorded(), "nothing_sent"),
        (recorded(cached=True), "origin_not_recorded"),
        (recorded({"request_digest": ""}, body=b""), "content_not_recorded"),
        (recorded({"request_digest": ""}), "digest_not_recorded"),
        (recorded({"request_headers": [CUT]}), "headers_not_recorded"),
        (recorded({"request_headers": ["content-type: multipart/form-data"]}), "file_not_recorded"),
        (recorded({}, body=b"{"), "content_cut"),
        (recorded({}, body=None), "content_cut"),
        (recorded({}, body=None, redacted=True), "content_cut"),
    ],
)
def test_what_is_not_recorded_is_named(found: RecordedRequest, code: str) -> None:
    with pytest.raises(NotReplayable) as failed:
        require_replayable(found)
    assert failed.value.code == code


def test_a_request_that_checks_have_shortened_is_whole() -> None:
    assert require_replayable(recorded({}, body=b"{", redacted=True))[1] == b"{"


@pytest.mark.parametrize(
    ("found", "built", "code"),
    [
        (recorded({}), {"codec": 2}, "other_codec"),
        (recorded({}, redacted=True), {}, "content_redacted"),
        (recorded({}), {"snapshot": "s2"}, "provider_changed"),
        (recorded({}), {}, "request_differs"),
    ],
)
def test_a_request_that_comes_out_differently_is_not_shown(
    found: RecordedRequest, built: dict[str, Any], code: str
) -> None:
    fields: dict[str, Any] = {"url": "u", "body": b"", "codec": 1, "snapshot": "s1"} | built
    attempt, _ = require_replayable(found)
    with pytest.raises(NotReplayable) as failed:
        require_same(found, attempt, RebuiltRequest(digest="cd", **fields))
    assert failed.value.code == code
    require_same(found, attempt, RebuiltRequest(digest="ab", **fields))


def test_answers_are_compared_by_words_and_by_what_else_differs() -> None:
    def part(kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": kind, **fields}

    call = part("tool_call", name="f", arguments={"a": 1})
    old = [{"parts": [part("text", content="the red fox"), call]}]
    new = [{"parts": [part("text", content="the blue fox"), call]}]
    before = summary_of(span(finish_reasons=["stop"], output_tokens=3), None, old)
    after = summary_of(span(finish_reasons=["length"], output_tokens=3), None, new)
    found = diff_answers(before, after)
    assert [tuple(piece) for piece in found.text] == [
        ("equal", "the "),
        ("delete", "red"),
        ("insert", "blue"),
        ("equal", " fox"),
    ]
    assert found.other == ("finish_reasons",)
    assert diff_answers(before, before).other == ()
