"""Counts prompt, cached and reasoning tokens by simple rules."""

from collections.abc import Sequence
from typing import Final

from penstock.sim.controls import Controls
from penstock.sim.requests import Chat, ChatMessage, ChatRequest

_REASONING: Final = {
    "none": 0,
    "minimal": 16,
    "low": 64,
    "medium": 256,
    "high": 1024,
    "xhigh": 2048,
}
_REASONERS: Final = ("sim-reasoner", "o1", "o3", "o4", "gpt-5")
_CACHE_FROM: Final = 1024  # OpenAI caches prompts from this length on …
_CACHE_STEP: Final = 128  # … in steps of this many tokens
_MEDIA_TOKENS: Final = 85  # an image or audio part: as many as OpenAI's smallest image


def prompt_tokens(chat: Chat) -> int:
    """Counts 3, plus 4 per message, plus 1 per 4 characters (rounded up) of text and tools."""
    tools = _quarter(len(chat.request.tools)) if chat.tools else 0
    return _messages_tokens(chat.messages) + tools


def cached_tokens(chat: Chat, controls: Controls) -> int:
    """Counts what a prefix cache would hold: the messages before the last one."""
    if controls.cached_tokens is not None:
        return min(controls.cached_tokens, prompt_tokens(chat))
    cached = _messages_tokens(chat.messages[:-1])
    return cached // _CACHE_STEP * _CACHE_STEP if cached >= _CACHE_FROM else 0


def reasoning_tokens(request: ChatRequest, controls: Controls) -> int:
    """Counts reasoning tokens: as requested, by `reasoning_effort`, or by the model; at most the
    request's token limit."""
    if controls.reasoning_tokens is not None:
        wanted = controls.reasoning_tokens
    elif request.reasoning_effort is not None:
        wanted = _REASONING[request.reasoning_effort]
    else:
        wanted = _REASONING["medium"] if request.model.startswith(_REASONERS) else 0
    return wanted if request.limit is None else min(wanted, request.limit)


def _messages_tokens(messages: Sequence[ChatMessage]) -> int:
    return 3 + sum(4 + _message_tokens(message) for message in messages)


def _message_tokens(message: ChatMessage) -> int:
    calls = _quarter(len(message.tool_calls))
    if isinstance(message.content, str):
        return calls + _quarter(len(message.content))
    parts = message.content or ()
    return calls + sum(_quarter(len(p.text)) if p.type == "text" else _MEDIA_TOKENS for p in parts)


def _quarter(characters: int) -> int:
    return (characters + 3) // 4
