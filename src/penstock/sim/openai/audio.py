"""OpenAI's audio: speech from text, and text from speech."""

import base64
import struct
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.controls import Controls
from penstock.sim.json_documents import document_script
from penstock.sim.multipart import SimFile, read_sim_form
from penstock.sim.openai.decoding import convert, decode
from penstock.sim.openai.typed_events import typed_event, typed_stream
from penstock.sim.pictures import noise
from penstock.sim.prompts import PromptTurn, SimPrompt, quarter
from penstock.sim.prose import write
from penstock.sim.script import Script, ScriptStep
from penstock.sim.seeded_random import SeededRandom
from penstock.sim.vendor import SimRequest

_TYPES: Final = {
    "mp3": b"audio/mpeg",
    "opus": b"audio/opus",
    "aac": b"audio/aac",
    "flac": b"audio/flac",
    "wav": b"audio/wav",
    "pcm": b"audio/pcm",
}
_SILENT_FRAME: Final = b"\xff\xfb\x90\x64" + bytes(413)  # 26 ms of MPEG-1 layer III, 128 kbit/s
_STARTS: Final = {"opus": b"OggS", "aac": b"\xff\xf1", "flac": b"fLaC"}
_RATE: Final = 24_000  # samples a second, of 16 bits
_TOKENS_PER_SECOND: Final = 10
_BYTES_PER_SECOND: Final = 16_000  # of a file that is not WAV
_BY_DURATION: Final = ("whisper", "gpt-transcribe")  # models whose usage is in seconds


class SpeechRequest(Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/audio/speech`."""

    model: Annotated[str, Meta(min_length=1)]
    input: Annotated[str, Meta(min_length=1, max_length=4096)]
    voice: Annotated[str, Meta(min_length=1)] | dict[str, str]
    instructions: str | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    stream_format: Literal["sse", "audio"] = "audio"


class TranscriptionRequest(Struct, forbid_unknown_fields=True):
    """The fields of `POST /v1/audio/transcriptions` beside the file."""

    model: Annotated[str, Meta(min_length=1)]
    chunking_strategy: str | None = None
    language: str | None = None
    prompt: str = ""
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    stream: bool | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None


_speech: Final = msgspec.json.Decoder(SpeechRequest)


def read_speech_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/audio/speech`. Raises `InvalidRequest`."""
    request = decode(_speech, body, "")
    turns = [PromptTurn("user", (request.input,))]
    prompt = SimPrompt(request.model, (request.model, request.input, str(request.voice)), turns)
    answer = partial(_speech_answer, request, prompt)
    return SimRequest(request.model, request.stream_format == "sse", prompt.controls(), answer)


def _speech_answer(
    request: SpeechRequest, prompt: SimPrompt, controls: Controls, _created: int
) -> tuple[str, Script]:
    """One token of audio is a tenth of a second."""
    tokens = controls.tokens or len(request.input)
    key = prompt.key(controls.seed)
    pieces = _sound(request.response_format, tokens, key)
    if request.stream_format == "audio":
        steps = tuple(ScriptStep(piece, 1) for piece in pieces)
        return "", Script(_TYPES[request.response_format], steps, head_first=True)
    deltas = [
        typed_event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}, 1)
        for piece in pieces
    ]
    given = quarter(len(request.input))
    usage = {"input_tokens": given, "output_tokens": tokens, "total_tokens": given + tokens}
    done = typed_event({"type": "speech.audio.done", "usage": usage})
    return "", typed_stream((*deltas, done))


def _sound(kind: str, tokens: int, key: bytes) -> list[bytes]:
    if kind == "mp3":
        return [_SILENT_FRAME * 4] * tokens
    size = _RATE * 2 // _TOKENS_PER_SECOND
    start = _wav_head(size * tokens) if kind == "wav" else _STARTS.get(kind, b"")
    return [start + noise(key, size), *[noise(key, size)] * (tokens - 1)]


def _wav_head(size: int) -> bytes:
    head = struct.pack("<4sI4s4sIHH", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1)
    return head + struct.pack("<IIHH4sI", _RATE, _RATE * 2, 2, 16, b"data", size)


def read_transcription(content_type: str, body: bytes) -> SimRequest:
    """Decodes the form of `POST /v1/audio/transcriptions`. Raises `InvalidRequest`."""
    request, file = _read_form(content_type, body)
    return _request(request, file)


def read_translation(content_type: str, body: bytes) -> SimRequest:
    """Decodes the form of `POST /v1/audio/translations`. Raises `InvalidRequest`."""
    request, file = _read_form(content_type, body)
    for name in ("language", "stream", "chunking_strategy"):
        if getattr(request, name) is not None:
            raise InvalidRequest(f"Unknown parameter: '{name}'.", param=name)
    return _request(request, file)


def _read_form(content_type: str, body: bytes) -> tuple[TranscriptionRequest, SimFile]:
    form = read_sim_form(content_type, body)
    if unknown := (set(form.files) - {"file"}) | (set(form.lists) - {"timestamp_granularities"}):
        raise InvalidRequest(f"Unknown parameter: '{min(unknown)}'.", param=min(unknown))
    request = convert(TranscriptionRequest, form.fields, "", strict=False)
    files = form.files.get("file", [])
    if len(files) != 1:
        raise InvalidRequest("Missing required parameter: 'file'.", param="file")
    if len(files[0].data) < 100:  # as OpenAI, which refuses audio below 0.1 s
        raise InvalidRequest("Audio file is too short.", code="audio_too_short", param="file")
    return request, files[0]


def _request(request: TranscriptionRequest, file: SimFile) -> SimRequest:
    turns = [PromptTurn("user", (request.prompt,))]
    prompt = SimPrompt(request.model, (request.model, request.prompt, file.data), turns)
    stream = bool(request.stream) and not request.model.startswith("whisper")
    answer = partial(_stream if stream else _document, request, prompt, file)
    return SimRequest(request.model, stream, prompt.controls(), answer)


def _document(
    request: TranscriptionRequest,
    prompt: SimPrompt,
    file: SimFile,
    controls: Controls,
    _created: int,
) -> tuple[str, Script]:
    heard = _words(prompt, controls)
    text, seconds = "".join(heard), _seconds(file)
    usage = _usage(request, heard, seconds)
    if request.response_format in ("text", "srt", "vtt"):
        return "", _text_script(_subtitles(request.response_format, text, seconds))
    document: dict[str, Any] = {"text": text, "usage": usage}
    if request.response_format == "verbose_json":
        duration = {"type": "duration", "seconds": seconds}
        document |= {"language": "english", "duration": seconds, "usage": duration}
    return "", document_script(document)


def _stream(
    request: TranscriptionRequest,
    prompt: SimPrompt,
    file: SimFile,
    controls: Controls,
    _created: int,
) -> tuple[str, Script]:
    heard = _words(prompt, controls)
    deltas = [typed_event({"type": "transcript.text.delta", "delta": word}, 1) for word in heard]
    usage = _usage(request, heard, _seconds(file))
    done = {"type": "transcript.text.done", "text": "".join(heard), "usage": usage}
    return "", typed_stream((*deltas, typed_event(done)))


def _words(prompt: SimPrompt, controls: Controls) -> list[str]:
    return write(SeededRandom(prompt.key(controls.seed)), controls.tokens)


def _usage(request: TranscriptionRequest, heard: list[str], seconds: float) -> dict[str, Any]:
    if request.model.startswith(_BY_DURATION):
        return {"type": "duration", "seconds": seconds}
    audio, text = max(1, round(seconds * _TOKENS_PER_SECOND)), quarter(len(request.prompt))
    return {
        "type": "tokens",
        "input_tokens": audio + text,
        "input_token_details": {"audio_tokens": audio, "text_tokens": text},
        "output_tokens": len(heard),
        "total_tokens": audio + text + len(heard),
    }


def _seconds(file: SimFile) -> float:
    if file.data.startswith(b"RIFF") and len(file.data) > 44:
        (rate,) = struct.unpack_from("<I", file.data, 28)
        return round((len(file.data) - 44) / max(rate, 1), 2)
    return round(len(file.data) / _BYTES_PER_SECOND, 2)


def _subtitles(kind: str, text: str, seconds: float) -> str:
    if kind == "text":
        return text + "\n"
    stamp = f"00:00:{seconds:06.3f}"
    if kind == "vtt":
        return f"WEBVTT\n\n00:00:00.000 --> {stamp}\n{text}\n\n"
    comma = stamp.replace(".", ",")
    return f"1\n00:00:00,000 --> {comma}\n{text}\n\n"


def _text_script(text: str) -> Script:
    body = text.encode()
    steps = (ScriptStep(body),)
    return Script(b"text/plain; charset=utf-8", steps, head_first=False, length=len(body))
