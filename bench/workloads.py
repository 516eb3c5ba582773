"""The requests and the canned answers: bodies of fixed size, the same for each gateway.

The answers contain usage and a model with a public price, so that calls are priced.
"""

import json
from dataclasses import dataclass
from typing import Final

MODEL: Final = "gpt-4o-mini"

_WORDS: Final = "The quick brown fox jumps over the lazy dog, and the river turns the wheel. "


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of unary call. Sizes are those of the text in bytes; JSON adds about 150."""

    name: str
    prompt_size: int
    answer_size: int
    connections: int


UNARY: Final = (
    Workload("small@1", 200, 200, 1),
    Workload("small@64", 200, 200, 64),
    Workload("large@1", 32_000, 3_700, 1),
    Workload("large@64", 32_000, 3_700, 64),
)

# The canned provider serves each kind of answer under its own path.
ANSWERS: Final = {"small": 200, "large": 3_700}


@dataclass(frozen=True, slots=True)
class Streams:
    """Paced streams, started evenly over `ramp_s`: `delta_count` deltas each, `pace_s` apart."""

    count: int = 256
    delta_count: int = 64
    pace_s: float = 0.020
    ramp_s: float = 0.320


def text(size: int) -> str:
    """Returns an English text of exactly `size` bytes."""
    return (_WORDS * (size // len(_WORDS) + 1))[:size]


def request_body(model: str, prompt_size: int, *, stream: bool = False) -> bytes:
    """A chat completion request in OpenAI's wire format, compact as its SDKs write it."""
    document: dict[str, object] = {
        "model": model,
        "messages": [{"role": "user", "content": text(prompt_size)}],
        "max_tokens": 256,
    }
    if stream:
        document |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(document, separators=(",", ":")).encode()


def answer_body(answer_size: int) -> bytes:
    """The canned chat completion."""
    message = {"role": "assistant", "content": text(answer_size), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    document = {
        "id": "chatcmpl-canned",
        "object": "chat.completion",
        "created": 1_763_000_000,
        "model": MODEL,
        "choices": [choice],
        "usage": {
            "prompt_tokens": 50,
            "completion_tokens": answer_size // 4,
            "total_tokens": 50 + answer_size // 4,
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()
