"""Calls beside chat in a trace: prompts, files, images, transcripts, ratings and rankings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.entrypoints.server.dialects import DIALECTS
from penstock.features.traces.content import ContentReader
from penstock.features.traces.openai_content import input_messages, output_messages
from penstock.features.traces.wire_messages import SpanMessage

READER = ContentReader(DIALECTS)
FILE = {"filename": "a.wav", "content_type": "audio/wav", "size": 9}
CUT = {"type": "cut", "content": "A file that is not recorded: a.wav, audio/wav, 9 bytes."}


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def parts(messages: Any) -> list[Any]:
    return [part for message in messages for part in message["parts"]]


@pytest.mark.parametrize(
    ("dialect", "request_", "shown", "preview"),
    [
        ("openai", {"prompt": "Once"}, [text("Once")], "Once"),
        ("openai", {"prompt": [[1, 2]]}, [{"type": "token_ids", "count": 2}], ""),
        ("openai", {"input": ["a", "b"]}, [text("a"), text("b")], "b"),
        (
            "openai",
            {"input": [{"type": "text", "text": "a"}, {"image_url": {"url": "https://x/y"}}]},
            [text("a"), {"type": "uri", "modality": "image", "uri": "https://x/y"}],
            "a",
        ),
        ("openai_media", {"model": "w", "file": FILE}, [CUT], ""),
        ("openai_media", {"prompt": "blue", "image[]": [FILE, FILE]}, [text("blue"), CUT, CUT], ""),
        ("openai_media", {"input": "Hello", "voice": "alloy"}, [text("Hello")], "Hello"),
        (
            "rerank",
            {"query": "q", "documents": ["a", {"text": "b"}]},
            [text("q"), text("a"), text("b")],
            "q",
        ),
    ],
)
def test_what_is_asked_is_shown(
    dialect: str, request_: Any, shown: list[Any], preview: str
) -> None:
    payload = json.dumps(request_)
    assert parts(READER.request(payload, dialect).messages) == shown
    if preview:
        assert READER.input_preview(payload, dialect) == preview


@pytest.mark.parametrize(
    ("dialect", "answer", "shown"),
    [
        ("openai", {"choices": [{"text": "upon", "finish_reason": "stop"}]}, [text("upon")]),
        (
            "openai",
            {"results": [{"categories": {"hate": True, "x": False}}, {"categories": {"x": False}}]},
            [text("flagged: hate"), text("not flagged")],
        ),
        ("openai_media", {"text": "A river", "usage": {}}, [text("A river")]),
        ("openai_media", FILE, [CUT]),
        (
            "openai_media",
            {"output_format": "webp", "data": [{"b64_json": "abc"}, {"url": "https://x/y"}]},
            [
                {
                    "type": "uri",
                    "modality": "image",
                    "mime_type": "image/webp",
                    "uri": "response:#/data/0/b64_json",
                },
                {"type": "uri", "modality": "image", "uri": "https://x/y"},
            ],
        ),
        (
            "openai_media",
            {"type": "image_generation.completed", "b64_json": "(99 bytes of base64)"},
            [
                {
                    "type": "cut",
                    "content": "An image that is not recorded: png, (99 bytes of base64).",
                }
            ],
        ),
        (
            "rerank",
            {"results": [{"index": 1, "relevance_score": 0.98765}]},
            [text("document 1: 0.9877")],
        ),
        ("rerank", [{"index": 0, "score": 1}], [text("document 0: 1")]),
        ("classify", {"data": [{"index": 0, "label": "good", "probs": [1]}]}, [text("good")]),
        ("classify", [[{"label": "good", "score": 0.5}]], [text("good: 0.5")]),
        ("classify", [{"entity_group": "PER", "word": "Ada", "score": 1}], [text("Ada PER: 1")]),
        ("openai", {"data": [{"embedding": [0.5]}]}, []),
        ("openai_media", {"error": {"message": "no"}}, []),
    ],
)
def test_what_was_made_is_shown(dialect: str, answer: Any, shown: list[Any]) -> None:
    assert parts(READER.answer(json.dumps(answer), dialect)) == shown


def test_a_transcript_that_is_no_json_is_text() -> None:
    assert parts(READER.answer("WEBVTT\n\nA river", "openai_media")) == [text("WEBVTT\n\nA river")]


def test_the_parameters_of_images_and_audio_are_attributes() -> None:
    body = {"size": "1024x1024", "quality": "low", "voice": "alloy", "n": 2}
    assert READER.request(json.dumps(body), "openai_media").attributes == {
        "penstock.request.image.size": "1024x1024",
        "penstock.request.image.quality": "low",
        "penstock.request.audio.voice": "alloy",
        "gen_ai.request.choice.count": 2,
    }


MEMBERS = st.sampled_from(
    (
        *("input", "prompt", "query", "documents", "file", "image[]", "text", "data", "url"),
        *("b64_json", "results", "categories", "relevance_score", "index", "content_type"),
        *("size", "choices", "label", "score", "entity", "word"),
    )
)
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=12,
)


@given(HOSTILE, HOSTILE)
def test_any_payload_of_these_members_fits_the_declared_type(request: Any, answer: Any) -> None:
    for message in [*input_messages(request), *output_messages(answer)]:
        SpanMessage.model_validate(message, strict=True, extra="forbid")
    for dialect in ("openai", "openai_media", "rerank", "classify"):
        READER.answer(json.dumps(answer), dialect)
        assert len(READER.input_preview(json.dumps(request), dialect)) <= 200
        assert len(READER.output_preview(json.dumps(answer), dialect)) <= 200
