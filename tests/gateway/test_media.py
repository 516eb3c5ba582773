"""Images, audio, completions and moderations: the official client over a worker, with the strict
simulator behind it. What it sends and gets is the same as without the gateway.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from openai import APIError, AsyncOpenAI, BadRequestError, PermissionDeniedError

from gateway.conftest import Rig
from gateway.homes import KEY, LIMITED_KEY, make_home, provider
from gateway.worker import worker
from penstock.rules.call import CallEnd, CallStatus, UsageSource
from penstock.rules.prices.price import PriceOverride, UnitPrice
from sim.conftest import Sim

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOUND = b"RIFF" + bytes(40) + b"\0\1" * 8000
HOUR = UnitPrice("input_audio_seconds", Decimal("0.36"), per=3600)
IMAGES = (
    UnitPrice("input_tokens", Decimal(5)),
    UnitPrice("output_tokens", Decimal(10)),
    UnitPrice("output_image_tokens", Decimal(32)),
)
MODELS = ("sim-small", "sim-image", "sim-speech", "sim-transcribe")


@dataclass
class Clients:
    """`direct` calls the simulator itself."""

    rig: Rig
    gateway: Any  # `AsyncOpenAI`, whose overloads reject dictionaries
    direct: Any

    async def last_end(self) -> CallEnd:
        return (await self.rig.worker.wait_for_ends(1))[-1]


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    running = Sim({})
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(
    simulated: Sim, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clients]:
    home = tmp_path_factory.mktemp("media") / "home"
    base = f"{simulated.address}/v1"
    make_home(
        home,
        [
            provider(base, models=MODELS),
            provider(base, "claude", kind="anthropic", models=("sim-large",)),
        ],
        prices=[
            PriceOverride("hour", "up", "*transcribe*", (HOUR,)),
            PriceOverride("whisper", "up", "whisper-*", (HOUR,)),
            PriceOverride("image", "up", "sim-image", IMAGES),
            PriceOverride("tts", "up", "tts-*", (UnitPrice("input_characters", Decimal(15)),)),
        ],
    )
    async with (
        worker(home) as running,
        AsyncOpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gateway,
        AsyncOpenAI(base_url=base, api_key="sk-any", max_retries=0) as direct,
    ):
        yield Clients(Rig(None, running), gateway, direct)  # pyright: ignore[reportArgumentType] - the simulator answers


async def test_a_completion_is_the_same_whole_and_streamed(clients: Clients) -> None:
    asked: Any = {"model": "sim-small", "prompt": "Once upon a time", "max_tokens": 40}
    whole = await clients.gateway.completions.create(**asked)
    direct = await clients.direct.completions.create(**asked)
    assert whole.choices == direct.choices
    assert whole.usage is not None
    stream = await clients.gateway.completions.create(**asked, stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    end = await clients.last_end()
    assert (end.begin.operation, end.begin.stream) == ("text_completion", True)
    assert end.usage.output_tokens == whole.usage.completion_tokens
    assert end.finish_reasons == (whole.choices[0].finish_reason,)
    recorded = json.loads(end.response)
    assert recorded["object"] == "text_completion"
    assert recorded["choices"][0]["text"] == whole.choices[0].text


async def test_moderations_say_what_the_provider_says(clients: Clients) -> None:
    texts = ["Some violence", "peace"]
    checked = await clients.gateway.moderations.create(model="up/omni-moderation", input=texts)
    assert [result.flagged for result in checked.results] == [True, False]
    end = await clients.last_end()
    assert (end.begin.operation, end.cost) == ("moderation", "")
    assert end.usage.source is UsageSource.NONE


async def test_an_image_is_made_and_its_tokens_are_counted(clients: Clients) -> None:
    asked: Any = {"model": "sim-image", "prompt": "A river", "quality": "low", "n": 2}
    made = await clients.gateway.images.generate(**asked)
    direct = await clients.direct.images.generate(**asked)
    assert made.data == direct.data
    assert base64.b64decode(made.data[0].b64_json).startswith(b"\x89PNG")
    usage = (await clients.last_end()).usage
    assert (usage.output_tokens, usage.output_image_tokens) == (544, 544)
    assert usage.input_tokens > usage.input_image_tokens == 0
    expected = (usage.input_tokens * 5 + 544 * 32) / Decimal(1_000_000)
    assert Decimal((await clients.last_end()).cost) == expected


@pytest.mark.parametrize("stream", [False, True])
async def test_the_record_of_a_large_image_has_its_size_and_usage(
    clients: Clients, *, stream: bool
) -> None:
    prompt = "A river\nx-sim-megabytes: 0.4"
    if stream:
        events = await clients.gateway.images.generate(
            model="sim-image", prompt=prompt, stream=True, partial_images=1
        )
        seen: list[Any] = [event async for event in events]
        assert [event.type.partition(".")[2] for event in seen] == ["partial_image", "completed"]
        content = seen[-1].b64_json
    else:
        made = await clients.gateway.images.generate(model="sim-image", prompt=prompt)
        content = made.data[0].b64_json
    assert len(content) > 500_000
    end = await clients.last_end()
    shown = json.loads(end.response)
    image = shown if stream else shown["data"][0]
    assert image["b64_json"] == f"({len(content)} bytes of base64)"
    assert end.response_size > len(content)
    assert end.usage.output_image_tokens == shown["usage"]["output_tokens"]


async def test_images_are_edited_with_several_files(clients: Clients) -> None:
    made = await clients.direct.images.generate(model="sim-image", prompt="A river")
    image = base64.b64decode(made.data[0].b64_json)
    files = [("a.png", image, "image/png"), ("b.png", image, "image/png")]
    asked: Any = {"model": "sim-image", "image": files, "prompt": "Make it blue"}
    edited = await clients.gateway.images.edit(**asked)
    direct = await clients.direct.images.edit(**asked)
    assert edited.data == direct.data
    end = await clients.last_end()
    assert (end.begin.operation, end.usage.input_image_tokens) == ("image_edit", 646)
    shown = json.loads(end.request)
    assert shown["prompt"] == "Make it blue"
    assert shown["image[]"][0] == {
        "filename": "a.png",
        "content_type": "image/png",
        "size": len(image),
    }


@pytest.mark.parametrize("kind", ["mp3", "wav", "flac"])
async def test_speech_passes_byte_by_byte(clients: Clients, kind: Any) -> None:
    asked: Any = {"model": "sim-speech", "voice": "alloy", "input": "Hello river"}
    async with clients.gateway.audio.speech.with_streaming_response.create(
        **asked, response_format=kind
    ) as spoken:
        content = await spoken.read()
        content_type = spoken.headers["content-type"]
    direct = await clients.direct.audio.speech.create(**asked, response_format=kind)
    assert content == direct.content
    end = await clients.last_end()
    assert json.loads(end.response) == {"content_type": content_type, "size": len(content)}
    assert json.loads(end.request)["voice"] == "alloy"
    assert (end.usage.source, end.usage.input_characters) == (UsageSource.ESTIMATED, 11)
    assert end.cost == ""  # no price


async def test_speech_is_priced_by_its_characters(clients: Clients) -> None:
    await clients.gateway.audio.speech.create(model="up/tts-1", voice="alloy", input="ä" * 100)
    end = await clients.last_end()
    assert (end.usage.input_characters, Decimal(end.cost)) == (100, Decimal("0.0015"))


async def test_speech_as_events_has_usage(clients: Clients) -> None:
    async with clients.gateway.audio.speech.with_streaming_response.create(
        model="sim-speech", voice="alloy", input="Hello", stream_format="sse"
    ) as spoken:
        text = await spoken.text()
    assert "speech.audio.done" in text
    end = await clients.last_end()
    assert (end.usage.output_tokens, end.begin.stream) == (5, True)


@pytest.mark.parametrize("kind", ["json", "text", "srt", "verbose_json"])
async def test_speech_is_transcribed(clients: Clients, kind: Any) -> None:
    asked: Any = {"model": "sim-transcribe", "file": ("a.wav", SOUND), "response_format": kind}
    heard = await clients.gateway.audio.transcriptions.create(**asked, language="en")
    direct = await clients.direct.audio.transcriptions.create(**asked, language="en")
    assert heard == direct
    end = await clients.last_end()
    shown = json.loads(end.request)
    assert (shown["model"], shown["language"]) == ("sim-transcribe", "en")
    assert shown["file"]["size"] == len(SOUND)
    assert (end.status, end.begin.operation) == (CallStatus.OK, "transcription")
    if kind == "json":
        assert end.usage.input_audio_tokens > 0
        assert end.cost == ""  # the price is for seconds, the answer counts tokens


async def test_seconds_of_audio_are_priced(clients: Clients) -> None:
    await clients.gateway.audio.transcriptions.create(
        model="up/whisper-1", file=("a.mp3", bytes(16_000 * 3))
    )
    end = await clients.last_end()
    assert (end.usage.input_audio_seconds, Decimal(end.cost)) == (3, Decimal("0.0003"))


async def test_a_transcription_is_streamed(clients: Clients) -> None:
    stream = await clients.gateway.audio.transcriptions.create(
        model="sim-transcribe", file=("a.wav", SOUND), stream=True
    )
    events: list[Any] = [event async for event in stream]
    *deltas, done = events
    assert "".join(event.delta for event in deltas) == done.text
    end = await clients.last_end()
    assert (end.begin.stream, end.usage.output_tokens) == (True, len(deltas))
    assert json.loads(end.response)["text"] == done.text


async def test_speech_is_translated(clients: Clients) -> None:
    translations = clients.gateway.audio.translations
    with pytest.deprecated_call():
        heard = await translations.create(model="sim-transcribe", file=("a.wav", SOUND))
    assert heard.text
    assert (await clients.last_end()).begin.operation == "translation"


@pytest.mark.parametrize("fault", ["cut", "error-event", "no-done", "malformed"])
async def test_a_stream_that_fails_does_not_end_well(clients: Clients, fault: str) -> None:
    prompt = f"A river\nx-sim-fault: {fault}\nx-sim-after-tokens: 300"

    async def read_to_the_end() -> None:
        events = await clients.gateway.images.generate(
            model="sim-image", prompt=prompt, stream=True, partial_images=2
        )
        async for _ in events:
            pass

    with pytest.raises((APIError, httpx2.TransportError)):
        await read_to_the_end()
    end = await clients.last_end()
    assert (end.status, end.usage.output_tokens) == (CallStatus.ERROR, 0)


async def test_a_provider_of_another_format_is_named(clients: Clients) -> None:
    with pytest.raises(BadRequestError, match="does not serve /v1/images/generations"):
        await clients.gateway.images.generate(model="claude/sim-large", prompt="A river")


async def test_a_key_may_call_its_models_only(clients: Clients) -> None:
    limited = clients.gateway.with_options(api_key=LIMITED_KEY)
    with pytest.raises(PermissionDeniedError, match="may not call"):
        await limited.audio.transcriptions.create(model="sim-transcribe", file=("a.wav", SOUND))


async def test_the_providers_rejection_of_a_form_passes(clients: Clients) -> None:
    with pytest.raises(BadRequestError, match="too short"):
        await clients.gateway.audio.transcriptions.create(
            model="sim-transcribe", file=("a.wav", b"RIFF")
        )
    end = await clients.last_end()
    assert json.loads(end.request)["file"]["size"] == 4
