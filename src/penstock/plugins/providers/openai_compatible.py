"""Providers with OpenAI's API: the body passes through, only `model` is replaced.

Quirks, set per provider (others: see `openai_rerank`, `openai_classify`):
    stream_usage = no           it rejects `stream_options.include_usage`, or counts without it
    terminator = finish_reason  its streams end without `[DONE]`
    key_header = api-key        it takes the key in this header, not as a bearer token
    api_version = 2024-10-21    Azure's older paths: the model is the deployment in the path
    parts = mistral             it has Mistral's parts for reasoning and documents
    responses = yes             it also serves the Responses API; OpenAI itself does without this
    files = yes                 it also serves files and batches; the same
"""

from collections.abc import Mapping
from typing import Final

from penstock.plugins.providers.openai_api import OpenAIApi, post
from penstock.plugins.providers.openai_classify import OpenAIClassify
from penstock.plugins.providers.openai_files import OpenAIFiles
from penstock.plugins.providers.openai_media import OpenAIMedia
from penstock.plugins.providers.openai_rerank import OpenAIRerank
from penstock.plugins.providers.openai_responses import OpenAIResponses
from penstock.rules.call import Operation
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.neutral.translation import Change, Written
from penstock.rules.redaction import Redaction
from penstock.rules.wire.head import edit_request
from penstock.rules.wire.openai.answer_reader import read_events
from penstock.rules.wire.openai.facts import facts_in_tail, read_answer
from penstock.rules.wire.openai.fields import edit_fields
from penstock.rules.wire.openai.paths import FILES_DIALECT, STORED_DIALECT, TEXT_PATHS
from penstock.rules.wire.openai.request_writer import write_request
from penstock.rules.wire.openai.stream import ChatStream
from penstock.spi.chat import BuiltRequest, ChatProvider, OutgoingCall, ProviderConfig

_PATHS: Final[Mapping[str, str]] = {each.operation: each.path for each in TEXT_PATHS}
_RENAME: Final = "rename_fields"
_DROP: Final = "drop_fields"
_OPENAI: Final = "https://api.openai.com/"


class OpenAICompatible(OpenAIApi):
    """`spi.chat.ChatProvider`."""

    dialect = "openai"

    def __init__(self) -> None:
        self._responses = OpenAIResponses()
        self._files = OpenAIFiles(FILES_DIALECT)
        self._stored = OpenAIFiles(STORED_DIALECT)
        others = (OpenAIMedia(), OpenAIRerank(), OpenAIClassify())
        self._others: Mapping[str, ChatProvider] = {each.dialect: each for each in others}

    def for_dialect(
        self,
        dialect: str,
        provider: ProviderConfig,
        model: str,  # noqa: ARG002 - the same for all
    ) -> ChatProvider:
        if dialect == self._responses.dialect and _serves(provider, "responses"):
            return self._responses
        if dialect == STORED_DIALECT and _serves(provider, "responses"):
            return self._stored
        if dialect == FILES_DIALECT and _serves(provider, "files"):
            return self._files
        return self._others.get(dialect, self)

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        add_usage = call.stream and provider.quirks.get("stream_usage") != "no"
        if call.conversation is None:
            body = edit_request(call.body, call.model, add_usage=add_usage, model_at=call.model_at)
            changes: tuple[Change, ...] = ()
        else:
            body, changes = write_request(
                call.conversation,
                call.model,
                stream=call.stream,
                add_usage=add_usage,
                mistral=provider.quirks.get("parts") == "mistral",
            )
        renamed, dropped = provider.quirks.get(_RENAME), provider.quirks.get(_DROP)
        if (renamed or dropped) and call.operation == Operation.CHAT:
            body, changes = edit_fields(Written(body, changes), renamed or "", dropped or "")
        http = post(provider, call.model, _PATHS[call.operation], body)
        return BuiltRequest(http, changes)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return facts_in_tail(tail)

    def read_events(self, body: bytes) -> list[AnswerEvent]:
        return read_events(body)

    def open_stream(
        self,
        provider: ProviderConfig,
        head: RequestHead,
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> ChatStream:
        quirks = provider.quirks
        return ChatStream(
            hide_usage=not head.wants_usage and quirks.get("stream_usage") != "no",
            needs_done=quirks.get("terminator") != "finish_reason",
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
        )


def _serves(provider: ProviderConfig, quirk: str) -> bool:
    default = "yes" if provider.base_url.startswith(_OPENAI) else "no"
    return provider.quirks.get(quirk, default) == "yes"


def create() -> OpenAICompatible:
    """Creates the plugin; named by the entry point."""
    return OpenAICompatible()
