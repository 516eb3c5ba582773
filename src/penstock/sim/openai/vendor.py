"""OpenAI's paths: chat, completions, responses, embeddings, moderations, images, audio, models,
files, batches."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from penstock.kernel.errors import InvalidRequest, NotFound, PenstockError, Unauthenticated
from penstock.sim.answers import decide
from penstock.sim.config import SimConfig
from penstock.sim.controls import Controls, read_controls, with_defaults
from penstock.sim.json_documents import document_script
from penstock.sim.openai import chat_wire, errors
from penstock.sim.openai.audio import read_speech_request, read_transcription, read_translation
from penstock.sim.openai.batches import BatchStore
from penstock.sim.openai.chat_requests import Chat, read_chat
from penstock.sim.openai.classifications import CLASSIFY_ENDPOINTS
from penstock.sim.openai.completions import read_completion_request
from penstock.sim.openai.decoding import decode
from penstock.sim.openai.embeddings import EmbeddingsRequest, embeddings_document, read_embeddings
from penstock.sim.openai.files import FileStore
from penstock.sim.openai.images import read_image_edit, read_image_request
from penstock.sim.openai.moderations import read_moderation_request
from penstock.sim.openai.rerankings import (
    read_jina_rerank,
    read_tei_rerank,
)
from penstock.sim.openai.response_checks import check_items, check_tools
from penstock.sim.openai.response_items import InputItem, read_items, sent_items
from penstock.sim.openai.response_prompt import read_response_prompt
from penstock.sim.openai.response_requests import (
    ResponseCount,
    check_options,
    read_declared,
    response_count_decoder,
    response_decoder,
)
from penstock.sim.openai.response_store import ResponseStore, StoredResponse
from penstock.sim.openai.response_wire import ResponseWriter
from penstock.sim.prompts import SimPrompt
from penstock.sim.rate_limits import RateLimitState
from penstock.sim.script import Script
from penstock.sim.vendor import Endpoint, Received, SimRequest

_FORMS: Final = {
    "/v1/images/edits": read_image_edit,
    "/v1/audio/transcriptions": read_transcription,
    "/v1/audio/translations": read_translation,
}
_MODELS: Final = "/v1/models"
_RESPONSES: Final = "/v1/responses"
_FILES: Final = "/v1/files"
_BATCHES: Final = "/v1/batches"
_MOST_KEPT: Final = 256 * 1024  # bytes of a request whose response is kept


class OpenAi:
    """OpenAI as a `SimVendor`. Keeps responses, as far as they are small, files and batches."""

    def __init__(self, config: SimConfig | None = None) -> None:
        self._config = config or SimConfig()
        self._store = ResponseStore()
        self._files = FileStore()
        self._batches = BatchStore(self._files, self._run)
        self._endpoints: dict[str, Endpoint] = {
            "/v1/chat/completions": read_chat_request,
            "/v1/embeddings": read_embeddings_request,
            "/v1/completions": read_completion_request,
            "/v1/moderations": read_moderation_request,
            "/v1/images/generations": read_image_request,
            "/v1/audio/speech": read_speech_request,
            "/v1/rerank": read_jina_rerank,
            "/rerank": read_tei_rerank,
            **CLASSIFY_ENDPOINTS,
            "/v1/responses": self._read_response,
            "/v1/responses/input_tokens": self._read_response_count,
        }

    def endpoint(self, path: str, _query: str, content_type: str, /) -> Endpoint | None:
        if (form := _FORMS.get(path)) is not None:
            return partial(form, content_type)
        if path == _FILES:
            return _kept(partial(self._files.upload, content_type))
        if path == _BATCHES:
            return _kept(self._batches.create)
        if path.startswith(f"{_BATCHES}/") and path.endswith("/cancel"):
            name = path.removeprefix(f"{_BATCHES}/").removesuffix("/cancel")
            return _kept(lambda _body, now_s: self._batches.cancel(name, now_s))
        if path.startswith(f"{_RESPONSES}/") and path.endswith("/cancel"):
            response = path.removeprefix(f"{_RESPONSES}/").removesuffix("/cancel")
            return _kept(lambda _body, _now_s: self._store.cancel(response))
        return self._endpoints.get(path)

    def page(self, path: str, _query: str, models: Sequence[str], /) -> dict[str, Any] | None:
        if path == _MODELS:
            return {"object": "list", "data": [_model(name) for name in models]}
        name = path.removeprefix(f"{_MODELS}/")
        return _model(name) if name != path else None

    def kept(self, method: str, path: str, now_s: int) -> dict[str, Any] | bytes | None:
        """Returns what GET and DELETE answer about files, batches and responses; `None` for another
        path. Raises `NotFound`."""
        if method not in ("GET", "DELETE"):
            return None
        if path in (_FILES, _BATCHES) and method == "GET":
            return self._files.list() if path == _FILES else self._batches.list()
        folder, _, name = path.rpartition("/")
        if folder == _FILES:
            if method == "DELETE":
                return self._files.remove(name)
            return self._files.get(name).document
        if path.startswith(f"{_RESPONSES}/"):
            return self._kept_response(method, path.removeprefix(f"{_RESPONSES}/"))
        if folder == _BATCHES and method == "GET":
            return self._batches.get(name, now_s)
        if folder.startswith(f"{_FILES}/") and name == "content" and method == "GET":
            file = self._files.get(folder.removeprefix(f"{_FILES}/"))
            return file.content
        return None

    def _kept_response(self, method: str, path: str) -> dict[str, Any] | None:
        name, _, rest = path.partition("/")
        if rest == "input_items" and method == "GET":
            return self._store.list_items(name)
        if rest:
            return None
        return self._store.remove(name) if method == "DELETE" else self._store.show(name)

    def _run(self, path: str, body: bytes, now_s: int) -> bytes:
        """Answers one request of a batch, at once. Raises as the path does."""
        if (endpoint := self._endpoints.get(path)) is None:
            raise InvalidRequest(f"Invalid URL for a batch: {path}.", param="url")
        request = endpoint(body)
        if request.stream:
            raise InvalidRequest("A batch has no streams.", param="stream")
        controls = with_defaults(read_controls({}, request.options), self._config)
        _, script = request.answer(controls, now_s)
        return b"".join(step.data for step in script.steps)

    def check_credential(self, request: Received, /) -> str:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if "invalid" in key:
            raise Unauthenticated("Incorrect API key provided.")
        return key

    def headers(
        self, _request_id: str, limit: RateLimitState | None, /
    ) -> list[tuple[bytes, bytes]]:
        if limit is None:
            return []
        return [
            (b"x-ratelimit-limit-requests", b"%d" % limit.limit),
            (b"x-ratelimit-remaining-requests", b"%d" % limit.remaining),
            (b"x-ratelimit-reset-requests", b"%dms" % round(limit.retry_after_s * 1000)),
        ]

    def retry_headers(self, seconds: int) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", b"%d" % seconds)]

    def error_document(self, error: PenstockError) -> bytes:
        return errors.error_document(error)

    def status_document(self, status: int, _retry_after_s: int, /) -> bytes:
        return errors.status_document(status)

    def _read_response(self, body: bytes) -> SimRequest:
        """Decodes `POST /v1/responses`. Raises `InvalidRequest` or `NotFound`."""
        request = decode(response_decoder, body, "")
        check_options(request)
        items, prompt = self._checked(request)
        keeps = request.store is not False and len(body) <= _MOST_KEPT

        def answer(controls: Controls, created: int) -> tuple[str, Script]:
            writer = ResponseWriter(decide(prompt, controls), request, created)
            if keeps and not writer.answer.choices[0].huge:
                document = writer.document()
                said = read_items(document["output"])
                sent = sent_items(request.input, writer.id)
                stored = StoredResponse([*items, *said], document, sent)
                self._store.keep(writer.id, stored)
                if request.background and not request.stream:
                    return writer.id, document_script(stored.begun)
            return writer.id, writer.script()

        options = {**prompt.controls(), **(request.metadata or {})}
        return SimRequest(request.model, bool(request.stream), options, answer)

    def _read_response_count(self, body: bytes) -> SimRequest:
        """Decodes `POST /v1/responses/input_tokens`. Raises `InvalidRequest` or `NotFound`."""
        request = decode(response_count_decoder, body, "")
        _, prompt = self._checked(request)
        counted = {"object": "response.input_tokens", "input_tokens": prompt.tokens}
        script = document_script(counted)
        return SimRequest(
            request.model,
            stream=False,
            options=prompt.controls(),
            answer=lambda _controls, _created: ("", script),
        )

    def _checked(self, request: ResponseCount) -> tuple[list[InputItem], SimPrompt]:
        if "embed" in request.model:
            raise errors.NotAChatModel(
                f"The model '{request.model}' does not support the responses endpoint.",
                param="model",
            )
        declared = read_declared(request)
        check_tools(request, declared)
        earlier = self._store.previous(request.previous_response_id)
        items = [*earlier, *read_items(request.input)]
        json_mode = request.format.type == "json_object"
        check_items(items, self._store, self._files, json_mode=json_mode)
        return items, read_response_prompt(request, items, declared)


def _kept(answer: Callable[[bytes, int], dict[str, Any]]) -> Endpoint:
    """Reads a POST whose answer is a document about what is kept."""

    def endpoint(body: bytes) -> SimRequest:
        return SimRequest(
            "",
            stream=False,
            options={},
            answer=lambda _controls, now_s: ("", document_script(answer(body, now_s))),
        )

    return endpoint


def read_chat_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/chat/completions`. Raises `InvalidRequest` or `NotAChatModel`."""
    chat = read_chat(body)
    request = chat.request
    if "embed" in request.model:
        raise errors.NotAChatModel(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",
            hint="Did you mean to use v1/embeddings?",
            param="model",
        )
    options = {**chat.prompt.controls(), **(request.metadata or {})}
    return SimRequest(request.model, bool(request.stream), options, partial(_answer, chat))


def read_embeddings_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/embeddings`. Raises `InvalidRequest`."""
    request = read_embeddings(body)
    return SimRequest(
        request.model, stream=False, options=request.metadata or {}, answer=partial(_embed, request)
    )


def _answer(chat: Chat, controls: Controls, created: int) -> tuple[str, Script]:
    answer, options = decide(chat.prompt, controls), chat.request.stream_options
    if not chat.request.stream:
        return chat_wire.answer_id(answer), chat_wire.document(answer, created)
    usage = options is not None and options.include_usage
    return chat_wire.answer_id(answer), chat_wire.events(answer, created, include_usage=usage)


def _embed(request: EmbeddingsRequest, controls: Controls, _created: int) -> tuple[str, Script]:
    return "", document_script(embeddings_document(request, controls.seed or 0))


def _model(name: str) -> dict[str, Any]:
    if not name:
        raise NotFound("The requested resource does not exist.")
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "penstock"}
