"""OpenAI's moderations: a category is flagged if the text contains its name."""

from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.controls import Controls
from penstock.sim.json_documents import document_script
from penstock.sim.openai.chat_requests import ImageUrl
from penstock.sim.openai.data_urls import IMAGE_TYPES, check_data_url
from penstock.sim.openai.decoding import decode
from penstock.sim.prompts import PromptTurn, SimPrompt
from penstock.sim.script import Script
from penstock.sim.seeded_random import SeededRandom
from penstock.sim.vendor import SimRequest

_CATEGORIES: Final = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit"),
    *("illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent", "sexual"),
    *("sexual/minors", "violence", "violence/graphic"),
)
_OF_IMAGES: Final = ("self-harm", "sexual", "violence")


class ModeratedPart(Struct, forbid_unknown_fields=True):
    type: Literal["text", "image_url"]
    text: str = ""
    image_url: ImageUrl | None = None


class ModerationRequest(Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/moderations`: texts, or the parts of one input."""

    input: str | list[str | ModeratedPart]
    model: Annotated[str, Meta(min_length=1)] = "omni-moderation-latest"


_decoder: Final = msgspec.json.Decoder(ModerationRequest)


def read_moderation_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/moderations`. Raises `InvalidRequest`."""
    request = decode(_decoder, body, "")
    if not request.input:
        raise InvalidRequest("'input' must not be empty.", param="input")
    given = [request.input] if isinstance(request.input, str) else request.input
    for index, part in enumerate(given):
        if isinstance(part, ModeratedPart) and part.image_url is not None:
            check_data_url(f"input[{index}].image_url", part.image_url.url, IMAGE_TYPES)
    texts = [part for part in given if isinstance(part, str)]
    parts = [part for part in given if isinstance(part, ModeratedPart)]
    inputs = [(text, False) for text in texts]
    if parts:
        text = " ".join(part.text for part in parts)
        inputs.append((text, any(part.image_url is not None for part in parts)))
    words = [text for text, _ in inputs]
    turns = [PromptTurn("user", words)]
    prompt = SimPrompt(request.model, (request.model, *words), turns)
    answer = partial(_answer, prompt, inputs)
    return SimRequest(request.model, stream=False, options=prompt.controls(), answer=answer)


def _answer(
    prompt: SimPrompt, inputs: list[tuple[str, bool]], controls: Controls, _created: int
) -> tuple[str, Script]:
    name = f"modr-{prompt.key(controls.seed).hex()[:24]}"
    results = [_result(text, controls.seed, image=image) for text, image in inputs]
    return name, document_script({"id": name, "model": prompt.model, "results": results})


def _result(text: str, seed: int | None, *, image: bool) -> dict[str, Any]:
    rng = SeededRandom(str(seed), text)
    lower = text.lower()
    flags = {name: name.split("/")[-1] in lower for name in _CATEGORIES}
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": {
            name: (0.9 if flag else 0.0) + rng.fraction() / 10 for name, flag in flags.items()
        },
        "category_applied_input_types": {
            name: ["text", *(["image"] if image and name in _OF_IMAGES else [])] for name in flags
        },
    }
