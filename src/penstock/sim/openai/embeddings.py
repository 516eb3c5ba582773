"""OpenAI's embeddings format."""

import base64
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest
from penstock.sim.openai.decoding import decode
from penstock.sim.prompts import quarter
from penstock.sim.vectors import embed

_DIMENSIONS: Final = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
_DEFAULT_DIMENSIONS: Final = 256


class EmbeddingsRequest(Struct):
    """The body of `POST /v1/embeddings`: texts, or texts as token numbers."""

    model: Annotated[str, Meta(min_length=1)]
    input: str | list[str | int | list[int]]
    dimensions: Annotated[int, Meta(ge=1, le=8192)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    metadata: dict[str, str] | None = None

    @property
    def texts(self) -> list[str | list[int]]:
        """The texts to embed. A list of numbers is one text."""
        if isinstance(self.input, str):
            return [self.input]
        numbers = [item for item in self.input if isinstance(item, int)]
        return [numbers] if numbers else [item for item in self.input if not isinstance(item, int)]


_embeddings: Final = msgspec.json.Decoder(EmbeddingsRequest)


def read_embeddings(body: bytes) -> EmbeddingsRequest:
    """Decodes an embeddings request. Raises `InvalidRequest` with the field in `param`."""
    request = decode(_embeddings, body, "")
    if not request.texts or not all(request.texts):
        raise InvalidRequest("'input' must not be empty.", param="input")
    return request


def embeddings_document(request: EmbeddingsRequest, seed: int) -> dict[str, Any]:
    """Answers `POST /v1/embeddings` with unit vectors."""
    texts = request.texts
    size = request.dimensions or _DIMENSIONS.get(request.model, _DEFAULT_DIMENSIONS)
    tokens = sum(len(text) if isinstance(text, list) else quarter(len(text)) for text in texts)
    in_base64 = request.encoding_format == "base64"
    vectors = [embed(text, size, seed) for text in texts]
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64.b64encode(v.tobytes()).decode() if in_base64 else v.tolist(),
            }
            for index, v in enumerate(vectors)
        ],
        "model": request.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
