"""Counts cached and reasoning tokens by simple rules."""

from typing import Final

from penstock.sim.controls import Controls
from penstock.sim.prompts import SimPrompt, turns_tokens

EFFORTS: Final = {
    "none": 0,
    "minimal": 16,
    "low": 64,
    "medium": 256,
    "high": 1024,
    "xhigh": 2048,
}
_CACHE_FROM: Final = 1024  # OpenAI caches prompts from this length on …
_CACHE_STEP: Final = 128  # … in steps of this many tokens


def cached_tokens(prompt: SimPrompt, controls: Controls) -> int:
    """Counts what a prefix cache would hold: the turns before the last one."""
    if controls.cached_tokens is not None:
        return min(controls.cached_tokens, prompt.tokens)
    cached = turns_tokens(prompt.turns[:-1])
    return cached // _CACHE_STEP * _CACHE_STEP if cached >= _CACHE_FROM else 0


def reasoning_tokens(prompt: SimPrompt, controls: Controls) -> int:
    """Counts reasoning tokens: as the controls or the request want, at most the request's token
    limit."""
    wanted = prompt.reasoning_tokens
    if wanted is not None and controls.reasoning_tokens is not None:
        wanted = controls.reasoning_tokens
    return min(wanted or 0, prompt.limit if prompt.limit is not None else wanted or 0)
