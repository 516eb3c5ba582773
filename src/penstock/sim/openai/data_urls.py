"""Checks the URLs of media: data URLs with valid base64 of a known type, or HTTP URLs."""

from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.sim.media_checks import decoded, seen_type

IMAGE_TYPES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")


def check_data_url(place: str, url: str, types: tuple[str, ...] | None) -> None:
    """Checks the URL in the field `place`; for images (`types`) also an HTTP URL is valid. Raises
    `InvalidRequest`."""
    if types is not None and url.startswith(("https://", "http://")):
        return
    head, comma, data = url.partition(",")
    kind = head.removeprefix("data:").removesuffix(";base64")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise InvalidRequest(
            f"Invalid '{place}'. Expected a valid URL, but got a value with an invalid format.",
            code="invalid_value",
            param=place,
        )
    content = decoded(data)
    if content is None:
        raise InvalidRequest(
            f"Invalid '{place}'. Expected a base64-encoded data URL.",
            code="invalid_value",
            param=place,
        )
    seen = seen_type(content)
    if types is not None and (kind not in types or (seen and seen != kind)):
        raise InvalidRequest(
            f"Invalid '{place}'. Expected a base64-encoded data URL with an image MIME type "
            f"(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got unsupported MIME type "
            f"'{seen or kind}'.",
            code="invalid_value",
            param=place,
        )
