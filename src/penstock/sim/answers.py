"""Decides the answer to a prompt: reasoning, text, a JSON document or tool calls, in tokens.

Pure and deterministic: the same seed and request give the same answer, streamed or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.sim.controls import Controls
from penstock.sim.counting import cached_tokens, reasoning_tokens
from penstock.sim.documents import make_document
from penstock.sim.mentions import Mentions
from penstock.sim.prompts import STEP, SimPrompt, SimTool
from penstock.sim.prose import tokenize, write
from penstock.sim.seeded_random import SeededRandom, digest
from penstock.sim.steps import SimStep, find_step

SimFinish: TypeAlias = Literal["stop", "stop_sequence", "length", "tool_calls"]

_BLOCK: Final = 16 * 1024  # bytes per piece of a huge answer
_LINE: Final = "The river does not stop for the reader. "
_ANY_OBJECT: Final = {"type": "object", "properties": {"answer": {"type": "string"}}}


@dataclass(frozen=True, slots=True)
class SimToolCall:
    """One tool call. `key` makes its id; `arguments` is JSON text, split into tokens. `document`
    is the same decoded, or None if the token limit cut it."""

    key: str
    name: str
    arguments: Sequence[str]
    document: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers. Each piece of text counts `piece_tokens` tokens: 1, except in a huge
    answer. `reasoning` is the text of the reasoning tokens, if the request wants to see it."""

    text: Sequence[str] = ()
    tool_calls: Sequence[SimToolCall] = ()
    finish: SimFinish = "stop"
    stop_sequence: str | None = None
    reasoning_tokens: int = 0
    reasoning: Sequence[str] = ()
    piece_tokens: int = 1

    @property
    def huge(self) -> bool:
        """True if the text repeats one large piece."""
        return self.piece_tokens > 1 and len(self.text) > 0

    @property
    def tokens(self) -> int:
        """The number of tokens of the choice, including reasoning."""
        pieces = len(self.text) * self.piece_tokens
        return self.reasoning_tokens + pieces + sum(len(c.arguments) for c in self.tool_calls)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `key` makes its id; `prompt_tokens` includes `cached_tokens`."""

    key: str
    model: str
    choices: Sequence[Choice]
    prompt_tokens: int
    cached_tokens: int

    @property
    def completion_tokens(self) -> int:
        return sum(choice.tokens for choice in self.choices)

    @property
    def reasoning_tokens(self) -> int:
        return sum(choice.reasoning_tokens for choice in self.choices)


def decide(prompt: SimPrompt, controls: Controls) -> Answer:
    """Answers a prompt. Raises `InvalidRequest` if no document satisfies its schemas."""
    key = prompt.key(controls.seed)
    choices = [_choice(prompt, controls, SeededRandom(key, i)) for i in range(prompt.choices)]
    if reasoning := reasoning_tokens(prompt, controls):
        shown = reasoning if prompt.shows_reasoning else 0
        thought = write(SeededRandom(key, "reasoning"), shown)
        choices = [replace(c, reasoning_tokens=reasoning, reasoning=thought) for c in choices]
    return Answer(
        key=key.hex(),
        model=prompt.model,
        choices=choices,
        prompt_tokens=prompt.tokens,
        cached_tokens=cached_tokens(prompt, controls),
    )


def _choice(prompt: SimPrompt, controls: Controls, rng: SeededRandom) -> Choice:
    """Builds one choice, cut at the request's limit. Reasoning tokens count first."""
    if step := _step(prompt):
        choice = _prescribed(step, prompt, rng)
    elif calls := _tool_calls(prompt, controls, rng):
        choice = Choice(tool_calls=calls, finish="tool_calls")
    elif controls.megabytes:
        choice = _huge(controls.megabytes)
    else:
        choice = _text(prompt, controls, rng)
    if prompt.limit is None:
        return choice
    return _truncate(choice, prompt.limit - reasoning_tokens(prompt, controls))


def _step(prompt: SimPrompt) -> SimStep | None:
    """The step that the prompt prescribes, unless the request wants another kind of answer."""
    if prompt.schema is not None or (step := find_step(prompt.turns)) is None:
        return None
    return step if not step.calls or (prompt.tools and prompt.tool_use != "none") else None


def _prescribed(step: SimStep, prompt: SimPrompt, rng: SeededRandom) -> Choice:
    if not step.calls:
        return Choice(text=tokenize(step.text))
    names = [tool.name for tool in prompt.tools]
    for call in step.calls:
        if call.name not in names:
            raise InvalidRequest(
                f"A step calls {call.name!r}, but the tools are {', '.join(names)}.",
                code="invalid_simulation",
                param=STEP,
            )
    calls = [
        SimToolCall(_call_key(rng), each.name, _pieces(each.arguments), each.arguments)
        for each in step.calls
    ]
    return Choice(tool_calls=calls, finish="tool_calls")


def _call_key(rng: SeededRandom) -> str:
    return digest(rng.below(1 << 62)).hex()[:24]


def _truncate(choice: Choice, limit: int) -> Choice:
    """Keeps at most `limit` tokens. If it removes any, the choice finishes by `length`."""
    if choice.tokens <= limit:
        return choice
    calls: list[SimToolCall] = []
    for call in choice.tool_calls:
        if limit > 0:
            whole = len(call.arguments) <= limit
            cut = replace(call, arguments=call.arguments[:limit], document=None)
            calls.append(call if whole else cut)
            limit -= len(call.arguments)
    text = choice.text[: max(limit, 0) // choice.piece_tokens]
    return replace(choice, text=text, tool_calls=calls, finish="length", stop_sequence=None)


def _tool_calls(
    prompt: SimPrompt, controls: Controls, rng: SeededRandom
) -> tuple[SimToolCall, ...]:
    """Calls a tool if the request requires it, or allows it and the last turn is not a result.
    Prefers a tool that the question names."""
    if not prompt.tools or prompt.tool_use == "none":
        return ()
    if prompt.tool_use == "auto" and prompt.has_results:
        return ()
    mentions = Mentions(prompt.question)
    named = [tool for tool in prompt.tools if mentions.has_word(tool.name)]
    count = controls.tool_calls if prompt.parallel_calls else min(controls.tool_calls, 1)
    return tuple(_call(rng.pick(named or prompt.tools), mentions, rng) for _ in range(count))


def _call(tool: SimTool, mentions: Mentions, rng: SeededRandom) -> SimToolCall:
    key = _call_key(rng)
    document = make_document({"type": "object", **tool.schema}, rng, mentions)
    return SimToolCall(key, tool.name, _pieces(document), document)


def _text(prompt: SimPrompt, controls: Controls, rng: SeededRandom) -> Choice:
    if prompt.schema is not None:
        mentions = Mentions(prompt.question)
        schema = prompt.schema or _object_of(mentions.field_names())
        return Choice(text=_pieces(make_document(schema, rng, mentions)))
    tokens = write(rng, controls.tokens, controls.quality)
    return _stopped(tokens, prompt.stops) if prompt.stops else Choice(text=tokens)


def _object_of(names: Sequence[str]) -> Mapping[str, Any]:
    """The schema of an object with these fields, or with the field `answer`."""
    properties = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": properties} if names else _ANY_OBJECT


def _pieces(document: Any) -> list[str]:
    """A JSON document in tokens of four characters."""
    text = msgspec.json.encode(document).decode()
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def _stopped(tokens: list[str], stops: Sequence[str]) -> Choice:
    """The tokens before the first stop sequence. The last token may be cut."""
    text = "".join(tokens)
    found = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    if not found:
        return Choice(text=tokens)
    left, stop = min(found)
    kept: list[str] = []
    for token in tokens:
        if left <= 0:
            break
        kept.append(token[:left])
        left -= len(token)
    return Choice(text=kept, finish="stop_sequence", stop_sequence=stop)


def _huge(megabytes: float) -> Choice:
    block = (_LINE * (_BLOCK // len(_LINE) + 1))[:_BLOCK]
    count = max(1, round(megabytes * 1024 * 1024 / _BLOCK))
    return Choice(text=[block] * count, piece_tokens=_BLOCK // 4)
