"""OpenAI's images: made from a prompt, or from other images in a form; whole and as a stream."""

import base64
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.controls import Controls
from penstock.sim.json_documents import document_script
from penstock.sim.media_checks import seen_type
from penstock.sim.multipart import SimFile, read_sim_form
from penstock.sim.openai.decoding import convert, decode
from penstock.sim.openai.typed_events import typed_event, typed_stream
from penstock.sim.pictures import png
from penstock.sim.prompts import PromptTurn, SimPrompt
from penstock.sim.script import Script
from penstock.sim.seeded_random import digest
from penstock.sim.vendor import SimRequest

_TOKENS: Final = {"low": 272, "medium": 1056, "high": 4160, "xhigh": 6240, "max": 8320}
_IMAGE_TOKENS: Final = 323  # of an image in the request
_MIB: Final = 1024 * 1024


class ImageRequest(Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/images/generations`, and the fields of `/v1/images/edits`."""

    prompt: Annotated[str, Meta(min_length=1, max_length=32_000)]
    model: Annotated[str, Meta(min_length=1)]
    background: Literal["transparent", "opaque", "auto"] | None = None
    input_fidelity: Literal["high", "low"] | None = None
    moderation: Literal["low", "auto"] | None = None
    n: Annotated[int, Meta(ge=1, le=10)] | None = None
    output_compression: Annotated[int, Meta(ge=0, le=100)] | None = None
    output_format: Literal["png"] | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] | None = None
    safety_identifier: str | None = None
    size: Annotated[str, Meta(pattern=r"^(auto|\d{2,4}x\d{2,4})$")] | None = None
    stream: bool | None = None
    user: str | None = None


class _Images:
    """One request with the images that it gives. `kind` is the begin of the types of its events."""

    def __init__(self, request: ImageRequest, kind: str, given: list[SimFile]) -> None:
        self.request = request
        self.kind = kind
        self.given = len(given)
        turns = [PromptTurn("user", (request.prompt,))]
        files = [file.data for file in given]
        self.prompt = SimPrompt(request.model, (request.model, request.prompt, *files), turns)
        quality = request.quality if request.quality in _TOKENS else "medium"
        self.common = {
            "background": "opaque",
            "output_format": "png",
            "quality": quality,
            "size": "1024x1024" if request.size in (None, "auto") else request.size,
        }
        self.tokens = _TOKENS[quality or "medium"]

    def usage(self, count: int) -> dict[str, Any]:
        text, images = self.prompt.tokens, self.given * _IMAGE_TOKENS
        output = self.tokens * count
        return {
            "input_tokens": text + images,
            "input_tokens_details": {"text_tokens": text, "image_tokens": images},
            "output_tokens": output,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
            "total_tokens": text + images + output,
        }

    def picture(self, controls: Controls, number: int) -> str:
        key = digest(self.prompt.key(controls.seed), number)
        return base64.b64encode(png(key, int(controls.megabytes * _MIB))).decode()


_decoder: Final = msgspec.json.Decoder(ImageRequest)


def read_image_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/images/generations`. Raises `InvalidRequest`."""
    request = decode(_decoder, body, "")
    if request.input_fidelity is not None:
        raise InvalidRequest("Unknown parameter: 'input_fidelity'.", param="input_fidelity")
    return _request(_Images(request, "image_generation", []))


def read_image_edit(content_type: str, body: bytes) -> SimRequest:
    """Decodes the form of `POST /v1/images/edits`. Raises `InvalidRequest`."""
    form = read_sim_form(content_type, body)
    if unknown := set(form.files) - {"image", "mask"} or set(form.lists):
        raise InvalidRequest(f"Unknown parameter: '{min(unknown)}'.", param=min(unknown))
    images = form.files.get("image", [])
    if not images:
        raise InvalidRequest("Missing required parameter: 'image'.", param="image")
    for file in [*images, *form.files.get("mask", [])]:
        if seen_type(file.data) not in ("image/png", "image/jpeg", "image/webp"):
            raise InvalidRequest(
                f"Invalid file '{file.filename}': unsupported mimetype ('{file.content_type}').",
                code="unsupported_file_mimetype",
                param="image",
            )
    request = convert(ImageRequest, form.fields, "", strict=False)
    return _request(_Images(request, "image_edit", images))


def _request(images: _Images) -> SimRequest:
    request = images.request
    if request.partial_images and not request.stream:
        raise InvalidRequest("'partial_images' needs 'stream'.", param="partial_images")
    stream = bool(request.stream)
    answer = partial(_events if stream else _document, images)
    return SimRequest(request.model, stream, images.prompt.controls(), answer)


def _document(images: _Images, controls: Controls, created: int) -> tuple[str, Script]:
    count = images.request.n or 1
    data = [{"b64_json": images.picture(controls, number)} for number in range(count)]
    usage = images.usage(count)
    return "", document_script({"created": created, **images.common, "data": data, "usage": usage})


def _events(images: _Images, controls: Controls, created: int) -> tuple[str, Script]:
    partials = [
        typed_event(
            {
                "type": f"{images.kind}.partial_image",
                "b64_json": images.picture(controls, number),
                "created_at": created,
                "partial_image_index": number,
                **images.common,
            },
            images.tokens // 4,
        )
        for number in range(images.request.partial_images or 0)
    ]
    last = typed_event(
        {
            "type": f"{images.kind}.completed",
            "b64_json": images.picture(controls, 0),
            "created_at": created,
            **images.common,
            "usage": images.usage(1),
        },
        images.tokens - images.tokens // 4 * len(partials),
    )
    return "", typed_stream((*partials, last))
