"""A provider's whole answer: the few facts that the record needs. The bytes pass as they are."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import Usage
from penstock.rules.wire.json_text import decode_json, decode_whole_json
from penstock.rules.wire.openai.usage import read_usage, usage_in_tail

# Bounds of what a record keeps of an answer beside its text. Longer facts are cut.
MAX_NAME_CHARS: Final = 256  # of the answer's id and model
MAX_REASON_CHARS: Final = 64  # of a finish reason, a role, a service tier
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


class AnswerFacts(msgspec.Struct, frozen=True):
    """What the record keeps of an answer. `usage` is `None` when the provider did not count.
    `reports_error`: it has an `error` member although it came as a good answer."""

    id: str = ""
    model: str = ""
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    service_tier: str = ""
    reports_error: bool = False


_decoder: Final = msgspec.json.Decoder(_Answer)
_members_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any_decoder: Final = msgspec.json.Decoder()
_TIER: Final = re.compile(rb'"service_tier"\s*:\s*"([^"\\]{1,64})"')


def read_answer(body: bytes) -> AnswerFacts:
    """`UpstreamFailed` if the body is not JSON; unusual JSON has no facts but is an answer."""
    try:
        found = decode_whole_json(_decoder, body)
    except msgspec.ValidationError:
        return _unusual(body)
    except msgspec.DecodeError:
        raise _no_json() from None
    return bounded_facts(
        found.id,
        found.model,
        [choice.finish_reason for choice in found.choices[:MAX_CHOICES]] if found.choices else (),
        read_usage(found.usage),
        found.service_tier,
        reports_error=bool(found.error),
    )


def bounded_facts(
    id_: str | None,
    model: str | None,
    reasons: Iterable[str | None],
    usage: Usage | None,
    tier: str | None,
    *,
    reports_error: bool = False,
) -> AnswerFacts:
    """Facts of a bounded size, whatever the provider sent."""
    return AnswerFacts(
        (id_ or "")[:MAX_NAME_CHARS],
        (model or "")[:MAX_NAME_CHARS],
        tuple([reason[:MAX_REASON_CHARS] for reason in reasons if reason]),
        usage,
        (tier or "")[:MAX_REASON_CHARS],
        reports_error,
    )


def facts_in_tail(tail: bytes) -> AnswerFacts:
    """What the end of an answer tells that is too large to be kept whole: usage and tier."""
    tiers = _TIER.findall(tail)
    tier = tiers[-1].decode("utf-8", "replace") if tiers else ""
    return AnswerFacts(usage=usage_in_tail(tail), service_tier=tier)


def _unusual(body: bytes) -> AnswerFacts:
    """The usage at least, of JSON that is not shaped as expected."""
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
