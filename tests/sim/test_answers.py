"""Properties of answers, scripts and faults, without a network."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.sim.answers import Answer, decide
from penstock.sim.controls import Controls, read_controls
from penstock.sim.faults import FaultKind, inject_fault, parse_fault
from penstock.sim.openai.chat_requests import read_chat
from penstock.sim.openai.chat_wire import document, events
from penstock.sim.openai.vendor import read_chat_request
from penstock.sim.prose import tokenize, write
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
    request = read_chat_request(msgspec.json.encode(body))
    return request.answer(Controls(seed=1, tokens=tokens), 1_700_000_000)[1]


def answer_chat(request: dict[str, Any], controls: Controls) -> Answer:
    return decide(read_chat(msgspec.json.encode(request)).prompt, controls)


def data_of(script: Script) -> bytes:
    return b"".join(step.data for step in script.steps)


@settings(deadline=None)
@given(tokens=COUNTS, after=COUNTS, stream=st.booleans())
def test_a_faulty_answer_is_a_prefix_of_the_whole_answer(
    tokens: int, after: int, *, stream: bool
) -> None:
    whole = script(stream=stream, tokens=tokens)
    for kind in (FaultKind.CUT, FaultKind.RESET, FaultKind.STALL):
        faulty = inject_fault(whole, kind, after, None)
        assert faulty.ending is not Ending.COMPLETE
        assert data_of(whole).startswith(data_of(faulty))
        assert len(data_of(faulty)) < len(data_of(whole))
        assert sum(step.tokens for step in faulty.steps) == min(after, tokens)


@settings(deadline=None)
@given(tokens=COUNTS, after=st.none() | COUNTS, stream=st.booleans())
def test_a_pause_does_not_change_the_bytes(tokens: int, after: int | None, *, stream: bool) -> None:
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
    free = answer_chat(request, controls)
    answer = answer_chat({**request, "max_tokens": limit}, controls)
    for choice, whole in zip(answer.choices, free.choices, strict=True):
        assert choice.tokens <= limit
        assert (choice.finish == "length") == (choice.tokens < whole.tokens)
    script = events(answer, 0, include_usage=True) if stream else document(answer, 0)
    assert sum(step.tokens for step in script.steps) == answer.completion_tokens


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 500), st.floats(0, 10), st.floats(0.1, 1000))
def test_tokens_are_generated_when_due(
    tokens: int, total: int, latency: float, speed: float
) -> None:
    pace = Pace(latency, speed)
    tokens = min(tokens, total)
    if tokens:
        assert pace.generated(pace.due_s(tokens) + 1e-6, total) >= tokens
    assert pace.generated(pace.due_s(tokens + 1) - 1e-3, tokens) <= tokens


@settings(deadline=None)
@given(st.integers(0, 2**32), COUNTS)
def test_text_has_the_requested_number_of_tokens(seed: int, count: int) -> None:
    tokens = write(SeededRandom(seed), count)
    assert len(tokens) == count
    assert tokenize("".join(tokens)) == tokens


@settings(deadline=None)
@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digests_depend_on_part_boundaries(one: Sequence[bytes], other: Sequence[bytes]) -> None:
    assert (digest(*one) == digest(*other)) == (list(one) == list(other))


def test_random_numbers_are_stable_across_versions() -> None:
    rng = SeededRandom(42, "river")
    assert [rng.below(1000) for _ in range(5)] == GOLDEN


def test_every_fault_name_is_parsed() -> None:
    for kind in set(FaultKind) - {FaultKind.STATUS}:
        assert parse_fault(kind).kind is kind
    assert parse_fault("418").status == 418


GOLDEN = [337, 466, 156, 589, 248]


def test_a_share_of_the_texts_helps_as_the_system_message_says() -> None:
    def openings(quality: float) -> list[str]:
        texts: list[str] = []
        for number in range(400):
            messages = [
                {"role": "system", "content": f"You help.\nx-sim-quality: {quality}"},
                {"role": "user", "content": f"question {number}"},
            ]
            request = read_chat_request(
                msgspec.json.encode({"model": "sim-small", "messages": messages})
            )
            controls = read_controls({}, request.options)
            answer = answer_chat({"model": "sim-small", "messages": messages}, controls)
            texts.append("".join(answer.choices[0].text))
        return texts

    helpful = [
        sum(text.startswith("This simulated answer helps.") for text in openings(quality))
        for quality in (0, 0.3, 1)
    ]
    assert (helpful[0], helpful[2]) == (0, 400)
    assert abs(helpful[1] - 120) < 40
    assert all(text.startswith("This simulated answer does not help.") for text in openings(0))


def test_options_of_the_user_take_precedence_over_those_of_the_system_message() -> None:
    messages = [
        {"role": "system", "content": "x-sim-tokens: 3\nx-sim-tag: a"},
        {"role": "user", "content": "hi\nx-sim-tokens: 5"},
    ]
    request = read_chat_request(msgspec.json.encode({"model": "m", "messages": messages}))
    assert request.options == {"x-sim-tokens": "5", "x-sim-tag": "a"}
