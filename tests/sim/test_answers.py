"""Laws of answers, scripts and faults, without a network."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.sim import endpoints
from penstock.sim.answers import answer_chat
from penstock.sim.chat_wire import document, events
from penstock.sim.controls import Controls
from penstock.sim.faults import FaultKind, inject_fault, parse_fault
from penstock.sim.prose import tokenize, write
from penstock.sim.requests import read_chat
from penstock.sim.script import Ending, Pace, Script
from penstock.sim.seeded_random import SeededRandom, digest

COUNTS = st.integers(0, 60)
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
TREE: dict[str, Any] = {"properties": {"name": {"const": "a" * 50}}, "required": ["name"]}


def script(*, stream: bool, tokens: int, **more: Any) -> Script:
    body = {
        "model": "sim-small",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": stream,
        **more,
    }
    prompt = endpoints.read_chat_prompt(msgspec.json.encode(body))
    return prompt.answer(Controls(seed=1, tokens=tokens), 1_700_000_000)[1]


def data_of(script: Script) -> bytes:
    return b"".join(step.data for step in script.steps)


@settings(deadline=None)
@given(tokens=COUNTS, after=COUNTS, stream=st.booleans())
def test_what_a_fault_leaves_is_the_beginning_of_the_whole(
    tokens: int, after: int, *, stream: bool
) -> None:
    whole = script(stream=stream, tokens=tokens)
    for kind in (FaultKind.CUT, FaultKind.RESET, FaultKind.STALL):
        hurt = inject_fault(whole, kind, after, None)
        assert hurt.ending is not Ending.COMPLETE
        assert data_of(whole).startswith(data_of(hurt))
        assert len(data_of(hurt)) < len(data_of(whole))
        assert sum(step.tokens for step in hurt.steps) == min(after, tokens)


@settings(deadline=None)
@given(tokens=COUNTS, after=st.none() | COUNTS, stream=st.booleans())
def test_a_pause_changes_no_byte(tokens: int, after: int | None, *, stream: bool) -> None:
    whole = script(stream=stream, tokens=tokens)
    for kind in (FaultKind.STALL, FaultKind.SLOW_HEADERS):
        assert data_of(inject_fault(whole, kind, after, 1.0)) == data_of(whole)


SHAPES: dict[str, dict[str, Any]] = {
    "text": {},
    "document": {"response_format": {"type": "json_object"}},
    "tools": {"tools": [{"type": "function", "function": {"name": "f", "parameters": TREE}}]},
    "reasoning": {"reasoning_effort": "low"},
    "huge": {},
}


@settings(deadline=None)
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    limit=st.integers(1, 6000) | st.integers(1, 80),
    count=st.integers(1, 3),
    stream=st.booleans(),
)
def test_no_choice_is_longer_than_its_limit(
    shape: str, limit: int, count: int, *, stream: bool
) -> None:
    controls = Controls(seed=1, megabytes=0.1 if shape == "huge" else 0, tool_calls=2)
    request = {**CHAT, **SHAPES[shape], "n": count}
    free = answer_chat(read_chat(msgspec.json.encode(request)), controls)
    answer = answer_chat(read_chat(msgspec.json.encode({**request, "max_tokens": limit})), controls)
    for choice, whole in zip(answer.choices, free.choices, strict=True):
        assert choice.tokens <= limit
        assert (choice.finish_reason == "length") == (choice.tokens < whole.tokens)
    script = events(answer, 0, include_usage=True) if stream else document(answer, 0)
    assert sum(step.tokens for step in script.steps) == answer.completion_tokens


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 500), st.floats(0, 10), st.floats(0.1, 1000))
def test_what_is_due_is_generated(tokens: int, total: int, latency: float, speed: float) -> None:
    pace = Pace(latency, speed)
    tokens = min(tokens, total)
    if tokens:
        assert pace.generated(pace.due_s(tokens) + 1e-6, total) >= tokens
    assert pace.generated(pace.due_s(tokens + 1) - 1e-3, tokens) <= tokens


@settings(deadline=None)
@given(st.integers(0, 2**32), COUNTS)
def test_prose_has_the_tokens_asked_for_and_they_are_its_text(seed: int, count: int) -> None:
    tokens = write(SeededRandom(seed), count)
    assert len(tokens) == count
    assert tokenize("".join(tokens)) == tokens


@settings(deadline=None)
@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digests_know_where_parts_end(one: Sequence[bytes], other: Sequence[bytes]) -> None:
    assert (digest(*one) == digest(*other)) == (list(one) == list(other))


def test_draws_are_the_same_for_ever() -> None:
    rng = SeededRandom(42, "river")
    assert [rng.below(1000) for _ in range(5)] == GOLDEN


def test_every_fault_has_a_name_that_is_understood() -> None:
    for kind in set(FaultKind) - {FaultKind.STATUS}:
        assert parse_fault(kind).kind is kind
    assert parse_fault("418").status == 418


GOLDEN = [337, 466, 156, 589, 248]
