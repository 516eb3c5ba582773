"""The HTTP endpoint of an application as the target of a run: what is sent for an item, and where
its answer is. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, cast

from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document
from penstock.rules.evaluation.items import DatasetItem

MAX_FIELDS: Final = 50  # members of a request to an endpoint
MAX_PATH_CHARS: Final = 200  # of the path to a value
_SOURCES: Final = ("input", "metadata", "context", "id")


class EndpointFormat(StrEnum):
    """The requests that an endpoint takes."""

    JSON = "json"  # an object of the application
    OPENAI = "openai"  # chat completions of OpenAI's API, at `url` + /chat/completions


class Endpoint(Document, frozen=True):
    """An endpoint. `fields`: members of the request with the paths of their values in the item
    (`input`, `input.question`, `metadata.language`); none: the input, if it is an object, or else
    an object with the member `input`. `output`: the path of the answer's text in the response.
    `model`: for OpenAI's API. `header` is sent with a secret, which only `sealed` has."""

    url: str
    format: EndpointFormat = EndpointFormat.JSON
    fields: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each endpoint
    output: str = "output"
    model: str = ""
    header: str = ""
    sealed: str = ""
    timeout_s: float = 60.0
    private_allowed: bool = False

    @property
    def address(self) -> str:
        """Returns the URL of a request."""
        if self.format is EndpointFormat.OPENAI:
            return f"{self.url.rstrip('/')}/chat/completions"
        return self.url


def check_fields(endpoint: Endpoint) -> None:
    """Raises `InvalidRequest` for paths that no item has, and for what is of the other format."""
    for name, path in endpoint.fields.items():
        if path.split(".")[0] not in _SOURCES:
            raise InvalidRequest(
                f"{path[:100]!r} is no path in an item.",
                hint=f"It begins with one of: {', '.join(_SOURCES)}.",
                param=f"target.endpoint.fields.{name[:64]}",
            )
    openai = endpoint.format is EndpointFormat.OPENAI
    if openai != bool(endpoint.model) or (openai and endpoint.fields):
        raise InvalidRequest(
            "The format `openai` needs a `model` and takes no `fields`; `json` has no model.",
            param="target.endpoint.model",
        )


def request_of(endpoint: Endpoint, item: DatasetItem) -> Any:
    """Returns the body of the request for an item. Raises `InvalidRequest` if there is none."""
    given = item.input
    if endpoint.format is EndpointFormat.OPENAI:
        if not isinstance(given, str | list):
            raise InvalidRequest("The input of this item is no text and no list of messages.")
        if isinstance(given, str):
            given = [{"role": "user", "content": given}]
        return {"model": endpoint.model, "messages": cast("Any", given)}
    if not endpoint.fields:
        return cast("Any", given) if isinstance(given, dict) else {"input": given}
    values = {
        "input": given,
        "metadata": item.metadata,
        "context": list(item.context),
        "id": item.id,
    }
    return {name: value_at(values, path) for name, path in endpoint.fields.items()}


def value_at(document: Any, path: str) -> Any:
    """Returns the value at a path of members and positions (`choices.0.text`). Raises
    `InvalidRequest` if there is none."""
    found = document
    for part in path.split("."):
        if isinstance(found, Mapping) and part in found:
            found = cast("Mapping[str, Any]", found)[part]
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(cast("Any", found)):
            found = cast("list[Any]", found)[int(part)]
        else:
            raise InvalidRequest(f"There is no value at {path[:100]!r}.")
    return found
