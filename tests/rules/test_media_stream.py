"""Streams of images and audio: which bytes pass, when the stream is complete, what is recorded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.call import UsageSource
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.media_stream import MAX_MEDIA_EVENT_BYTES, MediaStream

SECRET = "sk-very-secret-key"
USAGE = b'"usage":{"input_tokens":3,"output_tokens":9}'
PARTIAL = b'event: x.partial_image\ndata: {"type":"x.partial_image","b64_json":"AAAA"}\n\n'
COMPLETED = b'event: x.completed\ndata: {"type":"x.completed","b64_json":"BBBB",%b}\n\n' % USAGE
DONE = b"data: [DONE]\n\n"
CHUNK = b'data: {"object":"transcription.chunk","choices":[{"delta":{"content":"a"}}]}\n\n'


def stream(limit: int = 10_000) -> MediaStream:
    return MediaStream(capture_limit=limit, redaction=Redaction(SECRET))


def run(body: bytes, *sizes: int) -> tuple[MediaStream, bytes]:
    """Feeds a body in pieces. Returns the stream, and what went out with the terminal event."""
    reading, at, out = stream(), 0, b""
    for size in [*sizes, len(body) + 1]:
        if at < len(body) and not reading.done and reading.failure is None:
            out += reading.feed(body[at : at + size])
        at += size
    reading.close()
    return reading, out + (reading.terminal if reading.done else b"")


@pytest.mark.parametrize(
    "body",
    [
        PARTIAL + COMPLETED,
        COMPLETED + COMPLETED,
        PARTIAL + COMPLETED + DONE,
        CHUNK + DONE,
        COMPLETED[:-2],
        b": comment\n\n" + COMPLETED,
    ],
)
@given(sizes=st.lists(st.integers(1, 200), max_size=8))
def test_a_complete_stream_passes_whole_in_every_split(body: bytes, sizes: list[int]) -> None:
    reading, out = run(body, *sizes)
    assert (reading.done, reading.failure) == (True, None)
    assert out.rstrip() == body.rstrip()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (PARTIAL, "upstream_cut"),
        (b"", "upstream_cut"),
        (CHUNK, "upstream_cut"),
        (COMPLETED + PARTIAL, "upstream_cut"),
        (PARTIAL + COMPLETED[:40], "upstream_malformed"),
        (b"data: {\n\n", "upstream_malformed"),
        (PARTIAL + b'data: {"type":"error","error":{"message":"no"}}\n\n', "upstream_stream_error"),
        (b"event: error\ndata: {}\n\n", "upstream_stream_error"),
        (COMPLETED.replace(b"BBBB", SECRET.encode()), "upstream_leaked_credential"),
        (b": %b\n\n" % SECRET.encode() + COMPLETED, "upstream_leaked_credential"),
    ],
)
def test_a_stream_that_is_not_complete_fails(body: bytes, code: str) -> None:
    reading, out = run(body)
    assert not reading.done
    assert reading.failure is not None
    assert reading.failure.code == code
    assert SECRET.encode() not in out


def test_the_last_event_is_recorded_without_its_image() -> None:
    large = COMPLETED.replace(b"BBBB", b"B" * 300_000)
    reading, _ = run(PARTIAL + large)
    assert json.loads(reading.document())["b64_json"] == "(300000 bytes of base64)"
    usage = reading.facts.usage
    assert usage is not None
    assert (usage.output_tokens, usage.source) == (9, UsageSource.PROVIDER)
    assert reading.delta_count == 2


@pytest.mark.parametrize("data", [b"7", b"[]", b'"x"', b"null", b'{"type":5}'])
def test_json_of_another_shape_passes(data: bytes) -> None:
    reading, out = run(b"data: " + data + b"\n\n" + COMPLETED)
    assert reading.done
    assert data in out


def test_an_event_that_is_too_large_ends_the_stream() -> None:
    reading = stream()
    for _ in range(MAX_MEDIA_EVENT_BYTES // 2**20 + 1):
        reading.feed(b"data: " + b"A" * 2**20)
    assert reading.failure is not None
    assert reading.failure.code == "upstream_malformed"
