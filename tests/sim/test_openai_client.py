"""OpenAI's official client against the simulator: answers and faults."""

import json
import math
import operator
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk

from sim.conftest import Sim

QUESTION: Any = [{"role": "user", "content": "How high is the head?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_flow",
        "description": "Flow of a river.",
        "parameters": {
            "type": "object",
            "properties": {
                "river": {"type": "string", "enum": ["Rhein", "Loire"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 7},
            },
            "required": ["river", "days"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture
def client(sim: Sim) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{sim.address}/v1", api_key="sk-any", max_retries=0) as client:
        yield client


def similarity(one: list[float], other: list[float]) -> float:
    return sum(map(operator.mul, one, other))


def joined(chunks: Iterator[ChatCompletionChunk]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_a_stream_and_a_document_have_the_same_content(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="sim-small", messages=QUESTION)
    with client.chat.completions.create(
        model="sim-small", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    assert joined(iter(chunks)) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert {chunk.id for chunk in chunks} == {whole.id}


def test_the_answer_depends_on_request_and_seed(client: OpenAI) -> None:
    def call(seed: int) -> str | None:
        answer = client.chat.completions.create(
            model="sim-small", messages=QUESTION, extra_headers={"x-sim-seed": str(seed)}
        )
        return answer.choices[0].message.content

    assert call(1) == call(1) != call(2)


def test_tool_calls_arrive_in_fragments_and_are_valid(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="sim-small", messages=QUESTION, tools=[WEATHER])
    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.tool_calls
    call: Any = whole.choices[0].message.tool_calls[0]
    arguments = json.loads(call.function.arguments)
    assert arguments["river"] in ("Rhein", "Loire")
    assert 1 <= arguments["days"] <= 7

    with client.chat.completions.create(
        model="sim-small", messages=QUESTION, tools=[WEATHER], stream=True
    ) as stream:
        deltas = [c.choices[0].delta.tool_calls[0] for c in stream if c.choices[0].delta.tool_calls]
    assert len(deltas) > 3
    assert (deltas[0].id, deltas[0].function and deltas[0].function.name) == (call.id, "get_flow")
    fragments = [d.function.arguments or "" for d in deltas if d.function]
    assert "".join(fragments) == call.function.arguments


def test_a_tool_result_is_followed_by_text(client: OpenAI) -> None:
    messages: Any = [
        *QUESTION,
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "get_flow", "arguments": "{}"},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "12"},
    ]
    answer = client.chat.completions.create(model="sim-small", messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"


def test_a_structured_answer_parses(client: OpenAI) -> None:
    schema: Any = {
        "type": "json_schema",
        "json_schema": {
            "name": "plant",
            "strict": True,
            "schema": WEATHER["function"]["parameters"],
        },
    }
    answer = client.chat.completions.create(
        model="sim-large", messages=QUESTION, response_format=schema
    )
    assert json.loads(answer.choices[0].message.content or "").keys() == {"river", "days"}


def test_reasoning_and_cached_tokens_are_counted(client: OpenAI) -> None:
    history: Any = [{"role": "system", "content": "x" * 8000}, *QUESTION]
    answer = client.chat.completions.create(
        model="sim-reasoner", messages=history, reasoning_effort="low"
    )
    usage = answer.usage
    assert usage
    assert usage.completion_tokens_details
    assert usage.prompt_tokens_details
    assert usage.completion_tokens_details.reasoning_tokens == 64
    assert usage.completion_tokens > 64
    assert usage.prompt_tokens_details.cached_tokens == 1920  # 2007 in whole steps of 128
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_choices_token_limits_and_stop_sequences(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o-mini", messages=QUESTION, n=3, max_completion_tokens=8
    )
    assert [c.finish_reason for c in answer.choices] == ["length"] * 3
    assert answer.usage
    assert answer.usage.completion_tokens == 24
    stopped = client.chat.completions.create(model="sim-small", messages=QUESTION, stop=["simul"])
    assert stopped.choices[0].message.content == "This is a "
    assert stopped.choices[0].finish_reason == "stop"


def test_several_choices_stream_interleaved(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="sim-small", messages=QUESTION, n=2)
    texts = ["", ""]
    with client.chat.completions.create(
        model="sim-small", messages=QUESTION, n=2, stream=True
    ) as stream:
        for chunk in stream:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
    assert texts == [choice.message.content for choice in whole.choices]


def test_embeddings_are_unit_vectors_and_similar_texts_are_close(client: OpenAI) -> None:
    texts = ["the gate of the dam", "the gates of a dam", "invoice overdue since May"]
    answer = client.embeddings.create(model="sim-embed", input=texts)
    one, similar, other = (item.embedding for item in answer.data)
    assert math.hypot(*one) == pytest.approx(1)
    assert similarity(one, similar) > 2 * abs(similarity(one, other))
    plain = client.embeddings.create(model="sim-embed", input=texts[0], encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(one)
    assert (
        len(client.embeddings.create(model="m", input="x", dimensions=17).data[0].embedding) == 17
    )


def test_the_model_list(client: OpenAI) -> None:
    assert {"sim-small", "sim-reasoner", "sim-embed"} <= {m.id for m in client.models.list()}
    assert client.models.retrieve("sim-large").id == "sim-large"


@pytest.mark.parametrize("fault", ["cut", "reset", "error-event"])
def test_a_faulty_stream_raises(client: OpenAI, fault: str) -> None:
    headers = {"x-sim-fault": fault, "x-sim-after-tokens": "3"}
    with (
        pytest.raises(openai.APIError),
        client.chat.completions.create(
            model="sim-small", messages=QUESTION, stream=True, extra_headers=headers
        ) as stream,
    ):
        list(stream)


def test_errors_and_their_types(client: OpenAI, sim: Sim) -> None:
    def call(**more: Any) -> None:
        client.chat.completions.create(model="sim-small", messages=QUESTION, **more)

    with pytest.raises(openai.RateLimitError) as limited:
        call(extra_headers={"x-sim-fault": "429", "x-sim-retry-after-s": "7"})
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.InternalServerError):
        call(extra_headers={"x-sim-fault": "500"})
    with pytest.raises(openai.BadRequestError) as invalid:
        call(extra_body={"n": "many"})
    assert invalid.value.param == "n"
    with (
        OpenAI(
            base_url=f"{sim.address}/v1", api_key="sk-invalid", max_retries=0
        ) as unauthenticated,
        pytest.raises(openai.AuthenticationError),
    ):
        unauthenticated.chat.completions.create(model="sim-small", messages=QUESTION)


@pytest.mark.parametrize("model", ["sim-embed", "text-embedding-3-small"])
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_an_embedding_model_does_not_chat(client: OpenAI, model: str, *, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError, match="not a chat model") as refused:
        client.chat.completions.create(model=model, messages=QUESTION, stream=stream)
    error = refused.value
    assert (error.type, error.param, error.code) == ("invalid_request_error", "model", None)
    assert client.embeddings.create(model=model, input="x").data


def test_metadata_works_like_headers(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(
            model="sim-small", messages=QUESTION, metadata={"x-sim-fault": "500"}
        )


def test_the_rate_limit_is_per_key(start_sim: Callable[..., Sim]) -> None:
    sim = start_sim(requests_per_minute=3)
    body = {"model": "sim-small", "messages": QUESTION}
    seen = [sim.post(body, authorization="Bearer a") for _ in range(4)]
    assert [status for status, _, _ in seen] == [200, 200, 200, 429]
    assert 1 <= int(seen[-1][1]["retry-after"]) <= 20
    assert seen[0][1]["x-ratelimit-remaining-requests"] == "2"
    assert sim.post(body, authorization="Bearer b")[0] == 200


def test_calls_above_the_limit_of_calls_at_once_are_refused(start_sim: Callable[..., Sim]) -> None:
    sim = start_sim(concurrent_calls=2, latency_ms=300)
    body = {"model": "sim-small", "messages": QUESTION}
    with ThreadPoolExecutor(3) as pool:
        seen = list(pool.map(lambda _: sim.post(body), range(3)))
    assert sorted(status for status, _, _ in seen) == [200, 200, 429]
    assert next(headers["retry-after"] for status, headers, _ in seen if status == 429) == "1"
    assert sim.post(body)[0] == 200
