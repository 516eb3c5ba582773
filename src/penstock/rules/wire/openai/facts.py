"""Reads the facts that a record needs from a provider's whole answer."""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json, decode_whole_json
from penstock.rules.neutral.answer import AnswerFacts, bounded_facts
from penstock.rules.wire.openai.usage import read_usage, usage_in_tail

MAX_CHOICES: Final = 128  # OpenAI's own limit of `n`; further choices pass but are not recorded


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    service_tier: str | None = None
    system_fingerprint: Any = None  # of any type: some servers send no text


_decoder: Final = msgspec.json.Decoder(_Answer)
_members_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any_decoder: Final = msgspec.json.Decoder()
_finish_reason: Final[Callable[[_Choice], str | None]] = attrgetter("finish_reason")
_TIER: Final = re.compile(rb'"service_tier"\s*:\s*"([^"\\]{1,64})"')


def read_answer(body: bytes) -> AnswerFacts:
    """Reads the facts of a whole answer; JSON of another shape has none. Raises `UpstreamFailed` if
    the body is not JSON."""
    try:
        found = decode_whole_json(_decoder, body)
    except msgspec.ValidationError:
        return _unusual(body)
    except msgspec.DecodeError:
        raise _no_json() from None
    return bounded_facts(
        found.id,
        found.model,
        map(_finish_reason, found.choices[:MAX_CHOICES]) if found.choices else (),
        read_usage(found.usage),
        found.service_tier,
        reports_error=bool(found.error),
        fingerprint=text_of(found.system_fingerprint),
    )


def text_of(value: Any) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def facts_in_tail(tail: bytes) -> AnswerFacts:
    """Reads usage and tier from the end of an answer that is too large to keep whole."""
    tiers = _TIER.findall(tail)
    tier = tiers[-1].decode("utf-8", "replace") if tiers else ""
    return AnswerFacts(usage=usage_in_tail(tail), service_tier=tier)


def _unusual(body: bytes) -> AnswerFacts:
    """Reads at least the usage of JSON with another shape."""
    try:
        members = decode_json(_members_decoder, body)
    except msgspec.ValidationError:
        return _without_facts(body)
    except msgspec.DecodeError:
        raise _no_json() from None
    return AnswerFacts(usage=read_usage(members.get("usage")), reports_error="error" in members)


def _without_facts(body: bytes) -> AnswerFacts:
    try:
        decode_json(_any_decoder, body)
    except msgspec.DecodeError:
        raise _no_json() from None
    return AnswerFacts()


def _no_json() -> UpstreamFailed:
    return UpstreamFailed("The provider's answer is not valid JSON.", code="upstream_malformed")
