"""A second dialect, for tests: another path, credential header, request, events, terminal, errors.

As a program it is a gateway worker that serves this surface beside the built-in ones:
`python toy_dialect.py '<GatewayConfig as JSON>'`.
"""

import json
import sys
from collections.abc import Iterable, Mapping

import msgspec

from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.entrypoints.gateway.extensions import Extensions, built_in_surfaces
from penstock.entrypoints.gateway.process import run
from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.rules.call import Operation
from penstock.rules.models.facts import ListedModel
from penstock.rules.neutral.answer import (
    AnswerEvent,
    AnswerStarted,
    ChoiceFinished,
    ProviderError,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    UsageReported,
)
from penstock.rules.neutral.conversation import (
    Conversation,
    Message,
    MessageRole,
    RequestHead,
    Text,
    Tool,
)
from penstock.spi.surface import LIST_MODELS, SurfaceRoute


class Turn(msgspec.Struct):
    by: str
    say: str


class Ask(msgspec.Struct):
    engine: str
    turns: list[Turn]
    flow: bool = False
    skills: list[str] = []


class ToySurface:
    """`spi.surface.Surface`."""

    dialect = "toy"
    prefix = "/toy/"
    routes = (
        SurfaceRoute("POST", "/toy/ask", "chat"),
        SurfaceRoute("GET", "/toy/engines", LIST_MODELS),
    )
    credential_hint = "X-Toy-Key: <key>"
    keep_alive = b": wait\n\n"
    kept = None
    chat_ids = None

    def credential(self, headers: Mapping[bytes, bytes], query: bytes) -> bytes | None:
        return headers.get(b"x-toy-key")

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:
        ask = _read(body)
        return RequestHead(ask.engine, ask.flow, wants_usage=True)

    def must_translate(self, body: bytes) -> bool:
        return False

    def request_to(
        self, operation: Operation, model: str, body: bytes, *, stream: bool
    ) -> tuple[str, bytes]:
        raise NotImplementedError

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        return ()

    def read_conversation(self, body: bytes) -> Conversation:
        ask = _read(body)
        messages = tuple(Message(MessageRole(turn.by), (Text(turn.say),)) for turn in ask.turns)
        return Conversation(messages, tuple(Tool(name) for name in ask.skills), dialect="toy")

    def answer_writer(self, head: RequestHead, dialect: str) -> "ToyWriter":
        return ToyWriter()

    def render_answer(
        self, events: Iterable[AnswerEvent], dialect: str, echo: bytes = b""
    ) -> bytes:
        lines = [_line(event) for event in events]
        return json.dumps({"answer": [line for line in lines if line]}).encode()

    def render_models(self, models: Iterable[ListedModel], created_s: int) -> bytes:
        return json.dumps({"engines": [model.id for model in models]}).encode()

    def render_model(self, model: ListedModel, created_s: int) -> bytes:
        return json.dumps({"engine": model.id}).encode()

    def render_error(self, error: PenstockError) -> bytes:
        return json.dumps({"fault": {"why": error.sentence(), "kind": error.code}}).encode()

    def render_error_event(self, error: PenstockError) -> bytes:
        return b"event: fault\ndata: " + self.render_error(error) + b"\n\n"

    def render_provider_error(self, error: ProviderError, status: int) -> bytes:
        return json.dumps({"fault": {"why": error.message, "kind": f"provider_{status}"}}).encode()


class ToyWriter:
    """`spi.surface.AnswerWriter`: named events, and one named `bye` at the end."""

    def write(self, event: AnswerEvent) -> bytes:
        line = _line(event)
        if not line:
            return b""
        return b"event: %b\ndata: %b\n\n" % (str(line[0]).encode(), json.dumps(line[1:]).encode())

    def end(self) -> bytes:
        return b"event: bye\ndata: {}\n\n"


def _line(event: AnswerEvent) -> list[str | int]:
    match event:
        case AnswerStarted(_, model):
            return ["hello", model]
        case TextDelta(_, text):
            return ["say", text]
        case ToolCallStarted(_, call, id_, name):
            return ["use", call, id_, name]
        case ToolArgumentsDelta(_, call, arguments):
            return ["with", call, arguments]
        case ChoiceFinished(_, reason):
            return ["done", reason.value]
        case UsageReported(usage):
            return ["cost", usage.input_tokens, usage.output_tokens]
        case _:
            return []


def _read(body: bytes) -> Ask:
    try:
        return msgspec.json.decode(body, type=Ask)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"Not a toy request: {error}.") from None


if __name__ == "__main__":
    surfaces = (*built_in_surfaces(), ToySurface())
    run(msgspec.json.decode(sys.argv[1], type=GatewayConfig), Extensions(surfaces))
