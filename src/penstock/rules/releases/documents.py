"""The document of a release. Parts that are absent take no part in its content hash, so that parts
that are added later change no old hash.
"""

from typing import Any

from penstock.kernel.digests import content_hash
from penstock.rules.document import Document


class Release(Document, frozen=True):
    """A bundle. `model` is a route, `provider/model`, or a plain id. `prompt` is the content hash
    of a version; its tools, schema and parameters apply where the release has none of its own.
    `steps` are the releases of the steps of a chain, by name: their content hashes."""

    model: str = ""
    prompt: str = ""
    parameters: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each release
    tools: tuple[dict[str, Any], ...] = ()
    response_schema: dict[str, Any] | None = None
    steps: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each release

    def digest(self) -> str:
        """Returns the content hash."""
        return content_hash(self)
