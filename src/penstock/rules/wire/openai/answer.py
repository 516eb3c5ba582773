"""A provider's whole answer: the few facts that the record needs. The bytes pass as they are."""

from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import Usage
from penstock.rules.wire.openai.usage import read_usage


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


def read_answer(body: bytes) -> AnswerFacts:
    """`UpstreamFailed` if the body is not JSON; unusual JSON has no facts but is an answer."""
    try:
        found = _decoder.decode(body)
    except msgspec.ValidationError:
        return AnswerFacts()
    except (msgspec.DecodeError, RecursionError):
        raise UpstreamFailed(
            "The provider's answer is not valid JSON.", code="upstream_malformed"
        ) from None
    reasons = tuple(choice.finish_reason for choice in found.choices or () if choice.finish_reason)
    return AnswerFacts(
        found.id or "",
        found.model or "",
        reasons,
        read_usage(found.usage),
        found.service_tier or "",
    )
