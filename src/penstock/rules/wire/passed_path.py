"""Paths of a provider's API that a caller names, wholly or in part."""

import re
from typing import Final
from urllib.parse import quote

from penstock.kernel.errors import InvalidRequest

# Dots and slashes, also percent-encoded: a path must not leave the base URL.
_LEAVING: Final = re.compile(r"(?:^|/|%2f)(?:\.|%2e){1,2}(?:$|/|%2f)|//|\\\\|%5c", re.IGNORECASE)


def passed_url(base_url: str, path: str, query: str) -> str:
    """Joins base URL and path. A version that both have (`/v1`) is written once, because SDKs put
    it into the path. Raises `InvalidRequest` for a path that would leave the base URL."""
    if _LEAVING.search(path):
        raise InvalidRequest(
            "The path contains segments that are not allowed.",
            hint="Send it without `..` and `//`.",
        )
    base = base_url.rstrip("/")
    version = base.rpartition("/")[2]
    rest = path.lstrip("/")
    if rest == version or rest.startswith(f"{version}/"):
        rest = rest[len(version) :].lstrip("/")
    url = f"{base}/{rest}" if rest else base
    return f"{url}?{query}" if query else url


def model_segment(model: str) -> str:
    """Returns the name of a model as one segment of a path. Raises `InvalidRequest` for a name that
    means another path."""
    if model in {"", ".", ".."}:
        raise InvalidRequest(f"{model!r} is no name of a model.", param="model")
    return quote(model, safe="")
