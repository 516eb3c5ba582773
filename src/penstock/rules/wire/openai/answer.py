"""A provider's whole answer: the few facts that the record needs. The bytes pass as they are."""

import re
from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import Usage
from penstock.rules.wire.openai.usage import read_usage, usage_in_tail


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw()
    service_tier: str | None = None


class AnswerFacts(msgspec.Struct, frozen=True):
    """What the record keeps of an answer. `usage` is `None` when the provider did not count."""

    id: str = ""
    model: str = ""
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    service_tier: str = ""


_decoder: Final = msgspec.json.Decoder(_Answer)
_TIER: Final = re.compile(rb'"service_tier"\s*:\s*"([^"\\]+)"')


def read_answer(body: bytes) -> AnswerFacts:
    """`UpstreamFailed` if the body is not JSON; unusual JSON has no facts but is an answer."""
    try:
        found = _decoder.decode(body)
    except msgspec.ValidationError:
        return _unusual(body)
    except (msgspec.DecodeError, RecursionError):
        raise _no_json() from None
    reasons = tuple(choice.finish_reason for choice in found.choices or () if choice.finish_reason)
    return AnswerFacts(
        found.id or "",
        found.model or "",
        reasons,
        read_usage(found.usage),
        found.service_tier or "",
    )


def facts_in_tail(tail: bytes) -> AnswerFacts:
    """What the end of an answer tells that is too large to be kept whole: usage and tier."""
    tiers = _TIER.findall(tail)
    tier = tiers[-1].decode("utf-8", "replace") if tiers else ""
    return AnswerFacts(usage=usage_in_tail(tail), service_tier=tier)


def _unusual(body: bytes) -> AnswerFacts:
    """The usage at least, of JSON that is not shaped as expected."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return _without_facts(body)
    except (msgspec.DecodeError, RecursionError):
        raise _no_json() from None
    return AnswerFacts(usage=read_usage(members.get("usage")))


def _without_facts(body: bytes) -> AnswerFacts:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise _no_json() from None
    return AnswerFacts()


def _no_json() -> UpstreamFailed:
    return UpstreamFailed("The provider's answer is not valid JSON.", code="upstream_malformed")
