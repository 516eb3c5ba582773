"""Estimates a call before it is sent: tokens from its bytes and its output limit, and their cost.

The input is one token for three bytes of text, which is above the count of common tokenizers for
prose, code and JSON in any language. Texts that are mostly digits, rare symbols or random letters
may have up to one token for each byte; then the true count is above the estimate, and the excess is
named. Media are one token for 100 bytes, at least 1,600. The output is the limit in the request,
else the most that the model writes, else 4,096 tokens, for each answer.
"""

from typing import Any, Final, NamedTuple

import msgspec

from penstock.rules.call import Operation, Usage, UsageSource
from penstock.rules.limit_index import nano_usd
from penstock.rules.model_facts import ModelFacts
from penstock.rules.price_charge import MAX_COST, Rates

TEXT_BYTES: Final = 3  # of one token
MEDIA_BYTES: Final = 100  # of one token
MIN_MEDIA_TOKENS: Final = 1_600
USUAL_OUTPUT_TOKENS: Final = 4_096  # of a model whose limit is unknown
_LONG_STRING: Final = 16 * 1024  # bytes; base64 of this size is a medium, not a text
_LOOKED_AT: Final = 4_096  # bytes at the start of a long string that tell text from base64
_MAX_TOKENS: Final = 2**40  # of one estimate
_WRITES_TEXT: Final = frozenset((Operation.CHAT, Operation.TEXT_COMPLETION, Operation.PASS_THROUGH))
_FREE: Final = frozenset((Operation.COUNT_TOKENS, Operation.MODERATION))


class EstimatedTokens(NamedTuple):
    """Tokens of a call before it is sent."""

    input: int = 0
    output: int = 0


class _Request(msgspec.Struct):
    """The members that limit the output, of all dialects. Of any type: the provider judges them."""

    max_tokens: Any = None
    max_completion_tokens: Any = None
    max_output_tokens: Any = None
    n: Any = None
    best_of: Any = None
    service_tier: Any = None
    generationConfig: Any = None  # noqa: N815 - the name on the wire
    generation_config: Any = None


_decoder: Final = msgspec.json.Decoder(_Request)


def estimate_tokens(
    body: bytes, operation: str, facts: ModelFacts | None = None
) -> EstimatedTokens:
    """Returns the tokens of a request to a model with these `facts`."""
    if operation in _FREE:
        return EstimatedTokens()
    tokens = _input_tokens(body)
    if facts is not None and facts.context_tokens is not None:
        tokens = min(tokens, facts.context_tokens)
    if operation not in _WRITES_TEXT:
        return EstimatedTokens(tokens)
    return EstimatedTokens(tokens, _output_tokens(body, facts.output_tokens if facts else None))


def estimate_cost(rates: Rates | None, tokens: EstimatedTokens, body: bytes) -> int | None:
    """Returns the highest cost of these tokens in billionths of a dollar; `None`: no price."""
    if rates is None:
        return None
    usages = [_usage(tokens)]
    if b'"cache_control"' in body or b'"cachePoint"' in body:  # written to a cache, for more
        usages.append(_usage(tokens, cache_write_tokens=tokens.input))
        usages.append(
            _usage(tokens, cache_write_tokens=tokens.input, cache_write_1h_tokens=tokens.input)
        )
    charges = [rates.charge(usage) for usage in usages]
    return max(nano_usd(each.cost if each is not None else MAX_COST) for each in charges)


def _usage(tokens: EstimatedTokens, **counts: int) -> Usage:
    return Usage(tokens.input, tokens.output, source=UsageSource.ESTIMATED, **counts)


def _input_tokens(body: bytes) -> int:
    text, media = len(body), 0
    if text > _LONG_STRING:
        for piece in body.split(b'"'):
            size = len(piece)
            if size >= _LONG_STRING and _is_base64(piece[:_LOOKED_AT]):
                text -= size
                media += max(MIN_MEDIA_TOKENS, size // MEDIA_BYTES)
    return -(-text // TEXT_BYTES) + media


def _is_base64(start: bytes) -> bool:
    return start.isascii() and b" " not in start and b"\\" not in start


def _output_tokens(body: bytes, most: int | None) -> int:
    try:
        request = _decoder.decode(body)
    except (msgspec.DecodeError, ValueError):
        request = _Request()
    config = request.generationConfig or request.generation_config
    gemini: dict[str, Any] = config if isinstance(config, dict) else {}  # pyright: ignore[reportUnknownVariableType] - decoded JSON
    limits = (
        request.max_tokens,
        request.max_completion_tokens,
        request.max_output_tokens,
        _member(gemini, "maxOutputTokens", "max_output_tokens"),
    )
    wanted = max((_count(each) for each in limits), default=0)
    if not wanted:
        wanted = most if most is not None else USUAL_OUTPUT_TOKENS
    elif most is not None:
        wanted = min(wanted, most)
    answers = max(_count(request.n), _count(request.best_of), 1)
    answers = max(answers, _count(_member(gemini, "candidateCount", "candidate_count")))
    return min(wanted * answers, _MAX_TOKENS)


def _member(config: Any, *names: str) -> Any:
    return next((config[name] for name in names if name in config), None)


def _count(value: Any) -> int:
    """Returns a number that a provider may accept as a limit; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(min(max(value, 0), _MAX_TOKENS)) if value == value else 0  # noqa: PLR0124 - not NaN
