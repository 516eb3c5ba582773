"""OpenAI's completions of a prompt, from before chat: whole and as a stream."""

from functools import partial
from itertools import chain
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.answers import Answer, Choice, decide
from penstock.sim.controls import Controls
from penstock.sim.json_documents import answer_script, text_value
from penstock.sim.openai.chat_requests import StreamOptions
from penstock.sim.openai.chat_wire import DONE, FINISHES, STREAM_ERRORS, usage_document
from penstock.sim.openai.decoding import decode
from penstock.sim.prompts import PromptTurn, SimPrompt
from penstock.sim.script import EVENT_STREAM, Script, ScriptStep
from penstock.sim.vendor import SimRequest

_encode: Final = msgspec.json.Encoder().encode


class CompletionRequest(Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/completions`."""

    model: Annotated[str, Meta(min_length=1)]
    prompt: str | list[str | int | list[int]] | None
    best_of: int | None = None
    echo: bool | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    logit_bias: dict[str, int] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    seed: int | None = None
    stop: str | Annotated[list[str], Meta(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    user: str | None = None


_decoder: Final = msgspec.json.Decoder(CompletionRequest)


def read_completion_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/completions`. Raises `InvalidRequest`."""
    request = decode(_decoder, body, "")
    if request.stream_options is not None and not request.stream:
        raise InvalidRequest(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    prompt = _prompt(request)
    answer = partial(_answer, request, prompt)
    return SimRequest(request.model, bool(request.stream), prompt.controls(), answer)


def _prompt(request: CompletionRequest) -> SimPrompt:
    given = request.prompt if isinstance(request.prompt, list) else [request.prompt or ""]
    texts = [text if isinstance(text, str) else str(text) for text in given]
    stops = (request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ())
    return SimPrompt(
        model=request.model,
        identity=(str(request.seed), request.model, *texts),
        turns=[PromptTurn("user", texts)],
        limit=16 if request.max_tokens is None else request.max_tokens,
        stops=stops,
        choices=request.n or 1,
    )


def _answer(
    request: CompletionRequest, prompt: SimPrompt, controls: Controls, created: int
) -> tuple[str, Script]:
    answer = decide(prompt, controls)
    name = f"cmpl-{answer.key[:29]}"
    head = {
        "id": name,
        "object": "text_completion",
        "created": created,
        "model": answer.model,
        "system_fingerprint": "fp_sim",
    }
    if not request.stream:
        choices = [_choice(i, text_value(c), c) for i, c in enumerate(answer.choices)]
        document = {**head, "choices": choices, "usage": usage_document(answer)}
        return name, answer_script(answer, document)
    options = request.stream_options
    return name, _events(head, answer, usage=options is not None and options.include_usage)


def _events(head: dict[str, Any], answer: Answer, *, usage: bool) -> Script:
    extra: dict[str, Any] = {"usage": None} if usage else {}

    def step(choices: list[Any], tokens: int = 0) -> ScriptStep:
        return ScriptStep(b"data: %b\n\n" % _encode({**head, "choices": choices, **extra}), tokens)

    texts = (
        step([_choice(i, piece, None)], choice.piece_tokens)
        for i, choice in enumerate(answer.choices)
        for piece in choice.text
    )
    ends = (step([_choice(i, "", choice)]) for i, choice in enumerate(answer.choices))
    steps = [*chain(texts, ends)]
    if usage:
        extra["usage"] = usage_document(answer)
        steps.append(step([]))
    steps.append(ScriptStep(DONE))
    return Script(EVENT_STREAM, tuple(steps), head_first=True, errors=STREAM_ERRORS)


def _choice(index: int, text: str | msgspec.Raw, ended: Choice | None) -> dict[str, Any]:
    reason = None if ended is None else FINISHES[ended.finish]
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}
