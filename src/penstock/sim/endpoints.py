"""The endpoints: chat completions and embeddings. Pure: request bytes in, script out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import msgspec

from penstock.sim import chat_wire
from penstock.sim.answers import answer_chat
from penstock.sim.controls import Controls
from penstock.sim.embeddings import embeddings_document
from penstock.sim.requests import Chat, read_chat, read_embeddings
from penstock.sim.script import Script, ScriptStep
from penstock.sim.wire_errors import NotAChatModel


@dataclass(frozen=True, slots=True)
class Prompt:
    """A decoded request. `answer` takes the controls (defaults filled in) and the Unix time in
    seconds, and returns the id and the script of the answer."""

    model: str
    stream: bool
    metadata: Mapping[str, str]
    answer: Callable[[Controls, int], tuple[str, Script]]


Endpoint: TypeAlias = Callable[[bytes], Prompt]


def read_chat_prompt(body: bytes) -> Prompt:
    """Decodes `POST /v1/chat/completions`. Raises `InvalidRequest` or `NotAChatModel`."""
    chat = read_chat(body)
    request = chat.request
    if "embed" in request.model:
        raise NotAChatModel(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",
            hint="Did you mean to use v1/embeddings?",
            param="model",
        )
    return Prompt(
        request.model, bool(request.stream), request.metadata or {}, partial(_answer, chat)
    )


def read_embeddings_prompt(body: bytes) -> Prompt:
    """Decodes `POST /v1/embeddings`. Raises `InvalidRequest`."""
    request = read_embeddings(body)

    def answer(controls: Controls, _created: int) -> tuple[str, Script]:
        return "", document(embeddings_document(request, controls.seed or 0))

    return Prompt(request.model, stream=False, metadata=request.metadata or {}, answer=answer)


def document(value: object) -> Script:
    """Returns the script of a JSON document without tokens."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Script(b"application/json", (ScriptStep(body),), head_first=False, length=len(body))


def _answer(chat: Chat, controls: Controls, created: int) -> tuple[str, Script]:
    answer, options = answer_chat(chat, controls), chat.request.stream_options
    if not chat.request.stream:
        return answer.id, chat_wire.document(answer, created)
    usage = options is not None and options.include_usage
    return answer.id, chat_wire.events(answer, created, include_usage=usage)
