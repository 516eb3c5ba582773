"""OpenAI's client over a worker, with Triton's generate extension behind it. The answers are those
of its documentation and, for its outputs, of its backend for vLLM."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from openai import APIStatusError, BadRequestError

from gateway.conftest import Rig
from gateway.homes import make_home, provider
from gateway.raw_upstream import STREAM_HEAD, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.plugins.providers.triton import create
from penstock.rules.call import CallStatus, UsageSource
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
GENERATED = {"model_name": "ensemble", "model_version": "1", "text_output": "model output"}
COUNTS = {"num_input_tokens": 4, "num_output_tokens": 1}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("triton") / "home"
    check = Check("card_numbers", (Place.OUTPUT,), Action.REDACT)
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        address = upstream.url.removesuffix("/v1")
        kinds = {"plain": {}, "vllm": {"backend": "vllm"}, "trt": {"backend": "tensorrtllm"}}
        make_home(
            home,
            [
                provider(address, name, kind="triton", models=(), quirks=quirks)
                for name, quirks in kinds.items()
            ],
            guardrails=[GuardrailPolicy("gdr_1", "w", (check,), only={"use_case": ("guarded",)})],
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


def stream(*documents: dict[str, Any]) -> bytes:
    text = b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in documents)
    return STREAM_HEAD + chunk(text) + chunk(b"")


def piece(text: str, **more: Any) -> dict[str, Any]:
    return {**GENERATED, "text_output": text, **more}


async def ask(rig: Rig, model: str, **more: Any) -> Any:
    asked: Any = {"messages": HELLO, "max_tokens": 9, "seed": 4, "user": "u", **more}
    async with rig.openai() as client:
        return await client.chat.completions.create(model=model, **asked)


async def streamed(rig: Rig, model: str, **more: Any) -> tuple[str, list[Any], Any]:
    options: Any = {"include_usage": True}
    asked: Any = {"model": model, "messages": HELLO, "stream": True, "stream_options": options}
    async with rig.openai() as client:
        chunks = [one async for one in await client.chat.completions.create(**asked, **more)]
    said = [one.choices[0] for one in chunks if one.choices]
    reasons = [one.finish_reason for one in said if one.finish_reason]
    return "".join(one.delta.content or "" for one in said), reasons, chunks[-1].usage


OPTIONS = {"max_tokens": 9, "seed": 4}
ASKED = {
    "return_finish_reason": True,
    "return_num_input_tokens": True,
    "return_num_output_tokens": True,
    "exclude_input_in_output": True,
}


@pytest.mark.parametrize(
    ("model", "path", "body"),
    [
        ("plain/ensemble", "ensemble", {"parameters": OPTIONS}),
        ("plain/ensemble/2", "ensemble/versions/2", {"parameters": OPTIONS}),
        ("vllm/m", "m", {"parameters": {"stream": False, **OPTIONS}, **ASKED}),
        ("trt/m", "m", {"bad_words": "", "stop_words": "", "stream": False, **OPTIONS}),
    ],
)
async def test_a_chat_is_a_text_with_the_options_of_the_backend(
    rig: Rig, model: str, path: str, body: dict[str, Any]
) -> None:
    rig.answer(answers(unary(json.dumps(GENERATED).encode())))
    answer = await ask(rig, model)
    assert answer.choices[0].message.content == "model output"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is None or answer.usage.total_tokens == 0
    (sent,) = rig.upstream.seen
    assert f"POST /v2/models/{path}/generate HTTP".encode() in sent.head
    assert json.loads(sent.body) == {"text_input": "Be brief.\n\nHello", **body}
    end = rig.worker.ends()[-1]
    assert end.attempts[0].changes == ("dropped:user", "changed:system")


async def test_a_stream_is_the_texts_of_its_events(rig: Rig) -> None:
    rig.answer(answers(stream(piece("Once"), piece(" upon"), piece(""))))
    text, reasons, _ = await streamed(rig, "plain/ensemble")
    assert (text, reasons) == ("Once upon", ["stop"])
    assert b"/ensemble/generate_stream HTTP" in rig.upstream.seen[0].head
    assert rig.worker.ends()[-1].status == CallStatus.OK


async def test_outputs_of_vllm_are_reason_and_usage(rig: Rig) -> None:
    pieces = [piece("a", finish_reason="None", **COUNTS), piece("b", finish_reason="length")]
    rig.answer(answers(stream(pieces[0], {**pieces[1], **COUNTS})))
    text, reasons, usage = await streamed(rig, "vllm/m")
    assert (text, reasons) == ("ab", ["length"])
    assert (usage.prompt_tokens, usage.completion_tokens) == (4, 2)
    assert rig.worker.ends()[-1].usage.source == UsageSource.PROVIDER


async def test_a_guardrail_sees_the_text_of_all_events_as_one(rig: Rig) -> None:
    rig.answer(answers(stream(piece("its card is 4111 1111"), piece(" 1111 1111, they say"))))
    headers = {"x-penstock-use-case": "guarded"}
    text, _, _ = await streamed(rig, "plain/ensemble", extra_headers=headers)
    assert "1111" not in text
    assert text.endswith(", they say")


async def test_an_error_in_a_stream_is_an_error(rig: Rig) -> None:
    rig.answer(answers(stream(piece("a"), {"error": "error message"})))
    with pytest.raises(Exception, match="error message"):
        await streamed(rig, "plain/ensemble")
    rig.answer(answers(STREAM_HEAD + chunk(b""), close=True))
    with pytest.raises(Exception, match="ended before it was complete"):
        await streamed(rig, "plain/ensemble")


async def test_its_errors_pass_on_and_other_answers_are_malformed(rig: Rig) -> None:
    rig.answer(answers(unary(b'{"error": "unexpected inference input"}', "400 Bad Request")))
    with pytest.raises(BadRequestError, match="unexpected inference input"):
        await ask(rig, "plain/ensemble")
    rig.answer(answers(unary(b'{"model_name": "m", "outputs": []}')))
    with pytest.raises(APIStatusError, match="generate extension") as caught:
        await ask(rig, "plain/ensemble")
    assert caught.value.status_code == 502


async def test_what_one_prompt_cannot_say_is_refused_before_it_is_sent(rig: Rig) -> None:
    rig.answer(answers(unary(json.dumps(GENERATED).encode())))
    for more in ({"stop": "END"}, {"tools": [{"type": "function", "function": {"name": "f"}}]}):
        with pytest.raises(BadRequestError, match="cannot be translated"):
            await ask(rig, "plain/ensemble", **more)
    assert not rig.upstream.seen


async def test_the_connection_test_asks_for_the_extension() -> None:
    found = {"name": "triton", "version": "2.63.0", "extensions": ["classification", "generate"]}
    assert create().read_model_list(json.dumps(found).encode()) == ()
    with pytest.raises(Exception, match="no generate extension"):
        create().read_model_list(json.dumps({**found, "extensions": []}).encode())
