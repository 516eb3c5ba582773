"""The call records of three workloads, in batches as gateways send them."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bench.english import English
from penstock.infra.spool.frame import FrameEncoder, Kind
from penstock.infra.spool.policy import SpoolLimits
from penstock.rules.call import (
    AttemptRecord,
    CallBegin,
    CallEnd,
    Caller,
    CallStatus,
    Usage,
    UsageSource,
    encode,
)

Messages = list[dict[str, Any]]
Texts = tuple[Messages, str]

_CALLS_PER_S: Final = 1_000
_AGENTS: Final = 8  # at the same time
_TURNS: Final = 60


def small(english: English, source: random.Random) -> Iterator[Texts]:
    """Chats: one instruction of 300 characters for all, questions and answers of 80 to 500."""
    system = {"role": "system", "content": english.text(300)}
    while True:
        question = {"role": "user", "content": english.text(source.randint(80, 400))}
        yield [system, question], english.text(source.randint(80, 500))


def large(english: English, source: random.Random) -> Iterator[Texts]:
    """Prompts of 32,000 characters, answers of 3,700."""
    del source
    while True:
        yield [{"role": "user", "content": english.text(32_000)}], english.text(3_700)


def agent(english: English, source: random.Random) -> Iterator[Texts]:
    """Agents of 60 turns, eight at a time. Each call repeats the history and adds a tool call and
    its result."""
    histories: list[Messages] = []
    while True:
        histories = [each for each in histories if len(each) < 2 + 2 * _TURNS]
        while len(histories) < _AGENTS:
            task = {"role": "user", "content": english.text(400)}
            histories.append([{"role": "system", "content": english.text(2_000)}, task])
        for history in histories:
            answer = english.text(source.randint(100, 300))
            yield list(history), answer
            history.extend(_turn(english, source, answer))


WORKLOADS: Final[Mapping[str, Callable[[English, random.Random], Iterator[Texts]]]] = {
    "small": small,
    "large": large,
    "agent": agent,
}


def batches(workload: str, count: int, seed: int = 7) -> Iterator[tuple[str, int, bytes]]:
    """Yields name, number of calls, and frames of each batch."""
    source, limits = random.Random(seed), SpoolLimits()
    encoder, writer = FrameEncoder(source.randbytes(8)), f"{source.getrandbits(128):032x}"
    texts = WORKLOADS[workload](English(source), source)
    first_ns = time.time_ns() - count * 10**9 // _CALLS_PER_S
    frames: list[bytes] = []
    start = size = 0
    for number in range(count):
        messages, answer = next(texts)
        start_ns = first_ns + number * 10**9 // _CALLS_PER_S
        record = _record(source, start_ns, messages, answer)
        frames.append(encoder.encode(Kind.END, encode(record)))
        size += len(frames[-1])
        full = size >= limits.batch_bytes or len(frames) == limits.batch_records
        if full or number == count - 1:
            yield f"{writer}-1:{start}-{start + size}", len(frames), b"".join(frames)
            start, size, frames = start + size, 0, []


def _turn(english: English, source: random.Random, answer: str) -> Messages:
    call_id = f"call_{source.getrandbits(96):024x}"
    function = {"name": "search", "arguments": json.dumps({"query": english.text(40)})}
    call = {"id": call_id, "type": "function", "function": function}
    result = english.text(source.randint(300, 1_200))
    return [
        {"role": "assistant", "content": answer, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call_id, "content": result},
    ]


def _record(source: random.Random, start_ns: int, messages: Messages, answer: str) -> CallEnd:
    model, dated, address = "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "api.openai.com"
    request = _json({"model": model, "messages": messages, "max_tokens": 256, "temperature": 0.2})
    usage = Usage(len(request) // 4, len(answer) // 4, source=UsageSource.PROVIDER)
    answer_id = f"chatcmpl-{source.getrandbits(116):029x}"
    response = _json(_response(answer_id, dated, usage, answer))
    end_ns = start_ns + source.randint(200, 2_000) * 1_000_000
    token_ns = start_ns + (end_ns - start_ns) // 2
    caller = Caller("key_0123456789abcdef", "support", f"user-{source.randint(0, 5_000)}", "faq")
    begin = CallBegin(
        "prj_bench",
        f"{source.getrandbits(128):032x}",
        f"{source.getrandbits(64):016x}",
        "",
        start_ns,
        "chat",
        f"openai/{model}",
        stream=False,
        caller=caller,
        snapshot="ab" * 32,
        request_size=len(request),
        dialect="openai",
    )
    cost, price_id = "0.000039", f"openai/{dated}"
    attempt = AttemptRecord(
        f"{source.getrandbits(64):016x}",
        "openai",
        model,
        address,
        443,
        start_ns + 100_000,
        end_ns - 50_000,
        CallStatus.OK,
        token_ns,
        200,
        dialect="openai",
        usage=usage,
        cost=cost,
        price_id=price_id,
    )
    return CallEnd(
        begin,
        end_ns,
        CallStatus.OK,
        200,
        provider="openai",
        response_model=dated,
        response_id=answer_id,
        finish_reasons=("stop",),
        first_token_ns=token_ns,
        overhead_ns=source.randint(80_000, 300_000),
        request=request,
        response=response,
        response_size=len(response),
        attempts=(attempt,),
        usage=usage,
        cost=cost,
        price_id=price_id,
    )


def _response(answer_id: str, model: str, usage: Usage, answer: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer, "refusal": None}
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
        },
        "system_fingerprint": "fp_0123456789",
    }


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
