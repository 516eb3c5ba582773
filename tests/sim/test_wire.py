"""The raw bytes of answers, read by a socket client: an HTTP library could hide errors."""

import json

import pytest

from sim.conftest import CHAT, Sim

STREAM = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}


def events(data: bytes) -> list[str]:
    """The payloads of a stream's events, without chunked encoding."""
    body = data.partition(b"\r\n\r\n")[2]
    text = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        text += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return [part.removeprefix("data: ") for part in text.decode().split("\n\n") if part]


def text_of(payloads: list[str]) -> str:
    chunks = [json.loads(each) for each in payloads if each.startswith("{")]
    deltas = [c["choices"][0]["delta"] for c in chunks if c.get("choices")]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_a_stream_ends_with_finish_reason_usage_and_done(sim: Sim) -> None:
    answer = sim.raw(STREAM, tokens=5)
    assert answer.whole
    *_, finish, usage, done = events(answer.data)
    assert json.loads(finish)["choices"][0]["finish_reason"] == "stop"
    assert json.loads(usage)["choices"] == []
    assert json.loads(usage)["usage"]["completion_tokens"] == 5
    assert done == "[DONE]"


def test_without_the_option_no_event_has_usage(sim: Sim) -> None:
    answer = sim.raw({**CHAT, "stream": True}, tokens=5)
    assert b"usage" not in answer.data


def test_a_reset_is_a_tcp_reset(sim: Sim) -> None:
    for body in (CHAT, STREAM):
        assert sim.raw(body, fault="reset") == type(sim.raw())(b"", "reset")


def test_a_reset_within_the_answer_comes_after_the_bytes_before_it(sim: Sim) -> None:
    answer = sim.raw(STREAM, fault="reset", after_tokens=3, tokens=9)
    assert answer.end == "reset"
    assert answer.data.count(b'"delta":{"content"') == 3
    document = sim.raw(CHAT, fault="reset", after_tokens=3, tokens=9)
    assert document.end == "reset"
    assert b"HTTP/1.1 200 OK" in document.data
    assert not document.whole


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["document", "stream"])
def test_a_cut_answer_is_closed_before_its_end(sim: Sim, body: dict[str, object]) -> None:
    answer = sim.raw(body, fault="cut")
    assert answer.end == "closed"
    assert not answer.whole
    assert b"[DONE]" not in answer.data


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["document", "stream"])
def test_a_stall_is_silence_before_the_headers_or_within_the_answer(
    sim: Sim, body: dict[str, object]
) -> None:
    before = sim.raw(body, fault="stall", silence_s=0.2)
    assert (before.data, before.end) == (b"", "silent")
    within = sim.raw(body, fault="stall", after_tokens=2, silence_s=0.2)
    assert within.end == "silent"
    assert within.data.startswith(b"HTTP/1.1 200 OK")
    assert not within.whole


def test_a_limited_stall_continues_afterwards(sim: Sim) -> None:
    complete = events(sim.raw(STREAM).data)
    paused = events(sim.raw(STREAM, fault="stall", after_tokens=2, stall_ms=100).data)
    assert text_of(paused) == text_of(complete)
    assert paused[-1] == "[DONE]"


def test_slow_headers_arrive_late_and_complete(sim: Sim) -> None:
    with sim.connect(CHAT, fault="slow-headers", stall_ms=300) as connection:
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(5)
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_a_malformed_event_is_among_valid_ones(sim: Sim) -> None:
    answer = sim.raw(STREAM, fault="malformed", after_tokens=2, tokens=4)
    assert answer.whole
    broken = [index for index, each in enumerate(events(answer.data)) if not _is_json(each)]
    assert broken == [3, 8]  # the role, two tokens, the broken one; [DONE] at the end


def test_a_malformed_document_is_complete_for_http_but_not_json(sim: Sim) -> None:
    answer = sim.raw(CHAT, fault="malformed")
    assert answer.whole
    assert not _is_json(answer.data.partition(b"\r\n\r\n")[2].decode())


def test_streams_that_end_cleanly_but_are_incomplete(sim: Sim) -> None:
    no_done = sim.raw(STREAM, fault="no-done")
    assert no_done.whole
    assert json.loads(events(no_done.data)[-1])["usage"]
    no_finish = sim.raw(STREAM, fault="no-finish", after_tokens=3)
    assert no_finish.whole
    assert json.loads(events(no_finish.data)[-1])["choices"][0]["finish_reason"] is None
    error = sim.raw(STREAM, fault="error-event", after_tokens=3)
    assert error.whole
    assert json.loads(events(error.data)[-1])["error"]["type"] == "server_error"


@pytest.mark.parametrize("stream", [False, True])
def test_a_huge_answer_has_the_requested_size(sim: Sim, *, stream: bool) -> None:
    answer = sim.raw({**CHAT, "stream": stream}, megabytes=2)
    assert answer.whole
    if stream:
        assert len(text_of(events(answer.data))) == 2 * 1024 * 1024
    else:
        document = json.loads(answer.data.partition(b"\r\n\r\n")[2])
        assert len(document["choices"][0]["message"]["content"]) == 2 * 1024 * 1024


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
