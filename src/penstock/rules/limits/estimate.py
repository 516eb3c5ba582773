"""Estimates a call before it is sent: tokens from its bytes and its output limit, and their cost.

The input is one token for three bytes of text, which is above the count of common tokenizers for
prose, code and JSON in any language. Texts that are mostly digits, rare symbols or random letters
may have up to one token for each byte; then the true count is above the estimate, and the excess is
named. Media are one token for 100 bytes, at least 1,600. The output is the limit in the request,
else the most that the model writes, else 4,096 tokens, for each answer. Images, seconds of audio
and searches have estimates of their own.
"""

from typing import Any, Final, cast

import msgspec

from penstock.rules.call import COUNTS, Operation, Usage, UsageSource
from penstock.rules.formats.form import FORM_START
from penstock.rules.limits.index import nano_usd
from penstock.rules.models.facts import ModelFacts
from penstock.rules.operations import TRAITS
from penstock.rules.prices.charge import MAX_COST, Rates
from penstock.rules.speech import count_characters

TEXT_BYTES: Final = 3  # of one token
MEDIA_BYTES: Final = 100  # of one token
MIN_MEDIA_TOKENS: Final = 1_600
USUAL_OUTPUT_TOKENS: Final = 4_096  # of a model whose limit is unknown
IMAGE_TOKENS: Final = 6_240  # of one image that is made: the most of a usual size
AUDIO_BYTES: Final = 1_000  # of one second: 8 kbit/s, less than usual codecs of speech
SEARCH_TOKENS: Final = 1_000  # of one search; Cohere counts 100 documents
_MAX_NANO: Final = nano_usd(MAX_COST)
_LONG_STRING: Final = 16 * 1024  # bytes; base64 of this size is a medium, not a text
_LOOKED_AT: Final = 4_096  # bytes at the start of a long string that tell text from base64
_MAX_TOKENS: Final = 2**40  # of one estimate
_WRITES_TEXT: Final = frozenset((Operation.CHAT, Operation.TEXT_COMPLETION, Operation.PASS_THROUGH))
_MAKES_IMAGES: Final = frozenset((Operation.IMAGE_GENERATION, Operation.IMAGE_EDIT))
_HEARS: Final = frozenset((Operation.TRANSCRIPTION, Operation.TRANSLATION))
_NUMBERS: Final = (int, float)
_TAKES_FORMS: Final = _MAKES_IMAGES | _HEARS | {Operation.PASS_THROUGH}
_FREE: Final = frozenset(
    (
        *(Operation.COUNT_TOKENS, Operation.MODERATION),
        *(operation for operation, traits in TRAITS.items() if traits.kept),
    )
)


class EstimatedTokens(msgspec.Struct, frozen=True, gc=False):
    """Tokens of a call before it is sent; `images` are a part of the output. `seconds` of audio,
    `searches` and `characters` are what some models are priced by in place of tokens."""

    input: int = 0
    output: int = 0
    images: int = 0
    seconds: int = 0
    searches: int = 0
    characters: int = 0


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
    is_form = body.startswith(FORM_START) and operation in _TAKES_FORMS
    tokens = _form_tokens(body) if is_form else _input_tokens(body)
    if operation not in _WRITES_TEXT:
        return _without_text(body, operation, tokens, facts)
    most = None
    if facts is not None:
        most = facts.output_tokens
        if facts.context_tokens is not None:
            tokens = min(tokens, facts.context_tokens)
    return EstimatedTokens(tokens, _output_tokens(body, most))


def _without_text(
    body: bytes, operation: str, tokens: int, facts: ModelFacts | None
) -> EstimatedTokens:
    """Returns the tokens of an operation whose answer is no text of a model, or one of a sound."""
    if operation in _HEARS:
        return EstimatedTokens(tokens, USUAL_OUTPUT_TOKENS, seconds=-(-len(body) // AUDIO_BYTES))
    if operation in _MAKES_IMAGES:
        made = min(IMAGE_TOKENS * max(_count(_read(body).n), 1), _MAX_TOKENS)
        return EstimatedTokens(tokens, made, images=made)
    if operation == Operation.RERANK:
        return EstimatedTokens(tokens, searches=-(-tokens // SEARCH_TOKENS))
    if facts is not None and facts.context_tokens is not None:
        tokens = min(tokens, facts.context_tokens)
    if operation == Operation.SPEECH:
        return EstimatedTokens(tokens, characters=count_characters(body))
    return EstimatedTokens(tokens)


def estimate_cost(rates: Rates | None, tokens: EstimatedTokens, body: bytes) -> int | None:
    """Returns the highest cost of these tokens in billionths of a dollar; `None`: no price."""
    if rates is None:
        return None
    # `find`: before `in` searches, it tries to read the bytes as a number, which takes longer
    written = body.find(b'"cache') >= 0 and (
        body.find(b'"cache_control"') >= 0 or body.find(b'"cachePoint"') >= 0
    )
    other = tokens.seconds or tokens.searches or tokens.characters or written
    plain = not (tokens.images or other)
    if plain and rates.of_tokens is not None:
        cost = rates.of_tokens.cost(tokens.input, tokens.output)
        if cost <= _MAX_NANO:
            return cost
    if not other:
        return _cost(rates, _usage(tokens))
    usages = [_usage(tokens)]
    if tokens.seconds:
        usages.append(Usage(input_audio_seconds=tokens.seconds))
    if tokens.searches:
        usages.append(Usage(rerank_searches=tokens.searches))
    if tokens.characters:
        usages.append(Usage(input_characters=tokens.characters))
    if written:  # to a cache, for more
        usages.append(_usage(tokens, cache_write_tokens=tokens.input))
        usages.append(
            _usage(tokens, cache_write_tokens=tokens.input, cache_write_1h_tokens=tokens.input)
        )
    costs = [cost for usage in usages if (cost := _cost(rates, usage)) is not None]
    return max(costs, default=None)


def _cost(rates: Rates, usage: Usage) -> int | None:
    """`None` if nothing of the usage has a price."""
    charge = rates.charge(usage)
    if charge is not None:
        return nano_usd(charge.cost)
    least = Usage(**{name: min(getattr(usage, name), 1) for name in COUNTS})
    return None if rates.charge(least) is None else nano_usd(MAX_COST)


def _usage(tokens: EstimatedTokens, **counts: int) -> Usage:
    return Usage(
        tokens.input,
        tokens.output,
        source=UsageSource.ESTIMATED,
        output_image_tokens=tokens.images,
        **counts,
    )


def _form_tokens(body: bytes) -> int:
    """The files are most of a form."""
    return max(MIN_MEDIA_TOKENS, len(body) // MEDIA_BYTES)


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
    request = _read(body)
    wanted = answers = 0
    for limit in (request.max_tokens, request.max_completion_tokens, request.max_output_tokens):
        if limit is not None:
            wanted = max(wanted, _count(limit))
    for number in (request.n, request.best_of):
        if number is not None:
            answers = max(answers, _count(number))
    config = request.generationConfig or request.generation_config
    if isinstance(config, dict):
        gemini = cast("dict[str, Any]", config)
        wanted = max(wanted, _count(_member(gemini, "maxOutputTokens", "max_output_tokens")))
        answers = max(answers, _count(_member(gemini, "candidateCount", "candidate_count")))
    if not wanted:
        wanted = most if most is not None else USUAL_OUTPUT_TOKENS
    elif most is not None and most < wanted:
        wanted = most
    if answers > 1:
        wanted *= answers
    return min(_MAX_TOKENS, wanted)


def _read(body: bytes) -> _Request:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _Request()


def _member(config: dict[str, Any], *names: str) -> Any:
    return next((config[name] for name in names if name in config), None)


def _count(value: Any) -> int:
    """Returns a number that a provider may accept as a limit; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        return 0
    return int(min(max(value, 0), _MAX_TOKENS)) if value == value else 0  # noqa: PLR0124 - not NaN
