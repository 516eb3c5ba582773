"""What the facts of a model rule out for certain, so that the provider is not asked.

Only what its vendor's own API serves is judged, and only by facts that are known. Documents are
never ruled out: a provider may read their text.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Self

from penstock.kernel.errors import InvalidRequest
from penstock.rules.models.facts import FactSource, KnownFacts, Modality, ModelFacts
from penstock.rules.neutral.conversation import (
    Conversation,
    Media,
    MediaKind,
    Message,
    Part,
    ToolResult,
)

_MEDIA: Final = {
    MediaKind.IMAGE: Modality.IMAGE,
    MediaKind.AUDIO: Modality.AUDIO,
    MediaKind.VIDEO: Modality.VIDEO,
}
# Ends of member names and types: without one of them no dialect's request has media or tools.
_MEDIA_MARKERS: Final = (b'ata"', b'_url"', b'image"')  # data, inlineData, image_url, input_image
_TOOLS_MARKER: Final = b'tools"'
_OUTPUT: Final = b'"max'
_MEDIA_EDGE: Final = 8192  # bytes at both ends of a body, where media are looked for
_EDGE: Final = 2048  # bytes at both ends of a body, where clients write the limit
_OUTPUT_LIMIT: Final = re.compile(
    rb'"max(?:_completion|_output|Output)?_?[Tt]okens"\s*+:\s*+(\d{1,19})'
)


class ModelLimits(NamedTuple):
    """The limits of a model. `media` it does not read; `output_tokens` is the most that its API
    accepts as a limit, `None` if that is not certain; `by` is the source of the facts."""

    media: frozenset[MediaKind]
    no_tools: bool
    output_tokens: int | None
    by: FactSource

    @classmethod
    def of(cls, known: KnownFacts | None) -> Self | None:
        """Returns the limits; `None` if nothing is ruled out."""
        if known is None or not known.by_vendor or not known.model.sources:
            return None
        facts = known.model
        output = facts.output_tokens if known.vendor.rejects_larger_output else None
        limits = cls(_unread(facts), facts.tools is False, output, facts.sources[0])
        return limits if limits.media or limits.no_tools or output is not None else None

    def may_concern(self, body: bytes) -> bool:
        """Returns whether a request may break a limit, by a quick search of its bytes.

        It overlooks what is expensive to find in a large body: audio and video for a model that
        reads images, and what is in the middle. The provider rejects them itself.
        """
        if self.output_tokens is not None and _larger_limit(body, self.output_tokens):
            return True
        if self.no_tools and _TOOLS_MARKER in body:
            return True
        blind = MediaKind.IMAGE in self.media
        if not blind:
            return False
        if len(body) > 2 * _MEDIA_EDGE:
            body = body[:_MEDIA_EDGE] + body[-_MEDIA_EDGE:]
        return any(marker in body for marker in _MEDIA_MARKERS)

    def require(self, conversation: Conversation, model: str) -> None:
        """Raises `InvalidRequest` if the model certainly cannot serve the request."""
        if self.no_tools and conversation.tools:
            raise self._impossible(f"{model} cannot call tools.", "tools")
        if self.media:
            for kind in _media_of(conversation.messages):
                if kind in self.media:
                    raise self._impossible(f"{model} cannot read {_PLURALS[kind]}.", "messages")
        wanted, most = conversation.max_output_tokens, self.output_tokens
        if wanted is not None and most is not None and wanted > most:
            message = f"{model} writes at most {most} tokens; the request allows {wanted}."
            raise self._impossible(message, "max_tokens")

    def _impossible(self, message: str, param: str) -> InvalidRequest:
        return InvalidRequest(
            message,
            hint="`GET /v1/models` lists what each model can do. "
            f"Source of this fact: {self.by.url} ({self.by.date.isoformat()}).",
            code="unsupported_by_model",
            param=param,
        )


_PLURALS: Final = {
    MediaKind.IMAGE: "images",
    MediaKind.AUDIO: "audio",
    MediaKind.VIDEO: "video",
    MediaKind.DOCUMENT: "documents",
}


def _unread(facts: ModelFacts) -> frozenset[MediaKind]:
    if not facts.inputs:
        return frozenset()
    return frozenset(kind for kind, modality in _MEDIA.items() if modality not in facts.inputs)


def _media_of(messages: Iterable[Message]) -> Iterator[MediaKind]:
    for message in messages:
        yield from _kinds(message.parts)


def _kinds(parts: Iterable[Part]) -> Iterator[MediaKind]:
    for part in parts:
        if isinstance(part, Media):
            yield part.kind
        elif isinstance(part, ToolResult):
            yield from _kinds(part.parts)


def _larger_limit(body: bytes, most: int) -> bool:
    """Returns whether a member like `max_tokens` at an end of the body has a number above
    `most`."""
    if len(body) > 2 * _EDGE:
        return _larger_limit(body[:_EDGE], most) or _larger_limit(body[-_EDGE:], most)
    at = body.find(_OUTPUT)
    while at >= 0:
        found = _OUTPUT_LIMIT.match(body, at)
        if found is not None and int(found[1]) > most:
            return True
        at = body.find(_OUTPUT, at + 1)
    return False
