"""Completions, moderations, images and audio: each answer of the simulator has the types of the
official client, is the same for the same seed, and wrong requests are refused.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai import BadRequestError, OpenAI
from openai.types import (
    Completion,
    ImageEditStreamEvent,
    ImageGenStreamEvent,
    ImagesResponse,
    ModerationCreateResponse,
)
from openai.types.audio import Transcription, TranscriptionStreamEvent, TranscriptionVerbose
from pydantic import BaseModel, TypeAdapter

from sim.conftest import Sim

SOUND = b"RIFF" + bytes(40) + b"\0\1" * 8000
IMAGE = {"model": "gpt-image-2", "prompt": "A river"}


@pytest.fixture
def client(sim: Sim) -> Iterator[Any]:  # `OpenAI`, whose overloads reject dictionaries
    with OpenAI(base_url=f"{sim.address}/v1", api_key="sk-any", max_retries=0) as client:
        yield client


def post(sim: Sim, path: str, request: Any) -> Any:
    status, _, document = sim.post(request, f"/v1/{path}")
    assert status == 200, document
    return document


def fits(kind: type[BaseModel], document: Any) -> bool:
    """Whether a document has the type of the client, and no member that it does not know."""
    read: Any = kind.model_validate(document, strict=True)
    return read.to_dict() == document


@pytest.mark.parametrize(
    ("kind", "path", "request_"),
    [
        (Completion, "completions", {"model": "m", "prompt": ["a", "b"], "n": 2}),
        (ModerationCreateResponse, "moderations", {"model": "m", "input": ["hate", "x"]}),
        (ImagesResponse, "images/generations", {**IMAGE, "n": 2}),
    ],
)
def test_documents_have_the_types_of_the_client(
    sim: Sim, kind: type[BaseModel], path: str, request_: Any
) -> None:
    document = post(sim, path, request_)
    assert fits(kind, document)
    document.pop("created", None)
    again = post(sim, path, request_)
    again.pop("created", None)
    assert again == document


def events(text: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def test_events_of_images_have_the_types_of_the_client(client: Any) -> None:
    png = base64.b64decode(client.images.generate(**IMAGE).data[0].b64_json)
    made = client.with_streaming_response.images.generate(**IMAGE, stream=True, partial_images=2)
    edited = client.with_streaming_response.images.edit(
        **IMAGE, image=("a.png", png, "image/png"), stream=True
    )
    with made as answer:
        seen = events(answer.read().decode())
    for each in seen:
        TypeAdapter[Any](ImageGenStreamEvent).validate_python(each)
    assert [each["type"].split(".")[1] for each in seen] == ["partial_image"] * 2 + ["completed"]
    with edited as answer:
        [last] = events(answer.read().decode())
    TypeAdapter[Any](ImageEditStreamEvent).validate_python(last)
    assert last["usage"]["input_tokens_details"]["image_tokens"] == 323


@pytest.mark.parametrize(
    ("model", "usage"), [("whisper-1", "duration"), ("gpt-4o-transcribe", "tokens")]
)
def test_transcriptions_have_the_types_of_the_client(client: Any, model: str, usage: str) -> None:
    ask: Any = client.audio.transcriptions.with_raw_response.create
    document = json.loads(ask(model=model, file=("a.wav", SOUND)).text)
    assert fits(Transcription, document)
    assert document["usage"]["type"] == usage
    verbose = json.loads(
        ask(model=model, file=("a.wav", SOUND), response_format="verbose_json").text
    )
    assert fits(TranscriptionVerbose, verbose)
    assert verbose["text"] == document["text"]


def test_events_of_a_transcription_have_the_types_of_the_client(client: Any) -> None:
    stream: Any = client.audio.transcriptions.with_streaming_response.create(
        model="gpt-4o-transcribe", file=("a.wav", SOUND), stream=True
    )
    with stream as answer:
        seen = events(answer.read().decode())
    for each in seen:
        TypeAdapter[Any](TranscriptionStreamEvent).validate_python(each)
    assert "".join(each["delta"] for each in seen[:-1]) == seen[-1]["text"]


@pytest.mark.parametrize(
    ("kind", "start"),
    [("mp3", b"\xff\xfb"), ("wav", b"RIFF"), ("flac", b"fLaC"), ("opus", b"OggS"), ("pcm", b"")],
)
def test_speech_begins_as_its_format_does(client: Any, kind: Any, start: bytes) -> None:
    spoken = client.audio.speech.create(
        model="tts-1", voice="alloy", input="Hi", response_format=kind
    ).content
    assert spoken.startswith(start)
    assert len(spoken) > 1000


REFUSED: list[tuple[str, Any, str]] = [
    ("completions", {"model": "m", "prompt": "x", "messages": []}, "messages"),
    ("completions", {"model": "m"}, "prompt"),
    ("completions", {"model": "m", "prompt": "x", "stream_options": {}}, "stream_options"),
    ("moderations", {"input": "x", "stream": True}, "stream"),
    ("moderations", {"input": []}, "input"),
    ("images/generations", {**IMAGE, "size": "big"}, "size"),
    ("images/generations", {**IMAGE, "response_format": "url"}, "response_format"),
    ("images/generations", {**IMAGE, "partial_images": 1}, "partial_images"),
    ("audio/speech", {"model": "m", "input": "x"}, "voice"),
    ("audio/speech", {"model": "m", "input": "", "voice": "a"}, "input"),
]


@pytest.mark.parametrize(("path", "request_", "param"), REFUSED)
def test_wrong_requests_are_refused_with_the_field(
    sim: Sim, path: str, request_: Any, param: str
) -> None:
    status, _, document = sim.post(request_, f"/v1/{path}")
    assert (status, document["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"extra_body": {"voice": "x"}}, "voice"),
        ({"file": ("a.wav", b"RIFF")}, "file"),
    ],
)
def test_wrong_forms_are_refused_with_the_field(client: Any, changed: Any, param: str) -> None:
    asked: Any = {"model": "whisper-1", "file": ("a.wav", SOUND), **changed}
    with pytest.raises(BadRequestError) as refused:
        client.audio.transcriptions.create(**asked)
    assert refused.value.param == param
